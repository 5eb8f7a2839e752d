"""Run by Alembic: connects, waits for others that migrate, and steps in one transaction."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from alembic import context
from sqlalchemy import text

from models.faults import failpoint
from service.settings import Settings
from service.store.engine import Store
from service.store.rows import Row

LOCK = 0x66697473
"""Number of PostgreSQL's advisory lock: "fits"."""


def main() -> None:
    """Apply the steps that Alembic has chosen."""
    with closing(Store(context.config.attributes.get("url") or Settings().database)) as store:
        _step(store)


def _step(store: Store) -> None:
    with store.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Row.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            transactional_ddl=True,
            on_version_apply=_applied,
        )
        # BEGIN IMMEDIATE on SQLite: a second process that migrates waits here, and then finds nothing to do.
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            context.run_migrations()


def _applied(*_: Any, **__: Any) -> None:
    failpoint("migrate.step")


main()
