"""Jobs: what was POSTed and is followed. Their status is that of their runs (see `change`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, column, func, select, update
from sqlalchemy.orm import Session

from service.errors import Gone, RunActive, RunNotFound
from service.ids import new_id

from . import checkpoints, runs
from .engine import now_ms
from .rows import DatasetRow, DatasetVersionRow, JobRow, Json, RunRow
from .status import TERMINAL, Status


@dataclass(frozen=True)
class Filter:
    """Which jobs a list holds."""

    status: Sequence[str] = ()
    tag: str | None = None
    dataset: str | None = None
    """A dataset's name, `name@number`, or the id of a version."""


def add(
    session: Session, project_id: str, version_id: str, spec: Json, resolved: Json, warnings: list[Json], queue: str
) -> tuple[JobRow, RunRow]:
    """A queued job with its run."""
    job = JobRow(
        id=new_id("job"),
        project_id=project_id,
        name=resolved.get("name"),
        status=Status.QUEUED,
        spec=spec,
        resolved_spec=resolved,
        tags=list(resolved.get("tags", ())),
        warnings=warnings,
        dataset_version_id=version_id,
        publish_as=resolved.get("publish_as"),
    )
    session.add(job)
    session.flush()
    run = runs.add(session, project_id, "fit", version_id, resolved, queue, job.id)
    session.refresh(job)
    return job, run


def get(session: Session, project_id: str, job_id: str) -> JobRow:
    """A job of this project. Raises RunNotFound, Gone."""
    job = session.scalars(select(JobRow).where(JobRow.id == job_id, JobRow.project_id == project_id)).one_or_none()
    if job is None:
        raise RunNotFound
    if job.deleted_at is not None:
        raise Gone("The job has been deleted.")
    return job


def run_of(session: Session, project_id: str, run_id: str) -> RunRow:
    """A run of this project, of a job or not. Raises RunNotFound, and Gone where its job was deleted."""
    run = runs.get(session, project_id, run_id)
    if run.job_id is not None:
        get(session, project_id, run.job_id)
    return run


def listed(
    session: Session, project_id: str, wanted: Filter, *, after: str | None, limit: int, newest_first: bool
) -> Sequence[JobRow]:
    """Jobs by age."""
    chosen = select(JobRow).where(
        JobRow.project_id == project_id, JobRow.deleted_at.is_(None), *_conditions(session, wanted)
    )
    if after:
        chosen = chosen.where(JobRow.id < after if newest_first else JobRow.id > after)
    return session.scalars(chosen.order_by(JobRow.id.desc() if newest_first else JobRow.id.asc()).limit(limit)).all()


def _conditions(session: Session, wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.status:
        conditions.append(JobRow.status.in_(wanted.status))
    if wanted.tag is not None:
        conditions.append(_has_tag(session, wanted.tag))
    if wanted.dataset is not None:
        named = select(DatasetVersionRow.id).join(DatasetRow, DatasetRow.id == DatasetVersionRow.dataset_id)
        name, _, number = wanted.dataset.partition("@")
        by_name = DatasetRow.name == name
        if number:
            by_name &= DatasetVersionRow.number == (int(number) if re.fullmatch(r"[0-9]{1,9}", number) else -1)
        conditions.append(
            JobRow.dataset_version_id.in_(named.where(by_name | (DatasetVersionRow.id == wanted.dataset)))
        )
    return conditions


def _has_tag(session: Session, tag: str) -> ColumnElement[bool]:
    """Equality with an element: a pattern over the text would find other cases of letters on SQLite."""
    elements = func.json_each if session.get_bind().dialect.name == "sqlite" else func.json_array_elements_text
    each = elements(JobRow.tags).table_valued(column("value", String))
    return select(each.c.value).where(each.c.value == tag).exists()


def all_runs(
    session: Session, project_id: str, *, after: str | None, limit: int, newest_first: bool
) -> Sequence[RunRow]:
    """Runs of all kinds by age, but those of deleted jobs."""
    deleted = select(JobRow.id).where(JobRow.deleted_at.is_not(None))
    kept = RunRow.job_id.is_(None) | RunRow.job_id.not_in(deleted)
    chosen = select(RunRow).where(RunRow.project_id == project_id, kept)
    if after:
        chosen = chosen.where(RunRow.id < after if newest_first else RunRow.id > after)
    return session.scalars(chosen.order_by(RunRow.id.desc() if newest_first else RunRow.id.asc()).limit(limit)).all()


def now(session: Session) -> int:
    """The database's time."""
    return session.scalar(select(now_ms())) or 0


def runs_of(session: Session, project_id: str, jobs: Sequence[JobRow]) -> dict[str, list[RunRow]]:
    """The runs of these jobs by the job's id, oldest first."""
    ids = [job.id for job in jobs]
    found = select(RunRow).where(RunRow.project_id == project_id, RunRow.job_id.in_(ids)).order_by(RunRow.id)
    by_job: dict[str, list[RunRow]] = {job_id: [] for job_id in ids}
    for run in session.scalars(found):
        by_job[run.job_id or ""].append(run)
    return by_job


def delete(session: Session, project_id: str, job_id: str) -> None:
    """Forget a job that has ended, and its checkpoints but those that are a model's version.

    Raises RunNotFound, Gone, RunActive.
    """
    job = get(session, project_id, job_id)
    if job.status not in TERMINAL:
        raise RunActive(f"The job is {job.status}; cancel it first.", status_now=job.status, allowed=sorted(TERMINAL))
    deleted_at = now(session)
    for run in runs.of_job(session, project_id, job_id):
        checkpoints.supersede(session, run, [], deleted_at)
    session.execute(update(JobRow).where(JobRow.id == job_id).values(deleted_at=deleted_at))
