"""Cells as they were written: every row of an upload as text, spooled to a temporary Arrow file, read back by column.

So that types are inferred from whole columns and not from the first rows, with one column in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from models.errors import DataError, Detail

COLUMNS_MAX = 10_000
BATCH_CELLS = 200_000
"""Cells that are Python strings at the same time."""


class Row(NamedTuple):
    """A row and the line it begins on, from 1."""

    line: int
    cells: Sequence[str | None]


class Spool:
    """Takes rows, table after table, then gives columns."""

    def __init__(self, file: Path, names: Sequence[str]) -> None:
        check_names(names)
        self.names = list(names)
        self._places = {name: place for place, name in enumerate(names)}
        self.rows = 0
        self.tables: list[tuple[str, int, int]] = []
        """(part or "", label of the file, first row) of each table."""
        self._labels: list[str] = []
        self._file = file
        self._schema = pa.schema([("line", pa.int32()), *((f"c{i}", pa.string()) for i in range(len(names)))])
        self._batches: pa.Table | None = None

    def write(self, tables: Iterable[tuple[str, str, Iterable[Row]]]) -> None:
        """Spool tables of (part or "", label for messages, rows). Raises row-length for a row too long or short."""
        with pa.OSFile(str(self._file), "wb") as sink, pa.ipc.new_file(sink, self._schema) as writer:
            for part, label, rows in tables:
                self.tables.append((part, len(self._labels), self.rows))
                self._labels.append(label)
                self._write_table(writer, label, iter(rows))

    def column(self, name: str) -> pa.ChunkedArray:
        """The cells of a column as strings; null where a format has a way to say "nothing" (JSON)."""
        return self._table().column(1 + self._places[name])

    def place(self, row: int) -> str:
        """Where a row stands: `line 8`, or `train.csv, line 8`."""
        line = self._table()["line"][row].as_py()
        label = self._labels[max(index for _, index, first in self.tables if first <= row)]
        return f"{label}, line {line}" if label else f"line {line}"

    def _write_table(self, writer: pa.ipc.RecordBatchFileWriter, label: str, rows: Iterable[Row]) -> None:
        width = len(self.names)
        at_once = max(1, BATCH_CELLS // width)
        while batch := list(islice(rows, at_once)):
            for row in batch:
                if len(row.cells) != width:
                    raise _row_length(label, row, width)
            columns = zip(*(row.cells for row in batch), strict=True)
            arrays = [pa.array([row.line for row in batch], pa.int32()), *(pa.array(c, pa.string()) for c in columns)]
            writer.write_batch(pa.record_batch(arrays, schema=self._schema))
            self.rows += len(batch)

    def _table(self) -> pa.Table:
        if self._batches is None:
            with pa.memory_map(str(self._file)) as source:
                self._batches = pa.ipc.open_file(source).read_all()
        return self._batches


def check_names(names: Sequence[str]) -> None:
    """Refuse column names that are too many, the same twice, unreadable or too long."""
    if len(names) > COLUMNS_MAX:
        message = f"{len(names):,} columns; at most {COLUMNS_MAX:,} are read"
        raise DataError(Detail(code="too-many-columns", message=message, given=len(names), allowed=COLUMNS_MAX))
    seen: set[str] = set()
    for name in names:
        if name in seen:
            message = f"two columns are called {name[:200]!r}"
            raise DataError(Detail("duplicate-column", message, given=name[:200], fix="rename one, or give names"))
        if not name or not name.isprintable() or len(name) > 200:
            message = f"{name[:200]!r} cannot be the name of a column: 1 to 200 printable characters"
            raise DataError(Detail("invalid-name", message, given=name[:200], fix="rename it, or give names"))
        seen.add(name)


def _row_length(label: str, row: Row, width: int) -> DataError:
    where = f"{label}, line {row.line}" if label else f"line {row.line}"
    message = f"{where} has {len(row.cells)} cells, the other rows have {width}"
    return DataError(Detail(code="row-length", message=message, pointer=where, given=len(row.cells), allowed=width))
