"""Transforms of table columns. Numbers: float64 (rows, width), NaN = missing and stays NaN until `impute`."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from models.kinds import ByName, Kind
from models.transforms.categories import Categories
from models.transforms.transform import State


class Standardize(Kind):
    """(x - mean) / std over the training rows; std divides by n. A constant column becomes 0."""

    kind: Literal["standardize"] = "standardize"

    def fit(self, x: Tensor) -> State:
        """Mean and standard deviation (width,) of the values that are there; 0 and 1 where there are none."""
        low, high = _ends(x)
        # asked of the values: the rounded mean of a constant column would leave 1e-17 to divide by
        mean = torch.where(low < high, x.nanmean(dim=0), low.nan_to_num(posinf=0.0))
        std = (x - mean).square().nanmean(dim=0).sqrt()
        return {"mean": mean, "std": torch.where(low < high, std, torch.ones_like(std))}

    def apply(self, x: Tensor, state: State) -> Tensor:
        """(rows, width) -> (rows, width)."""
        return (x - _tensor(state, "mean")) / _tensor(state, "std")

    def width(self, width: int) -> int:
        """Columns that come out for `width` that go in."""
        return width


class MinMax(Kind):
    """(x - min) / (max - min): training rows lie in 0..1, others may lie outside. A constant column becomes 0."""

    kind: Literal["min_max"] = "min_max"

    def fit(self, x: Tensor) -> State:
        """Smallest value and range (width,) of the values that are there; 0 and 1 where there are none."""
        low, high = _ends(x)
        span = torch.where(high > low, high - low, torch.ones_like(low))
        return {"min": low.nan_to_num(posinf=0.0), "range": span}

    def apply(self, x: Tensor, state: State) -> Tensor:
        """(rows, width) -> (rows, width)."""
        return (x - _tensor(state, "min")) / _tensor(state, "range")

    def width(self, width: int) -> int:
        """Columns that come out for `width` that go in."""
        return width


class Log(Kind):
    """sign(x) ln(1 + |x|): the logarithm for counts and money, defined for every x; ln(1 + x) where x is positive."""

    kind: Literal["log"] = "log"

    def fit(self, x: Tensor) -> State:  # noqa: ARG002 - every transform is fitted, also one that has nothing to learn
        """Nothing to learn."""
        return {}

    def apply(self, x: Tensor, state: State) -> Tensor:  # noqa: ARG002
        """(rows, width) -> (rows, width)."""
        return x.sign() * x.abs().log1p()

    def width(self, width: int) -> int:
        """Columns that come out for `width` that go in."""
        return width


class Impute(Kind):
    """Missing numbers become the mean (or median) of the training rows; an indicator says where (1 = was missing)."""

    kind: Literal["impute"] = "impute"
    by: Literal["mean", "median"] = "mean"
    """What fills the holes of a column."""
    indicator: Literal["auto"] | bool = "auto"
    """`auto`: an indicator for each column in which the training part misses a value."""

    def fit(self, x: Tensor) -> State:
        """The value that fills each column (width,), and which columns get an indicator (list of positions)."""
        fill = x.nanmean(dim=0) if self.by == "mean" else x.nanmedian(dim=0).values
        wanted = x.isnan().any(dim=0) if self.indicator == "auto" else torch.full_like(fill, self.indicator).bool()
        return {"fill": fill.nan_to_num(0.0), "indicated": wanted.nonzero().flatten().tolist()}

    def apply(self, x: Tensor, state: State) -> Tensor:
        """(rows, width) -> (rows, width + indicators)."""
        missing = x.isnan()
        filled = torch.where(missing, _tensor(state, "fill"), x)
        indicated = torch.tensor(state["indicated"], dtype=torch.int64)
        return torch.cat([filled, missing[:, indicated].to(x.dtype)], dim=1)

    def width(self, width: int, missing: bool = True) -> int:
        """Columns that come out for `width` that go in; `missing`: the training part misses values in each of them."""
        return 2 * width if self.indicator is True or (self.indicator == "auto" and missing) else width


class OneHot(Kind):
    """One column per category that the training part has; a missing value has its own column where the training part
    misses some. A category that was never seen is a row of zeros."""

    kind: Literal["one_hot"] = "one_hot"

    def fit(self, x: Categories) -> State:
        """The vocabulary, in the dataset's order; None stands for missing, last."""
        used = torch.unique(x.codes[x.codes >= 0]).tolist()
        missing = [None] if (x.codes < 0).any() else []
        return {"categories": [*(x.names[code] for code in used), *missing]}

    def apply(self, x: Categories, state: State) -> Tensor:
        """Categories (rows,) -> float64 (rows, vocabulary)."""
        position = {name: index for index, name in enumerate(state["categories"])}
        # one entry per name and a last one for missing, which is what code -1 picks; unknown ones point past the end
        table = torch.tensor([position.get(name, len(position)) for name in (*x.names, None)])
        return torch.eye(len(position) + 1, dtype=torch.float64)[table[x.codes]][:, :-1]

    def width(self, categories: int, missing: bool = False) -> int:
        """Columns that come out where the training part has so many categories."""
        return categories + missing


TableTransform = Annotated[Standardize | MinMax | Log | Impute | OneHot, Field(discriminator="kind"), ByName]


def _tensor(state: State, name: str) -> Tensor:
    value = state[name]
    assert isinstance(value, Tensor)
    return value


def _ends(x: Tensor) -> tuple[Tensor, Tensor]:
    """Smallest and largest value of each column; inf and -inf where every value is missing."""
    return torch.where(x.isnan(), torch.inf, x).amin(dim=0), torch.where(x.isnan(), -torch.inf, x).amax(dim=0)
