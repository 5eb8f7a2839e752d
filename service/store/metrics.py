"""Measured numbers of runs: (run, name, step) is written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.orm import Session

from .events import name_of
from .rows import Json, MetricRow, RunRow


def rows_of(run: RunRow, now: int, epoch: int, step: int, metrics: Mapping[str, float]) -> list[Json]:
    """One row for each metric; a number that is not finite is NULL with its name."""
    place = {"run_id": run.id, "project_id": run.project_id, "epoch": epoch, "step": step, "at": now}
    return [{**place, "name": name, **_number(value)} for name, value in metrics.items()]


def write(session: Session, rows: Sequence[Json]) -> None:
    """Insert rows made by `rows_of`. Raises IntegrityError where a number was measured already."""
    if rows:
        session.connection().execute(insert(MetricRow.__table__), rows)  # type: ignore[arg-type]


def truncate(session: Session, run_id: str, step: int) -> None:
    """Forget what was measured after this step."""
    session.execute(delete(MetricRow).where(MetricRow.run_id == run_id, MetricRow.step > step))


def series(session: Session, project_id: str, run_id: str, names: Sequence[str] = ()) -> Sequence[MetricRow]:
    """The run's numbers, by name and step; of all names where none is given."""
    found = select(MetricRow).where(MetricRow.project_id == project_id, MetricRow.run_id == run_id)
    if names:
        found = found.where(MetricRow.name.in_(names))
    return session.scalars(found.order_by(MetricRow.name, MetricRow.step)).all()


def page(
    session: Session,
    project_id: str,
    run_id: str,
    names: Sequence[str] = (),
    after: tuple[str, int] | None = None,
    limit: int = 1000,
) -> Sequence[MetricRow]:
    """The run's numbers that come after (name, step), by name and step."""
    found = select(MetricRow).where(MetricRow.project_id == project_id, MetricRow.run_id == run_id)
    if names:
        found = found.where(MetricRow.name.in_(names))
    if after:
        found = found.where(tuple_(MetricRow.name, MetricRow.step) > tuple_(*after))
    return session.scalars(found.order_by(MetricRow.name, MetricRow.step).limit(limit)).all()


def _number(value: float | None) -> Json:
    strange = name_of(value) if value is not None else "nan"
    return {"value": None if strange else value, "nonfinite": strange}
