from __future__ import annotations

from service.store import workers
from service.store.engine import Store
from service.store.rows import WorkerRow


def test_sign_of_life_is_seen(store: Store) -> None:
    for busy in (0, 1):
        with store.begin() as session:
            workers.beat(session, "w1", ["any", "cpu"], 2, busy)
    with store.read() as session:
        ((row, age),) = workers.listed(session)
    assert (row.name, row.queues, row.slots, row.busy) == ("w1", ["any", "cpu"], 2, 1)
    assert 0 <= age < 5_000


def test_worker_that_ended_is_not_listed(store: Store) -> None:
    with store.begin() as session:
        workers.beat(session, "w1", ["any"], 1, 0)
        workers.beat(session, "w2", ["any"], 1, 0)
    with store.begin() as session:
        workers.gone(session, "w1")
        session.get_one(WorkerRow, "w2").heartbeat_at -= workers.FORGOTTEN_MS + 1000
    with store.begin() as session:
        workers.forget(session)
        assert workers.listed(session) == []
