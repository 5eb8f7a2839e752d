"""Houses with workers: on SQLite and a folder, and on PostgreSQL and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import folder_settings, redis_settings
from tests.databases import postgres_url, postgresql_url, sqlite_template, sqlite_url
from tests.house import House, Iris, house, ingest_iris

__all__ = ["folder_settings", "postgres_url", "postgresql_url", "redis_settings", "sqlite_template", "sqlite_url"]


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Iris:
    """The iris flowers, ingested."""
    return ingest_iris(tmp_path_factory.mktemp("iris"))


@pytest.fixture
def home(tmp_path: Path, iris: Iris, sqlite_url: str) -> Iterator[House]:
    """The embedded default."""
    with house(tmp_path, iris, sqlite_url, {}) as built:
        yield built


@pytest.fixture(params=["embedded", pytest.param("production", marks=pytest.mark.slow)])
def either(request: pytest.FixtureRequest, tmp_path: Path, iris: Iris) -> Iterator[House]:
    """The embedded default, and the shape of production."""
    database, broker = {"embedded": ("sqlite", "folder"), "production": ("postgresql", "redis")}[request.param]
    url = request.getfixturevalue(f"{database}_url")
    with house(tmp_path, iris, url, request.getfixturevalue(f"{broker}_settings")) as built:
        yield built
