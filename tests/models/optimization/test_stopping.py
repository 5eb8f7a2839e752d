"""Early stopping: what counts as better, and when it is time."""

from __future__ import annotations

from models.optimization import Best, EarlyStopping
from models.optimization.stopping import Goal


def after(values: list[float], goal: Goal = "min", min_delta: float = 0.0) -> Best:
    best = Best()
    for epoch, value in enumerate(values, 1):
        best = best.after(value, epoch, goal, min_delta)
    return best


def test_the_smallest_value_is_the_best() -> None:
    assert after([3.0, 1.0, 2.0, 1.0]) == Best(1.0, epoch=2, waited=2)


def test_the_largest_value_is_the_best_where_large_is_good() -> None:
    assert after([0.5, 0.9, 0.7], "max") == Best(0.9, epoch=2, waited=1)


def test_a_small_improvement_does_not_count() -> None:
    assert after([1.0, 0.95, 0.89], min_delta=0.1) == Best(0.89, epoch=3, waited=0)
    assert after([1.0, 0.95, 0.91], min_delta=0.1) == Best(1.0, epoch=1, waited=2)


def test_not_a_number_is_never_better() -> None:
    nan = float("nan")
    assert after([nan, 2.0, nan]) == Best(2.0, epoch=2, waited=1)
    assert after([nan, nan]) == Best(None, epoch=0, waited=2)


def test_stops_after_patience_epochs_without_an_improvement() -> None:
    stopping = EarlyStopping(patience=2)
    assert not stopping.due(after([1.0, 2.0]))
    assert stopping.due(after([1.0, 2.0, 2.0]))
    assert not stopping.due(after([1.0, 2.0, 0.5]))
