"""The rows of the database. Times are whole milliseconds since 1970 UTC, by the database's clock.

Every row but a worker's carries its project. Deleted things keep their row (`deleted_at`), so that their ids are never
given out again and answer 410.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, MetaData, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .engine import now_ms

DEFAULT_PROJECT = "prj_default"
"""The project of everybody who has no other."""

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Json = dict[str, Any]


class Row(DeclarativeBase):
    """Base of all rows."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012  read once by SQLAlchemy
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        Json: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }


def _project(primary_key: bool = False) -> Mapped[str]:
    return mapped_column(ForeignKey("projects.id"), primary_key=primary_key)


def _now() -> Mapped[int]:
    return mapped_column(insert_default=now_ms())


class Project(Row):
    """A tenant."""

    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[int] = _now()


class Key(Row):
    """An API key; only its hash is stored."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[int] = _now()
    last_used_at: Mapped[int | None]
    expires_at: Mapped[int | None]
    revoked_at: Mapped[int | None]


class Dataset(Row):
    """A name with versions."""

    __tablename__ = "datasets"
    __table_args__ = (
        Index(
            "uq_datasets_project_id_name",
            "project_id",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()
    name: Mapped[str]
    created_at: Mapped[int] = _now()
    deleted_at: Mapped[int | None]


class DatasetVersion(Row):
    """One upload as rows with typed columns. `status`: ingesting, ready, failed.

    `upload_sha256` names the file in artifacts/uploads, `sha256` the folder in artifacts/datasets; `description` is
    models.data.description.Description, `problem` what was wrong: {code, message, details}.
    """

    __tablename__ = "dataset_versions"
    __table_args__ = (
        UniqueConstraint("dataset_id", "number"),
        Index("ix_dataset_versions_dataset_id_upload_sha256", "dataset_id", "upload_sha256"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id"))
    number: Mapped[int]
    status: Mapped[str] = mapped_column(insert_default="ingesting")
    upload_sha256: Mapped[str]
    upload_bytes: Mapped[int]
    media_type: Mapped[str | None]
    options: Mapped[Json]
    sha256: Mapped[str | None] = mapped_column(index=True)
    bytes: Mapped[int | None]
    description: Mapped[Json | None]
    problem: Mapped[Json | None]
    run_id: Mapped[str | None] = mapped_column(index=True)
    created_at: Mapped[int] = _now()
    finished_at: Mapped[int | None]
    deleted_at: Mapped[int | None]


class Job(Row):
    """What was POSTed. `status` and `reason` follow from its runs, in the transaction that changes a run."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_project_id_status", "project_id", "status", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()
    name: Mapped[str | None]
    status: Mapped[str] = mapped_column(insert_default="queued")
    spec: Mapped[Json]
    """As it was sent."""
    resolved_spec: Mapped[Json | None]
    plan: Mapped[Json | None]
    dataset_version_id: Mapped[str | None] = mapped_column(ForeignKey("dataset_versions.id"), index=True)
    reason: Mapped[Json | None]
    key_id: Mapped[str | None]
    created_at: Mapped[int] = _now()
    started_at: Mapped[int | None]
    finished_at: Mapped[int | None]
    updated_at: Mapped[int] = _now()
    deleted_at: Mapped[int | None]


class JobTag(Row):
    """A label of a job, to find it by."""

    __tablename__ = "job_tags"
    __table_args__ = (Index("ix_job_tags_project_id_tag", "project_id", "tag", "job_id"),)

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()


class Run(Row):
    """One leased unit of work.

    `token` counts the claims: whoever writes says which claim it writes for. `lease_until` is set while a worker has
    the run. `attempts` counts failures without progress. `events` counts the run's events: the last one's sequence.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_status_lease_until", "status", "lease_until"),
        Index("ix_runs_project_id_status", "project_id", "status", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id"), index=True)
    dataset_version_id: Mapped[str | None] = mapped_column(ForeignKey("dataset_versions.id"), index=True)
    kind: Mapped[str]
    """`fit` or `ingest`."""
    number: Mapped[int] = mapped_column(insert_default=1)
    """Its place among the runs of its job."""
    queue: Mapped[str] = mapped_column(insert_default="any")
    """`any`, `cpu` or `gpu`."""
    status: Mapped[str] = mapped_column(insert_default="queued")
    reason: Mapped[Json | None]
    """{code, message, retryable, by} and, of a failure, details: why the run has the status that it has."""

    spec: Mapped[Json]
    resolved_spec: Mapped[Json | None]
    facts: Mapped[Json | None]
    """What the child reported when it had resolved the spec: {parameters, device, rows, updates_per_epoch}."""
    result: Mapped[Json | None]
    """What the child reported at the end: {reason, message, best_epoch, metrics, report}."""
    warnings: Mapped[list[Any]] = mapped_column(insert_default=list)
    """[{code, message, pointer}]."""

    token: Mapped[int] = mapped_column(insert_default=0)
    owner: Mapped[str | None]
    lease_until: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(insert_default=0)
    not_before: Mapped[int] = mapped_column(insert_default=0)
    rung_at: Mapped[int] = mapped_column(insert_default=0)
    checkpoint_id: Mapped[str | None]
    """The last checkpoint: where a resumed run goes on."""
    best_checkpoint_id: Mapped[str | None]
    events: Mapped[int] = mapped_column(insert_default=0)

    epoch: Mapped[int] = mapped_column(insert_default=0)
    step: Mapped[int] = mapped_column(insert_default=0)
    epochs: Mapped[int | None]
    fraction: Mapped[float] = mapped_column(insert_default=0.0)
    seconds_left: Mapped[float | None]
    loss: Mapped[float | None]
    device: Mapped[str | None]

    created_at: Mapped[int] = _now()
    started_at: Mapped[int | None]
    finished_at: Mapped[int | None]
    updated_at: Mapped[int] = _now()


class Metric(Row):
    """One number of a run: `value`, or what it is instead: `nonfinite` = nan, inf, -inf."""

    __tablename__ = "metrics"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str]
    epoch: Mapped[int]
    value: Mapped[float | None]
    nonfinite: Mapped[str | None]
    at: Mapped[int]


class Event(Row):
    """Something that happened in a run. Sequences are 1..n without a gap."""

    __tablename__ = "events"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str]
    kind: Mapped[str]
    payload: Mapped[Json]
    at: Mapped[int] = _now()


class Checkpoint(Row):
    """A bundle in artifacts/checkpoints. `deleted_at`: superseded, its files may be gone."""

    __tablename__ = "checkpoints"
    __table_args__ = (UniqueConstraint("run_id", "sha256"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    sha256: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int]
    epoch: Mapped[int]
    step: Mapped[int]
    reasons: Mapped[list[Any]]
    metrics: Mapped[Json]
    created_at: Mapped[int] = _now()
    deleted_at: Mapped[int | None]


class Model(Row):
    """A registry name with versions and aliases."""

    __tablename__ = "models"
    __table_args__ = (
        Index(
            "uq_models_project_id_name",
            "project_id",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()
    name: Mapped[str]
    created_at: Mapped[int] = _now()
    updated_at: Mapped[int] = _now()
    deleted_at: Mapped[int | None]


class ModelVersion(Row):
    """A checkpoint under a number. Versions count from 1 and are never given out twice."""

    __tablename__ = "model_versions"

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()
    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id"))
    created_at: Mapped[int] = _now()
    deleted_at: Mapped[int | None]


class ModelAlias(Row):
    """A name for a version: `champion`."""

    __tablename__ = "model_aliases"

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()
    version: Mapped[int]
    updated_at: Mapped[int] = _now()


class AliasChange(Row):
    """History of the aliases: who pointed which alias to which version; `version` None = removed."""

    __tablename__ = "alias_history"

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = _project()
    version: Mapped[int | None]
    previous: Mapped[int | None]
    key_id: Mapped[str | None]
    at: Mapped[int] = _now()


class Idempotency(Row):
    """The stored answer to a POST with an Idempotency-Key; `status` None while the first one is being answered."""

    __tablename__ = "idempotency"

    project_id: Mapped[str] = _project(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    """Hash of method, path and canonical body."""
    status: Mapped[int | None]
    headers: Mapped[Json | None]
    body: Mapped[bytes | None]
    created_at: Mapped[int] = _now()


class Worker(Row):
    """A worker process and its last sign of life. Workers serve all projects."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    device: Mapped[str]
    queues: Mapped[list[Any]]
    slots: Mapped[int]
    busy: Mapped[int] = mapped_column(insert_default=0)
    status: Mapped[str] = mapped_column(insert_default="up")
    """`up`, `draining`, `down`."""
    started_at: Mapped[int] = _now()
    heartbeat_at: Mapped[int] = _now()
