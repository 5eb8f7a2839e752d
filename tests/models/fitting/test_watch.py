"""The clock of a fit, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.fitting import watch
from models.fitting.watch import Limits, Watch


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1000.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])

    def moved(seconds: float) -> None:
        now[0] += seconds

    return moved


def test_seconds_add_up_over_resumes(move: Callable[[float], None]) -> None:
    clock = Watch(Limits(), 40.0, 50.0)
    assert not clock.time_is_up()
    move(10)
    assert clock.used() == 50
    assert clock.time_is_up()
    assert not Watch(Limits(), 1e9, None).time_is_up()


def test_signs_of_life_and_checkpoints_keep_their_distance(move: Callable[[float], None]) -> None:
    clock = Watch(Limits(checkpoint_seconds=10, progress_seconds=1), 0.0, None)
    assert (clock.report_due(), clock.save_due()) == (False, False)
    move(1)
    assert (clock.report_due(), clock.report_due()) == (True, False)
    move(9)
    assert clock.save_due()
    clock.saved()
    assert not clock.save_due()


def test_the_time_left_follows_the_pace_and_max_seconds(move: Callable[[float], None]) -> None:
    clock = Watch(Limits(), 0.0, 100.0)
    assert clock.seconds_left(10) is None
    for _ in range(4):
        move(2)
        clock.stepped()
    assert clock.seconds_left(10) == 20
    assert clock.seconds_left(1000) == 92
