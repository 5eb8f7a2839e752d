"""Transforms of columns: moments by hand, fitted on the training rows only."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn import preprocessing
from torch import Tensor

from models.transforms import Categories, Impute, Log, MinMax, OneHot, Standardize

NAN = math.nan


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def applied(transform, x: Tensor, train: Tensor | None = None) -> list[float]:
    return transform.apply(x, transform.fit(x if train is None else train)).flatten().tolist()


def test_standardize_by_hand() -> None:
    """1, 2, 3: mean 2, std sqrt(2/3)."""
    assert applied(Standardize(), column(1, 2, 3)) == pytest.approx([-math.sqrt(1.5), 0, math.sqrt(1.5)])


def test_standardize_uses_the_training_rows_moments() -> None:
    assert applied(Standardize(), column(5), column(1, 3)) == [3]


def test_min_max_by_hand() -> None:
    assert applied(MinMax(), column(2, 4, 10)) == [0, 0.25, 1]
    assert applied(MinMax(), column(0, 12), column(2, 10)) == [-0.25, 1.25]


@pytest.mark.parametrize(
    ("transform", "oracle"), [(Standardize(), preprocessing.StandardScaler()), (MinMax(), preprocessing.MinMaxScaler())]
)
def test_scales_equal_scikit_learns(transform, oracle) -> None:
    x = np.random.default_rng(0).normal(3, 7, (200, 4))
    x[:, 2] = 5
    mine = transform.apply(torch.from_numpy(x), transform.fit(torch.from_numpy(x)))
    assert mine.numpy() == pytest.approx(oracle.fit_transform(x), abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 5.0, 0.1, 1e300])
@pytest.mark.parametrize("transform", [Standardize(), MinMax()])
def test_a_constant_column_becomes_zero(transform, value: float) -> None:
    assert applied(transform, column(value, value, value)) == [0, 0, 0]


@pytest.mark.parametrize("transform", [Standardize(), MinMax()])
def test_missing_values_do_not_count_and_stay_missing(transform) -> None:
    whole, holed = applied(transform, column(1, 2, 4)), applied(transform, column(1, NAN, 2, 4))
    assert [value for value in holed if not math.isnan(value)] == whole
    assert math.isnan(holed[1])


@pytest.mark.parametrize("transform", [Standardize(), MinMax(), Impute()])
def test_a_column_without_any_training_value_stays_finite_where_it_is_known(transform) -> None:
    state = transform.fit(column(NAN, NAN))
    assert transform.apply(column(3), state).flatten().tolist()[:1] == [3]


def test_log_is_ln_of_one_plus_x_and_odd() -> None:
    assert applied(Log(), column(0, math.e - 1, 1 - math.e, NAN))[:3] == pytest.approx([0, 1, -1])


def test_impute_fills_with_the_training_mean_and_says_where() -> None:
    state = Impute().fit(column(1, NAN, 5))
    assert Impute().apply(column(NAN, 7), state).tolist() == [[3, 1], [7, 0]]


def test_impute_adds_no_indicator_where_training_misses_nothing() -> None:
    state = Impute().fit(column(1, 5))
    assert Impute().apply(column(NAN), state).tolist() == [[3]]
    assert Impute(indicator=True).apply(column(NAN), Impute(indicator=True).fit(column(1, 5))).tolist() == [[3, 1]]
    assert Impute(indicator=False).apply(column(1, NAN), Impute(indicator=False).fit(column(1, NAN))).tolist() == [
        [1],
        [1],
    ]


def test_impute_can_take_the_median() -> None:
    assert applied(Impute(by="median", indicator=False), column(1, 2, 9, NAN)) == [1, 2, 9, 2]


def test_one_hot_has_a_column_for_each_training_category() -> None:
    whole = Categories.of(["b", "a", "c", "a"])
    state = OneHot().fit(whole.rows(torch.tensor([0, 1])))
    assert state["categories"] == ["b", "a"]
    assert OneHot().apply(whole, state).tolist() == [[1, 0], [0, 1], [0, 0], [0, 1]]


def test_one_hot_goes_by_name_and_not_by_code() -> None:
    state = OneHot().fit(Categories.of(["a", "b"]))
    assert OneHot().apply(Categories.of(["z", "b", "a"]), state).tolist() == [[0, 0], [0, 1], [1, 0]]


def test_missing_is_a_category_of_its_own_where_training_misses_some() -> None:
    state = OneHot().fit(Categories.of(["a", None]))
    assert state["categories"] == ["a", None]
    assert OneHot().apply(Categories.of([None, "a", "z"]), state).tolist() == [[0, 1], [1, 0], [0, 0]]
    assert OneHot().apply(Categories.of([None]), OneHot().fit(Categories.of(["a"]))).tolist() == [[0]]


def test_one_hot_takes_numbers_as_categories() -> None:
    state = OneHot().fit(Categories.of([3, 1, 3]))
    assert OneHot().apply(Categories.of([1]), state).tolist() == [[0, 1]]


def test_widths_are_known_beforehand() -> None:
    x = column(1, NAN)
    for transform in (Standardize(), MinMax(), Log(), Impute(), Impute(indicator=False), Impute(indicator=True)):
        assert transform.apply(x, transform.fit(x)).shape == (2, transform.width(1))
    assert Impute().width(1, missing=False) == 1
    words = Categories.of(["a", "b", None])
    assert OneHot().apply(words, OneHot().fit(words)).shape == (3, OneHot().width(2, missing=True))
