"""The database: engine, transactions, and its clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from service.settings import Settings

BUSY_SECONDS = 30
"""How long a writer waits for another one (SQLite)."""

PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {BUSY_SECONDS * 1000}")
"""FULL: with WAL and NORMAL a power loss may take back what was committed."""


class now_ms(FunctionElement[int]):  # noqa: N801  reads as the SQL function that it is
    """The database's clock: milliseconds since 1970, UTC."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _now_sqlite(*_: Any, **__: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER)"


@compiles(now_ms, "postgresql")
def _now_postgresql(*_: Any, **__: Any) -> str:
    # clock_timestamp, not now(): after waiting for a lock the start of the transaction is long past.
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


class Store:
    """Transactions on one database. Rows stay readable after their session has ended."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(write=True)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A write transaction: committed at the end, rolled back by an exception."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A read transaction. Strictly read-only: nothing is committed."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_store(settings: Settings) -> Store:
    """The store of these settings."""
    return Store(create_engine(settings))


def create_engine(settings: Settings) -> Engine:
    """An engine for the settings' database; the folder of a SQLite file is made where it is missing."""
    url = make_url(settings.database_url)
    return _sqlite(url, settings) if url.get_backend_name() == "sqlite" else _server(url, settings)


def _server(url: URL, settings: Settings) -> Engine:
    return sa.create_engine(
        url,
        pool_size=settings.database_pool,
        max_overflow=settings.database_pool,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5},
    )


def _sqlite(url: URL, settings: Settings) -> Engine:
    settings.home.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        pool_size=settings.database_pool,
        max_overflow=settings.database_pool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver shall not begin transactions: `_begin_sqlite` does
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock at once: a transaction that reads first and writes then could not be upgraded.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
