"""What a child tells, written into the database: a batch of its events is one transaction of the claim that it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.faults import failpoint

from . import checkpoints, metrics, registry
from .change import Change, Fenced, lock, reason
from .claims import Claim
from .events import finite
from .rows import DatasetVersionRow, Json, RunRow
from .status import LEASED, Status


@dataclass
class Batch:
    """A batch that is being written."""

    change: Change
    measured: list[Json] = field(default_factory=list)

    @property
    def run(self) -> RunRow:
        """The run's row as it was before."""
        return self.change.run


def record(session: Session, claim: Claim, number: int, events: Sequence[Json], lease_seconds: float) -> Status:
    """Write a batch of events and renew the lease. Returns the status, which may hold a wish, or tell the end.

    `number` counts the claim's batches from 1: one that was written already (its commit's answer got lost) is passed
    over. Raises Fenced, in which case nothing of the batch is written.
    """
    found = lock(session, RunRow.id == claim.run, RunRow.token == claim.token)
    if found is None:
        raise Fenced
    run, now = found
    if run.batch >= number:
        return Status(run.status)
    if run.status not in LEASED:
        raise Fenced
    with Change(session, run, now) as change:
        change.set(batch=number, heartbeat_at=now, lease_until=now + int(lease_seconds * 1000))
        _write(Batch(change), events)
    return change.status


def _write(batch: Batch, events: Sequence[Json]) -> None:
    for event in events:
        _WRITERS[event["kind"]](batch, event)
    metrics.write(batch.change.session, batch.measured)
    if batch.measured:
        failpoint("epoch.in_tx")


def _resolved(batch: Batch, event: Json) -> None:
    facts = {name: event[name] for name in ("parameters", "device", "rows", "updates_per_epoch")}
    batch.change.set(resolved_spec=event["spec"], facts=facts, device=event["device"])
    batch.change.tell("resolved", facts)


def _started(batch: Batch, event: Json) -> None:
    told = {name: event[name] for name in ("epoch", "step", "epochs")}
    batch.change.set(**told)
    batch.change.tell("started", told)
    if batch.change.status == Status.PREPARING:
        batch.change.to(Status.RUNNING)


def _progressed(batch: Batch, event: Json) -> None:
    """No event of its own: it would be one of thousands, and the next one makes it worthless."""
    batch.change.set(**{name: event[name] for name in ("epoch", "step", "fraction", "seconds_left", "loss")})


def _epoch_ended(batch: Batch, event: Json) -> None:
    change, told = batch.change, {name: event[name] for name in ("epoch", "step", "seconds", "metrics")}
    batch.measured += metrics.rows_of(batch.run, change.now, told["epoch"], told["step"], told["metrics"])
    epochs = change.get("epochs")
    change.set(epoch=told["epoch"], step=told["step"], loss=told["metrics"].get("train.loss"))
    change.set(fraction=told["epoch"] / epochs if epochs else 0.0)
    change.tell("epoch_ended", told)


def _checkpoint_saved(batch: Batch, event: Json) -> None:
    change, session = batch.change, batch.change.session
    row = checkpoints.keep(session, batch.run, event)
    if "last" in event["reasons"]:
        previous = checkpoints.get(session, change.get("checkpoint_id"))
        if previous is None or previous.step < row.step:
            change.set(attempts=0)
        change.set(checkpoint_id=row.id)
    if "best" in event["reasons"]:
        change.set(best_checkpoint_id=row.id)
    if batch.run.spec.get("keep") != "all":
        kept = [change.get("checkpoint_id"), change.get("best_checkpoint_id")]
        checkpoints.supersede(session, batch.run, kept, change.now)
    told = {name: event[name] for name in ("epoch", "step", "bytes", "reasons", "metrics")}
    change.tell("checkpoint_saved", {"checkpoint": row.id, **told})


def _warned(batch: Batch, event: Json) -> None:
    told = {name: event.get(name) for name in ("code", "message", "pointer")}
    known = batch.change.get("warnings")
    if told not in known:  # a resumed fit warns again
        batch.change.set(warnings=[*known, told])
        batch.change.tell("warned", told)


def _finished(batch: Batch, event: Json) -> None:
    failpoint("run.finalising")
    change, told = batch.change, {name: event[name] for name in ("reason", "message", "best_epoch", "metrics")}
    change.set(report=finite({**told, "report": event["report"]}), fraction=1.0, seconds_left=None)
    tested = {name: value for name, value in told["metrics"].items() if name.startswith("test.")}
    batch.measured += metrics.rows_of(batch.run, change.now, change.get("epoch"), change.get("step"), tested)
    change.tell("finished", told)
    if not _cancelled(change):
        change.to(Status.SUCCEEDED, reason(told["reason"], told["message"], "worker"))
        _publish(change)


def _publish(change: Change) -> None:
    name = change.run.spec.get("publish_as")
    checkpoint = change.get("best_checkpoint_id") or change.get("checkpoint_id")
    if name and checkpoint:
        version = registry.publish(change.session, change.run.project_id, name, change.run, checkpoint)
        change.tell("published", {"model": name, "version": version.number, "checkpoint": checkpoint})


def _stopped(batch: Batch, event: Json) -> None:
    change = batch.change
    change.set(epoch=event["epoch"], step=event["step"])
    if _cancelled(change):
        return
    if change.status == Status.PAUSING:
        change.to(Status.PAUSED, batch.run.reason)
    else:
        change.to(Status.QUEUED, reason("drained", "Its worker was shut down; it goes on elsewhere.", "worker", True))


def _ingested(batch: Batch, event: Json) -> None:
    change = batch.change
    told = {name: event[name] for name in ("sha256", "bytes")}
    change.tell("ingested", {**told, "rows": event["description"]["rows"]})
    if not _cancelled(change):
        values = {**told, "status": "ready", "description": event["description"], "problem": None}
        version = DatasetVersionRow.id == batch.run.dataset_version_id
        change.session.execute(update(DatasetVersionRow).where(version).values(values))
        change.set(fraction=1.0)
        change.to(Status.SUCCEEDED, reason("ingested", "The rows are stored.", "worker"))


def _failed(batch: Batch, event: Json) -> None:
    change, told = batch.change, {name: event[name] for name in ("code", "message", "retryable", "details")}
    change.tell("failed", told)
    if not _cancelled(change):
        change.to(Status.FAILED, reason(**told, by="worker"))


def _cancelled(change: Change) -> bool:
    """A wish to cancel that was committed first wins over however the work ended."""
    if change.status != Status.CANCELLING:
        return False
    change.to(Status.CANCELLED, change.run.reason)
    return True


_WRITERS: dict[str, Callable[[Batch, Json], None]] = {
    "resolved": _resolved,
    "started": _started,
    "progressed": _progressed,
    "epoch_ended": _epoch_ended,
    "checkpoint_saved": _checkpoint_saved,
    "warned": _warned,
    "finished": _finished,
    "stopped": _stopped,
    "ingested": _ingested,
    "failed": _failed,
}
ENDINGS = frozenset({"finished", "stopped", "ingested", "failed"})
"""Kinds of events after which the claim is over."""
