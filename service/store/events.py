"""What happened to a run, in order: sequences are 1..n without a gap, for whoever writes holds the run's row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from .rows import EventRow, Json, RunRow


class Told(NamedTuple):
    """An event that is about to be written."""

    kind: str
    data: Json


def append(session: Session, run: RunRow, first: int, now: int, events: Sequence[Told]) -> None:
    """Write events with the sequences first, first + 1 ..."""
    rows = [
        {"run_id": run.id, "seq": first + place, "project_id": run.project_id, "kind": kind, "data": data, "at": now}
        for place, (kind, data) in enumerate(events)
    ]
    if rows:
        session.connection().execute(insert(EventRow.__table__), rows)  # type: ignore[arg-type]


def after(session: Session, project_id: str, run_id: str, seq: int = 0, limit: int = 1000) -> Sequence[EventRow]:
    """The run's events that come after `seq`, in order."""
    mine = (EventRow.run_id == run_id, EventRow.project_id == project_id, EventRow.seq > seq)
    return session.scalars(select(EventRow).where(*mine).order_by(EventRow.seq).limit(limit)).all()


def finite(data: Json) -> Json:
    """The data with null for numbers that JSON cannot say, and `nonfinite`: {JSON pointer: nan | inf | -inf}."""
    strange = dict(_strange("", data))
    return {**_without(data), "nonfinite": strange} if strange else data


def name_of(value: float) -> str | None:
    """nan, inf or -inf; None for a finite number."""
    return None if math.isfinite(value) else str(float(value))


def _strange(pointer: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, float) and (name := name_of(value)):
        yield pointer, name
    elif isinstance(value, dict | list | tuple):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in inside:
            yield from _strange(f"{pointer}/{key}", each)


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without(each) for each in value]
    return None if isinstance(value, float) and name_of(value) else value


def last(session: Session, run_id: str, kind: str, limit: int) -> Sequence[EventRow]:
    """The run's last events of this kind, the newest first."""
    mine = (EventRow.run_id == run_id, EventRow.kind == kind)
    return session.scalars(select(EventRow).where(*mine).order_by(EventRow.seq.desc()).limit(limit)).all()
