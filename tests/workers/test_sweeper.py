from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.faults import arm
from service.artifacts import TEMPORARY_SECONDS, Artifacts, Kind
from service.settings import Settings
from service.store.engine import Store
from service.store.rows import CheckpointRow, RunRow
from tests.databases import add_run, add_version
from tests.runs import Recorder, claim, epoch_ended, run, saved, started
from workers.pool import Pool
from workers.supervise import Supervisor, Tools
from workers.sweeper import Sweeper


class Bell:
    """Remembers who was rung for."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.heard = True

    def ring(self, run_id: str, queue: str) -> bool:
        self.rung.append(run_id)
        return self.heard


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = Store(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def sweeper(tmp_path: Path, store: Store) -> Sweeper:
    settings = Settings(home=tmp_path, ring_seconds=0.01, unused_seconds=60, backoff_seconds=0)
    artifacts, bell = Artifacts(settings), Bell()
    tools = Tools("me", ("any", "cpu"), settings, store, artifacts, bell, Pool(0, 1), 1)  # type: ignore[arg-type]
    return Sweeper(Supervisor(tools, slots=1))


def rung(sweeper: Sweeper) -> list[str]:
    bell = sweeper._tools.doorbell
    assert isinstance(bell, Bell)
    return bell.rung


def queued(store: Store, queue: str = "any") -> str:
    with store.begin() as session:
        return add_run(session, queue=queue).id


def test_sweep_rings_for_those_that_wait(store: Store, sweeper: Sweeper) -> None:
    mine, _ = queued(store), queued(store, "gpu")
    time.sleep(0.02)
    sweeper.sweep()
    assert rung(sweeper) == [mine]


def test_worker_without_time_does_not_ring(store: Store, sweeper: Sweeper) -> None:
    """Bells that nobody can answer would pile up."""
    queued(store)
    time.sleep(0.02)
    sweeper._supervisor.drain()
    sweeper.sweep()
    assert rung(sweeper) == []


def test_expired_lease_is_taken_back_and_rung_for_in_one_sweep(store: Store, sweeper: Sweeper) -> None:
    run_id = queued(store)
    claim(store, run_id, lease=0)
    time.sleep(0.01)
    sweeper.sweep()
    assert rung(sweeper) == [run_id]
    assert run(store, run_id).attempts == 1


def test_run_is_taken_without_a_bell_where_nobody_hears_it(
    store: Store, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str | None] = []
    monkeypatch.setattr(sweeper._supervisor, "look", looked.append)
    queued(store)
    time.sleep(0.02)
    sweeper._tools.doorbell.heard = False  # type: ignore[attr-defined]
    sweeper.sweep()
    assert looked == [None]


def test_thread_outlives_a_failure(store: Store, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps: list[int] = []

    def fail() -> None:
        sweeps.append(1)
        raise RuntimeError

    monkeypatch.setattr(sweeper, "sweep", fail)
    monkeypatch.setattr("random.uniform", lambda *_: 0.001)
    sweeper.start()
    deadline = time.monotonic() + 10
    while len(sweeps) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    sweeper.close()
    assert not sweeper.is_alive()


def keep(artifacts: Artifacts, kind: Kind, sha256: str, age: float = 3600) -> Path:
    made = artifacts.workspace(f"made-{sha256[:6]}")
    (made / "file").write_text(sha256)
    place = artifacts.keep(kind, made, sha256)
    os.utime(place, (time.time() - age,) * 2)
    return place


def test_tidying_deletes_what_nothing_points_to(store: Store, sweeper: Sweeper) -> None:
    artifacts = sweeper._tools.artifacts
    recorder = Recorder(store, claim(store, queued(store)))
    recorder(started(), epoch_ended(1), saved(1, "last"), epoch_ended(2), saved(2, "last"))
    superseded, last = (keep(artifacts, "checkpoints", f"{epoch:064x}") for epoch in (1, 2))
    fresh = keep(artifacts, "checkpoints", "f" * 64, age=0)
    used, unused = (keep(artifacts, "datasets", letter * 64) for letter in "be")
    upload, gone = (keep(artifacts, "uploads", letter * 64) for letter in "ae")
    sweeper.tidy()
    assert [place.exists() for place in (last, fresh, used, upload)] == [True] * 4
    assert [place.exists() for place in (superseded, unused, gone)] == [False] * 3


def test_checkpoint_of_a_model_is_never_deleted(store: Store, sweeper: Sweeper) -> None:
    with store.begin() as session:
        run_id = add_run(session, {"publish_as": "flowers"}).id
    finished = {"kind": "finished", "reason": "epochs_done", "message": "", "best_epoch": 1}
    ending = {**finished, "metrics": {}, "report": {}}
    Recorder(store, claim(store, run_id))(started(), epoch_ended(1), saved(1), ending)
    place = keep(sweeper._tools.artifacts, "checkpoints", f"{1:064x}")
    with store.begin() as session:
        session.get_one(CheckpointRow, session.get_one(RunRow, run_id).checkpoint_id).deleted_at = 1
    sweeper.tidy()
    assert place.exists()


def test_upload_that_is_being_ingested_is_kept(store: Store, sweeper: Sweeper) -> None:
    with store.begin() as session:
        add_version(session, "new", status="ingesting", upload_sha256="c" * 64, sha256=None)
    place = keep(sweeper._tools.artifacts, "uploads", "c" * 64)
    sweeper.tidy()
    assert place.exists()


def test_half_done_files_of_the_dead_are_deleted(sweeper: Sweeper) -> None:
    artifacts = sweeper._tools.artifacts
    places = [artifacts.workspace("run_x-1"), artifacts.folder("checkpoints") / "tmp-abc"]
    places[1].mkdir()
    fresh = artifacts.workspace("run_y-1")
    for place in places:
        os.utime(place, (time.time() - 2 * TEMPORARY_SECONDS,) * 2)
    sweeper.tidy()
    assert [place.exists() for place in (*places, fresh)] == [False, False, True]


def test_longest_unused_part_of_the_cache_goes_first(sweeper: Sweeper) -> None:
    artifacts = sweeper._tools.artifacts
    for age, name in enumerate("abc"):
        part = artifacts.cache / name
        part.mkdir(parents=True)
        (part / "x").write_bytes(b"0" * 10_000)
        os.utime(part / "x", (time.time() - 1000 * age,) * 2)
    artifacts.prune_cache(20_000)
    assert sorted(path.name for path in artifacts.cache.iterdir()) == ["a", "b"]


def test_killed_while_deleting_leaves_whole_folders_or_none(sweeper: Sweeper, request: pytest.FixtureRequest) -> None:
    request.addfinalizer(lambda: arm(""))
    places = [keep(sweeper._tools.artifacts, "datasets", letter * 64) for letter in "cde"]
    arm("gc.unlink:raise:2")
    with pytest.raises(RuntimeError):
        sweeper.tidy()
    assert sum(place.exists() for place in places) == 2
    sweeper.tidy()
    assert not any(place.exists() for place in places)
