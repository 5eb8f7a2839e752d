"""The life of a run against a dictionary: whatever is done in whatever order, both tell the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

import migrations
from service.errors import ServiceError
from service.store import claims, recovery, runs
from service.store.change import Fenced
from service.store.engine import Store
from service.store.recovery import Patience
from service.store.rows import RunRow
from tests.databases import add_run
from tests.runs import PROJECT, Recorder, epoch_ended, failed, finished, run, saved, started, stopped, told

PATIENCE = Patience(max_attempts=3, backoff_seconds=0)
LEASED = ("preparing", "running", "cancelling", "pausing")


class Life(RuleBasedStateMachine):
    """`self.model`: status, attempts and last checkpoint as they must be; `self.old`: claims that are over."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(f"sqlite:///{shutil.copy(self.template, self.folder.name)}")
        self.holder: Recorder | None = None
        self.old: list[Recorder] = []

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @initialize()
    def add(self) -> None:
        with self.store.begin() as session:
            self.run_id = add_run(session).id
        self.model = {"status": "queued", "attempts": 0, "epoch": 0, "saved": 0}

    @rule()
    def claim(self) -> None:
        with self.store.begin() as session:
            claimed = claims.claim(session, self.run_id, "w", ["any"], 30)
        assert (claimed is not None) == (self.model["status"] == "queued")
        if claimed is not None:
            assert claimed.resume == (f"{self.model['saved']:064x}" if self.model["saved"] else None)
            self.holder = Recorder(self.store, claimed)
            self.model |= {"status": "preparing", "epoch": self.model["saved"]}
        self.check()

    @precondition(lambda self: self.holder)
    @rule()
    def start(self) -> None:
        self.holder(started(int(self.model["epoch"]), 10 * int(self.model["epoch"])))  # type: ignore[misc]
        if self.model["status"] == "preparing":
            self.model["status"] = "running"
        self.check()

    @precondition(lambda self: self.holder and self.model["status"] != "preparing")
    @rule()
    def epoch(self) -> None:
        self.model["epoch"] = int(self.model["epoch"]) + 1
        self.holder(epoch_ended(int(self.model["epoch"])))  # type: ignore[misc]
        self.check()

    @precondition(lambda self: self.holder and self.model["epoch"])
    @rule()
    def save(self) -> None:
        self.holder(saved(int(self.model["epoch"])))  # type: ignore[misc]
        if int(self.model["epoch"]) > int(self.model["saved"]):
            self.model |= {"saved": self.model["epoch"], "attempts": 0}
        self.check()

    @precondition(lambda self: self.holder and self.model["status"] != "preparing")
    @rule()
    def finish(self) -> None:
        self.end(finished(), {"cancelling": "cancelled"}, "succeeded")

    @precondition(lambda self: self.holder)
    @rule()
    def fail(self) -> None:
        self.end(failed(), {"cancelling": "cancelled"}, "failed")

    @precondition(lambda self: self.holder and self.model["saved"] == self.model["epoch"])
    @rule()
    def stop(self) -> None:
        self.end(stopped(int(self.model["epoch"])), {"cancelling": "cancelled", "pausing": "paused"}, "queued")

    def end(self, event: dict[str, object], special: dict[str, str], usual: str) -> None:
        assert self.holder
        self.holder(event)
        self.release(special.get(str(self.model["status"]), usual))

    @precondition(lambda self: self.holder)
    @rule()
    def die(self) -> None:
        assert self.holder
        with self.store.begin() as session:
            recovery.lost(session, self.holder.claim, "died", PATIENCE)
        self.lost()

    @precondition(lambda self: self.holder)
    @rule()
    def expire(self) -> None:
        with self.store.begin() as session:
            session.get_one(RunRow, self.run_id).lease_until = 0
        with self.store.begin() as session:
            assert recovery.take_back(session, PATIENCE) == [self.run_id]
        self.lost()

    def lost(self) -> None:
        wish = {"cancelling": "cancelled", "pausing": "paused"}.get(str(self.model["status"]))
        if wish is None:
            self.model["attempts"] = int(self.model["attempts"]) + 1
        self.release(wish or ("failed" if int(self.model["attempts"]) >= 3 else "queued"))

    def release(self, status: str) -> None:
        assert self.holder
        self.old.append(self.holder)
        self.holder = None
        self.model["status"] = status
        self.check()

    @rule()
    def cancel(self) -> None:
        at_once = {"queued": "cancelled", "paused": "cancelled", "cancelled": "cancelled"}
        self.wish(runs.wish_cancel, {**at_once, **dict.fromkeys(LEASED, "cancelling")})

    @rule()
    def pause(self) -> None:
        asked = {"preparing": "pausing", "running": "pausing", "pausing": "pausing"}
        self.wish(runs.wish_pause, {"queued": "paused", "paused": "paused", **asked})

    @rule()
    def resume(self) -> None:
        if self.model["status"] in ("paused", "failed"):
            self.model["attempts"] = 0
        self.wish(runs.resume, {"paused": "queued", "failed": "queued", "queued": "queued"})

    def wish(self, asked: Callable[..., object], outcome: dict[str, str]) -> None:
        wanted = outcome.get(str(self.model["status"]))
        with self.store.begin() as session, nullcontext() if wanted else pytest.raises(ServiceError):
            asked(session, PROJECT, self.run_id)
        self.model["status"] = wanted or self.model["status"]
        self.check()

    @precondition(lambda self: self.old)
    @rule()
    def zombie_writes(self) -> None:
        with pytest.raises(Fenced):
            self.old[-1](epoch_ended(99))
        self.check()

    def check(self) -> None:
        row = run(self.store, self.run_id)
        assert {"status": row.status, "attempts": row.attempts, "epoch": row.epoch} == {
            name: self.model[name] for name in ("status", "attempts", "epoch")
        }
        assert [event.seq for event in told(self.store, self.run_id)] == list(range(1, row.event_seq + 1))
        assert (row.lease_until is not None) == (row.status in LEASED) == (self.holder is not None)


def test_life_of_a_run(tmp_path: Path) -> None:
    Life.template = tmp_path / "fitserve.db"
    migrations.upgrade(f"sqlite:///{Life.template}")
    options = settings(max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Life, settings=options)
