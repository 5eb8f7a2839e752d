"""A CSV that asks for predictions -> rows by column name, read as the dataset's upload was read.

The delimiter, the missing markers and the decimal marks are those of the upload where a checkpoint knows them; else
they are found as ingestion finds them. Names and cells are trimmed, and numbers are written as in an upload.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from models.data.cells import Row, check_names
from models.data.connectors.csv import Dialect, read_rows, sniffed_delimiter
from models.data.connectors.text import lines
from models.data.description import Reading
from models.data.infer import number_of
from models.data.options import MISSING
from models.errors import DataError, Detail, InputError
from models.features.rows import FAULTS, unknown_field


@dataclass(frozen=True)
class Sheet:
    """What is known of the columns a CSV may have."""

    inputs: Sequence[str]
    numbers: Collection[str]
    """The inputs that are numbers."""
    columns: Sequence[str]
    """Other columns that a row may have: the target, and those of the dataset where they are known."""
    reading: Reading | None


def csv_rows(data: bytes, sheet: Sheet, most: int, pointer: str = "/rows") -> list[dict[str, Any]]:
    """The rows of a CSV by column name, at most `most` and one more; None = missing.

    Raises InputError: text-not-utf8, quotes-unbalanced, field-too-long, duplicate-column, unknown-field, row-length,
    shape-mismatch where there is no header or no row.
    """
    try:
        text = list(lines(io.BytesIO(data)))
        dialect = _dialect(text, sheet)
        rows = list(islice(read_rows(text, dialect), most + 2))
        names = _names(rows, sheet, pointer)
        check_names([name for name in names if name])
    except DataError as error:
        raise InputError(error.details) from error
    body = rows[int(_is_header(rows[0], sheet)) :] if rows else []
    if not body:
        message = "a header with the names of the columns is needed, and at least one row"
        raise InputError(Detail("shape-mismatch", message, pointer))
    return list(_by_name(names, body, sheet, dialect.delimiter, pointer))


def _dialect(text: Sequence[str], sheet: Sheet) -> Dialect:
    """The upload's delimiter where it finds columns in the first line, else the one that makes the rows even."""
    quote = sheet.reading.quote if sheet.reading else '"'
    if sheet.reading:
        dialect = Dialect(sheet.reading.delimiter, quote, header=True)
        first = next(iter(read_rows(text, dialect)), None)
        if first is not None and (_is_header(first, sheet) or _width_fits(first, sheet)):
            return dialect
    return Dialect(sniffed_delimiter(list(text[:1000]), quote), quote, header=True)


def _is_header(row: Row, sheet: Sheet) -> bool:
    return bool({cell.strip() for cell in row.cells if cell} & {*sheet.inputs, *sheet.columns})


def _width_fits(row: Row, sheet: Sheet) -> bool:
    """Whether a first row without names can be a row of an upload that had no names either."""
    headless = sheet.reading is not None and not sheet.reading.header
    return headless and len(row.cells) in (len(sheet.inputs), len(sheet.columns))


def _names(rows: Sequence[Row], sheet: Sheet, pointer: str) -> list[str]:
    """The names of the columns. Raises unknown-field once for each that is in neither the model nor the dataset."""
    if not rows:
        return []
    if not _is_header(rows[0], sheet):
        if _width_fits(rows[0], sheet):
            return list(sheet.inputs if len(rows[0].cells) == len(sheet.inputs) else sheet.columns)
        message = f"the first line holds none of the columns: {', '.join(sheet.inputs[:20])}"
        raise InputError(Detail("shape-mismatch", message, pointer, allowed=list(sheet.inputs)[:50]))
    known = {*sheet.inputs, *sheet.columns}
    cells = [(cell or "").strip() for cell in rows[0].cells]
    names = [cell or (f"column_{place}" if f"column_{place}" in known else "") for place, cell in enumerate(cells, 1)]
    faults = [unknown_field(name, sheet.inputs, f"{pointer}/0") for name in names if name and name not in known]
    if faults:
        raise InputError(faults[:FAULTS])
    return names


def _by_name(
    names: Sequence[str], body: Sequence[Row], sheet: Sheet, delimiter: str, pointer: str
) -> Iterator[dict[str, Any]]:
    missing = set(sheet.reading.missing if sheet.reading else MISSING)
    commas = set(sheet.reading.comma_columns) if sheet.reading else set()
    either = bool(commas) if sheet.reading else delimiter == ";"
    reads = {name: (name in sheet.numbers, name in commas, either) for name in names}
    for place, row in enumerate(body):
        if len(row.cells) != len(names):
            message = f"line {row.line} has {len(row.cells)} cells, the header has {len(names)}"
            raise InputError(Detail("row-length", message, f"{pointer}/{place}", len(row.cells), len(names)))
        pairs = ((name, (cell or "").strip()) for name, cell in zip(names, row.cells, strict=True) if name)
        yield {name: None if cell in missing else _value(cell, *reads[name]) for name, cell in pairs}


def _value(cell: str, number: bool, comma: bool, either: bool) -> str | float:
    """The cell as the model takes it; text that is no number stays text, which the predictor refuses by its place."""
    if not number:
        return cell
    value = number_of(cell, comma)
    if value is None and either and not comma:
        value = number_of(cell, comma=True)
    return cell if value is None else value
