"""Checkpoints of runs: rows that point to bundles in the artifacts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.ids import new_id

from .rows import CheckpointRow, Json, ModelVersionRow, RunRow


def get(session: Session, checkpoint_id: str | None) -> CheckpointRow | None:
    """The checkpoint of this id."""
    return session.get(CheckpointRow, checkpoint_id) if checkpoint_id else None


def best(session: Session, run: RunRow) -> CheckpointRow | None:
    """The run's best checkpoint so far, its last one where nothing tells a best."""
    return get(session, run.best_checkpoint_id or run.checkpoint_id)


def of_run(session: Session, project_id: str, run_id: str) -> Sequence[CheckpointRow]:
    """The run's checkpoints that still exist, oldest first."""
    mine = (CheckpointRow.project_id == project_id, CheckpointRow.run_id == run_id, CheckpointRow.deleted_at.is_(None))
    return session.scalars(select(CheckpointRow).where(*mine).order_by(CheckpointRow.step, CheckpointRow.id)).all()


def keep(session: Session, run: RunRow, saved: Json) -> CheckpointRow:
    """A row for what a `checkpoint_saved` event tells; a bundle that the run had saved before keeps its row."""
    told = {name: saved[name] for name in ("epoch", "step", "metrics")} | {"reasons": list(saved["reasons"])}
    same = (CheckpointRow.run_id == run.id, CheckpointRow.sha256 == saved["sha256"])
    row = session.scalars(select(CheckpointRow).where(*same)).one_or_none()
    if row is None:
        place = {"id": new_id("ckpt"), "project_id": run.project_id, "run_id": run.id}
        row = CheckpointRow(**place, sha256=saved["sha256"], bytes=saved["bytes"], **told)
        session.add(row)
    else:
        row.reasons = sorted({*row.reasons, *told["reasons"]})
        row.deleted_at = None
    session.flush()
    return row


def supersede(session: Session, run: RunRow, kept: Sequence[str | None], now: int) -> None:
    """Give up the run's checkpoints but these and those that are a model's version."""
    versions = select(ModelVersionRow.checkpoint_id).where(ModelVersionRow.run_id == run.id)
    old = (
        CheckpointRow.run_id == run.id,
        CheckpointRow.deleted_at.is_(None),
        CheckpointRow.id.not_in([each for each in kept if each]),
        CheckpointRow.id.not_in(versions),
    )
    session.execute(update(CheckpointRow).where(*old).values(deleted_at=now))


def referenced(session: Session) -> set[str]:
    """Content hashes of the bundles that somebody may still ask for."""
    alive = select(CheckpointRow.sha256).where(CheckpointRow.deleted_at.is_(None))
    versions = select(CheckpointRow.sha256).where(CheckpointRow.id.in_(select(ModelVersionRow.checkpoint_id)))
    return set(session.scalars(alive.union(versions)))
