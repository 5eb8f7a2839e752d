"""The tensor cache: the inputs of a dataset, encoded once per feature spec, as a memory-mapped float32 file.

A folder of the cache is named by a hash of what it depends on: dataset content, inputs, target, split. It is written
under a temporary name and renamed, so that several processes may build the same one at once; the first one stays.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.data.canonical import verify
from models.data.images import Images
from models.data.store import Dataset
from models.features.encode import (
    States,
    batch_of,
    block_of,
    encode_table,
    fit_column,
    rows_of,
    table_column,
    transforms_of,
)
from models.spec import Input, TrainingSpec
from models.transforms import Shape, State

FORMAT = 1
TABLE_ROWS = 65_536
"""Rows of a table that are encoded at once."""
PICTURES = 512
"""Pictures that are encoded at once."""


def key_of(spec: TrainingSpec, dataset: Dataset) -> str:
    """The name of the cache folder for these features."""
    named = spec.model_dump(mode="json", include={"inputs", "target", "split"})
    text = json.dumps([FORMAT, dataset.sha256, named], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def encoded(spec: TrainingSpec, dataset: Dataset, train: Tensor, cache: Path) -> tuple[Tensor, States]:
    """x (N, ...) float32 for all rows, memory-mapped, and what the transforms learned from the rows `train`."""
    folder = cache / key_of(spec, dataset)
    if not (folder / "features.json").exists():
        _build(folder, spec, dataset, train)
    try:
        return _open(folder)
    except (OSError, ValueError, KeyError, RuntimeError):  # cut short by a power loss: built again
        shutil.rmtree(folder, ignore_errors=True)
        _build(folder, spec, dataset, train)
        return _open(folder)


def _open(folder: Path) -> tuple[Tensor, States]:
    told = json.loads((folder / "features.json").read_text())
    shape, states = told["shape"], told["states"]
    file = folder / "x.float32"
    if file.stat().st_size != 4 * math.prod(shape):
        raise ValueError("the tensor file has another size")
    return _mapped(file, shape), [[_read_state(state) for state in column] for column in states]


def _mapped(file: Path, shape: list[int]) -> Tensor:
    """Copy on write: nobody can change the file through it."""
    size = math.prod(shape)
    if size == 0:
        return torch.empty(shape)
    return torch.from_file(str(file), shared=False, size=size, dtype=torch.float32).view(shape)


def _build(folder: Path, spec: TrainingSpec, dataset: Dataset, train: Tensor) -> None:
    verify(dataset.folder)  # once a cache entry: nothing is ever learned from a flipped byte
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix="tmp-", dir=folder.parent))
    try:
        shape, states = _write(temporary, spec, dataset, train)
        told = {"shape": shape, "states": [[_write_state(state) for state in column] for column in states]}
        _write_durably(temporary / "features.json", json.dumps(told).encode())
        _rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _rename(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
    except OSError:
        if not (folder / "features.json").exists():  # else another process was first, with the same content
            raise


def _write_durably(file: Path, data: bytes) -> None:
    with file.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _write(folder: Path, spec: TrainingSpec, dataset: Dataset, train: Tensor) -> tuple[list[int], States]:
    assert spec.inputs is not None
    if dataset.column(spec.inputs[0].column).type == "image":
        return _write_pictures(folder, spec.inputs[0], dataset, train)
    columns = [table_column(dataset, item) for item in spec.inputs]
    pairs = list(zip(columns, spec.inputs, strict=True))
    states = [fit_column(rows_of(column, train), item) for column, item in pairs]

    def chunks() -> Iterator[Tensor]:
        for rows in torch.split(torch.arange(dataset.rows), TABLE_ROWS):
            yield encode_table([rows_of(column, rows) for column in columns], spec.inputs or (), states)

    return _stream(folder / "x.float32", dataset.rows, chunks()), states


def _stream(file: Path, rows: int, chunks: Iterator[Tensor]) -> list[int]:
    """Write the chunks one after the other; the shape of all of them together."""
    shape: Shape = ()
    with file.open("wb") as out:
        for chunk in chunks:
            shape = tuple(chunk.shape[1:])
            out.write(chunk.float().contiguous().numpy().data)
        out.flush()
        os.fsync(out.fileno())
    return [rows, *shape]


def _write_pictures(folder: Path, item: Input, dataset: Dataset, train: Tensor) -> tuple[list[int], States]:
    """Transform after transform: each is fitted on what the one before it made of the training part."""
    images = dataset.images(item.column)
    states: list[State] = []
    shape: list[int] = []
    source: Tensor | None = None if images.block is None else block_of(images.block)
    for index, transform in enumerate(transforms_of(item)):
        state = {} if source is None else transform.fit(source[train])
        states.append(state)
        file = folder / f"{index}.float32"
        apply = _applying(transform, state)
        shape = _stream(file, len(images), (apply(batch) for batch in _batches(source, images)))
        source = _mapped(file, shape)
        (folder / f"{index - 1}.float32").unlink(missing_ok=True)
    return _settle(folder, len(states), source, shape), [states]


def _applying(transform: Any, state: State) -> Callable[[Tensor], Tensor]:
    def apply(x: Tensor) -> Tensor:
        made: Tensor = transform.apply(x, state)
        return made

    return apply


def _batches(source: Tensor | None, images: Images) -> Iterator[Tensor]:
    """Batches of the last stage, or single pictures while they still differ in size (a resize comes first there)."""
    if source is not None:
        yield from torch.split(source, PICTURES)
    else:
        yield from (batch_of(pixels) for pixels in images)


def _settle(folder: Path, stages: int, source: Tensor | None, shape: list[int]) -> list[int]:
    """The last stage is the result; without any transform it is the bytes as floats."""
    if stages:
        (folder / f"{stages - 1}.float32").rename(folder / "x.float32")
        return shape
    assert source is not None
    return _stream(folder / "x.float32", len(source), (batch.float() for batch in torch.split(source, PICTURES)))


def _write_state(state: State) -> dict[str, Any]:
    return {
        key: {"float64": value.double().tolist()} if isinstance(value, Tensor) else value
        for key, value in state.items()
    }


def _read_state(state: dict[str, Any]) -> State:
    return {
        key: torch.tensor(value["float64"], dtype=torch.float64) if isinstance(value, dict) else value
        for key, value in state.items()
    }
