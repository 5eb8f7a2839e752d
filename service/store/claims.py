"""A worker's hold on a run: taken for a lease, known by its token, renewed while the worker lives."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from models.faults import failpoint

from . import checkpoints, metrics
from .change import Change, Fenced, lock
from .engine import now_ms
from .rows import DatasetVersionRow, Json, RunRow
from .status import LEASED, Status


@dataclass(frozen=True)
class Claim:
    """A run that is this worker's, as long as the token in the row is this one."""

    run: str
    project: str
    token: int
    kind: str
    queue: str
    spec: Json
    dataset: str | None
    """Content hash of the dataset version, None while it is being ingested."""
    upload: str
    options: Json
    resume: str | None
    """Content hash of the checkpoint to go on from."""


def claim(
    session: Session, run_id: str | None, owner: str, queues: Collection[str], lease_seconds: float
) -> Claim | None:
    """Take this waiting run (or, for None, the one that waits longest), if it is there to be taken.

    What was measured after its last checkpoint is taken back in the same transaction.
    """
    due = or_(RunRow.not_before.is_(None), RunRow.not_before <= now_ms())
    waiting = [RunRow.status == Status.QUEUED, RunRow.queue.in_(queues), due]
    found = lock(session, *waiting, *([RunRow.id == run_id] if run_id else []), skip_locked=run_id is None)
    if found is None:
        return None
    run, now = found
    with Change(session, run, now) as change:
        change.set(token=run.token + 1, batch=0, owner=owner, heartbeat_at=now)
        change.set(lease_until=now + int(lease_seconds * 1000))
        change.to(Status.PREPARING)
        last = _roll_back(change)
    return _claimed(session, run, last)


def _roll_back(change: Change) -> str | None:
    """Back to the last checkpoint. Returns its content hash, None where there is none."""
    session, run = change.session, change.run
    last = checkpoints.get(session, run.checkpoint_id)
    epoch, step = (last.epoch, last.step) if last else (0, 0)
    if run.step > step:
        metrics.truncate(session, run.id, step)
        change.tell("rolled_back", {"to_epoch": epoch, "to_step": step, "from_epoch": run.epoch, "from_step": run.step})
        change.set(epoch=epoch, step=step)
    return last.sha256 if last else None


def _claimed(session: Session, run: RunRow, resume: str | None) -> Claim:
    version = session.get_one(DatasetVersionRow, run.dataset_version_id)
    # What the first worker settled stays, but for its device: another worker may not have it.
    spec = (
        {**(run.resolved_spec or {}), **{"device": run.spec.get("device", "auto")}} if run.resolved_spec else run.spec
    )
    return Claim(
        run=run.id,
        project=run.project_id,
        token=run.token,
        kind=run.kind,
        queue=run.queue,
        spec=spec,
        dataset=version.sha256,
        upload=version.upload_sha256,
        options=version.options,
        resume=resume,
    )


def renew(session: Session, claim: Claim, lease_seconds: float) -> Status:
    """Another lease from now on. Returns the status, which may hold a wish. Raises Fenced."""
    failpoint("lease.renew")
    values = {"lease_until": now_ms() + int(lease_seconds * 1000), "heartbeat_at": now_ms()}
    renewed = update(RunRow).where(*held(claim)).values(values).returning(RunRow.status)
    status = session.execute(renewed, execution_options={"synchronize_session": False}).scalar_one_or_none()
    if status is None:
        raise Fenced
    return Status(status)


def watch(session: Session, claim: Claim) -> Status:
    """The status, which may hold a wish; reads only. Raises Fenced."""
    status = session.scalar(select(RunRow.status).where(*held(claim)))
    if status is None:
        raise Fenced
    return Status(status)


def held(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    """What is true as long as the run is this claim's."""
    return (RunRow.id == claim.run, RunRow.token == claim.token, RunRow.status.in_(LEASED))
