"""JSON rows to tensors, with every fault told by its place.

A row is an object by column name (the target and other columns of the dataset are ignored, so that its rows can be
sent as they are)
or a list in the order of the inputs. Numbers are numbers: no text, no booleans. Categories are text; numbers and
booleans are read as the text they would have had in a CSV; a category that training never saw is a row of zeros.
null is a missing value, allowed where training can fill it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from models.errors import Detail, InputError
from models.features.encode import States, TableColumn, encode_column, encode_table, reads_categories, transforms_of
from models.spec import Input
from models.transforms import Categories, Impute, State

FAULTS = 20
"""So many are told at once."""

KNOWN = 20
"""So many known categories are named beside one that is not."""

Rows = Sequence[Any]


class Unseen(NamedTuple):
    """A category that training never saw."""

    row: int
    column: str
    value: str
    known: list[str]

    def to_json(self) -> dict[str, Any]:
        """What an answer says about it."""
        known = ", ".join(self.known[:KNOWN]) + (" ..." if len(self.known) > KNOWN else "")
        message = f"{self.column}: training never saw {self.value[:100]!r}, which counts for nothing; it saw {known}"
        told = {"code": "unseen-category", "message": message, "column": self.column, "given": self.value[:100]}
        return {**told, "allowed": self.known[:KNOWN]}


def encode_rows(
    inputs: Sequence[Input],
    states: States,
    rows: Rows,
    target: str,
    pointer: str = "/rows",
    ignored: Collection[str] = (),
    unseen: list[Unseen] | None = None,
) -> Tensor:
    """Rows as float32 (rows, width). `pointer` is where the rows stand in what the caller sent.

    Columns that are `ignored` may be there, as the target may. Categories that training never saw go to `unseen`.

    Raises InputError: shape-mismatch, unknown-field, value-missing, value-not-number, value-not-finite.
    """
    if not rows:
        raise InputError(Detail("shape-mismatch", "there are no rows", pointer, 0, "at least 1"))
    faults: list[Detail] = []
    free = {target, *ignored}
    cells = [_cells(row, inputs, free, f"{pointer}/{index}", faults) for index, row in enumerate(rows)]
    _refuse(faults)
    found = [] if unseen is None else unseen
    columns = [_column(cells, place, item, states[place], faults, found) for place, item in enumerate(inputs)]
    _refuse(faults)
    x = encode_table(columns, inputs, states)
    if not torch.isfinite(x).all():
        _refuse(_infinite(cells, columns, inputs, states))
    return x


def _refuse(faults: list[Detail]) -> None:
    if faults:
        raise InputError(faults[:FAULTS])


class _Cell:
    """A value and where it stands."""

    __slots__ = ("pointer", "value")

    def __init__(self, value: Any, pointer: str) -> None:
        self.value = value
        self.pointer = pointer


def _cells(row: Any, inputs: Sequence[Input], free: set[str], pointer: str, faults: list[Detail]) -> list[_Cell]:
    if isinstance(row, dict):
        return _cells_by_name(row, inputs, free, pointer, faults)
    if isinstance(row, list | tuple) and len(row) == len(inputs):
        return [_Cell(value, f"{pointer}/{place}") for place, value in enumerate(row)]
    given = len(row) if isinstance(row, list | tuple) else row
    message = f"a row has {len(inputs)} values: {', '.join(item.column for item in inputs[:20])}"
    faults.append(Detail("shape-mismatch", message, pointer, given, len(inputs)))
    return []


def _cells_by_name(
    row: dict[str, Any], inputs: Sequence[Input], free: set[str], pointer: str, faults: list[Detail]
) -> list[_Cell]:
    names = [item.column for item in inputs]
    unknown = row.keys() - free - set(names)
    faults += [unknown_field(name, names, pointer) for name in sorted(unknown)]
    return [_Cell(row.get(name), f"{pointer}/{_escaped(name)}") for name in names]


def unknown_field(name: str, names: Sequence[str], pointer: str) -> Detail:
    """The fault of a column of the row at `pointer` that the model does not know."""
    near = difflib.get_close_matches(name, names, n=1)
    fix = f'did you mean "{near[0]}"?' if near else None
    message = f"the model has no input {name[:100]!r}"
    return Detail("unknown-field", message, f"{pointer}/{_escaped(name)}", name, list(names)[:50], fix)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _column(
    cells: list[list[_Cell]],
    place: int,
    item: Input,
    states: Sequence[State],
    faults: list[Detail],
    unseen: list[Unseen],
) -> TableColumn:
    fillable = _fills_missing(item, states)
    column = [row[place] for row in cells]
    if reads_categories(item):
        known = {str(name): name for name in states[0]["categories"] if name is not None}
        values = [_category(cell, item.column, known, fillable, faults) for cell in column]
        names = set(known.values())
        strange = [(row, value) for row, value in enumerate(values) if value is not None and value not in names]
        unseen += [Unseen(row, item.column, str(value), list(known)) for row, value in strange]
        return Categories.of(values)
    return torch.tensor([_number(cell, item.column, fillable, faults) for cell in column], dtype=torch.float64).view(
        -1, 1
    )


def _fills_missing(item: Input, states: Sequence[State]) -> bool:
    """Whether training had an answer to a missing value: impute, or a category of its own."""
    if reads_categories(item):
        return None in states[0]["categories"]
    return any(isinstance(transform, Impute) for transform in transforms_of(item))


def _number(cell: _Cell, name: str, fillable: bool, faults: list[Detail]) -> float:
    value = cell.value
    if value is None:
        _note_missing(cell, name, fillable, faults)
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        faults.append(Detail("value-not-number", f"{name}: a number is needed here", cell.pointer, value))
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        faults.append(Detail("value-not-finite", f"{name}: the number is too large, or not a number", cell.pointer))
    return number


def _category(cell: _Cell, name: str, known: dict[str, Any], fillable: bool, faults: list[Detail]) -> Any:
    """The value as the vocabulary writes it; where it is not in there, as it came."""
    if cell.value is None:
        _note_missing(cell, name, fillable, faults)
        return None
    if not isinstance(cell.value, str | int | float):
        faults.append(Detail("value-not-text", f"{name}: a category is text here", cell.pointer))
        return None
    return next((known[text] for text in _spellings(cell.value) if text in known), str(cell.value))


def _spellings(value: str | int | float) -> tuple[str, ...]:
    """How a CSV may write the value."""
    if isinstance(value, bool):
        return str(value), str(value).lower(), str(value).upper()
    return (value, value.strip()) if isinstance(value, str) else (str(value), f"{value:g}")


def _note_missing(cell: _Cell, name: str, fillable: bool, faults: list[Detail]) -> None:
    if not fillable:
        message = f"{name}: a value is needed here, the column missed none in training"
        faults.append(Detail("value-missing", message, cell.pointer))


def _infinite(
    cells: list[list[_Cell]], columns: Sequence[TableColumn], inputs: Sequence[Input], states: States
) -> list[Detail]:
    """The cells that are infinite after the cast to float32, as 1e39 is."""
    faults = []
    for place, (column, item, state) in enumerate(zip(columns, inputs, states, strict=True)):
        bad = ~torch.isfinite(encode_column(column, item, state).float()).all(dim=1)
        message = f"{item.column}: the number is too large for float32 arithmetic"
        for row in bad.nonzero().flatten().tolist():
            cell = cells[row][place]
            faults.append(Detail("value-not-finite", message, cell.pointer, cell.value))
    return faults
