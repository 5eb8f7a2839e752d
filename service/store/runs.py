"""Runs as people see them: added, looked at, and what is wished for them.

Workers take them through `claims` and write through `recording`; what a dead worker left is taken up by `recovery`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from service.errors import RunAlreadyFinished, RunNotFound, WrongState
from service.ids import new_id

from .change import Change, lock, reason
from .engine import now_ms
from .rows import Json, RunRow
from .status import LEASED, TERMINAL, Status

INGEST = "ingest"
"""The queue of uploads: every worker reads one at a time, whatever it fits meanwhile; nobody is rung for them."""


def waits(session: Session, queue: str) -> bool:
    """Whether a run of this queue could be claimed now."""
    due = or_(RunRow.not_before.is_(None), RunRow.not_before <= now_ms())
    return (
        session.scalar(select(RunRow.id).where(RunRow.status == Status.QUEUED, RunRow.queue == queue, due).limit(1))
        is not None
    )


def add(
    session: Session,
    project_id: str,
    kind: str,
    dataset_version_id: str,
    spec: Json,
    queue: str = "any",
    job_id: str | None = None,
) -> RunRow:
    """A queued run. Commit, then ring for it: until then the sweeper takes it for rung."""
    run = RunRow(
        id=new_id("run"),
        project_id=project_id,
        job_id=job_id,
        dataset_version_id=dataset_version_id,
        kind=kind,
        status=Status.QUEUED,
        queue=queue,
        spec=spec,
        epochs=spec.get("epochs"),
        rung_at=now_ms(),
    )
    session.add(run)
    session.flush()
    with _changing(session, project_id, run.id) as change:
        change.tell("status", {"from": None, "to": Status.QUEUED, "reason": None})
    return run


def get(session: Session, project_id: str, run_id: str) -> RunRow:
    """A run of this project. Raises RunNotFound."""
    found = session.scalars(select(RunRow).where(RunRow.id == run_id, RunRow.project_id == project_id)).one_or_none()
    if found is None:
        raise RunNotFound
    return found


def of_job(session: Session, project_id: str, job_id: str) -> Sequence[RunRow]:
    """The runs of a job, oldest first."""
    mine = (RunRow.job_id == job_id, RunRow.project_id == project_id)
    return session.scalars(select(RunRow).where(*mine).order_by(RunRow.id)).all()


def position(session: Session, run: RunRow) -> int:
    """How many runs of the same queue wait before this one, of all projects; 0 = it is next."""
    waiting = (RunRow.status == Status.QUEUED, RunRow.queue == run.queue, RunRow.id < run.id)
    return session.scalar(select(func.count()).where(*waiting)) or 0


def counted(session: Session, project_id: str) -> dict[str, int]:
    """How many of the project's runs are in each state that is no end."""
    live = (RunRow.project_id == project_id, RunRow.status.not_in(TERMINAL))
    found = session.execute(
        select(RunRow.status, func.count()).where(*live).group_by(RunRow.status).order_by(RunRow.status)
    )
    return {row[0]: row[1] for row in found}


def wish_cancel(session: Session, project_id: str, run_id: str) -> RunRow:
    """End the run: at once where nobody works on it, else its worker is asked to. Asking twice changes nothing.

    Raises RunNotFound, and RunAlreadyFinished for a run that succeeded or failed.
    """
    with _changing(session, project_id, run_id) as change:
        _refuse_finished(change, TERMINAL - {Status.CANCELLED})
        if change.status not in (Status.CANCELLED, Status.CANCELLING):
            to = Status.CANCELLING if change.status in LEASED else Status.CANCELLED
            change.to(to, reason("cancelled", "Cancelled on request.", "api"))
    return change.run


def wish_pause(session: Session, project_id: str, run_id: str) -> RunRow:
    """Interrupt the run: at once where nobody works on it, else its worker is asked to. Asking twice changes nothing.

    Raises RunNotFound, RunAlreadyFinished, and WrongState for a run that is being cancelled.
    """
    with _changing(session, project_id, run_id) as change:
        _refuse_finished(change, {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})
        if change.status not in (Status.PAUSED, Status.PAUSING):
            to = Status.PAUSING if change.status in LEASED else Status.PAUSED
            change.to(to, reason("paused", "Paused on request.", "api"))
    return change.run


def resume(session: Session, project_id: str, run_id: str) -> RunRow:
    """Queue a paused or failed run again; it goes on from its last checkpoint. Commit, then ring for it.

    Raises RunNotFound, RunAlreadyFinished for one that succeeded or was cancelled, WrongState for one that is at work.
    """
    with _changing(session, project_id, run_id) as change:
        _refuse_finished(change, {Status.SUCCEEDED, Status.CANCELLED})
        if change.status in (Status.PAUSED, Status.FAILED):
            change.to(Status.QUEUED, None, attempts=0)
            change.set(rung_at=change.now)
        elif change.status != Status.QUEUED:
            raise WrongState(
                f"The run is {change.status}.", status_now=change.status, allowed=[Status.PAUSED, Status.FAILED]
            )
    return change.run


def _refuse_finished(change: Change, finished: Collection[Status]) -> None:
    if change.status in finished:
        raise RunAlreadyFinished(f"The run has {change.status}.", status_now=change.status)


def _changing(session: Session, project_id: str, run_id: str) -> Change:
    found = lock(session, RunRow.id == run_id, RunRow.project_id == project_id)
    if found is None:
        raise RunNotFound
    return Change(session, *found)
