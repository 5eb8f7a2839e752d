from __future__ import annotations

import time

import pytest

from service.store import claims, recovery, runs
from service.store.change import Fenced
from service.store.engine import Store
from service.store.recovery import Patience
from service.store.rows import RunRow
from service.store.status import Status
from tests.databases import add_run
from tests.runs import PROJECT, Recorder, claim, run, started, told

EAGER = Patience(max_attempts=5, backoff_seconds=0)


def queued(store: Store, queue: str = "any") -> str:
    with store.begin() as session:
        return add_run(session, queue=queue).id


def lose(store: Store, run_id: str, patience: Patience = EAGER) -> Status:
    claimed = claim(store, run_id)
    with store.begin() as session:
        return recovery.lost(session, claimed, "it was killed", patience)


def take_back(store: Store, patience: Patience = EAGER) -> list[str]:
    time.sleep(0.01)
    with store.begin() as session:
        return recovery.take_back(session, patience)


def to_ring(store: Store, again: float = 10, limit: int = 100, queues: tuple[str, ...] = ("any",)) -> list[str]:
    with store.begin() as session:
        return [run_id for run_id, _ in recovery.to_ring(session, queues, again, limit)]


def test_lost_run_waits_again_with_an_attempt_more(store: Store) -> None:
    run_id = queued(store)
    assert lose(store, run_id) == Status.QUEUED
    row = run(store, run_id)
    assert (row.attempts, row.owner, row.lease_until) == (1, None, None)
    assert row.reason is not None
    assert (row.reason["code"], row.reason["message"]) == ("worker-lost", "it was killed")


def test_poison_run_fails_after_five_attempts(store: Store) -> None:
    run_id = queued(store)
    assert [lose(store, run_id) for _ in range(5)] == [Status.QUEUED] * 4 + [Status.FAILED]
    row = run(store, run_id)
    assert row.reason is not None
    assert (row.attempts, row.reason["code"], row.reason["retryable"]) == (5, "worker-lost", True)
    assert "it was killed" in row.reason["message"]


def test_second_attempt_comes_at_once_and_later_ones_wait_longer_and_longer(store: Store) -> None:
    run_id, pauses = queued(store), []
    for _ in range(4):
        lose(store, run_id, Patience(5, 5))
        with store.begin() as session:
            row = session.get_one(RunRow, run_id)
            pauses.append(((row.not_before or 0) - row.updated_at) / 1000)
            row.not_before = None
    assert pauses == [0, 5, 15, 35]


def test_expired_lease_is_taken_back(store: Store) -> None:
    run_id = queued(store)
    claimed = claim(store, run_id, lease=0)
    assert take_back(store) == [run_id]
    row = run(store, run_id)
    assert row.reason is not None
    assert (row.status, row.attempts, row.reason["by"]) == ("queued", 1, "sweeper")
    with store.begin() as session, pytest.raises(Fenced):
        recovery.lost(session, claimed, "too late", EAGER)


def test_lease_that_is_not_over_is_left(store: Store) -> None:
    claim(store, queued(store), lease=30)
    assert take_back(store) == []


@pytest.mark.parametrize(("wish", "end"), [(runs.wish_cancel, "cancelled"), (runs.wish_pause, "paused")])
def test_wish_is_fulfilled_when_the_worker_is_lost(store: Store, wish: type, end: str) -> None:
    run_id = queued(store)
    Recorder(store, claim(store, run_id))(started())
    with store.begin() as session:
        wish(session, PROJECT, run_id)
        session.get_one(RunRow, run_id).lease_until = 0
    assert take_back(store) == [run_id]
    row = run(store, run_id)
    assert row.reason is not None
    assert (row.status, row.attempts, row.reason["by"]) == (end, 0, "api")


def test_released_run_waits_again_and_no_attempt_is_counted(store: Store) -> None:
    run_id = queued(store)
    claimed = claim(store, run_id)
    with store.begin() as session:
        assert recovery.release(session, claimed) == Status.QUEUED
    row = run(store, run_id)
    assert row.reason is not None
    assert (row.attempts, row.reason["code"]) == (0, "drained")


def test_waiting_run_is_rung_for_again_after_a_while(store: Store) -> None:
    run_id = queued(store)
    assert to_ring(store, again=10) == []
    assert to_ring(store, again=0) == [run_id]
    time.sleep(0.02)
    assert to_ring(store, again=10) == []
    assert to_ring(store, again=0.01) == [run_id]


def test_run_that_came_back_is_rung_for_at_once(store: Store) -> None:
    run_id = queued(store)
    lose(store, run_id)
    assert to_ring(store) == [run_id]


def test_run_that_shall_wait_is_not_rung_for(store: Store) -> None:
    run_id = queued(store)
    lose(store, run_id)
    lose(store, run_id, Patience(5, 60))
    assert to_ring(store) == []


def test_oldest_waiting_runs_are_rung_for_and_no_more_than_asked(store: Store) -> None:
    ids = [queued(store) for _ in range(5)]
    assert to_ring(store, again=0, limit=3) == ids[:3]
    assert to_ring(store, again=0, limit=0) == []


def test_run_of_a_queue_that_nobody_here_serves_is_not_rung_for(store: Store) -> None:
    run_id = queued(store, "gpu")
    assert to_ring(store, again=0) == []
    assert to_ring(store, again=0, queues=("gpu", "any")) == [run_id]


def test_claimed_run_is_not_rung_for(store: Store) -> None:
    claim(store, queued(store))
    assert to_ring(store, again=0) == []


def test_clock_of_the_process_has_no_say(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose clock is a month ahead takes no lease back that is not over."""
    run_id = queued(store)
    claimed = claim(store, run_id)
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 30 * 86_400 * 10**9)
    monkeypatch.setattr(time, "time", lambda: real() / 1e9 + 30 * 86_400)
    assert take_back(store) == []
    with store.begin() as session:
        assert claims.renew(session, claimed, 30) == Status.PREPARING


def test_every_change_is_told(store: Store) -> None:
    run_id = queued(store)
    lose(store, run_id)
    lose(store, run_id, Patience(2, 0))
    changes = [(event.data["from"], event.data["to"]) for event in told(store, run_id)]
    assert changes == [
        (None, "queued"),
        ("queued", "preparing"),
        ("preparing", "queued"),
        ("queued", "preparing"),
        ("preparing", "failed"),
    ]
