"""Typed columns -> the folder of a dataset version, named by its content, whole or absent."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.data.describe import described
from models.data.description import Column, Description, ImageInfo, Notice, Reading
from models.data.infer import Typed
from models.data.notices import notices_of
from models.data.store import PART_FIELD, PARTS, Dataset
from models.errors import DataError, Detail
from models.events import Ingested

FORMAT = 1
"""Version of the folder's layout, in its manifest."""


@dataclass(frozen=True)
class Pictures:
    """A picture column whose bytes lie in `file`, each picture ending at its place in `ends`.

    `shape` (channels, height, width) where they are raw bytes of one size, None where they are files as uploaded.
    """

    name: str
    file: Path
    ends: NDArray[np.int64]
    info: ImageInfo
    shape: tuple[int, int, int] | None


@dataclass(frozen=True)
class Content:
    """All that a connector found in an upload."""

    source: str
    columns: Sequence[Typed | Pictures]
    parts: NDArray[np.int8] | None = None
    notices: tuple[Notice, ...] = ()
    reading: Reading | None = None


class Workplace:
    """A temporary folder beside the final one; what is not finished is removed when the context ends."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self.scratch = into / f".tmp-{uuid4().hex}"
        """Gone at the end; connectors spool here."""
        self.folder = self.scratch / "version"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)

    def finish(self, content: Content) -> Ingested:
        """Write, name, fsync and move the version. One that exists already is left as it is."""
        description = _write(self.folder, content)
        manifest = _manifest(self.folder)
        sha256 = hashlib.sha256(manifest).hexdigest()
        (self.folder / "manifest.json").write_bytes(manifest)
        target = self._into / sha256
        if not target.exists():
            for path in (*self.folder.iterdir(), self.folder):
                _sync(path)
            self.folder.rename(target)
            _sync(self._into)
        size = sum(file.stat().st_size for file in target.iterdir())
        return Ingested(str(target), sha256, size, description.model_dump(mode="json"))


def verify(folder: Path) -> None:
    """Raise DataError dataset-corrupt unless every file of the version has the hash that its name vouches for."""
    try:
        manifest = (folder / "manifest.json").read_bytes()
        whole = hashlib.sha256(manifest).hexdigest() == folder.name and _manifest(folder) == manifest
    except FileNotFoundError:
        whole = False
    if not whole:
        raise DataError(Detail("dataset-corrupt", "the files of this dataset version are not what was written"))


def _write(folder: Path, content: Content) -> Description:
    table = _table(content)
    if table.num_rows == 0:
        raise DataError(Detail(code="dataset-empty", message="the upload has no rows"))
    with pa.OSFile(str(folder / "data.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=table.num_rows)
    description = _described(folder, content, table.num_rows)
    (folder / "description.json").write_bytes(_json(description.model_dump(mode="json")))
    return description


def _table(content: Content) -> pa.Table:
    fields, arrays = [], []
    for column in content.columns:
        if isinstance(column, Pictures):
            stored = {"stored": json.dumps({"file": column.file.name, "shape": column.shape})}
            fields.append(pa.field(column.name, pa.int64(), metadata=stored))
            arrays.append(pa.array(column.ends))
        else:
            fields.append(pa.field(column.name, column.values.type))
            arrays.append(column.values)
    if content.parts is not None:
        fields.append(pa.field(PART_FIELD, pa.int8()))
        arrays.append(pa.array(content.parts))
    return pa.table(arrays, schema=pa.schema(fields))


def _described(folder: Path, content: Content, rows: int) -> Description:
    plain = tuple(_plain(column) for column in content.columns)
    parts = _part_counts(content.parts)
    bare = Description(rows=rows, columns=plain, parts=parts, source=content.source, reading=content.reading)
    dataset = Dataset.read(folder, bare)
    columns = tuple(described(dataset, column.name) for column in plain)
    dataset = Dataset.read(folder, bare.model_copy(update={"columns": columns}))
    noticed = [notice for column in content.columns if isinstance(column, Typed) for notice in column.notices]
    return dataset.description.model_copy(update={"warnings": (*content.notices, *noticed, *notices_of(dataset))})


def _plain(column: Typed | Pictures) -> Column:
    if isinstance(column, Pictures):
        return Column(name=column.name, type="image", image=column.info)
    return Column(name=column.name, type=column.type)


def _part_counts(parts: NDArray[np.int8] | None) -> dict[str, int] | None:
    if parts is None:
        return None
    counts = {name: int((parts == code).sum()) for code, name in enumerate(PARTS)}
    return {name: count for name, count in counts.items() if count}


def _manifest(folder: Path) -> bytes:
    files = sorted(file for file in folder.iterdir() if file.name != "manifest.json")
    return _json({"format": FORMAT, "files": {file.name: _sha256(file) for file in files}})


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
