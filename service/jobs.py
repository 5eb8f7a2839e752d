"""Jobs: checked, created, followed, cancelled, gone on with.

First the commit, then the ring: a ring that gets lost costs a few seconds, for the workers look for waiting runs; a
ring for a run that is not committed yet would be answered by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from models.data.description import Description
from models.dry_run import DryRun, dry_run
from models.faults import failpoint
from models.spec import TrainingSpec, resolve
from service.datasets import Version
from service.errors import Fault, Invalid, RunAlreadyFinished
from service.store import checkpoints, events, idempotency, runs, workers
from service.store import datasets as dataset_rows
from service.store import jobs as rows
from service.store.engine import Session, Store
from service.store.idempotency import Answered, Key
from service.store.rows import CheckpointRow, JobRow, Json, RunRow
from service.store.status import LEASED, TERMINAL, Status

Ring = Callable[[str, str], object]
"""ring(run id, queue)."""

RECENT_EPOCHS = 20
"""So many of the last epochs tell how long those to come may take."""


@dataclass(frozen=True)
class Checked:
    """A spec that can be trained."""

    spec: TrainingSpec
    """Resolved, its dataset version pinned."""
    told: DryRun


@dataclass(frozen=True)
class SeenRun:
    """A run as it is at one moment."""

    run: RunRow
    best: CheckpointRow | None
    position: int | None
    """Runs that wait before it; None unless it waits."""
    now: int
    """By the database's clock."""
    epoch_seconds: Sequence[float] = ()
    """How long its last epochs took, while it runs."""


@dataclass(frozen=True)
class Seen:
    """A job as it is at one moment."""

    job: JobRow
    runs: Sequence[RunRow]
    dataset: str
    """name@number."""
    last: SeenRun
    """The run that the job's progress is told by."""


def check(spec: TrainingSpec, version: Version) -> Checked:
    """Fill every default and do the dry run. Raises SpecError, DatasetNotReady, Invalid."""
    description = Description.model_validate(version.description)
    resolved = resolve(spec, description).model_copy(update={"dataset": version.label})
    return Checked(resolved, dry_run(resolved, description))


def queue_of(store: Store, device: str) -> str:
    """The queue of a device. Raises Invalid for a GPU where the workers that are there have none."""
    if not device.startswith("cuda"):
        return "cpu" if device == "cpu" else "any"
    with store.read() as session:
        known = workers.listed(session)
    if known and not any("gpu" in worker.queues for worker, _ in known):
        message = "No worker has a GPU."
        raise Invalid(Fault(message, "device-unavailable", "/device", None, device, ["auto", "cpu"], 'Write "auto".'))
    return "gpu"


def find_answer(store: Store, key: Key | None) -> Answered | None:
    """The answer that the first request with this key got."""
    if key is None:
        return None
    with store.read() as session:
        return idempotency.find(session, key)


def create(
    store: Store,
    ring: Ring,
    project_id: str,
    version: Version,
    document: Json,
    checked: Checked,
    key: Key | None,
    answer: Callable[[Seen], Answered],
) -> Answered:
    """A job with its run, and the answer to the request where it has a key: one transaction, then the ring."""
    queue = queue_of(store, checked.spec.device)
    resolved = checked.spec.model_dump(mode="json")
    warnings = [notice.model_dump(mode="json") for notice in checked.told.warnings]
    rung: list[RunRow] = []

    def write(session: Session) -> Answered:
        job, run = rows.add(session, project_id, version.row.id, document, resolved, warnings, queue)
        rung.append(run)
        answered = answer(_seen(session, job, [run], version.label))
        failpoint("api.before_commit")
        return answered

    answered = idempotency.once(store, key, write)
    failpoint("api.after_commit")
    if not answered.replayed:
        ring(rung[-1].id, queue)
    failpoint("api.after_ring")
    return answered


def see(store: Store, project_id: str, job_id: str) -> Seen:
    """A job as it is now. Raises RunNotFound, Gone."""
    with store.read() as session:
        job = rows.get(session, project_id, job_id)
        found = runs.of_job(session, project_id, job_id)
        return _seen(session, job, found, _label(session, job))


def see_many(
    store: Store, project_id: str, wanted: rows.Filter, *, after: str | None, limit: int, newest_first: bool
) -> list[Seen]:
    """Jobs by age."""
    with store.read() as session:
        jobs = rows.listed(session, project_id, wanted, after=after, limit=limit, newest_first=newest_first)
        by_job = rows.runs_of(session, project_id, jobs)
        return [_seen(session, job, by_job[job.id], _label(session, job), paced=False) for job in jobs]


def _label(session: Session, job: JobRow) -> str:
    dataset, version = dataset_rows.of_version(session, job.project_id, job.dataset_version_id)
    return f"{dataset.name}@{version.number}"


def see_run(store: Store, project_id: str, run_id: str) -> SeenRun:
    """A run as it is now. Raises RunNotFound, Gone."""
    with store.read() as session:
        return _seen_run(session, rows.run_of(session, project_id, run_id))


def last_run(store: Store, project_id: str, job_id: str) -> str:
    """The id of the run that the job's progress is told by. Raises RunNotFound, Gone."""
    with store.read() as session:
        rows.get(session, project_id, job_id)
        return runs.of_job(session, project_id, job_id)[-1].id


def check_run(store: Store, project_id: str, run_id: str) -> None:
    """Raises RunNotFound, Gone."""
    with store.read() as session:
        rows.run_of(session, project_id, run_id)


def see_runs(store: Store, project_id: str, *, after: str | None, limit: int, newest_first: bool) -> list[SeenRun]:
    """Runs of all kinds by age."""
    with store.read() as session:
        found = rows.all_runs(session, project_id, after=after, limit=limit, newest_first=newest_first)
        return [_seen_run(session, run, paced=False) for run in found]


def see_runs_of(store: Store, project_id: str, job_id: str) -> list[SeenRun]:
    """The runs of a job. Raises RunNotFound, Gone."""
    with store.read() as session:
        rows.get(session, project_id, job_id)
        return [_seen_run(session, run) for run in runs.of_job(session, project_id, job_id)]


def _seen(session: Session, job: JobRow, found: Sequence[RunRow], label: str, paced: bool = True) -> Seen:
    return Seen(job, found, label, _seen_run(session, found[-1], paced))


def _seen_run(session: Session, run: RunRow, paced: bool = True) -> SeenRun:
    best = checkpoints.get(session, run.best_checkpoint_id or run.checkpoint_id)
    position = runs.position(session, run) if run.status == Status.QUEUED else None
    seconds: list[float] = []
    if paced and run.status in LEASED:
        seconds = [event.data["seconds"] for event in events.last(session, run.id, "epoch_ended", RECENT_EPOCHS)]
    return SeenRun(run, best, position, rows.now(session), seconds)


def cancel(store: Store, project_id: str, job_id: str) -> Seen:
    """End the job: at once where nobody works on it, else as soon as its worker has saved. Asking twice is fine.

    Raises RunNotFound, Gone, RunAlreadyFinished.
    """
    return _wish(store, project_id, job_id, runs.wish_cancel, TERMINAL - {Status.CANCELLED})


def pause(store: Store, project_id: str, job_id: str) -> Seen:
    """Interrupt the job. Raises RunNotFound, Gone, RunAlreadyFinished, WrongState."""
    return _wish(store, project_id, job_id, runs.wish_pause, TERMINAL)


def _wish(
    store: Store, project_id: str, job_id: str, wish: Callable[[Session, str, str], RunRow], too_late: Container[str]
) -> Seen:
    with store.begin() as session:
        job = rows.get(session, project_id, job_id)
        live = [run for run in runs.of_job(session, project_id, job_id) if run.status not in TERMINAL]
        if not live and job.status in too_late:
            verb = "is" if job.status == Status.CANCELLED else "has"
            raise RunAlreadyFinished(f"The job {verb} {job.status}.", status_now=job.status, allowed=[])
        for run in live:
            wish(session, project_id, run.id)
    return see(store, project_id, job_id)


def resume(store: Store, ring: Ring, project_id: str, job_id: str) -> Seen:
    """Go on from the last checkpoint of each run that is paused or failed; ring after the commit.

    Raises RunNotFound, Gone, RunAlreadyFinished, WrongState.
    """
    with store.begin() as session:
        rows.get(session, project_id, job_id)
        found = runs.of_job(session, project_id, job_id)
        stopped = [run for run in found if run.status in (Status.PAUSED, Status.FAILED)]
        queued = [runs.resume(session, project_id, run.id) for run in stopped or found]
        failpoint("api.before_commit")
    failpoint("api.after_commit")
    for run in queued:
        ring(run.id, run.queue)
    return see(store, project_id, job_id)


def delete(store: Store, project_id: str, job_id: str) -> None:
    """Forget a job that has ended. Raises RunNotFound, Gone, RunActive."""
    with store.begin() as session:
        rows.delete(session, project_id, job_id)
