"""The only way in which a run changes: under its row's lock, by one UPDATE that names the old state and the token.

    run, now = change.lock(session, RunRow.id == ...)
    with Change(session, run, now) as changing:
        changing.to(Status.CANCELLED, reason)      # refuses what status.py does not allow
        changing.tell("checkpoint_saved", {...})   # events get the next sequences
        changing.set(fraction=1.0)

The status events, the job's status and the status of an ingested dataset version are written in the same transaction.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from service.errors import WrongState
from service.store import status as states

from . import events
from .engine import now_ms
from .rows import DatasetVersionRow, JobRow, Json, RunRow
from .status import LEASED, TERMINAL, Status


class Fenced(Exception):  # noqa: N818  a fact about the writer
    """The run belongs to another claim by now: the writer must not write any more."""


def reason(code: str, message: str, by: str, retryable: bool = False, details: Any = None) -> Json:
    """Why a run's status is what it is; `by`: api, worker or sweeper."""
    why: Json = {"code": code, "message": message, "retryable": retryable, "by": by}
    return {**why, "details": list(details)} if details else why


def lock(session: Session, *where: ColumnElement[bool], skip_locked: bool = False) -> tuple[RunRow, int] | None:
    """The first run (by id, so by age) that this holds for, locked until the transaction ends; and the time."""
    found = select(RunRow, now_ms()).where(*where).order_by(RunRow.id).limit(1)
    locked = found.with_for_update(of=RunRow, skip_locked=skip_locked).execution_options(populate_existing=True)
    row = session.execute(locked).one_or_none()
    return (row[0], row[1]) if row else None


class Change:
    """What one transaction does to one locked run: collected, then written at the end of the `with` block."""

    def __init__(self, session: Session, run: RunRow, now: int) -> None:
        self.session, self.run, self.now = session, run, now
        self.status = Status(run.status)
        self._events: list[events.Told] = []
        self._values: Json = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            self._write()

    def tell(self, kind: str, data: Json) -> None:
        """Append an event."""
        self._events.append(events.Told(kind, events.finite(data)))

    def set(self, **values: Any) -> None:
        """Set columns."""
        self._values.update(values)

    def get(self, name: str) -> Any:
        """A column's value as it will be written."""
        return self._values.get(name, getattr(self.run, name))

    def to(self, status: Status, why: Json | None = None, **values: Any) -> None:
        """Change the status. Raises WrongState where it may not follow the present one."""
        if status not in states.FOLLOWS[self.status]:
            allowed = sorted(states.FOLLOWS[self.status])
            raise WrongState(f"The run is {self.status}.", status_now=str(self.status), allowed=allowed)
        self.tell("status", {"from": self.status, "to": status, "reason": why})
        self.set(status=status, reason=why, **self._follows(status), **values)
        self.status = status

    def _follows(self, status: Status) -> Json:
        values: Json = {"finished_at": self.now if status in TERMINAL else None}
        if status == Status.PREPARING:
            values["started_at"] = self.run.started_at or self.now
        if status not in LEASED:
            values |= {"lease_until": None, "owner": None, "seconds_left": None}
        if status == Status.QUEUED:
            values |= {"not_before": None, "rung_at": None}
        return values

    def _write(self) -> None:
        run, count = self.run, len(self._events)
        old = (RunRow.id == run.id, RunRow.status == run.status, RunRow.token == run.token)
        values = {**self._values, "event_seq": run.event_seq + count, "updated_at": self.now}
        changed = update(RunRow).where(*old).values(values).returning(RunRow.id)
        if self.session.execute(changed, execution_options={"synchronize_session": False}).one_or_none() is None:
            raise Fenced
        events.append(self.session, run, run.event_seq + 1, self.now, self._events)
        if self.status != run.status:
            self._settle_dataset()
            self._settle_job()
        for name, value in values.items():
            set_committed_value(run, name, value)

    def _settle_dataset(self) -> None:
        """An ingestion that ends without rows leaves a failed version behind."""
        if self.run.kind == "ingest" and self.status in TERMINAL - {Status.SUCCEEDED}:
            mine = (DatasetVersionRow.id == self.run.dataset_version_id, DatasetVersionRow.status == "ingesting")
            self.session.execute(
                update(DatasetVersionRow).where(*mine).values(status="failed", problem=self._values["reason"])
            )

    def _settle_job(self) -> None:
        """The job has the status that follows from its runs."""
        if self.run.job_id is None:
            return
        # Locked first: two runs of a job that end at the same time shall see each other's end.
        self.session.execute(select(JobRow.id).where(JobRow.id == self.run.job_id).with_for_update())
        found = self.session.scalars(select(RunRow.status).where(RunRow.job_id == self.run.job_id))
        status = states.of_job([Status(each) for each in found])
        finished = self.now if status in TERMINAL else None
        values = {"status": status, "updated_at": self.now, "finished_at": finished}
        self.session.execute(update(JobRow).where(JobRow.id == self.run.job_id).values(values))
