"""What ingestion notices about the data: nothing here forbids learning, all of it should be known beforehand.

Codes: constant-column, empty-column, mostly-missing, duplicate-rows, duplicate-across-parts, label-leakage (two columns
hold the same, or one is a linear function of the other: if one is the target, the other gives it away),
redundant-columns (the values of one name those of the other, one to one, as in a code and its name).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.data.description import Column, Notice
from models.data.store import PARTS, Dataset

Hashes = NDArray[np.uint64]

NUMBERS_COMPARED = 200
"""Number columns among which linear copies are looked for: the first so many."""
NOTICES_PER_CODE = 20
ROWS_FOR_EVIDENCE = 10
"""Below this, columns are linear functions of each other by chance."""


def notices_of(dataset: Dataset) -> list[Notice]:
    """All notices, columns first."""
    columns = dataset.description.columns
    plain = [notice for column in columns for notice in _about_column(column, dataset.rows)]
    return _shortened([*plain, *_same_columns(dataset), *_linear_columns(dataset), *_duplicates(dataset)])


def row_hashes(dataset: Dataset) -> Hashes:
    """A 64-bit hash of every row over all columns: equal rows have equal hashes."""
    combined: Hashes = np.zeros(dataset.rows, dtype=np.uint64)
    for column in dataset.description.columns:
        combined = _mixed(combined ^ _column_hashes(dataset, column))
    return combined


def _shortened(notices: list[Notice]) -> list[Notice]:
    """At most so many notices of a code, the last one saying how many more there are."""
    counts = Counter(notice.code for notice in notices)
    left = Counter(dict.fromkeys(counts, NOTICES_PER_CODE))
    kept = []
    for notice in notices:
        left[notice.code] -= 1
        if left[notice.code] >= 0:
            kept.append(notice)
    more = {code: count - NOTICES_PER_CODE for code, count in counts.items() if count > NOTICES_PER_CODE}
    return [*kept, *(Notice(code=code, message=f"... and {count:,} more columns") for code, count in more.items())]


def _about_column(column: Column, rows: int) -> Iterator[Notice]:
    name = column.name
    if column.missing == rows:
        yield Notice(code="empty-column", message=f"{name} has no value in any row", column=name)
    elif 2 * column.missing > rows:
        message = f"{name} is missing in {column.missing:,} of {rows:,} rows"
        yield Notice(code="mostly-missing", message=message, column=name)
    if column.distinct == 1 and rows > 1:
        yield Notice(
            code="constant-column", message=f"{name} has the same value in every row that has one", column=name
        )


def _duplicates(dataset: Dataset) -> Iterator[Notice]:
    hashes = row_hashes(dataset)
    repeated = dataset.rows - len(np.unique(hashes))
    if repeated:
        message = f"{repeated:,} of {dataset.rows:,} rows repeat an earlier row"
        yield Notice(code="duplicate-rows", message=message)
    parts = dataset.part_codes()
    for later in (1, 2) if parts is not None else ():
        shared = int(np.isin(hashes[parts == later], hashes[parts == 0]).sum())
        if shared:
            message = f"{shared:,} rows of {PARTS[later]} are also in train: scores on them say little"
            yield Notice(code="duplicate-across-parts", message=message)


def _same_columns(dataset: Dataset) -> Iterator[Notice]:
    """Columns that divide the rows into the same groups (2 groups or more, of 2 rows or more on average)."""
    groups: dict[bytes, list[Column]] = defaultdict(list)
    for column in dataset.description.columns:
        if column.type in ("category", "number") and 2 <= (column.distinct or 0) <= dataset.rows / 2:
            groups[_partition(dataset.values(column.name)[0])].append(column)
    for columns in groups.values():
        for left, right in pairwise(columns):
            yield _same(dataset, left.name, right.name)


def _same(dataset: Dataset, left: str, right: str) -> Notice:
    (left_codes, left_values), (right_codes, right_values) = dataset.values(left), dataset.values(right)
    if left_values == right_values and (left_codes == right_codes).all():
        message = f"{left} and {right} hold the same values: if one is the target, leave the other out"
        return Notice(code="label-leakage", message=message, column=right)
    message = f"{left} and {right} determine each other, one to one: if one is the target, leave the other out"
    return Notice(code="redundant-columns", message=message, column=right)


def linear_copies(dataset: Dataset) -> list[tuple[str, str]]:
    """Pairs of number columns that are linear functions of each other (those of few values are compared by groups)."""
    chosen = [column for column in dataset.description.columns if _varied(column, dataset.rows)][:NUMBERS_COMPARED]
    if len(chosen) < 2 or dataset.rows < ROWS_FOR_EVIDENCE:
        return []
    with np.errstate(all="ignore"):
        correlation = np.corrcoef([_filled(dataset.numbers(column.name)) for column in chosen])
    pairs = np.argwhere(np.triu(np.abs(correlation) > 1 - 1e-12, k=1))
    return [(chosen[left].name, chosen[right].name) for left, right in pairs]


def _linear_columns(dataset: Dataset) -> Iterator[Notice]:
    for left, right in linear_copies(dataset):
        message = f"{right} is a linear function of {left}: if one is the target, leave the other out"
        yield Notice(code="label-leakage", message=message, column=right)


def _varied(column: Column, rows: int) -> bool:
    return column.type == "number" and bool(column.std) and (column.distinct or 0) > rows / 2


def _filled(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(numbers), np.nanmean(numbers), numbers)


def _partition(codes: NDArray[np.int32]) -> bytes:
    """A hash of the grouping alone: groups are numbered by their first row."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first)).astype(np.int32)
    return hashlib.blake2b(rank[inverse].tobytes(), digest_size=16).digest()


def _column_hashes(dataset: Dataset, column: Column) -> Hashes:
    if column.type == "image":
        parts = (hashlib.blake2b(data, digest_size=8).digest() for data in dataset.images(column.name).stored())
        return np.frombuffer(b"".join(parts), dtype=np.uint64)
    if column.type in ("number", "time"):
        return dataset.numbers(column.name).view(np.uint64)
    return dataset.values(column.name)[0].astype(np.int64).view(np.uint64)


def _mixed(values: Hashes) -> Hashes:
    """The finalizer of splitmix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
