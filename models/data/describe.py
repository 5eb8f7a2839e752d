"""A column's values -> what the description says about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.data.description import Column, ValueCount
from models.data.store import PARTS, Dataset, coded_numbers

WHOLE_VALUES_MAX = 1000
"""A whole number column with more distinct values lists none."""


def described(dataset: Dataset, name: str) -> Column:
    """The column with its counts, moments and values. The dataset's description gives name and type so far."""
    column = dataset.column(name)
    if column.type == "image":
        return column
    if column.type == "text":
        texts = dataset.arrow(name)
        return column.model_copy(update={"missing": texts.null_count, "distinct": pc.count_distinct(texts).as_py()})
    if column.type == "category":
        codes, names = dataset.values(name)
        return column.model_copy(update={"missing": int((codes < 0).sum()), **_counted(dataset, codes, names)})
    return _number(dataset, column)


def _number(dataset: Dataset, column: Column) -> Column:
    numbers = dataset.numbers(column.name)
    known = numbers[~np.isnan(numbers)]
    whole = column.type == "number" and len(known) > 0 and bool((known == np.floor(known)).all())
    column = column.model_copy(update={"whole": whole, "missing": len(numbers) - len(known), **_moments(known)})
    distinct = len(np.unique(known))
    if not whole or distinct > WHOLE_VALUES_MAX:
        return column.model_copy(update={"distinct": distinct})
    codes, values = coded_numbers(numbers, whole=True)
    return column.model_copy(update=_counted(dataset, codes, values))


def _moments(known: NDArray[np.float64]) -> dict[str, float | None]:
    if not len(known):
        return {}
    with np.errstate(over="ignore", invalid="ignore"):
        moments = {"min": known.min(), "max": known.max(), "mean": known.mean(), "std": known.std()}
    # values near 1e308 overflow in the sum: such a moment is unknown, not infinite
    return {name: float(value) if np.isfinite(value) else None for name, value in moments.items()}


def _counted(dataset: Dataset, codes: NDArray[np.int32], names: tuple[Any, ...]) -> dict[str, Any]:
    counts = _counts(codes, len(names))
    values = tuple(ValueCount(value=name, count=int(count)) for name, count in zip(names, counts, strict=True))
    counted: dict[str, Any] = {"distinct": int((counts > 0).sum()), "values": values}
    parts = dataset.part_codes()
    if parts is not None:
        present = [code for code in range(len(PARTS)) if (parts == code).any()]
        by_part = {PARTS[code]: _counts(codes[parts == code], len(names)) for code in present}
        counted["values_by_part"] = {
            part: {str(name): int(count) for name, count in zip(names, line, strict=True)}
            for part, line in by_part.items()
        }
    return counted


def _counts(codes: NDArray[np.int32], length: int) -> NDArray[np.int64]:
    return np.bincount(codes[codes >= 0], minlength=length)
