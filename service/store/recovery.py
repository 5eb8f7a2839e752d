"""What happens to runs whose worker or child was lost, and to those that nobody was rung for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.faults import failpoint

from .change import Change, Fenced, lock, reason
from .claims import Claim, held
from .engine import now_ms
from .rows import RunRow
from .status import LEASED, Status


@dataclass(frozen=True)
class Patience:
    """How often a run is tried again without progress, and the pause before the third attempt, doubled then."""

    max_attempts: int
    backoff_seconds: float


def lost(session: Session, claim: Claim, message: str, patience: Patience) -> Status:
    """The claim's child died: try again, give up, or fulfil the wish. Raises Fenced."""
    found = lock(session, *held(claim))
    if found is None:
        raise Fenced
    with Change(session, *found) as change:
        _try_again(change, message, "worker", patience)
    return change.status


def release(session: Session, claim: Claim) -> Status:
    """The claim's worker shuts down before its child could save: queued again, no attempt counted. Raises Fenced."""
    found = lock(session, *held(claim))
    if found is None:
        raise Fenced
    with Change(session, *found) as change:
        if not _fulfilled(change):
            change.to(
                Status.QUEUED, reason("drained", "Its worker was shut down; it goes on elsewhere.", "worker", True)
            )
    return change.status


def take_back(session: Session, patience: Patience) -> list[str]:
    """Runs whose lease is over: their worker is lost. Returns their ids."""
    taken: list[str] = []
    expired = (RunRow.status.in_(LEASED), RunRow.lease_until < now_ms())
    while found := lock(session, *expired, skip_locked=True):
        with Change(session, *found) as change:
            _try_again(change, "Its worker gave no sign of life.", "sweeper", patience)
        taken.append(change.run.id)
    return taken


def to_ring(session: Session, queues: Collection[str], again_seconds: float, limit: int) -> list[tuple[str, str]]:
    """Waiting runs, oldest first, that nobody was rung for lately, as (id, queue): rung for from now on."""
    now = session.scalar(select(now_ms())) or 0
    overdue = (
        RunRow.status == Status.QUEUED,
        RunRow.queue.in_(queues),
        func.coalesce(RunRow.not_before, 0) <= now,
        func.coalesce(RunRow.rung_at, 0) <= now - int(again_seconds * 1000),
    )
    chosen = select(RunRow.id).where(*overdue).order_by(RunRow.id).limit(limit).with_for_update(skip_locked=True)
    ids = session.scalars(chosen).all()
    rung = update(RunRow).where(RunRow.id.in_(ids)).values(rung_at=now).returning(RunRow.id, RunRow.queue)
    failpoint("sweep.ring")
    return [(row.id, row.queue) for row in session.execute(rung, execution_options={"synchronize_session": False})]


def _try_again(change: Change, message: str, by: str, patience: Patience) -> None:
    if _fulfilled(change):
        return
    attempts = change.run.attempts + 1
    if attempts >= patience.max_attempts:
        text = f"{attempts} attempts without progress; the last one: {message}"
        change.to(Status.FAILED, reason("worker-lost", text, by, True), attempts=attempts)
    else:
        pause = patience.backoff_seconds * (2 ** (attempts - 1) - 1)
        change.to(Status.QUEUED, reason("worker-lost", message, by, True), attempts=attempts)
        change.set(not_before=change.now + int(pause * 1000))


def _fulfilled(change: Change) -> bool:
    """A wish that was pending is fulfilled by the loss."""
    wished = {Status.CANCELLING: Status.CANCELLED, Status.PAUSING: Status.PAUSED}.get(change.status)
    if wished:
        change.to(wished, change.run.reason)
    return wished is not None
