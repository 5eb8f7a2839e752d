"""Datasets and their versions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from service.errors import DatasetInUse, Fault, Gone, Invalid, NotFound
from service.ids import new_id
from service.near import listing

from . import runs
from .rows import DatasetRow, DatasetVersionRow, JobRow, Json, ProjectRow, RunRow
from .status import TERMINAL

ID = re.compile(r"dsv_[0-9A-Z]{26}")

Found = tuple[DatasetRow, DatasetVersionRow]


def find(session: Session, project_id: str, reference: str) -> Found:
    """A version by `name` (its newest that did not fail, else its newest), `name@number` or id.

    Raises NotFound, and Gone for what was deleted.
    """
    name, _, number = reference.partition("@")
    place: list[ColumnElement[bool]] = [DatasetRow.name == name]
    if ID.fullmatch(reference):
        place = [DatasetVersionRow.id == reference]
    elif number:
        place.append(DatasetVersionRow.number == (int(number) if number.isdecimal() and len(number) < 10 else -1))
    found = session.execute(_newest(project_id).where(*place).limit(1)).one_or_none()
    if found is None:
        raise NotFound(_absent(session, project_id, reference))
    if found[1].status == "deleted":
        raise Gone(f'The dataset "{reference}" has been deleted.')
    return found[0], found[1]


def _absent(session: Session, project_id: str, reference: str) -> str:
    """Why there is no such version: the name is unknown, or only the number."""
    name = reference.partition("@")[0]
    numbers = sorted(row.number for row in versions(session, project_id, name))
    if not numbers:
        return f'There is no dataset "{reference[:120]}".'
    have = f"has version {numbers[0]} only" if len(numbers) == 1 else f"has the versions {listing(numbers)}"
    return f'There is no "{reference[:120]}": {name} {have}.'


def _newest(project_id: str) -> Select[DatasetRow, DatasetVersionRow]:
    order = (
        (DatasetVersionRow.status == "deleted").asc(),
        (DatasetVersionRow.status == "failed").asc(),
        DatasetVersionRow.number.desc(),
    )
    both = select(DatasetRow, DatasetVersionRow).join(DatasetVersionRow, DatasetVersionRow.dataset_id == DatasetRow.id)
    return both.where(DatasetRow.project_id == project_id).order_by(*order)


def of_version(session: Session, project_id: str, version_id: str) -> Found:
    """A version by its id, deleted or not: what a job was fitted on."""
    mine = (DatasetRow.project_id == project_id, DatasetVersionRow.id == version_id)
    both = select(DatasetRow, DatasetVersionRow).join(DatasetVersionRow, DatasetVersionRow.dataset_id == DatasetRow.id)
    row = session.execute(both.where(*mine)).one()
    return row[0], row[1]


def same(session: Session, project_id: str, name: str, upload_sha256: str, options: Json) -> Found | None:
    """The version that was made of the same bytes with the same options, and has not failed."""
    alike = (
        DatasetRow.name == name,
        DatasetVersionRow.upload_sha256 == upload_sha256,
        DatasetVersionRow.status.in_(("ingesting", "ready")),
    )
    for row in session.execute(_newest(project_id).where(*alike)):
        if row[1].options == options:
            return row[0], row[1]
    return None


def add_version(
    session: Session, project_id: str, name: str, upload_sha256: str, upload_bytes: int, options: Json
) -> tuple[Found, RunRow]:
    """The next version of the dataset of this name, made where it does not exist, and the run that reads it."""
    session.execute(select(ProjectRow.id).where(ProjectRow.id == project_id).with_for_update(key_share=True))
    dataset = _dataset(session, project_id, name)
    last = select(func.max(DatasetVersionRow.number)).where(DatasetVersionRow.dataset_id == dataset.id)
    version = DatasetVersionRow(
        id=new_id("dsv"),
        project_id=project_id,
        dataset_id=dataset.id,
        number=(session.scalar(last) or 0) + 1,
        status="ingesting",
        upload_sha256=upload_sha256,
        upload_bytes=upload_bytes,
        options=options,
    )
    session.add(version)
    session.flush()
    run = runs.add(session, project_id, "ingest", version.id, {"options": options}, runs.INGEST)
    version.run_id = run.id
    session.flush()
    return (dataset, version), run


def _dataset(session: Session, project_id: str, name: str) -> DatasetRow:
    mine = (DatasetRow.project_id == project_id, DatasetRow.name == name)
    dataset = session.scalars(select(DatasetRow).where(*mine)).one_or_none()
    if dataset is None:
        dataset = DatasetRow(id=new_id("ds"), project_id=project_id, name=name)
        session.add(dataset)
        session.flush()
    return dataset


def listed(session: Session, project_id: str, *, after: str | None, limit: int, newest_first: bool) -> list[Found]:
    """Datasets that were not deleted, by age, each with the version that its name stands for."""
    alive = select(DatasetVersionRow.dataset_id).where(DatasetVersionRow.status != "deleted")
    chosen = select(DatasetRow).where(DatasetRow.project_id == project_id, DatasetRow.id.in_(alive))
    if after:
        chosen = chosen.where(DatasetRow.id < after if newest_first else DatasetRow.id > after)
    chosen = chosen.order_by(DatasetRow.id.desc() if newest_first else DatasetRow.id.asc()).limit(limit)
    return [find(session, project_id, dataset.name) for dataset in session.scalars(chosen)]


def versions(session: Session, project_id: str, name: str) -> Sequence[DatasetVersionRow]:
    """All versions of a dataset that were not deleted, newest first."""
    mine = (DatasetRow.project_id == project_id, DatasetRow.name == name, DatasetVersionRow.status != "deleted")
    joined = select(DatasetVersionRow).join(DatasetRow, DatasetRow.id == DatasetVersionRow.dataset_id)
    return session.scalars(joined.where(*mine).order_by(DatasetVersionRow.number.desc())).all()


def delete(session: Session, project_id: str, name: str) -> None:
    """Forget all versions. Their rows stay, for the jobs that were fitted on them; their files go by and by.

    Raises NotFound, Gone, Invalid for the name of a single version, and DatasetInUse while a job that has not ended
    uses one, or one is being read.
    """
    dataset, _ = find(session, project_id, name)
    if dataset.name != name:
        message = "A dataset is deleted with all its versions, by its bare name."
        fix = f"curl -X DELETE /v1/datasets/{dataset.name}"
        raise Invalid(Fault(message, "invalid-name", parameter="name", given=name, fix=fix))
    mine = select(DatasetVersionRow.id).where(DatasetVersionRow.dataset_id == dataset.id)
    live = (RunRow.dataset_version_id.in_(mine), RunRow.status.not_in(TERMINAL))
    using = session.scalars(select(RunRow).where(*live).limit(1)).one_or_none()
    if using is not None:
        raise DatasetInUse(f"{using.job_id or using.id} uses it and is {using.status}.")
    session.execute(
        update(DatasetVersionRow).where(DatasetVersionRow.dataset_id == dataset.id).values(status="deleted")
    )


def referenced(session: Session) -> tuple[set[str], set[str]]:
    """Content hashes of the datasets, and of the uploads, that somebody may still ask for."""
    waiting = select(JobRow.dataset_version_id).where(JobRow.status.not_in(TERMINAL), JobRow.deleted_at.is_(None))
    wanted = DatasetVersionRow.status.in_(("ingesting", "ready")) | DatasetVersionRow.id.in_(waiting)
    rows = session.execute(select(DatasetVersionRow.sha256, DatasetVersionRow.upload_sha256).where(wanted)).all()
    return {row[0] for row in rows if row[0]}, {row[1] for row in rows}
