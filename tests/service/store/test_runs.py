from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import RunAlreadyFinished, RunNotFound, WrongState
from service.store import runs
from service.store.engine import Store
from service.store.rows import DatasetVersionRow, JobRow, ProjectRow
from tests.databases import add_run, add_version
from tests.runs import PROJECT, Recorder, claim, epoch_ended, failed, finished, run, saved, started, stopped, told


@pytest.fixture
def run_id(store: Store) -> str:
    with store.begin() as session:
        return add_run(session).id


def wish(store: Store, kind: str, run_id: str, project: str = PROJECT) -> str:
    asked = {"cancel": runs.wish_cancel, "pause": runs.wish_pause, "resume": runs.resume}[kind]
    with store.begin() as session:
        return asked(session, project, run_id).status


def test_added_run_is_queued_and_counts_as_rung_for(store: Store, run_id: str) -> None:
    row = run(store, run_id)
    assert (row.status, row.queue, row.epochs, row.token, row.event_seq) == ("queued", "any", 3, 0, 1)
    assert row.rung_at is not None


def test_run_of_another_project_is_not_found(store: Store, run_id: str) -> None:
    with store.begin() as session:
        session.add(ProjectRow(id="prj_other", name="other"))
    for kind in ("cancel", "pause", "resume"):
        with pytest.raises(RunNotFound):
            wish(store, kind, run_id, "prj_other")
    with store.read() as session, pytest.raises(RunNotFound):
        runs.get(session, "prj_other", run_id)
    with store.begin() as session:
        session.delete(session.get_one(ProjectRow, "prj_other"))


def test_waiting_run_is_cancelled_at_once(store: Store, run_id: str) -> None:
    assert wish(store, "cancel", run_id) == "cancelled"
    row = run(store, run_id)
    assert row.finished_at is not None
    assert row.reason is not None
    assert (row.reason["code"], row.reason["by"]) == ("cancelled", "api")


def test_run_at_work_is_asked_to_cancel(store: Store, run_id: str) -> None:
    claim(store, run_id)
    assert wish(store, "cancel", run_id) == "cancelling"
    assert run(store, run_id).owner == "a worker"


def test_many_wishes_to_cancel_are_one_event(store: Store, run_id: str) -> None:
    claim(store, run_id)
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: wish(store, "cancel", run_id), range(8))) == {"cancelling"}
    assert [event.data["to"] for event in told(store, run_id)] == ["queued", "preparing", "cancelling"]


def test_pausing_run_can_be_cancelled(store: Store, run_id: str) -> None:
    claim(store, run_id)
    assert wish(store, "pause", run_id) == "pausing"
    assert wish(store, "cancel", run_id) == "cancelling"
    with pytest.raises(WrongState):
        wish(store, "pause", run_id)


@pytest.mark.parametrize(("ending", "status"), [(finished(), "succeeded"), (failed(), "failed")])
def test_finished_run_is_not_cancelled(store: Store, run_id: str, ending: dict[str, object], status: str) -> None:
    Recorder(store, claim(store, run_id))(started(), ending)
    with pytest.raises(RunAlreadyFinished, match=status):
        wish(store, "cancel", run_id)
    with pytest.raises(RunAlreadyFinished):
        wish(store, "pause", run_id)


def test_waiting_run_is_paused_at_once_and_resumed(store: Store, run_id: str) -> None:
    assert wish(store, "pause", run_id) == wish(store, "pause", run_id) == "paused"
    assert wish(store, "resume", run_id) == wish(store, "resume", run_id) == "queued"
    assert claim(store, run_id).run == run_id


def test_failed_run_is_tried_again_from_its_checkpoint(store: Store, run_id: str) -> None:
    Recorder(store, claim(store, run_id))(started(), epoch_ended(1), saved(1), epoch_ended(2), failed())
    assert wish(store, "resume", run_id) == "queued"
    row = run(store, run_id)
    assert (row.attempts, row.finished_at, row.reason) == (0, None, None)
    assert claim(store, run_id).resume == f"{1:064x}"


def test_run_that_succeeded_or_was_cancelled_is_not_resumed(store: Store, run_id: str) -> None:
    wish(store, "cancel", run_id)
    with pytest.raises(RunAlreadyFinished):
        wish(store, "resume", run_id)


def test_run_at_work_is_not_resumed(store: Store, run_id: str) -> None:
    claim(store, run_id)
    with pytest.raises(WrongState):
        wish(store, "resume", run_id)


def test_paused_run_goes_on_from_its_checkpoint(store: Store, run_id: str) -> None:
    recorder = Recorder(store, claim(store, run_id))
    recorder(started(), epoch_ended(1), saved(1))
    wish(store, "pause", run_id)
    recorder(stopped(1))
    wish(store, "resume", run_id)
    assert claim(store, run_id).resume == f"{1:064x}"


def test_position_counts_those_that_wait_before(store: Store, run_id: str) -> None:
    with store.begin() as session:
        later = add_run(session)
        add_run(session, queue="gpu")
    with store.read() as session:
        assert (runs.position(session, run(store, run_id)), runs.position(session, later)) == (0, 1)


def test_job_has_the_status_of_its_runs(store: Store) -> None:
    with store.begin() as session:
        first = add_run(session)
        second = runs.add(session, PROJECT, "fit", "dsv_iris", {"epochs": 3}, "any", first.job_id)
    job_id = first.job_id

    def job() -> str:
        with store.read() as session:
            return session.get_one(JobRow, job_id).status

    Recorder(store, claim(store, first.id))(started())
    assert job() == "running"
    with store.begin() as session:
        runs.wish_cancel(session, PROJECT, first.id)
    assert job() == "cancelling"
    with store.read() as session:
        assert [row.id for row in runs.of_job(session, PROJECT, job_id or "")] == [first.id, second.id]


def test_cancelled_ingestion_leaves_a_failed_version(store: Store) -> None:
    with store.begin() as session:
        version = add_version(session, "new", status="ingesting", sha256=None)
        row = runs.add(session, PROJECT, "ingest", version.id, {"options": {}})
    wish(store, "cancel", row.id)
    with store.read() as session:
        found = session.get_one(DatasetVersionRow, version.id)
    assert found.status == "failed"
    assert found.problem is not None
    assert found.problem["code"] == "cancelled"
