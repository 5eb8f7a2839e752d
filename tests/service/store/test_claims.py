from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.store import claims, recovery, runs
from service.store.change import Fenced
from service.store.engine import Store
from service.store.rows import JobRow
from service.store.status import Status
from tests.databases import add_run
from tests.runs import PROJECT, Recorder, claim, epoch_ended, measured, run, saved, started, told


def queued(store: Store, **spec: object) -> str:
    with store.begin() as session:
        return add_run(session, spec).id


def test_claimed_run_is_preparing_and_leased(store: Store) -> None:
    run_id = queued(store)
    claimed = claim(store, lease=5)
    row = run(store, run_id)
    assert (claimed.run, claimed.token, claimed.resume) == (run_id, 1, None)
    assert (row.status, row.owner, row.token) == ("preparing", "a worker", 1)
    assert row.lease_until is not None
    assert row.started_at is not None
    assert row.lease_until - row.updated_at == 5000
    assert [event.data.get("to") for event in told(store, run_id)] == ["queued", "preparing"]


def test_job_follows_its_run(store: Store) -> None:
    run_id = queued(store)
    claim(store)
    with store.read() as session:
        assert session.get_one(JobRow, run(store, run_id).job_id).status == "preparing"


def test_claim_tells_what_the_child_needs(store: Store) -> None:
    claimed = claim(store, queued(store, epochs=7))
    assert (claimed.kind, claimed.spec["epochs"]) == ("fit", 7)
    assert (claimed.dataset, claimed.upload) == ("b" * 64, "a" * 64)


def test_oldest_waiting_run_comes_first(store: Store) -> None:
    first, second = queued(store), queued(store)
    assert [claim(store).run, claim(store).run] == [first, second]


def test_claimed_run_is_not_claimed_again(store: Store) -> None:
    run_id = queued(store)
    claim(store)
    with store.begin() as session:
        assert claims.claim(session, run_id, "another", ["any"], 30) is None


def test_run_of_another_queue_is_left(store: Store) -> None:
    with store.begin() as session:
        run_id = add_run(session, queue="gpu").id
    with store.begin() as session:
        assert claims.claim(session, run_id, "me", ["any", "cpu"], 30) is None
        assert claims.claim(session, None, "me", ["any", "cpu"], 30) is None
    assert claim(store, run_id, ("gpu",)).run == run_id


def test_run_that_shall_wait_is_left(store: Store) -> None:
    run_id = queued(store)
    for _ in range(2):
        claimed = claim(store, run_id)
        with store.begin() as session:
            recovery.lost(session, claimed, "died", recovery.Patience(5, 60))
    with store.begin() as session:
        assert claims.claim(session, run_id, "me", ["any"], 30) is None


def test_many_workers_claim_each_run_once(store: Store) -> None:
    wanted = sorted(queued(store) for _ in range(20))

    def work(name: str) -> list[str]:
        mine = []
        while True:
            with store.begin() as session:
                claimed = claims.claim(session, None, name, ["any"], 30)
            if claimed is None:
                return mine
            mine.append(claimed.run)

    with ThreadPoolExecutor(8) as threads:
        found = [run_id for mine in threads.map(work, "abcdefgh") for run_id in mine]
    assert sorted(found) == wanted


def test_renewed_lease_ends_later(store: Store) -> None:
    claimed = claim(store, queued(store), lease=1)
    before = run(store, claimed.run).lease_until
    with store.begin() as session:
        assert claims.renew(session, claimed, 30) == Status.PREPARING
    after = run(store, claimed.run).lease_until
    assert before is not None
    assert after is not None
    assert after - before > 28_000


def test_keeper_of_a_lease_sees_a_wish(store: Store) -> None:
    claimed = claim(store, queued(store))
    with store.begin() as session:
        runs.wish_cancel(session, PROJECT, claimed.run)
    with store.begin() as session:
        assert claims.renew(session, claimed, 30) == claims.watch(session, claimed) == Status.CANCELLING


def test_old_token_neither_renews_nor_watches(store: Store) -> None:
    old = claim(store, queued(store), lease=0)
    time.sleep(0.01)
    with store.begin() as session:
        assert recovery.take_back(session, recovery.Patience(5, 0)) == [old.run]
    for _ in ("queued again", "claimed again"):
        with store.begin() as session, pytest.raises(Fenced):
            claims.renew(session, old, 30)
        with store.read() as session, pytest.raises(Fenced):
            claims.watch(session, old)
        with store.begin() as session:
            claims.claim(session, old.run, "another", ["any"], 30)


def test_resumed_claim_goes_on_from_the_last_checkpoint(store: Store) -> None:
    old = claim(store, queued(store))
    Recorder(store, old)(started(), epoch_ended(1), saved(1), epoch_ended(2), epoch_ended(3))
    assert len(measured(store, old.run)) == 3
    with store.begin() as session:
        recovery.lost(session, old, "died", recovery.Patience(5, 0))
    resumed = claim(store, old.run)
    assert (resumed.token, resumed.resume) == (2, f"{1:064x}")
    assert measured(store, old.run) == [("train.loss", 10, 1.0)]
    assert told(store, old.run)[-1].data == {"to_epoch": 1, "to_step": 10, "from_epoch": 3, "from_step": 30}
    row = run(store, old.run)
    assert (row.epoch, row.step, row.attempts) == (1, 10, 1)


def test_resumed_claim_without_a_checkpoint_begins_anew(store: Store) -> None:
    old = claim(store, queued(store))
    Recorder(store, old)(started(), epoch_ended(1))
    with store.begin() as session:
        recovery.lost(session, old, "died", recovery.Patience(5, 0))
    resumed = claim(store, old.run)
    assert resumed.resume is None
    assert measured(store, old.run) == []


def test_resumed_claim_keeps_what_the_first_worker_settled_but_not_its_device(store: Store) -> None:
    old = claim(store, queued(store, device="auto"))
    spec = {"epochs": 3, "device": "cuda", "threads": 4}
    facts = {"parameters": 9, "device": "cuda", "rows": {"train": 3}, "updates_per_epoch": 1}
    Recorder(store, old)({"kind": "resolved", "spec": spec, **facts}, started())
    with store.begin() as session:
        recovery.lost(session, old, "died", recovery.Patience(5, 0))
    assert claim(store, old.run).spec == {"epochs": 3, "device": "auto", "threads": 4}
    assert run(store, old.run).facts == facts
