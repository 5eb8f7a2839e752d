"""Which rows are for training, which for validation, which for the test.

    parts = split.assign(dataset, target="label")       # a kind of the family Split
    parts.train, parts.validation, parts.test           # int64 indices, ascending, no row in two parts

Rows whose target is missing are in no part; `parts.dropped` counts them. Errors: invalid-split, split-too-small,
split-empty-class (SpecError, pointer /split).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.data.description import Column
from models.data.shares import Indices, deal, deal_by_class
from models.data.store import PARTS, Dataset
from models.errors import Detail, SpecError
from models.kinds import ByName, Kind

Stratify = Literal["auto"] | bool
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
Share = Annotated[float, Field(json_schema_extra={"minimum": 0, "maximum": 1})]

CLASSES_BY_DEFAULT = 20
"""A whole number column with at most so many distinct values holds classes unless the task says otherwise."""

SYNONYMS = {"training": "train", "valid": "validation", "val": "validation", "dev": "validation", "testing": "test"}


@dataclass(frozen=True)
class Parts:
    """Row indices, int64, ascending."""

    train: Indices
    validation: Indices
    test: Indices
    dropped: int = 0

    def counts(self) -> dict[str, int]:
        """Rows per part."""
        return {part: len(getattr(self, part)) for part in PARTS}


def holds_classes(column: Column) -> bool:
    """The rule of the API: text, categories, and whole numbers with at most 20 distinct values are classes."""
    if column.type in ("category", "text"):
        return True
    return column.type == "number" and column.whole and (column.distinct or 0) <= CLASSES_BY_DEFAULT


def part_name(text: str) -> str | None:
    """`train`, `validation` or `test` for what people write (`Valid`, `dev`, `testing`), else None."""
    lowered = text.strip().lower()
    name = SYNONYMS.get(lowered, lowered)
    return name if name in PARTS else None


class Random(Kind):
    """Rows drawn at random: exact counts (largest remainder), the same for the same seed.

    Stratified, every class is spread over the parts as the whole is; `auto` does so where the target holds classes.
    """

    kind: Literal["random"] = "random"
    train: Share = 0.8
    """Share of the rows that the network learns from; the three shares add up to 1."""
    validation: Share = 0.1
    """Share of the rows by which training is watched and the best epoch chosen."""
    test: Share = 0.1
    """Share of the rows that is looked at once, at the end."""
    stratify: Stratify = "auto"
    """Spread every class over the parts alike; `auto`: where the target holds classes."""
    seed: Seed = 0
    """Another seed draws other rows."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        shares = (self.train, self.validation, self.test)
        if min(shares) < 0 or self.train == 0 or abs(sum(shares) - 1) > 1e-9:
            raise PydanticCustomError(
                "invalid-split",
                "the shares of train, validation and test must not be negative, must add up to 1, and train needs some",
            )
        return self

    def assign(self, dataset: Dataset, target: str | None = None, classify: bool | None = None) -> Parts:
        """The rows of each part; `classify` says whether the target holds classes (None: by its column)."""
        rows, classes = _labelled(dataset, target, classify, self.stratify)
        shares = (self.train, self.validation, self.test)
        train, validation, test = _dealt(dataset, target, rows, classes, shares, self.seed)
        return _checked(Parts(train, validation, test, dataset.rows - len(rows)), shares)


class Given(Kind):
    """The parts that the upload has (folders or files called train, validation, test), or that a column names.

    Where no part is for validation, a share of train is set aside for it (stratified as in `random`).
    """

    kind: Literal["given"] = "given"
    by: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """A column with train, validation (valid, val, dev) or test in each row; None: the parts of the upload."""
    validation: Share = 0.1
    """Share of train for validation where the given parts have none; 0 = no validation."""
    stratify: Stratify = "auto"
    """Spread every class over train and validation alike; `auto`: where the target holds classes."""
    seed: Seed = 0
    """Another seed sets other rows aside for validation."""

    @model_validator(mode="after")
    def _below_one(self) -> Self:
        if not 0 <= self.validation < 1:
            raise PydanticCustomError("invalid-split", "the share for validation must be at least 0 and below 1")
        return self

    def assign(self, dataset: Dataset, target: str | None = None, classify: bool | None = None) -> Parts:
        """The rows of each part; `classify` says whether the target holds classes (None: by its column)."""
        rows, classes = _labelled(dataset, target, classify, self.stratify)
        codes = _given_codes(dataset, self.by)[rows]
        train, validation, test = (rows[codes == part] for part in range(3))
        if not len(validation) and self.validation:
            shares = (1 - self.validation, self.validation)
            train, validation = _dealt(
                dataset, target, train, None if classes is None else classes[codes == 0], shares, self.seed
            )
        wanted = (1.0, self.validation, 0.0)
        return _checked(Parts(train, validation, test, dataset.rows - len(rows)), wanted)


class Whole(Kind):
    """Every row is for training; nothing is measured on rows that the network has not seen."""

    kind: Literal["none"] = "none"

    def assign(self, dataset: Dataset, target: str | None = None, classify: bool | None = None) -> Parts:
        """All rows whose target is there."""
        rows, _ = _labelled(dataset, target, classify, False)
        empty = np.empty(0, dtype=np.int64)
        return _checked(Parts(rows, empty, empty, dataset.rows - len(rows)), (1.0, 0.0, 0.0))


Split = Annotated[Random | Given | Whole, Field(discriminator="kind"), ByName]


def _labelled(
    dataset: Dataset, target: str | None, classify: bool | None, stratify: Stratify
) -> tuple[Indices, NDArray[np.int32] | None]:
    """Rows with a target, and their class codes where the split is stratified."""
    every = np.arange(dataset.rows, dtype=np.int64)
    if target is None or dataset.column(target).type == "image":
        return every, None
    codes, _ = dataset.values(target)
    rows = every[codes >= 0]
    classes = holds_classes(dataset.column(target)) if classify is None else classify
    if stratify is True and not classes:
        raise _error("invalid-split", f"{target} does not hold classes, so the split cannot be stratified by it")
    return rows, codes[rows] if stratify and classes else None


def _dealt(
    dataset: Dataset,
    target: str | None,
    rows: Indices,
    classes: NDArray[np.int32] | None,
    shares: Sequence[float],
    seed: int,
) -> list[Indices]:
    if classes is None or target is None:
        return deal(rows, shares, seed)
    if sum(share > 0 for share in shares) > 1:
        _refuse_single_rows(dataset, target, classes)
    return deal_by_class(rows, classes, shares, seed)


def _refuse_single_rows(dataset: Dataset, target: str, classes: NDArray[np.int32]) -> None:
    """A class of one row can be learned or measured, not both."""
    single = np.flatnonzero(np.bincount(classes) == 1)
    if len(single):
        names = dataset.values(target)[1]
        shown = ", ".join(str(names[code]) for code in single[:5]) + (" ..." if len(single) > 5 else "")
        raise _error(
            "split-empty-class",
            f"{len(single)} of the classes of {target} have a single row ({shown}): it cannot be in two parts",
            fix='add rows, join classes, or say "stratify": false',
        )


def _given_codes(dataset: Dataset, by: str | None) -> NDArray[np.int8]:
    if by is not None:
        return _codes_of_column(dataset, by)
    codes = dataset.part_codes()
    if codes is None:
        raise _error("invalid-split", "the upload has no given parts", fix='name the column that has them in "by"')
    return codes


def _codes_of_column(dataset: Dataset, by: str) -> NDArray[np.int8]:
    column = dataset.description.column(by)
    if column is None or column.type not in ("category", "text"):
        raise _error("invalid-split", f"{by} is not a column of train, validation and test", pointer="/split/by")
    codes, names = dataset.values(by)
    parts = [part_name(str(name)) for name in names]
    if None in parts or (codes < 0).any():
        given = next((str(name) for name, part in zip(names, parts, strict=True) if part is None), "a missing value")
        raise _error("invalid-split", f"{by} says {given}, not train, validation or test", pointer="/split/by")
    return np.array([PARTS.index(part) for part in parts if part is not None], dtype=np.int8)[codes]


def _checked(parts: Parts, shares: Sequence[float]) -> Parts:
    empty = [part for part, share in zip(PARTS, shares, strict=True) if share > 0 and not len(getattr(parts, part))]
    if empty:
        rows = sum(parts.counts().values())
        raise _error(
            "split-too-small", f"{rows} rows leave none for {' and '.join(empty)}", fix="add rows or change the shares"
        )
    return parts


def _error(code: str, message: str, pointer: str = "/split", fix: str | None = None) -> SpecError:
    return SpecError(Detail(code=code, message=message, pointer=pointer, fix=fix))
