"""Rows on their way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from models.data.store import Dataset


def csv_lines(dataset: Dataset, step: int = 10_000) -> Iterator[str]:
    """The rows as CSV (RFC 4180), a formula of a spreadsheet made plain text by a quote before it."""
    names = [column.name for column in dataset.description.columns]
    yield _csv_line(names)
    for start in range(0, dataset.rows, step):
        rows_of_step = dataset.table(names, start, start + step)
        yield "".join(_csv_line(list(row.values())) for row in rows_of_step)


def _csv_line(values: Sequence[Any]) -> str:
    return ",".join(_csv_cell(value) for value in values) + "\r\n"


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    text = "'" + value if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\r\n') else text
