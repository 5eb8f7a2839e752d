from __future__ import annotations

import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from service.store.engine import Session, Store, now_ms
from service.store.rows import ProjectRow
from tests.databases import add_run
from tests.runs import run, told

WRITER = """
import sys
from service.store.change import Change, lock
from service.store.engine import Store
from service.store.rows import RunRow

store = Store(sys.argv[1])
for number in range(int(sys.argv[3])):
    with store.begin() as session:
        with Change(session, *lock(session, RunRow.id == sys.argv[2])) as change:
            change.tell("test", {"number": number})
            change.set(step=change.run.step + 1)
"""


def test_clock_is_the_database_s_in_milliseconds(store: Store) -> None:
    with store.read() as session:
        assert abs((session.scalar(sa.select(now_ms())) or 0) - time.time() * 1000) < 5_000


def test_clock_goes_on_within_a_transaction(store: Store) -> None:
    with store.begin() as session:
        before = session.scalar(sa.select(now_ms())) or 0
        time.sleep(0.02)
        assert (session.scalar(sa.select(now_ms())) or 0) - before >= 10


def test_transaction_that_raises_changes_nothing(store: Store) -> None:
    def work(session: Session) -> None:
        session.add(ProjectRow(id="prj_x", name="x"))
        session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.insist(work, 0)
    with store.read() as session:
        assert session.get(ProjectRow, "prj_x") is None


def test_rows_stay_readable_after_their_session(store: Store) -> None:
    with store.begin() as session:
        row = add_run(session)
    assert (row.status, row.attempts, row.warnings) == ("queued", 0, [])


def test_reader_does_not_wait_for_a_writer(store: Store) -> None:
    with store.begin() as writing:
        writing.add(ProjectRow(id="prj_x", name="x"))
        writing.flush()
        with store.read() as session:
            assert session.get(ProjectRow, "prj_x") is None
        writing.rollback()


def test_writers_in_several_processes_lose_nothing(store: Store, database_url: str) -> None:
    """Six writers on SQLite with SQLAlchemy's defaults lost 1,405 of 1,800 increments."""
    with store.begin() as session:
        run_id = add_run(session).id
    command = [sys.executable, "-c", WRITER, database_url, run_id, "50"]
    writers = [subprocess.Popen(command) for _ in range(6)]
    assert [writer.wait() for writer in writers] == [0] * 6
    assert run(store, run_id).step == 300
    assert [event.seq for event in told(store, run_id)] == list(range(1, 302))


def test_insisting_outlasts_a_database_that_cannot_be_reached(store: Store) -> None:
    calls = []

    def work(session: object) -> str:
        calls.append(session)
        if len(calls) < 3:
            raise sa.exc.OperationalError("SELECT 1", None, Exception("gone"))
        return "done"

    assert store.insist(work, 10) == "done"
    assert len(calls) == 3


def test_insisting_ends_after_its_time(store: Store) -> None:
    def work(_: object) -> None:
        raise sa.exc.OperationalError("SELECT 1", None, Exception("gone"))

    with pytest.raises(sa.exc.OperationalError):
        store.insist(work, 0)


def test_error_that_is_not_the_database_s_is_raised_at_once(store: Store) -> None:
    def work(_: object) -> None:
        raise ValueError

    with pytest.raises(ValueError):
        store.insist(work, 10)
