"""How many rows go where: largest remainders, in one piece and class by class. Pure functions of counts and a seed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def exact_counts(rows: int, shares: Sequence[float]) -> list[int]:
    """Whole counts that add up to `rows`: rounded down, then one more where the remainder is largest (ties: first)."""
    ideal = [Fraction(repr(share)) * rows for share in shares]
    counts = [int(value) for value in ideal]
    by_remainder = sorted(range(len(ideal)), key=lambda part: counts[part] - ideal[part])
    for part in by_remainder[: rows - sum(counts)]:
        counts[part] += 1
    return counts


def deal(rows: Indices, shares: Sequence[float], seed: int) -> list[Indices]:
    """Rows drawn at random into parts of exactly those shares; each part in ascending order."""
    counts = exact_counts(len(rows), shares)
    shuffled = np.random.default_rng(seed).permutation(rows)
    return [np.sort(part) for part in np.split(shuffled, np.cumsum(counts)[:-1])]


def deal_by_class(rows: Indices, classes: NDArray[np.int32], shares: Sequence[float], seed: int) -> list[Indices]:
    """Like `deal`, and each class is spread over the parts as the whole is (to within one row where that can be).

    `classes` are codes aligned with `rows`. The parts have the same sizes as without classes.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(rows))
    order = order[np.argsort(classes[order], kind="stable")]
    _, sizes = np.unique(classes, return_counts=True)
    counts = _class_counts(sizes, shares, generator)
    # part of each row in `order`: class after class, each class's rows cut at its counts
    part_of = np.repeat(np.tile(np.arange(len(shares)), len(sizes)), counts.ravel())
    return [np.sort(rows[order[part_of == part]]) for part in range(len(shares))]


def _class_counts(sizes: NDArray[np.int64], shares: Sequence[float], generator: np.random.Generator) -> Indices:
    """Counts (classes, parts): rows add up to the class sizes, columns to the exact counts of the whole."""
    exact = [Fraction(repr(share)) for share in shares]
    ideal = [[share * int(size) for share in exact] for size in sizes]
    counts = np.array([[int(value) for value in line] for line in ideal], dtype=np.int64)
    remainder = np.array([[float(value - int(value)) for value in line] for line in ideal])
    left_in_class = sizes - counts.sum(axis=1)
    left_in_part = np.array(exact_counts(int(sizes.sum()), shares)) - counts.sum(axis=0)
    ties = generator.random(remainder.shape)
    for cell in np.lexsort((ties.ravel(), -remainder.ravel())):
        index, part = divmod(int(cell), len(shares))
        if left_in_class[index] > 0 and left_in_part[part] > 0:
            counts[index, part] += 1
            left_in_class[index] -= 1
            left_in_part[part] -= 1
    return _place_rest(counts, left_in_class, left_in_part)


def _place_rest(counts: Indices, left_in_class: Indices, left_in_part: Indices) -> Indices:
    for index in np.flatnonzero(left_in_class):
        for _ in range(int(left_in_class[index])):
            part = int(np.argmax(left_in_part))
            counts[index, part] += 1
            left_in_part[part] -= 1
    return counts
