"""The mechanism with real processes: Celery worker, child, broker, database."""

from __future__ import annotations

import hashlib
import signal
import socket
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from service.store import runs, workers
from service.store.rows import DatasetVersionRow
from tests.brokers import messages
from tests.databases import add_version
from tests.house import House, Iris, house
from tests.runs import PROJECT, told

LONG = {"epochs": 2000}


def test_run_is_claimed_recorded_and_succeeds(either: House) -> None:
    worker = either.start_worker()
    row = either.ended(either.add(epochs=5, publish_as="flowers"))
    assert row.status == "succeeded", row.reason
    assert (row.epoch, row.epochs, row.fraction, row.token, row.attempts) == (5, 5, 1.0, 1, 0)
    assert row.facts is not None
    assert row.facts["rows"] == {"train": 120, "validation": 15, "test": 15}
    assert row.report is not None
    assert 0 <= row.report["metrics"]["test.accuracy"] <= 1
    numbers, checkpoints = either.outcome(row.id)
    assert [step for name, step, _ in numbers if name == "train.loss"] == [8, 16, 24, 32, 40]
    assert all(either.artifacts.local("checkpoints", sha256).is_dir() for sha256 in checkpoints)
    kinds = [event.kind for event in told(either.store, row.id)]
    assert kinds[0] == "status"
    assert kinds[-1] == "published"
    assert kinds.count("epoch_ended") == 5
    assert_worker_is_small(worker)


def assert_worker_is_small(worker: psutil.Process) -> None:
    """No torch in the worker, whose drivers of PostgreSQL and Redis take most of what the embedded one does not."""
    assert not [file.path for file in worker.memory_maps() if "torch" in file.path]
    assert worker.memory_info().rss < 120 * 1024 * 1024


def test_warm_standby_takes_the_run_at_once(home: House) -> None:
    worker = home.start_worker()
    (standby,) = wait_for_standby(home, worker)
    run_id = home.add(**LONG)
    home.wait(run_id, lambda row: row.status == "running")
    assert standby.is_running()
    assert standby.pid in [child.pid for child in home.children(worker)]
    (other,) = [child for child in wait_for_standby(home, worker, 2) if child != standby]
    other.kill()
    home.wait(run_id, lambda _: len([child for child in home.children(worker) if child != other]) == 2)


def wait_for_standby(home: House, worker: psutil.Process, count: int = 1) -> list[psutil.Process]:
    deadline = time.monotonic() + 30
    while len(children := home.children(worker)) < count:
        assert time.monotonic() < deadline, home.log()
        time.sleep(0.05)
    return children


def test_worker_is_listed_while_it_lives(home: House) -> None:
    worker = home.start_worker(slots=2)
    deadline = time.monotonic() + 30
    while not (listed := listed_workers(home)):
        assert time.monotonic() < deadline, home.log()
        time.sleep(0.05)
    assert listed == [(f"w0@test:{worker.pid}", ["any", "cpu"], 2)]
    worker.terminate()
    worker.wait(20)
    assert listed_workers(home) == []


def listed_workers(home: House) -> list[tuple[str, list[str], int]]:
    with home.store.read() as session:
        return [(row.name, row.queues, row.slots) for row, _ in workers.listed(session)]


def test_killed_child_is_replaced_and_the_bits_are_the_same(home: House, iris: Iris) -> None:
    worker = home.start_worker(checkpoint_seconds="0.2")
    spec = {"epochs": 400, "keep": "all"}
    run_id = home.add(**spec)
    row = home.wait(run_id, lambda row: row.checkpoint_id is not None)
    working = max(home.children(worker), key=lambda child: child.cpu_times().user)
    working.kill()
    row = home.ended(run_id)
    assert row.status == "succeeded", row.reason
    assert row.token == 2
    assert home.outcome(run_id) == home.outcome(home.ended(home.add(**spec)).id)


def test_killed_worker_s_run_goes_on_elsewhere_with_the_same_bits(either: House) -> None:
    spec = {"epochs": 400, "keep": "all"}
    first = either.start_worker(checkpoint_seconds="0.2")
    run_id = either.add(**spec)
    either.wait(run_id, lambda row: row.checkpoint_id is not None and row.epoch > 20)
    children = either.children(first)
    first.kill()
    either.start_worker()
    row = either.ended(run_id)
    assert row.status == "succeeded", row.reason
    assert row.token == 2
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert either.outcome(run_id) == either.outcome(either.ended(either.add(**spec)).id)


@pytest.mark.slow
def test_zombie_writes_nothing(home: House) -> None:
    """A worker that is stopped for longer than its lease finds its run taken when it goes on."""
    spec = {"epochs": 400, "keep": "all"}
    zombie = home.start_worker(checkpoint_seconds="0.2")
    run_id = home.add(**spec)
    home.wait(run_id, lambda row: row.checkpoint_id is not None)
    zombie.suspend()
    home.start_worker()
    row = home.wait(run_id, lambda row: row.token == 2)
    zombie.resume()
    row = home.ended(run_id)
    assert (row.status, row.token) == ("succeeded", 2)
    home.wait(run_id, lambda _: '"fenced"' in home.log())
    assert home.outcome(run_id) == home.outcome(home.ended(home.add(**spec)).id)


def test_two_workers_do_each_run_once(home: House) -> None:
    for _ in range(2):
        home.start_worker()
    ended = [home.ended(run_id) for run_id in [home.add(epochs=2, seed=seed) for seed in range(6)]]
    assert [(row.status, row.token) for row in ended] == [("succeeded", 1)] * 6
    deadline = time.monotonic() + 10
    while messages(home.home):
        assert time.monotonic() < deadline, "messages pile up"
        time.sleep(0.05)


def test_lost_message_costs_a_sweep(either: House) -> None:
    either.start_worker()
    assert either.ended(either.add(ring=False, epochs=2)).status == "succeeded"


def test_run_starts_without_any_broker(tmp_path: Path, iris: Iris, sqlite_url: str) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        dead = f"redis://127.0.0.1:{probe.getsockname()[1]}/0"
    with house(tmp_path, iris, sqlite_url, {"broker_url": dead}) as home:
        worker = home.start_worker()
        assert home.ended(home.add(ring=False, epochs=2)).status == "succeeded"
        worker.terminate()
        assert worker.wait(20) is not None


def test_cancel_ends_the_run_within_a_second(either: House) -> None:
    worker = either.start_worker()
    run_id = either.add(**LONG)
    either.wait(run_id, lambda row: row.epoch > 2)
    working = either.children(worker)
    begun = time.monotonic()
    either.wish(runs.wish_cancel, run_id)
    row = either.ended(run_id)
    assert time.monotonic() - begun < 5  # a second where the machine is idle; by force after five
    assert (row.status, row.checkpoint_id is not None) == ("cancelled", True)
    either.wait(run_id, lambda _: any(not child.is_running() for child in working))


def test_child_that_does_not_stop_is_killed(home: House) -> None:
    worker = home.start_worker(stop_seconds="0.5")
    run_id = home.add(**LONG)
    home.wait(run_id, lambda row: row.epoch > 2)
    for child in home.children(worker):
        child.suspend()
    home.wish(runs.wish_cancel, run_id)
    assert home.ended(run_id).status == "cancelled"


def test_paused_run_goes_on_with_the_same_bits(home: House) -> None:
    spec = {"epochs": 300, "keep": "all"}
    home.start_worker()
    run_id = home.add(**spec)
    home.wait(run_id, lambda row: row.epoch > 2)
    home.wish(runs.wish_pause, run_id)
    assert home.ended(run_id).status == "paused"
    home.wish(runs.resume, run_id)
    row = home.wait(run_id, lambda row: row.status == "succeeded")
    assert (row.token, row.attempts) == (2, 0)
    assert home.outcome(run_id) == home.outcome(home.ended(home.add(**spec)).id)


def test_worker_that_is_shut_down_hands_its_run_over(either: House) -> None:
    spec = {"epochs": 400, "keep": "all"}
    first = either.start_worker()
    run_id = either.add(**spec)
    either.wait(run_id, lambda row: row.epoch > 2)
    children = either.children(first)
    begun = time.monotonic()
    first.send_signal(signal.SIGTERM)
    row = either.wait(run_id, lambda row: row.status == "queued")
    assert time.monotonic() - begun < 5  # one where the machine is idle
    assert (row.attempts, row.owner) == (0, None)
    assert row.checkpoint_id is not None
    assert row.reason is not None
    assert row.reason["code"] == "drained"
    assert first.wait(20) == 0
    assert not [child for child in children if child.is_running()]
    either.start_worker()
    row = either.ended(run_id)
    assert (row.status, row.token, row.attempts) == ("succeeded", 2, 0)
    assert either.outcome(run_id) == either.outcome(either.ended(either.add(**spec)).id)


@pytest.mark.slow
def test_database_that_drops_its_connections_costs_delay_only(tmp_path: Path, iris: Iris, postgresql_url: str) -> None:
    with house(tmp_path, iris, postgresql_url, {}) as home:
        home.start_worker(checkpoint_seconds="0.2")
        spec = {"epochs": 400, "keep": "all"}
        run_id = home.add(**spec)
        home.wait(run_id, lambda row: row.epoch > 2)
        for _ in range(10):
            drop_connections(home)
            time.sleep(0.1)
        row = home.ended(run_id)
        assert row.status == "succeeded", row.reason
        assert home.outcome(run_id) == home.outcome(home.ended(home.add(**spec)).id)


def drop_connections(home: House) -> None:
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with home.store.begin() as session:
        session.execute(sa.text(f"{others} AND pid <> pg_backend_pid()"))


@pytest.mark.slow
def test_poison_run_fails_and_others_do_not_wait_for_it(home: House) -> None:
    home.start_worker(failpoint="train.step:kill")
    row = home.ended(home.add(epochs=2))
    assert row.reason is not None
    assert (row.status, row.attempts, row.token, row.reason["code"]) == ("failed", 5, 5, "worker-lost")
    assert "signal 9" in row.reason["message"]


def test_wish_is_fulfilled_when_the_worker_is_gone(home: House) -> None:
    run_id = home.add(ring=False)
    home.claim_by_hand(run_id)
    home.wish(runs.wish_cancel, run_id)
    home.start_worker()
    assert home.ended(run_id).status == "cancelled"


def test_upload_becomes_a_version(home: House) -> None:
    home.start_worker()
    run_id = upload(home, "good", b"x,y\n1,a\n2,b\n")
    assert home.ended(run_id).status == "succeeded", home.log()
    with home.store.read() as session:
        version = session.get_one(DatasetVersionRow, "dsv_good")
    assert version.sha256 is not None
    assert version.description is not None
    assert (version.status, version.description["rows"]) == ("ready", 2)
    assert home.artifacts.local("datasets", version.sha256).is_dir()
    home.wait(run_id, lambda _: not list(home.artifacts.temporary.iterdir()))


def test_upload_that_cannot_be_read_becomes_a_failed_version(home: House) -> None:
    home.start_worker()
    row = home.ended(upload(home, "bad", b"x,y\n1\n2,b,c\n"))
    with home.store.read() as session:
        version = session.get_one(DatasetVersionRow, "dsv_bad")
    assert row.status == version.status == "failed"
    assert version.problem is not None
    assert row.reason is not None
    assert version.problem["code"] == row.reason["code"] != "internal-error"


def upload(home: House, name: str, content: bytes) -> str:
    """An ingestion, rung for."""
    sha256 = hashlib.sha256(content).hexdigest()
    file = home.artifacts.workspace("upload") / name
    file.write_bytes(content)
    home.artifacts.keep("uploads", file, sha256)
    file.parent.rmdir()
    with home.store.begin() as session:
        version = add_version(session, name, status="ingesting", upload_sha256=sha256, sha256=None)
        row = runs.add(session, PROJECT, "ingest", version.id, {"options": {}})
    home.bell.ring(row.id, row.queue)
    return row.id


@pytest.mark.slow
@pytest.mark.parametrize(
    "failpoint",
    [
        "worker.got_ring:kill",
        "worker.after_claim:kill",
        "worker.child_started:kill",
        "epoch.in_tx:kill:2",
        "epoch.committed:kill:2",
        "run.finalising:kill",
        "lease.renew:kill",
        "sweep.ring:kill",
        "train.step:kill:1000",
        "ckpt.half:kill:2",
        "ckpt.renamed:kill:2",
    ],
)
def test_kill_at_any_place_changes_nothing(home: House, failpoint: str) -> None:
    spec = {"epochs": 300, "keep": "all"}
    home.start_worker(checkpoint_seconds="0.2", failpoint=failpoint)
    run_id = home.add(**spec)
    killed_in_worker = not failpoint.startswith(("train", "ckpt"))
    if killed_in_worker:
        home.workers[0].wait(30)
    else:
        home.wait(run_id, lambda row: row.attempts > 0 or row.status == "succeeded")
        home.workers[0].terminate()
    home.start_worker()
    row = home.ended(run_id)
    assert row.status == "succeeded", row.reason
    assert home.outcome(run_id) == home.outcome(home.ended(home.add(**spec)).id)
