"""Events of an imagined fit, and questions to the store."""

from __future__ import annotations

from typing import Any

from service.store import claims, events, recording
from service.store.claims import Claim
from service.store.engine import Store
from service.store.rows import DEFAULT_PROJECT, EventRow, MetricRow, RunRow
from service.store.status import Status

LEASE = 30.0
PROJECT = DEFAULT_PROJECT

Event = dict[str, Any]


def started(epoch: int = 0, step: int = 0, epochs: int = 3) -> Event:
    return {"kind": "started", "epoch": epoch, "step": step, "epochs": epochs}


def epoch_ended(epoch: int, **metrics: float) -> Event:
    measured = metrics or {"train.loss": 1 / epoch}
    return {"kind": "epoch_ended", "epoch": epoch, "step": 10 * epoch, "seconds": 0.1, "metrics": measured}


def saved(epoch: int, *reasons: str, sha256: str | None = None) -> Event:
    told = {"folder": "", "sha256": sha256 or f"{epoch:064x}", "bytes": 7, "metrics": {"train.loss": 1 / epoch}}
    place = {"epoch": epoch, "step": 10 * epoch}
    return {"kind": "checkpoint_saved", **told, **place, "reasons": reasons or ("best", "last")}


def finished(**metrics: float) -> Event:
    told = {"reason": "epochs_done", "message": "all 3 epochs are done", "best_epoch": 3}
    return {"kind": "finished", **told, "metrics": metrics, "report": {"parts": {}}}


def stopped(epoch: int) -> Event:
    return {"kind": "stopped", "epoch": epoch, "step": 10 * epoch}


def failed(code: str = "loss-not-finite", retryable: bool = False) -> Event:
    return {"kind": "failed", "code": code, "message": "it went wrong", "retryable": retryable, "details": []}


def claim(store: Store, run_id: str | None = None, queues: tuple[str, ...] = ("any",), lease: float = LEASE) -> Claim:
    """A claim that must succeed."""
    with store.begin() as session:
        claimed = claims.claim(session, run_id, "a worker", queues, lease)
    assert claimed is not None
    return claimed


class Recorder:
    """Records the batches of one claim."""

    def __init__(self, store: Store, claimed: Claim) -> None:
        self.store, self.claim, self.number = store, claimed, 0

    def __call__(self, *told: Event) -> Status:
        self.number += 1
        with self.store.begin() as session:
            return recording.record(session, self.claim, self.number, told, LEASE)


def run(store: Store, run_id: str) -> RunRow:
    """The run's row as it is now."""
    with store.read() as session:
        return session.get_one(RunRow, run_id)


def told(store: Store, run_id: str) -> list[EventRow]:
    """The run's events."""
    with store.read() as session:
        return list(events.after(session, PROJECT, run_id))


def measured(store: Store, run_id: str) -> list[tuple[str, int, float | None]]:
    """(name, step, value) of the run's metrics."""
    with store.read() as session:
        rows = session.query(MetricRow).filter_by(run_id=run_id).order_by(MetricRow.name, MetricRow.step)
        return [(row.name, row.step, row.value) for row in rows]
