"""JSON rows to tensors, with every fault told by its place.

A row is an object by column name (the target's name is ignored, so that rows of the dataset can be sent as they are)
or a list in the order of the inputs. Numbers are numbers: no text, no booleans. Categories are text; numbers and
booleans are read as the text they would have had in a CSV; a category that training never saw is a row of zeros.
null is a missing value, allowed where training can fill it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from models.errors import Detail, InputError
from models.features.encode import States, TableColumn, encode_table, reads_categories, transforms_of
from models.spec import Input
from models.transforms import Categories, Impute, State

FAULTS = 20
"""So many are told at once."""

Rows = Sequence[Any]


def encode_rows(inputs: Sequence[Input], states: States, rows: Rows, target: str, pointer: str = "/rows") -> Tensor:
    """Rows as float32 (rows, width). `pointer` is where the rows stand in what the caller sent.

    Raises InputError: shape-mismatch, unknown-field, value-missing, value-not-number, value-not-finite.
    """
    if not rows:
        raise InputError(Detail("shape-mismatch", "there are no rows", pointer, 0, "at least 1"))
    faults: list[Detail] = []
    cells = [_cells(row, inputs, target, f"{pointer}/{index}", faults) for index, row in enumerate(rows)]
    _refuse(faults)
    columns = [_column(cells, place, item, states[place], faults) for place, item in enumerate(inputs)]
    _refuse(faults)
    x = encode_table(columns, inputs, states)
    _check_finite(x, pointer)
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


def _cells(row: Any, inputs: Sequence[Input], target: str, pointer: str, faults: list[Detail]) -> list[_Cell]:
    if isinstance(row, dict):
        return _cells_by_name(row, inputs, target, pointer, faults)
    if isinstance(row, list | tuple) and len(row) == len(inputs):
        return [_Cell(value, f"{pointer}/{place}") for place, value in enumerate(row)]
    given = len(row) if isinstance(row, list | tuple) else row
    message = f"a row has {len(inputs)} values: {', '.join(item.column for item in inputs[:20])}"
    faults.append(Detail("shape-mismatch", message, pointer, given, len(inputs)))
    return []


def _cells_by_name(
    row: dict[str, Any], inputs: Sequence[Input], target: str, pointer: str, faults: list[Detail]
) -> list[_Cell]:
    names = [item.column for item in inputs]
    for name in row.keys() - {*names, target}:
        near = difflib.get_close_matches(name, names, n=1)
        fix = f'did you mean "{near[0]}"?' if near else None
        message = f"the model has no input {name!r}"
        faults.append(Detail("unknown-field", message, f"{pointer}/{_escaped(name)}", name, names[:50], fix))
    return [_Cell(row.get(name), f"{pointer}/{_escaped(name)}") for name in names]


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _column(
    cells: list[list[_Cell]], place: int, item: Input, states: Sequence[State], faults: list[Detail]
) -> TableColumn:
    fillable = _fills_missing(item, states)
    column = [row[place] for row in cells]
    if reads_categories(item):
        known = {str(name): name for name in states[0]["categories"] if name is not None}
        return Categories.of([_category(cell, known, fillable, faults) for cell in column])
    return torch.tensor([_number(cell, fillable, faults) for cell in column], dtype=torch.float64).view(-1, 1)


def _fills_missing(item: Input, states: Sequence[State]) -> bool:
    """Whether training had an answer to a missing value: impute, or a category of its own."""
    if reads_categories(item):
        return None in states[0]["categories"]
    return any(isinstance(transform, Impute) for transform in transforms_of(item))


def _number(cell: _Cell, fillable: bool, faults: list[Detail]) -> float:
    value = cell.value
    if value is None:
        _note_missing(cell, fillable, faults)
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        faults.append(Detail("value-not-number", "a number is needed here", cell.pointer, value))
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        faults.append(Detail("value-not-finite", "the number is too large, or not a number", cell.pointer))
    return number


def _category(cell: _Cell, known: dict[str, Any], fillable: bool, faults: list[Detail]) -> Any:
    """The value as the vocabulary writes it; where it is not in there, as it came."""
    if cell.value is None:
        _note_missing(cell, fillable, faults)
        return None
    if not isinstance(cell.value, str | int | float):
        faults.append(Detail("value-not-text", "a category is text here", cell.pointer))
        return None
    return next((known[text] for text in _spellings(cell.value) if text in known), str(cell.value))


def _spellings(value: str | int | float) -> tuple[str, ...]:
    """How a CSV may write the value."""
    if isinstance(value, bool):
        return str(value), str(value).lower(), str(value).upper()
    return (value,) if isinstance(value, str) else (str(value), f"{value:g}")


def _note_missing(cell: _Cell, fillable: bool, faults: list[Detail]) -> None:
    if not fillable:
        message = "a value is needed here: the column missed none in training"
        faults.append(Detail("value-missing", message, cell.pointer))


def _check_finite(x: Tensor, pointer: str) -> None:
    """After the cast to float32, in which 1e39 is infinite."""
    bad = (~torch.isfinite(x)).any(dim=1).nonzero().flatten().tolist()
    message = "a value of this row is too large for float32 arithmetic"
    _refuse([Detail("value-not-finite", message, f"{pointer}/{row}") for row in bad[:FAULTS]])
