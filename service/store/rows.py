"""The tables. Times are milliseconds since 1970 UTC by the database's clock; every row carries its project."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKey,
    Index,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from service.store.engine import now_ms

Json = dict[str, Any]

DEFAULT_PROJECT = "prj_default"
"""The project of those who have no other; the first migration creates it."""


class Row(DeclarativeBase):
    """Base of all rows; constraints have names, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy's way
        Json: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
        list[Json]: JSON(none_as_null=True),
        int: BigInteger(),
        float: Float(53),
        str: String(),
    }


class ProjectRow(Row):
    """The tenant."""

    __tablename__ = "projects"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[int] = mapped_column(default=now_ms())


class KeyRow(Row):
    """A bearer key; only its SHA-256 is kept."""

    __tablename__ = "keys"
    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[int] = mapped_column(default=now_ms())
    expires_at: Mapped[int | None]
    revoked_at: Mapped[int | None]


class DatasetRow(Row):
    """A name with numbered versions."""

    __tablename__ = "datasets"
    __table_args__ = (UniqueConstraint("project_id", "name"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str]
    created_at: Mapped[int] = mapped_column(default=now_ms())


class DatasetVersionRow(Row):
    """One upload and what became of it: ingesting, ready, failed."""

    __tablename__ = "dataset_versions"
    __table_args__ = (UniqueConstraint("dataset_id", "number"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    number: Mapped[int]
    status: Mapped[str]
    upload_sha256: Mapped[str]
    upload_bytes: Mapped[int]
    options: Mapped[Json]
    sha256: Mapped[str | None]
    bytes: Mapped[int | None]
    description: Mapped[Json | None]
    problem: Mapped[Json | None]
    run_id: Mapped[str | None]
    created_at: Mapped[int] = mapped_column(default=now_ms())


class JobRow(Row):
    """What was POSTed and is followed."""

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "project_id", "id"), Index(None, "project_id", "status"))
    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str | None]
    status: Mapped[str]
    spec: Mapped[Json]
    resolved_spec: Mapped[Json]
    tags: Mapped[list[str]]
    warnings: Mapped[list[Json]]
    dataset_version_id: Mapped[str] = mapped_column(ForeignKey("dataset_versions.id"))
    publish_as: Mapped[str | None]
    created_at: Mapped[int] = mapped_column(default=now_ms())
    updated_at: Mapped[int] = mapped_column(default=now_ms())
    finished_at: Mapped[int | None]
    deleted_at: Mapped[int | None]


class RunRow(Row):
    """One leased unit of work: `fit` or `ingest`.

    `token` counts the claims, `batch` the batches of events written under the present one, `attempts` the failures
    without progress. `checkpoint_id` is where a resumed run goes on. `facts` is what the child reported when it had
    looked at the data: {parameters, device, rows, updates_per_epoch}; `report` what it reported at its end: {reason,
    message, best_epoch, metrics, report}; `reason` why the status is what it is: {code, message, retryable, by}.
    """

    __tablename__ = "runs"
    __table_args__ = (Index(None, "project_id", "id"), Index(None, "status", "lease_until"))
    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    dataset_version_id: Mapped[str] = mapped_column(ForeignKey("dataset_versions.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    status: Mapped[str]
    queue: Mapped[str]
    spec: Mapped[Json]
    resolved_spec: Mapped[Json | None]
    reason: Mapped[Json | None]
    report: Mapped[Json | None]
    facts: Mapped[Json | None]
    warnings: Mapped[list[Json]] = mapped_column(default=list)
    token: Mapped[int] = mapped_column(default=0)
    batch: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None]
    lease_until: Mapped[int | None]
    heartbeat_at: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[int | None]
    rung_at: Mapped[int | None]
    checkpoint_id: Mapped[str | None]
    best_checkpoint_id: Mapped[str | None]
    event_seq: Mapped[int] = mapped_column(default=0)
    epoch: Mapped[int] = mapped_column(default=0)
    step: Mapped[int] = mapped_column(default=0)
    epochs: Mapped[int | None]
    fraction: Mapped[float] = mapped_column(default=0.0)
    seconds_left: Mapped[float | None]
    loss: Mapped[float | None]
    device: Mapped[str | None]
    created_at: Mapped[int] = mapped_column(default=now_ms())
    started_at: Mapped[int | None]
    updated_at: Mapped[int] = mapped_column(default=now_ms())
    finished_at: Mapped[int | None]


class MetricRow(Row):
    """One measured number; a number that is not finite is NULL with its name in `nonfinite`."""

    __tablename__ = "metrics"
    __table_args__ = ({"sqlite_with_rowid": False},)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str]
    epoch: Mapped[int]
    value: Mapped[float | None]
    nonfinite: Mapped[str | None]
    at: Mapped[int] = mapped_column(default=now_ms())


class EventRow(Row):
    """What happened to a run, in order: `seq` is 1..n without a gap."""

    __tablename__ = "events"
    __table_args__ = ({"sqlite_with_rowid": False},)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str]
    kind: Mapped[str]
    data: Mapped[Json]
    at: Mapped[int] = mapped_column(default=now_ms())


class CheckpointRow(Row):
    """A checkpoint that is complete in the artifacts; several rows may share one content."""

    __tablename__ = "checkpoints"
    __table_args__ = (UniqueConstraint("run_id", "sha256"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    sha256: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int]
    epoch: Mapped[int]
    step: Mapped[int]
    reasons: Mapped[list[str]]
    metrics: Mapped[Json]
    created_at: Mapped[int] = mapped_column(default=now_ms())
    deleted_at: Mapped[int | None]


class ModelRow(Row):
    """A registry name."""

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("project_id", "name"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str]
    created_at: Mapped[int] = mapped_column(default=now_ms())


class ModelVersionRow(Row):
    """A numbered version of a model: one checkpoint."""

    __tablename__ = "model_versions"
    model_id: Mapped[str] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    run_id: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[int] = mapped_column(default=now_ms())


class ModelAliasRow(Row):
    """A word that points to a version of a model."""

    __tablename__ = "model_aliases"
    model_id: Mapped[str] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    updated_at: Mapped[int] = mapped_column(default=now_ms(), onupdate=now_ms())


class AliasMoveRow(Row):
    """One move of an alias: its history."""

    __tablename__ = "alias_moves"
    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    model_id: Mapped[str] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), index=True)
    alias: Mapped[str]
    number: Mapped[int | None]
    at: Mapped[int] = mapped_column(default=now_ms())


class IdempotencyRow(Row):
    """An Idempotency-Key and the answer that its request got."""

    __tablename__ = "idempotency"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[str]
    status_code: Mapped[int]
    answer: Mapped[Json]
    created_at: Mapped[int] = mapped_column(default=now_ms(), index=True)


class WorkerRow(Row):
    """A worker process and its last sign of life."""

    __tablename__ = "workers"
    name: Mapped[str] = mapped_column(primary_key=True)
    queues: Mapped[list[str]]
    slots: Mapped[int]
    busy: Mapped[int]
    started_at: Mapped[int] = mapped_column(default=now_ms())
    heartbeat_at: Mapped[int] = mapped_column(default=now_ms())
