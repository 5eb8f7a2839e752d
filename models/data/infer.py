"""Cells as written -> one typed column.

Inference, on all cells that are not missing: all numbers -> number; all ISO 8601 dates or times -> time; else category
where the distinct values are few (at most 20 or 5 % of the rows, at most 10,000, and at most 50 characters on average),
else text. Numbers are ASCII digits with a point, an exponent, a sign: no thousands separators, no hexadecimal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.data.description import ColumnType, Notice
from models.data.options import IngestOptions
from models.errors import DataError, Detail

CATEGORIES_MAX = 10_000
CATEGORIES_FEW = 20
CATEGORIES_SHARE = 0.05
CATEGORY_LENGTH = 50

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
COMMA_NUMBER = r"^[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?$"
NOT_FINITE = r"(?i)^[+-]?(inf|infinity|nan)$"
TIME = r"^\d{4}-\d\d(-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?)?$"

Place = Callable[[int], str]
"""Row -> where it stands in the upload."""


@dataclass(frozen=True)
class Typed:
    """A column with its type, as data.arrow holds it."""

    name: str
    type: ColumnType
    values: pa.Array
    notices: tuple[Notice, ...] = ()
    comma: bool = False
    """Numbers that were written with a decimal comma."""


def typed(name: str, cells: pa.ChunkedArray, options: IngestOptions, place: Place, comma: bool = False) -> Typed:
    """The column's type and values; `options.types` decides where it names the column.

    `comma`: numbers may be written with a decimal comma. Raises value-not-finite, value-not-number, value-not-time.
    """
    trimmed = pc.utf8_trim_whitespace(cells)
    known = pc.if_else(pc.is_in(trimmed, value_set=pa.array(options.missing, pa.string())), None, trimmed)
    column = _Cells(name, known.combine_chunks(), place)
    given = options.types.get(name)
    if given is not None:
        return _as_given(column, given, options.decimal == "," or comma)
    return _inferred(column, options, comma)


def number_of(cell: str, comma: bool) -> float | None:
    """A single trimmed cell as a number; None where it is none as an upload reads them, or too large for one."""
    if re.match(COMMA_NUMBER if comma else NUMBER, cell, re.ASCII) is None:
        return None
    number = float(cell.replace(",", "."))
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class _Cells:
    name: str
    cells: pa.Array
    place: Place

    def all_match(self, pattern: str) -> bool:
        matches = pc.match_substring_regex(self.cells, pattern)
        return bool(matches.null_count < len(matches) and pc.all(matches).as_py())

    def refuse(self, code: str, row: int, kind: str) -> DataError:
        cell = self.cells[row].as_py()
        shown = cell if len(cell) <= 50 else f"{cell[:50]}... ({len(cell):,} characters)"
        message = f"{self.place(row)}: {shown!r} in column {self.name} is {kind}"
        return DataError(Detail(code=code, message=message, pointer=self.place(row), given=shown))


def _as_given(column: _Cells, given: ColumnType, comma: bool) -> Typed:
    if given == "number":
        return _number(column, COMMA_NUMBER if comma and not column.all_match(NUMBER) else NUMBER)
    if given == "time":
        return _time(column)
    if given == "category":
        return _category(column)
    if given == "text":
        return Typed(column.name, "text", column.cells.cast(pa.large_string()))
    detail = Detail("invalid-option", f"{column.name}: the cells of a table are no pictures", pointer="/types")
    raise DataError(detail)


def _inferred(column: _Cells, options: IngestOptions, comma: bool) -> Typed:
    if column.cells.null_count == len(column.cells):
        return _category(column)
    pattern = COMMA_NUMBER if options.decimal == "," else NUMBER
    if column.all_match(f"{pattern}|{NOT_FINITE}") and not column.all_match(NOT_FINITE):
        return _number(column, pattern)
    if comma and options.decimal == "auto" and column.all_match(COMMA_NUMBER):
        return _number(column, COMMA_NUMBER)
    if column.all_match(TIME):
        try:
            return _time(column)
        except DataError:
            pass
    words = (
        _category(column) if _few(column.cells) else Typed(column.name, "text", column.cells.cast(pa.large_string()))
    )
    return Typed(words.name, words.type, words.values, _mixed(column, words.type))


def _few(cells: pa.Array) -> bool:
    """Whether the distinct values are few and short enough for a category."""
    known = len(cells) - cells.null_count
    few = min(CATEGORIES_MAX, max(CATEGORIES_FEW, int(CATEGORIES_SHARE * known)))
    short = pc.mean(pc.utf8_length(cells)).as_py() <= CATEGORY_LENGTH
    return bool(short and pc.count_distinct(cells).as_py() <= few)


def _number(column: _Cells, pattern: str) -> Typed:
    _refuse_first(column, pc.match_substring_regex(column.cells, NOT_FINITE), "value-not-finite", "not finite")
    wrong = pc.invert(pc.match_substring_regex(column.cells, pattern))
    _refuse_first(column, wrong, "value-not-number", "not a number")
    plain = pc.utf8_ltrim(column.cells, characters="+")
    if pattern == COMMA_NUMBER:
        plain = pc.replace_substring(plain, ",", ".")
    try:
        values = pc.cast(plain, pa.float64())
    except pa.ArrowInvalid:
        # overflow; float() says "inf" where Arrow says "invalid", and so names the row
        values = pa.array([None if cell is None else float(cell) for cell in plain.to_pylist()], pa.float64())
    _refuse_first(column, pc.is_inf(values), "value-not-finite", "too large to be a finite number")
    return Typed(column.name, "number", values.fill_null(np.nan), _rounded(column, values), pattern == COMMA_NUMBER)


def _rounded(column: _Cells, values: pa.Array) -> tuple[Notice, ...]:
    largest = pc.max(pc.abs(values)).as_py() or 0.0
    if largest < 2**53 or not pc.any(pc.match_substring_regex(column.cells, r"^[+-]?\d{16,}$")).as_py():
        return ()
    message = f"{column.name} has whole numbers above 2^53, which are rounded; identifiers are better read as category"
    return (Notice(code="number-rounded", message=message, column=column.name),)


def _time(column: _Cells) -> Typed:
    _refuse_first(column, pc.invert(pc.match_substring_regex(column.cells, TIME)), "value-not-time", "no ISO 8601 time")
    whole = pc.replace_substring_regex(column.cells, r"^(\d{4}-\d\d)$", r"\1-01")
    zoned = pc.all(pc.match_substring_regex(whole, r"(Z|:\d\d[+-]\d\d:?\d\d|\.\d+[+-]\d\d:?\d\d)$")).as_py()
    try:
        values = pc.cast(whole, pa.timestamp("us", "UTC" if zoned else None))
    except pa.ArrowInvalid as error:
        raise column.refuse("value-not-time", _first_bad_time(whole, zoned), "no ISO 8601 time") from error
    # rebuilt with zeros under the missing ones: what Arrow leaves there would get into the content hash
    instants = values.cast(pa.int64()).fill_null(0).to_numpy()
    missing = values.is_null().to_numpy(zero_copy_only=False)
    return Typed(column.name, "time", pa.array(instants, pa.int64(), mask=missing).cast(pa.timestamp("us")))


def _first_bad_time(cells: pa.Array, zoned: bool) -> int:
    for row in range(len(cells)):
        try:
            pc.cast(cells.slice(row, 1), pa.timestamp("us", "UTC" if zoned else None))
        except pa.ArrowInvalid:
            return row
    return 0


def _category(column: _Cells) -> Typed:
    names = sorted(pc.unique(column.cells).drop_null().to_pylist(), key=category_order)
    if len(names) > CATEGORIES_MAX:
        message = (
            f"{column.name} has {len(names):,} distinct values; a category column holds at most {CATEGORIES_MAX:,}"
        )
        raise DataError(Detail("too-many-classes", message, given=len(names), allowed=CATEGORIES_MAX, fix="type text"))
    return Typed(column.name, "category", coded(column.cells, names))


def coded(cells: pa.Array, names: list[str]) -> pa.DictionaryArray:
    """Strings as codes into `names`, in that order."""
    codes = pc.index_in(cells, value_set=pa.array(names, pa.string()))
    missing = codes.is_null().to_numpy(zero_copy_only=False)
    plain = pa.array(codes.fill_null(0).to_numpy(zero_copy_only=False), pa.int32(), mask=missing)
    return pa.DictionaryArray.from_arrays(plain, pa.array(names, pa.string()))


def category_order(name: str) -> tuple[bool, int, str]:
    """Whole numbers first and by value ("2" before "10"), then all else by code point."""
    whole = name.isascii() and name.isdecimal() and len(name) <= 18
    return (not whole, int(name) if whole else 0, name)


def _mixed(column: _Cells, chosen: str) -> tuple[Notice, ...]:
    """A notice where most cells are numbers and some are not: a missing marker that was not named, or a slip."""
    numbers = pc.match_substring_regex(column.cells, NUMBER)
    known = len(numbers) - numbers.null_count
    count = pc.sum(numbers).as_py() or 0
    if 2 * count <= known:
        return ()
    row = pc.index(numbers, False).as_py()
    shown = re.sub(r"(.{40}).+", r"\1...", column.cells[row].as_py())
    message = (
        f"{column.name}: {count:,} of {known:,} values are numbers, {shown!r} ({column.place(row)}) is not, so it is a "
        f"{chosen} column; name what means missing, or correct it"
    )
    return (Notice(code="numbers-and-text", message=message, column=column.name),)


def _refuse_first(column: _Cells, wrong: pa.Array, code: str, kind: str) -> None:
    row = pc.index(wrong, True).as_py()
    if row >= 0:
        raise column.refuse(code, row, kind)
