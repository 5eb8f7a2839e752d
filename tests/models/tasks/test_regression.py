"""Regression: what is learned is scaled, what is told is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn import metrics as oracle
from sklearn.dummy import DummyRegressor

from models.data.description import Column
from models.data.store import Dataset
from models.errors import SpecError
from models.networks import Convnet, Linear, Mlp, Softmax
from models.objectives import MSE, CrossEntropy
from models.tasks import Regression, TaskState

MakeDataset = Callable[[str], Dataset]
PLAIN = Regression(scale="none")
CSV = "x,y\n1,10.5\n2,20.5\n3,\n4,60.25\n"


def test_the_target_is_standardised_over_the_training_part(table: MakeDataset) -> None:
    data = table(CSV)
    state = Regression().fit(data, "y", np.array([0, 1]))
    assert state == TaskState(mean=15.5, std=5.0)
    encoded = Regression().encode(data, "y", state)
    assert encoded.dtype == torch.float32
    assert encoded[:, 0].tolist() == pytest.approx([-1.0, 1.0, float("nan"), 8.95], nan_ok=True)


def test_without_a_scale_the_target_stays_as_it_is(table: MakeDataset) -> None:
    data = table(CSV)
    state = PLAIN.fit(data, "y", np.arange(4))
    assert state == TaskState()
    assert PLAIN.encode(data, "y", state)[:, 0].tolist() == pytest.approx(
        [10.5, 20.5, float("nan"), 60.25], nan_ok=True
    )


def test_a_target_that_is_constant_in_the_training_part_is_not_divided_by_zero(table: MakeDataset) -> None:
    assert Regression().fit(table("x,y\n1,5\n2,5\n3,6\n"), "y", np.array([0, 1])) == TaskState(mean=5.0, std=1.0)


def test_the_description_alone_tells_the_moments_of_all_rows(table: MakeDataset) -> None:
    data = table("x,y\n1,10.5\n2,20.5\n3,60.25\n")
    assert Regression().expect(data.column("y")) == Regression().fit(data, "y", np.arange(3))


def test_answers_are_in_the_targets_units() -> None:
    state = TaskState(mean=100.0, std=20.0)
    assert Regression().answer(torch.tensor([[0.0], [-1.5]]), state) == [{"value": 100.0}, {"value": 70.0}]


def test_scores_are_scikit_learns_in_the_targets_units() -> None:
    state, generator = TaskState(mean=2e5, std=1e5), torch.Generator().manual_seed(0)
    outputs, targets = torch.randn(2, 40, 1, generator=generator)
    values, truth = (tensor[:, 0].double() * 1e5 + 2e5 for tensor in (outputs, targets))
    told, report = Regression().score(outputs, targets, state)
    assert told == pytest.approx(
        {
            "rmse": oracle.root_mean_squared_error(truth, values),
            "mae": oracle.mean_absolute_error(truth, values),
            "r2": oracle.r2_score(truth, values),
        }
    )
    assert report == {}
    assert set(told) | {"loss"} == set(Regression().metrics(state))


def test_the_baseline_is_the_mean_of_the_training_part() -> None:
    state, generator = TaskState(mean=5.0, std=2.0), torch.Generator().manual_seed(0)
    train, part = torch.randn(30, 1, generator=generator), torch.randn(20, 1, generator=generator)
    dummy = DummyRegressor().fit(np.zeros((30, 1)), train[:, 0].double() * 2 + 5)
    guess, truth = dummy.predict(np.zeros((20, 1))), part[:, 0].double() * 2 + 5
    told = Regression().baseline(train, part, state)
    assert told["rmse"] == pytest.approx(oracle.root_mean_squared_error(truth, guess))
    assert told["mae"] == pytest.approx(oracle.mean_absolute_error(truth, guess))
    assert told["r2"] == pytest.approx(oracle.r2_score(truth, guess))


@pytest.mark.parametrize(
    ("column", "code"),
    [
        (Column(name="y", type="category", distinct=3), "conflicting-options"),
        (Column(name="y", type="image"), "conflicting-options"),
        (Column(name="y", type="number", distinct=1), "one-class-target"),
    ],
)
def test_refuses_what_is_no_varying_number(column: Column, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        Regression().check(column)
    assert (caught.value.code, caught.value.details[0].pointer) == (code, "/target")


def test_refuses_parts_for_classes() -> None:
    with pytest.raises(SpecError) as caught:
        Regression().agree(Softmax(), CrossEntropy(), TaskState())
    assert [detail.pointer for detail in caught.value.details] == ["/network", "/loss"]
    Regression().agree(Linear(), MSE(), TaskState())


def test_defaults() -> None:
    assert Regression().default_loss() == MSE()
    assert (Regression().default_network((3, 8, 8)), Regression().default_network((4,))) == (
        Convnet(),
        Mlp(dropout=0.1),
    )
    assert Regression().outputs(TaskState(), MSE()) == 1
