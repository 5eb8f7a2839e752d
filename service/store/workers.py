"""Workers and their signs of life."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from .engine import now_ms
from .rows import WorkerRow

FORGOTTEN_MS = 3_600_000
"""A worker that was not heard of for so long is taken from the list."""


def beat(session: Session, name: str, queues: Sequence[str], slots: int, busy: int) -> None:
    """A sign of life."""
    row = session.get(WorkerRow, name)
    if row is None:
        row = WorkerRow(name=name, queues=list(queues), slots=slots)
        session.add(row)
    row.busy = busy
    row.heartbeat_at = session.scalar(select(now_ms())) or 0


def gone(session: Session, name: str) -> None:
    """The worker has ended."""
    session.execute(delete(WorkerRow).where(WorkerRow.name == name))


def forget(session: Session) -> None:
    """Take workers from the list that ended without a word."""
    session.execute(delete(WorkerRow).where(WorkerRow.heartbeat_at < now_ms() - FORGOTTEN_MS))


def listed(session: Session) -> Sequence[tuple[WorkerRow, int]]:
    """All workers, with the age of their last sign of life in milliseconds."""
    age = now_ms() - WorkerRow.heartbeat_at
    return [(row, old) for row, old in session.execute(select(WorkerRow, age).order_by(WorkerRow.name))]
