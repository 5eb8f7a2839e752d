"""Entropy and mutual information of columns against a target, in bits, from counts.

H(X) = -sum p log2 p;  H(Y given X) = H(X, Y) - H(X);  I(X; Y) = H(X) + H(Y) - H(X, Y).
A missing value is a value of its own here. Numbers with many values are cut into bins of equal counts first.
Source: Cover and Thomas, Elements of Information Theory, chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.data.description import Notice
from models.data.notices import linear_copies
from models.data.store import Dataset

BINS = 32
"""Numbers with more distinct values than this are cut into so many bins."""
LEAK_ROWS = 5
"""A column that determines the target is evidence where each of its values has so many rows on average."""


@dataclass(frozen=True)
class Information:
    """Entropies in bits of a column X and the target Y. `binned`: X was cut into bins."""

    column: str
    h_x: float
    h_y: float
    h_xy: float
    binned: bool

    @property
    def h_y_given_x(self) -> float:
        """H(Y given X): what is left to know about the target when the column is known."""
        return self.h_xy - self.h_x

    @property
    def mutual(self) -> float:
        """I(X; Y), never below 0."""
        return max(0.0, self.h_x + self.h_y - self.h_xy)


def entropy(codes: NDArray[np.int64]) -> float:
    """H in bits of the distribution of codes (any whole numbers)."""
    counts = np.unique(codes, return_counts=True)[1]
    p = counts / len(codes)
    return max(0.0, float(-(p * np.log2(p)).sum()))


def information(dataset: Dataset, column: str, target: str) -> Information:
    """The column against the target. Not for picture columns."""
    x, binned = _groups(dataset, column)
    y, _ = _groups(dataset, target)
    joint = x * (int(y.max()) + 2) + y
    return Information(column, entropy(x), entropy(y), entropy(joint), binned)


def leaks(dataset: Dataset, target: str) -> list[Notice]:
    """Columns that give the target away: it follows from them without exception, on many rows a value or linearly."""
    column = dataset.column(target)
    if column.type == "image" or (column.distinct or 0) < 2:
        return []
    y, _ = _groups(dataset, target, bins=None)
    others = [
        one.name for one in dataset.description.columns if one.name != target and one.type not in ("image", "text")
    ]
    telling = [name for name in others if _determines(_groups(dataset, name, bins=None)[0], y)]
    linear = [left if right == target else right for left, right in linear_copies(dataset) if target in (left, right)]
    message = "{} determines {} in every row: is it known when a prediction is made?"
    return [
        Notice(code="label-leakage", message=message.format(name, target), column=name)
        for name in dict.fromkeys([*telling, *linear])
    ]


def _determines(x: NDArray[np.int64], y: NDArray[np.int64]) -> bool:
    groups = len(np.unique(x))
    return groups * LEAK_ROWS <= len(x) and len(np.unique(x * (int(y.max()) + 2) + y)) == groups


def _groups(dataset: Dataset, name: str, bins: int | None = BINS) -> tuple[NDArray[np.int64], bool]:
    """A group number from 0 for each row, missing values in one group of their own, and whether they are bins."""
    codes, values = dataset.values(name)
    if bins is None or dataset.column(name).type not in ("number", "time") or len(values) <= bins:
        return codes.astype(np.int64) + 1, False
    numbers = dataset.numbers(name)
    edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.where(np.isnan(numbers), 0, np.searchsorted(edges, numbers, side="right") + 1), True
