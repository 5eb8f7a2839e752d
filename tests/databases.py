"""Fixtures of databases that are real and migrated: a SQLite file, and PostgreSQL where there is one.

FITSERVE_TEST_POSTGRES names a PostgreSQL server on which databases may be made and dropped.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import migrations
from service.store import runs
from service.store.engine import Store
from service.store.rows import DEFAULT_PROJECT, DatasetRow, DatasetVersionRow, JobRow, Row, RunRow

POSTGRES = os.environ.get("FITSERVE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")

NO_POSTGRES = f"no PostgreSQL at {POSTGRES} (FITSERVE_TEST_POSTGRES names one)"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "fitserve.db"
    migrations.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str | None]:
    """A migrated PostgreSQL database, emptied after each test; None where no server answers."""
    try:
        with _database() as url:
            migrations.upgrade(url)
            yield url
    except sa.exc.OperationalError:
        yield None


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A migrated SQLite file of this test's own."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'fitserve.db')}"


@pytest.fixture
def postgresql_url(postgres_url: str | None) -> Iterator[str]:
    """A migrated PostgreSQL database without anything of other tests."""
    if postgres_url is None:
        pytest.skip(NO_POSTGRES)
    yield postgres_url
    _empty(postgres_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database without anything of other tests."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str | None) -> Iterator[str]:
    """An empty database of this test's own, of the backend that the test's indirect parameter names."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'fitserve.db'}"
        return
    if postgres_url is None:
        pytest.skip(NO_POSTGRES)
    with _database() as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store on a migrated database."""
    opened = Store(database_url)
    yield opened
    opened.close()


def add_version(session: Session, name: str = "iris", **values: Any) -> DatasetVersionRow:
    """A dataset with one version that is ready."""
    dataset = DatasetRow(id=f"ds_{name}", project_id=DEFAULT_PROJECT, name=name)
    session.add(dataset)
    session.flush()
    given: dict[str, Any] = {"status": "ready", "upload_sha256": "a" * 64, "sha256": "b" * 64, "options": {}, **values}
    place = {"id": f"dsv_{name}", "project_id": DEFAULT_PROJECT, "dataset_id": dataset.id}
    version = DatasetVersionRow(**place, number=1, upload_bytes=1, **given)
    session.add(version)
    session.flush()
    return version


def add_run(session: Session, spec: dict[str, Any] | None = None, name: str = "iris", queue: str = "any") -> RunRow:
    """A queued run of a job of its own; its dataset is made where it is missing."""
    version = session.get(DatasetVersionRow, f"dsv_{name}") or add_version(session, name)
    spec = {"epochs": 3, **(spec or {})}
    job = JobRow(
        id=f"job_{uuid.uuid4().hex}",
        project_id=DEFAULT_PROJECT,
        status="queued",
        spec=spec,
        resolved_spec=spec,
        tags=[],
        warnings=[],
        dataset_version_id=version.id,
    )
    session.add(job)
    session.flush()
    return runs.add(session, DEFAULT_PROJECT, "fit", version.id, spec, queue, job.id)


@contextmanager
def _database() -> Iterator[str]:
    name = f"fitserve_test_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def _empty(url: str) -> None:
    store = Store(url)
    with store.begin() as session:
        for table in reversed(Row.metadata.sorted_tables):
            rows = sa.delete(table)
            session.execute(rows.where(table.c.id != DEFAULT_PROJECT) if table.name == "projects" else rows)
    store.close()
