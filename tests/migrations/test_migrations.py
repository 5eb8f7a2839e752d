from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import migrations
from models.faults import arm
from service.store.engine import Store
from service.store.rows import DEFAULT_PROJECT, ProjectRow, Row

BOTH = pytest.mark.parametrize("empty_url", ["sqlite", "postgresql"], indirect=True)
VERSIONS = sorted(Path(migrations.__file__).parent.glob("versions/[0-9]*.py"))


def test_migrated_schema_is_the_declared_one(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Row.metadata) == []


def test_default_project_is_there(store: Store) -> None:
    with store.read() as session:
        project = session.get(ProjectRow, DEFAULT_PROJECT)
        assert project is not None
        assert (project.name, project.created_at > 1_700_000_000_000) == ("default", True)


@BOTH
def test_up_down_up(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    first = tables(empty_url)
    migrations.downgrade(empty_url, "base")
    assert tables(empty_url) == {"alembic_version"}
    migrations.upgrade(empty_url)
    assert tables(empty_url) == first == {"alembic_version", *Row.metadata.tables}


@BOTH
def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    migrations.upgrade(empty_url)
    assert tables(empty_url) >= set(Row.metadata.tables)


@BOTH
def test_failed_upgrade_leaves_nothing_behind(empty_url: str, request: pytest.FixtureRequest) -> None:
    request.addfinalizer(lambda: arm(""))
    arm("migrate.step:raise")
    with pytest.raises(RuntimeError, match=r"migrate\.step"):
        migrations.upgrade(empty_url)
    assert tables(empty_url) == set()


@pytest.mark.parametrize("file", VERSIONS, ids=lambda file: file.name)
def test_revision_file_is_named_by_its_number(file: Path) -> None:
    number, _, title = file.stem.partition("_")
    assert re.fullmatch(r"\d{4}", number)
    assert title
    assert f'revision = "{number}"' in file.read_text()


def tables(url: str) -> set[str]:
    store = Store(url)
    with store.engine.connect() as connection:
        names = set(sa.inspect(connection).get_table_names())
    store.close()
    return names
