"""Events and measured numbers as bodies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from service.clock import rfc3339
from service.store.rows import EventRow, MetricRow


def event_body(row: EventRow) -> dict[str, Any]:
    """What happened to a run."""
    return {"seq": row.seq, "run": row.run_id, "at": rfc3339(row.at), "kind": row.kind, "data": row.data}


def point_body(row: MetricRow) -> dict[str, Any]:
    """A measured number; one that is not finite is null with its name beside it."""
    body = {"name": row.name, "epoch": row.epoch, "step": row.step, "value": row.value, "at": rfc3339(row.at)}
    return body if row.nonfinite is None else {**body, "nonfinite": row.nonfinite}


def points_csv(rows: Iterable[MetricRow]) -> Iterator[str]:
    """Measured numbers as CSV; names are ours and need no quotes."""
    yield "name,epoch,step,value\r\n"
    for row in rows:
        value = row.nonfinite if row.value is None else repr(row.value)
        yield f"{row.name},{row.epoch},{row.step},{value}\r\n"
