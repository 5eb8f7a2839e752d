"""Transactions on SQLite or PostgreSQL.

    store = Store(settings.database)
    with store.begin() as session: ...     # writes; committed at the end, rolled back on an error
    with store.read() as session: ...      # reads; always rolled back

On SQLite a write begins as BEGIN IMMEDIATE: with a plain BEGIN, two writers that both read first can only fail.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session as Session  # for the use cases, which may not import it themselves
from sqlalchemy.sql.functions import FunctionElement

T = TypeVar("T")

BUSY_SECONDS = 30
RETRY_SECONDS = 0.5


class now_ms(FunctionElement[int]):  # noqa: N801  an SQL function
    """Milliseconds since 1970 UTC by the database's clock."""

    type = BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _now_sqlite(*_: Any, **__: Any) -> str:
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(now_ms, "postgresql")
def _now_postgresql(*_: Any, **__: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


UNREACHABLE = (OperationalError, InterfaceError)
"""What is raised while the database cannot be reached, or is locked for too long."""


class Store:
    """The database, in short transactions. Every one may raise what stands in UNREACHABLE."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._reading = self.engine.execution_options(reading=True)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction that writes."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads."""
        with Session(self._reading, expire_on_commit=False) as session:
            yield session

    def insist(self, work: Callable[[Session], T], seconds: float) -> T:
        """`work` in a transaction that writes; while the database cannot be reached, again, for so long at most.

        A commit whose answer got lost is made again too: `work` must tell by itself what is written already.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                with self.begin() as session:
                    return work(session)
            except UNREACHABLE:
                if time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    if file := make_url(url).database:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=10, max_overflow=20)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are ours, not the driver's
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
