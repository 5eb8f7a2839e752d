"""Schedules: torch's own schedulers as the oracle, the warm-up by hand."""

from __future__ import annotations

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LRScheduler, StepLR

from models.catalog import example, kinds
from models.optimization import Constant, Cosine, Exponential, Schedule, Step


def torch_rates(make: type[LRScheduler], count: int, **options: float) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, rates = make(optimizer, **options), []
    for _ in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def test_cosine_follows_torch_update_by_update() -> None:
    ours = [Cosine(floor=0.1).factor(step, 5, 4) for step in range(20)]
    assert ours == pytest.approx(torch_rates(CosineAnnealingLR, 20, T_max=20, eta_min=0.1), abs=1e-12)


def test_step_follows_torch_epoch_by_epoch() -> None:
    ours = [Step(every=3, drop=0.5).factor(epoch * 7, 7, 10) for epoch in range(10)]
    assert ours == pytest.approx(torch_rates(StepLR, 10, step_size=3, gamma=0.5), abs=1e-12)


def test_exponential_follows_torch_epoch_by_epoch() -> None:
    ours = [Exponential(decay=0.9).factor(epoch * 7 + 6, 7, 10) for epoch in range(10)]
    assert ours == pytest.approx(torch_rates(ExponentialLR, 10, gamma=0.9), abs=1e-12)


def test_constant_is_exactly_one() -> None:
    """lr * 1.0 keeps the bits of lr."""
    assert {Constant().factor(step, 3, 5) for step in range(15)} == {1.0}


def test_warm_up_climbs_in_equal_steps_and_then_hands_over() -> None:
    rates = [Constant(warmup=0.5).factor(step, 8, 3) for step in range(6)]
    assert rates == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_cosine_after_a_warm_up_ends_at_the_last_update() -> None:
    schedule = Cosine(warmup=1.0)
    assert schedule.factor(4, 4, 3) == 1.0
    assert schedule.factor(8, 4, 3) == pytest.approx(0.5)
    assert schedule.factor(12, 4, 3) == pytest.approx(0.0)


def test_a_fit_made_longer_than_planned_stays_at_the_end_of_the_curve() -> None:
    assert Cosine(floor=0.2).factor(100, 4, 3) == pytest.approx(0.2)
    assert Cosine(warmup=9.0).factor(36, 4, 3) == 0.0


@pytest.mark.parametrize("kind", kinds("schedules").values())
def test_every_factor_lies_between_zero_and_one(kind: type[Schedule]) -> None:
    schedule = kind.model_validate(example(kind))
    assert all(0.0 <= schedule.factor(step, 5, 10) <= 1.0 for step in range(60))
