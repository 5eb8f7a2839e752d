"""A dataset version on disk, opened for reading; nothing is copied before it is asked for.

    dataset = Dataset.open(folder)
    dataset.rows, dataset.description
    dataset.numbers("age")          float64 (N,), NaN = missing; number columns, and times as seconds since 1970 UTC
    dataset.values("class")         int32 codes (N,), -1 = missing, and the tuple of distinct values; not for pictures
    dataset.texts("message")        list of str, None = missing; category and text columns
    dataset.images("image")         sequence of uint8 (height, width, channels)
    dataset.image_block("image")    uint8 (N, channels, height, width), memory-mapped; None where sizes differ
    dataset.part_codes()            int8 (N,): 0 train, 1 validation, 2 test; None without given parts
    dataset.table(names, 0, 10)     rows as JSON objects

Files of the folder: `data.arrow` (one record batch: float64 with NaN, dictionary<int32, string>, large_string,
timestamp[us], and for pictures the int64 position after each), `image-I.bin` (the pictures of column I: raw (C, H, W)
bytes where all have one size, else the files as uploaded), `description.json`, `manifest.json` (SHA-256 of each file;
its own SHA-256 is the folder's name).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import ValidationError

from models.data.description import Column, Description, Value
from models.data.images import Images
from models.errors import DataError, Detail

PARTS = ("train", "validation", "test")
"""Part codes are positions in this tuple."""

PART_FIELD = ""
"""The field of data.arrow that holds the given parts; no column can have this name."""


class Dataset:
    """One dataset version. Names of columns that do not exist raise KeyError, wrong types TypeError."""

    def __init__(self, folder: Path, description: Description, table: pa.Table) -> None:
        self.folder = folder
        self.description = description
        self._table = table
        # wide tables: Arrow and the description look names up one by one
        self._columns = {column.name: column for column in description.columns}
        self._places = {name: place for place, name in enumerate(table.column_names)}

    @classmethod
    def open(cls, folder: Path) -> Dataset:
        """Open the folder that ingestion wrote. Raises dataset-corrupt where it is missing or unreadable."""
        try:
            return cls.read(folder, Description.model_validate_json((folder / "description.json").read_bytes()))
        except (FileNotFoundError, pa.ArrowInvalid, ValidationError) as error:
            message = "the files of this dataset version are missing or cannot be read"
            raise DataError(Detail("dataset-corrupt", message, fix="delete the dataset and upload it again")) from error

    @classmethod
    def read(cls, folder: Path, description: Description) -> Dataset:
        """The data of a folder under this description (ingestion makes the description out of the data)."""
        with pa.memory_map(str(folder / "data.arrow")) as source:
            return cls(folder, description, pa.ipc.open_file(source).read_all())

    @property
    def sha256(self) -> str:
        """The hash of the content: the folder's name."""
        return self.folder.name

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.description.rows

    def column(self, name: str) -> Column:
        """What ingestion learned about the column."""
        return self._columns[name]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A number column, float64 (N,), NaN = missing; a time column as seconds since 1970 UTC."""
        values = self._typed(name, "number", "time")
        if self.column(name).type == "number":
            return np.array(values.to_numpy(), dtype=np.float64)
        seconds = np.array(values.cast(pa.int64()).fill_null(0).to_numpy(), dtype=np.float64) / 1e6
        seconds[values.is_null().to_numpy()] = np.nan
        return seconds

    def values(self, name: str) -> tuple[NDArray[np.int32], tuple[Value, ...]]:
        """Codes int32 (N,), -1 = missing, and the distinct values: int where a number column is whole."""
        column = self.column(name)
        if column.type in ("number", "time"):
            return coded_numbers(self.numbers(name), column.whole)
        coded = self._typed(name, "category", "text").combine_chunks()
        if column.type == "category":
            return np.array(coded.indices.fill_null(-1).to_numpy(), dtype=np.int32), tuple(coded.dictionary.to_pylist())
        return _coded_texts(coded)

    def arrow(self, name: str) -> pa.ChunkedArray:
        """The column as Arrow holds it."""
        return self._table.column(self._places[name])

    def texts(self, name: str) -> list[str | None]:
        """A category or text column as Python strings, None = missing."""
        texts: list[str | None] = self._typed(name, "category", "text").to_pylist()
        return texts

    def images(self, name: str) -> Images:
        """A picture column as a sequence of uint8 arrays (height, width, channels)."""
        ends = self._typed(name, "image").to_numpy()
        column = self.column(name)
        stored = json.loads(self._table.field(self._places[name]).metadata[b"stored"])
        shape = tuple(stored["shape"]) if stored["shape"] else None
        return Images(self.folder / stored["file"], ends, column.image.channels if column.image else 3, shape)

    def image_block(self, name: str) -> NDArray[np.uint8] | None:
        """All pictures as memory-mapped uint8 (N, channels, height, width), or None where they differ in size."""
        return self.images(name).block

    def part_codes(self) -> NDArray[np.int8] | None:
        """Given parts, int8 (N,), as positions in PARTS; None where the upload has none."""
        if PART_FIELD not in self._places:
            return None
        return np.array(self.arrow(PART_FIELD).to_numpy(), dtype=np.int8)

    def table(
        self, names: Sequence[str] | None = None, start: int = 0, stop: int | None = None
    ) -> list[dict[str, Any]]:
        """Rows `start` to `stop` as JSON objects: None = missing, times in ISO 8601, a picture as its size."""
        chosen = [column.name for column in self.description.columns] if names is None else list(names)
        rows = range(*slice(start, stop).indices(self.rows))
        columns = [self._cells(name, rows) for name in chosen]
        return [dict(zip(chosen, cells, strict=True)) for cells in zip(*columns, strict=True)]

    def _typed(self, name: str, *types: str) -> pa.ChunkedArray:
        if self.column(name).type not in types:
            raise TypeError(f"column {name} is a {self.column(name).type} column, not {' or '.join(types)}")
        return self.arrow(name)

    def _cells(self, name: str, rows: range) -> list[Any]:
        column = self.column(name)
        if column.type == "image":
            images = self.images(name)
            return [dict(zip(("height", "width", "channels"), images[i].shape, strict=True)) for i in rows]
        cells = self.arrow(name).slice(rows.start, len(rows))
        if column.type == "number":
            return [_number(value, column.whole) for value in cells.to_pylist()]
        if column.type == "time":
            return [None if value is None else value.isoformat() for value in cells.to_pylist()]
        plain: list[Any] = cells.to_pylist()
        return plain


def _number(value: float, whole: bool) -> float | int | None:
    if np.isnan(value):
        return None
    return int(value) if whole else value


def coded_numbers(values: NDArray[np.float64], whole: bool) -> tuple[NDArray[np.int32], tuple[Value, ...]]:
    """Numbers as codes of their distinct values, ascending; -1 = NaN."""
    known = ~np.isnan(values)
    distinct, inverse = np.unique(values[known], return_inverse=True)
    codes = np.full(len(values), -1, dtype=np.int32)
    codes[known] = inverse
    return codes, tuple(int(value) if whole else float(value) for value in distinct)


def _coded_texts(texts: pa.Array) -> tuple[NDArray[np.int32], tuple[Value, ...]]:
    distinct = pc.unique(texts).drop_null()
    distinct = distinct.take(pc.sort_indices(distinct))
    codes = pc.index_in(texts, value_set=distinct).fill_null(-1)
    return np.array(codes.to_numpy(zero_copy_only=False), dtype=np.int32), tuple(distinct.to_pylist())
