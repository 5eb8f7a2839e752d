from __future__ import annotations

import math
import time

import pytest
import sqlalchemy as sa

from service.store import claims, metrics, recovery, runs
from service.store.change import Fenced
from service.store.engine import Store
from service.store.recording import record
from service.store.rows import CheckpointRow, DatasetVersionRow, JobRow, ModelRow, ModelVersionRow
from service.store.status import Status
from tests.databases import add_run, add_version
from tests.runs import (
    LEASE,
    PROJECT,
    Recorder,
    claim,
    epoch_ended,
    failed,
    finished,
    measured,
    run,
    saved,
    started,
    stopped,
    told,
)


@pytest.fixture
def recorder(store: Store) -> Recorder:
    return recording(store)


def recording(store: Store, **spec: object) -> Recorder:
    with store.begin() as session:
        run_id = add_run(session, spec).id
    return Recorder(store, claim(store, run_id))


def test_events_are_numbered_without_a_gap(store: Store, recorder: Recorder) -> None:
    recorder(started(), epoch_ended(1), epoch_ended(2))
    recorder(saved(2), epoch_ended(3), finished())
    events = told(store, recorder.claim.run)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert run(store, recorder.claim.run).event_seq == len(events)


def test_started_run_is_running(store: Store, recorder: Recorder) -> None:
    assert recorder(started(epochs=5)) == Status.RUNNING
    row = run(store, recorder.claim.run)
    assert (row.status, row.epochs) == ("running", 5)


def test_epoch_is_measured_and_told(store: Store, recorder: Recorder) -> None:
    recorder(started(), epoch_ended(2, **{"train.loss": 0.5, "validation.accuracy": 0.75}))
    assert measured(store, recorder.claim.run) == [("train.loss", 20, 0.5), ("validation.accuracy", 20, 0.75)]
    row = run(store, recorder.claim.run)
    assert (row.epoch, row.step, row.loss) == (2, 20, 0.5)
    assert row.fraction == pytest.approx(2 / 3)


def test_number_that_is_not_finite_is_null_and_named(store: Store, recorder: Recorder) -> None:
    recorder(started(), epoch_ended(1, **{"train.loss": math.nan, "a": math.inf, "b": -math.inf}))
    with store.read() as session:
        found = {row.name: (row.value, row.nonfinite) for row in metrics.series(session, PROJECT, recorder.claim.run)}
    assert found == {"train.loss": (None, "nan"), "a": (None, "inf"), "b": (None, "-inf")}
    data = told(store, recorder.claim.run)[-1].data
    assert data["metrics"] == {"train.loss": None, "a": None, "b": None}
    assert data["nonfinite"] == {"/metrics/train.loss": "nan", "/metrics/a": "inf", "/metrics/b": "-inf"}


def test_number_is_measured_once(store: Store, recorder: Recorder) -> None:
    recorder(started(), epoch_ended(1))
    with pytest.raises(sa.exc.IntegrityError):
        recorder(epoch_ended(1))
    assert len(measured(store, recorder.claim.run)) == 1


def test_progress_changes_the_row_and_is_no_event(store: Store, recorder: Recorder) -> None:
    recorder(started())
    count = len(told(store, recorder.claim.run))
    recorder(
        {"kind": "progressed", "epoch": 0, "step": 7, "fraction": 0.25, "seconds_left": 3.0, "loss": 0.1},
    )
    row = run(store, recorder.claim.run)
    assert (row.step, row.fraction, row.seconds_left, row.loss) == (7, 0.25, 3.0, 0.1)
    assert len(told(store, recorder.claim.run)) == count


def test_batch_whose_answer_got_lost_is_written_once(store: Store, recorder: Recorder) -> None:
    recorder(started(), epoch_ended(1))
    recorder.number = 0
    assert recorder(started(), epoch_ended(1)) == Status.RUNNING
    assert len(measured(store, recorder.claim.run)) == 1


def test_recording_renews_the_lease(store: Store) -> None:
    with store.begin() as session:
        run_id = add_run(session).id
    claimed = claim(store, run_id, lease=1)
    before = run(store, run_id).lease_until
    Recorder(store, claimed)(started())
    after = run(store, run_id).lease_until
    assert before is not None
    assert after is not None
    assert after > before + 20_000


def test_fenced_writer_writes_nothing(store: Store) -> None:
    """A worker that slept through its lease finds the run taken: its batch is refused as a whole."""
    with store.begin() as session:
        run_id = add_run(session).id
    old = Recorder(store, claim(store, run_id, lease=0))
    time.sleep(0.01)
    with store.begin() as session:
        recovery.take_back(session, recovery.Patience(5, 0))
    before = told(store, run_id)
    with pytest.raises(Fenced):
        old(started(), epoch_ended(1))
    new = Recorder(store, claim(store, run_id))
    with pytest.raises(Fenced):
        old(started(), epoch_ended(1))
    new(started(), epoch_ended(1), saved(1), finished())
    with pytest.raises(Fenced):
        old(failed())
    assert run(store, run_id).status == "succeeded"
    assert [event.seq for event in told(store, run_id)][: len(before)] == [event.seq for event in before]
    assert len(measured(store, run_id)) == 1


def test_checkpoint_is_where_a_run_goes_on(store: Store, recorder: Recorder) -> None:
    recorder(started(), epoch_ended(1), saved(1, "last"))
    row = run(store, recorder.claim.run)
    with store.read() as session:
        checkpoint = session.get_one(CheckpointRow, row.checkpoint_id)
    assert (checkpoint.epoch, checkpoint.step, checkpoint.reasons) == (1, 10, ["last"])
    assert row.best_checkpoint_id is None
    assert told(store, recorder.claim.run)[-1].data["checkpoint"] == checkpoint.id


def test_checkpoints_but_the_best_and_the_last_are_given_up(store: Store, recorder: Recorder) -> None:
    recorder(started(), epoch_ended(1), saved(1), epoch_ended(2), saved(2, "last"), epoch_ended(3), saved(3, "last"))
    assert [row.epoch for row in alive(store)] == [1, 3]


def test_all_checkpoints_are_kept_on_request(store: Store) -> None:
    recording(store, keep="all")(started(), saved(1, "last"), saved(2, "last"), saved(3, "last"))
    assert [row.epoch for row in alive(store)] == [1, 2, 3]


def test_same_checkpoint_again_keeps_its_row(store: Store, recorder: Recorder) -> None:
    recorder(started(), saved(1, "last"))
    recorder(saved(1, "best"))
    assert [row.reasons for row in alive(store)] == [["best", "last"]]


def test_progress_forgives_attempts(store: Store) -> None:
    with store.begin() as session:
        run_id = add_run(session).id
    for _ in range(3):
        claimed = claim(store, run_id)
        with store.begin() as session:
            recovery.lost(session, claimed, "died", recovery.Patience(5, 0))
    assert run(store, run_id).attempts == 3
    Recorder(store, claim(store, run_id))(started(), epoch_ended(1), saved(1))
    assert run(store, run_id).attempts == 0


def test_checkpoint_without_progress_forgives_nothing(store: Store) -> None:
    recorder = recording(store)
    recorder(started(), epoch_ended(1), saved(1))
    with store.begin() as session:
        recovery.lost(session, recorder.claim, "died", recovery.Patience(5, 0))
    Recorder(store, claim(store))(started(1, 10), saved(1))
    assert run(store, recorder.claim.run).attempts == 1


def test_finished_run_has_succeeded(store: Store, recorder: Recorder) -> None:
    assert recorder(started(), epoch_ended(1), saved(1), finished(**{"test.loss": 0.25})) == Status.SUCCEEDED
    row = run(store, recorder.claim.run)
    assert (row.owner, row.lease_until, row.fraction) == (None, None, 1.0)
    assert row.finished_at is not None
    assert row.reason == {
        "code": "epochs_done",
        "message": "all 3 epochs are done",
        "retryable": False,
        "by": "worker",
    }
    assert row.report is not None
    assert row.report["metrics"] == {"test.loss": 0.25}
    assert ("test.loss", 10, 0.25) in measured(store, recorder.claim.run)
    with store.read() as session:
        job = session.get_one(JobRow, row.job_id)
    assert (job.status, job.finished_at) == ("succeeded", row.finished_at)


def test_network_is_published_as_it_finishes(store: Store) -> None:
    for number in (1, 2):
        recorder = recording(store, publish_as="flowers")
        recorder(started(), epoch_ended(1), saved(1, "best", "last"), epoch_ended(2), saved(2, "last"), finished())
        with store.read() as session:
            model = session.scalars(sa.select(ModelRow)).one()
            version = session.get_one(ModelVersionRow, (model.id, number))
            assert model.name == "flowers"
            assert version.checkpoint_id == run(store, recorder.claim.run).best_checkpoint_id
        assert told(store, recorder.claim.run)[-1].data["version"] == number


def test_failed_run_says_why(store: Store, recorder: Recorder) -> None:
    assert recorder(started(), failed()) == Status.FAILED
    row = run(store, recorder.claim.run)
    assert row.reason is not None
    assert (row.reason["code"], row.reason["by"]) == ("loss-not-finite", "worker")


def test_stopped_run_waits_again_and_no_attempt_is_counted(store: Store, recorder: Recorder) -> None:
    recorder(started(), epoch_ended(1), saved(1))
    assert recorder(stopped(1)) == Status.QUEUED
    row = run(store, recorder.claim.run)
    assert (row.attempts, row.rung_at, row.owner) == (0, None, None)
    assert claim(store, recorder.claim.run).resume == f"{1:064x}"
    assert "rolled_back" not in [event.kind for event in told(store, recorder.claim.run)]


def test_stopped_run_is_paused_on_request(store: Store, recorder: Recorder) -> None:
    recorder(started(), epoch_ended(1), saved(1))
    with store.begin() as session:
        runs.wish_pause(session, PROJECT, recorder.claim.run)
    assert recorder(stopped(1)) == Status.PAUSED


@pytest.mark.parametrize("ending", [stopped(1), finished(), failed()], ids=["stopped", "finished", "failed"])
def test_wish_to_cancel_wins_over_every_ending(store: Store, recorder: Recorder, ending: dict[str, object]) -> None:
    recorder(started(), epoch_ended(1), saved(1))
    with store.begin() as session:
        runs.wish_cancel(session, PROJECT, recorder.claim.run)
    assert recorder(ending) == Status.CANCELLED
    row = run(store, recorder.claim.run)
    assert row.reason is not None
    assert row.reason["by"] == "api"


def test_run_that_finishes_while_it_shall_pause_has_succeeded(store: Store, recorder: Recorder) -> None:
    recorder(started(), epoch_ended(1), saved(1))
    with store.begin() as session:
        runs.wish_pause(session, PROJECT, recorder.claim.run)
    assert recorder(finished()) == Status.SUCCEEDED


def test_warning_of_a_resumed_run_is_told_once(store: Store, recorder: Recorder) -> None:
    warning = {"kind": "warned", "code": "target-missing", "message": "2 rows", "pointer": "/target"}
    recorder(started(), warning)
    recorder(warning)
    assert [row["code"] for row in run(store, recorder.claim.run).warnings] == ["target-missing"]


def test_ingested_version_is_ready(store: Store) -> None:
    recorder = ingesting(store)
    description = {"rows": 3, "columns": [], "source": "csv"}
    event = {"kind": "ingested", "folder": "", "sha256": "d" * 64, "bytes": 5, "description": description}
    assert recorder(event) == Status.SUCCEEDED
    with store.read() as session:
        version = session.get_one(DatasetVersionRow, "dsv_new")
    assert (version.status, version.sha256, version.bytes, version.description) == ("ready", "d" * 64, 5, description)


def test_version_that_cannot_be_read_has_failed_with_the_problem(store: Store) -> None:
    ingesting(store)({**failed("csv-ragged"), "details": [{"code": "csv-ragged", "message": "line 3"}]})
    with store.read() as session:
        version = session.get_one(DatasetVersionRow, "dsv_new")
    assert version.status == "failed"
    assert version.problem is not None
    assert version.problem["code"] == "csv-ragged"
    assert version.problem["details"] == [{"code": "csv-ragged", "message": "line 3"}]


def test_version_of_a_lost_ingestion_has_failed(store: Store) -> None:
    recorder = ingesting(store)
    with store.begin() as session:
        recovery.lost(session, recorder.claim, "died", recovery.Patience(1, 0))
    with store.read() as session:
        assert session.get_one(DatasetVersionRow, "dsv_new").status == "failed"


def test_thousand_numbers_at_a_time_are_quick(store: Store) -> None:
    """The mark is 100,000 a second on an idle machine; a busy one may take four times as long."""
    with store.begin() as session:
        row = add_run(session)
    names = [f"validation.metric{number}" for number in range(10)]
    batches = [
        [
            one
            for step in range(100)
            for one in metrics.rows_of(row, 0, 0, 100 * batch + step, dict.fromkeys(names, 0.5))
        ]
        for batch in range(20)
    ]
    begun = time.perf_counter()
    for batch in batches:
        with store.begin() as session:
            metrics.write(session, batch)
    assert 20_000 / (time.perf_counter() - begun) > (25_000 if store.engine.dialect.name == "sqlite" else 5_000)


def ingesting(store: Store) -> Recorder:
    with store.begin() as session:
        version = add_version(session, "new", status="ingesting", sha256=None)
        row = runs.add(session, PROJECT, "ingest", version.id, {"options": {}})
    return Recorder(store, claim(store, row.id))


def alive(store: Store) -> list[CheckpointRow]:
    with store.read() as session:
        found = sa.select(CheckpointRow).where(CheckpointRow.deleted_at.is_(None)).order_by(CheckpointRow.step)
        return list(session.scalars(found))


def test_unknown_claim_is_fenced(store: Store, recorder: Recorder) -> None:
    strange = claims.Claim(**{**vars(recorder.claim), "token": 99})
    with store.begin() as session, pytest.raises(Fenced):
        record(session, strange, 1, [started()], LEASE)
