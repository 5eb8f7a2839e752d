"""A job and a run as bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.clock import rfc3339
from service.jobs import Seen, SeenRun
from service.store.rows import CheckpointRow, RunRow
from service.store.status import TERMINAL, Status

RUN_LINKS = ("events", "metrics", "curves", "checkpoints", "report", "confusion")


def job_body(seen: Seen) -> dict[str, Any]:
    """A job; what its run tells stands in it too."""
    job, path = seen.job, f"/v1/jobs/{seen.job.id}"
    told = run_body(seen.last)
    for name in ("id", "job", "kind", "links"):
        del told[name]
    return {
        "id": job.id,
        "name": job.name,
        "dataset": seen.dataset,
        "tags": job.tags,
        **told,
        "status": job.status,
        "terminal": job.status in TERMINAL,
        "created_at": rfc3339(job.created_at),
        "finished_at": rfc3339(job.finished_at),
        "warnings": [*job.warnings, *seen.last.run.warnings],
        "spec": job.spec,
        "resolved_spec": seen.last.run.resolved_spec or job.resolved_spec,
        "runs": [run.id for run in seen.runs],
        "links": {**_links(path, job.status, seen.last.best), "runs": f"{path}/runs"},
    }


def job_line(seen: Seen) -> dict[str, Any]:
    """A job in a list: without its specs."""
    body = job_body(seen)
    return {name: value for name, value in body.items() if name not in ("spec", "resolved_spec", "report")}


def run_body(seen: SeenRun) -> dict[str, Any]:
    """A run: `metrics` are those of its best network over every part, once it has finished."""
    run, best = seen.run, seen.best
    report = run.report or {}
    return {
        "id": run.id,
        "job": run.job_id,
        "kind": run.kind,
        "status": run.status,
        "terminal": run.status in TERMINAL,
        "reason": run.reason,
        "progress": {
            "fraction": run.fraction,
            "epoch": run.epoch,
            "epochs": run.epochs,
            "step": run.step,
            "loss": run.loss,
        },
        "eta": _eta(run, seen.epoch_seconds),
        "queue": None if seen.position is None else {"name": run.queue, "position": seen.position},
        "attempt": run.attempts + 1,
        "claims": run.token,
        "worker": _worker(run, seen.now),
        "device": run.device,
        "facts": run.facts,
        "best": _best(run, best),
        "metrics": report.get("metrics", {}),
        "baseline": _baselines(report),
        "warnings": run.warnings,
        "created_at": rfc3339(run.created_at),
        "started_at": rfc3339(run.started_at),
        "updated_at": rfc3339(run.updated_at),
        "finished_at": rfc3339(run.finished_at),
        "links": _links(f"/v1/runs/{run.id}", run.status, best),
    }


def _eta(run: RunRow, epoch_seconds: Sequence[float]) -> dict[str, float] | None:
    """Seconds to the end; `low` and `high` if all epochs to come took as long as the quickest and the slowest lately.

    Early stopping may end it sooner.
    """
    if run.seconds_left is None or run.status in TERMINAL:
        return None
    told = {"seconds": run.seconds_left}
    if epoch_seconds and run.epochs:
        left = run.epochs - run.epoch
        told |= {"low": left * min(epoch_seconds), "high": left * max(epoch_seconds)}
    return told


def _worker(run: RunRow, now: int) -> dict[str, Any] | None:
    if run.owner is None:
        return None
    age = None if run.heartbeat_at is None else (now - run.heartbeat_at) / 1000
    return {"name": run.owner, "heartbeat_age_s": age}


def _best(run: RunRow, best: CheckpointRow | None) -> dict[str, Any] | None:
    if best is None:
        return None
    stopping = (run.resolved_spec or run.spec).get("early_stopping") or {}
    guess = "validation.loss" if "validation.loss" in best.metrics else "train.loss"
    name = stopping.get("metric") or guess
    return {"metric": name, "value": best.metrics.get(name), "epoch": best.epoch, "checkpoint": best.id}


def _baselines(report: dict[str, Any]) -> dict[str, Any]:
    parts = report.get("report", {}).get("parts", {})
    return {f"{part}.{name}": value for part, told in parts.items() for name, value in told.get("baseline", {}).items()}


def _links(path: str, status: str, best: CheckpointRow | None) -> dict[str, str]:
    links = {"self": path, **{name: f"{path}/{name}" for name in RUN_LINKS}}
    if best is not None:
        links["predict"] = f"{path}/predict"
    if path.startswith("/v1/jobs/"):
        links |= {name: f"{path}/{name}" for name in _wishes(status)}
    return links


def _wishes(status: str) -> tuple[str, ...]:
    """What can be asked of a job in this state."""
    if status == Status.PAUSED:
        return ("resume", "cancel")
    if status == Status.FAILED:
        return ("retry",)
    return () if status in TERMINAL else ("cancel", "pause")


def checkpoint_body(row: CheckpointRow) -> dict[str, Any]:
    """A checkpoint."""
    path = f"/v1/checkpoints/{row.id}"
    return {
        "id": row.id,
        "run": row.run_id,
        "sha256": row.sha256,
        "bytes": row.bytes,
        "epoch": row.epoch,
        "step": row.step,
        "reasons": row.reasons,
        "metrics": row.metrics,
        "created_at": rfc3339(row.created_at),
        "links": {"self": path, "predict": f"{path}/predict", "run": f"/v1/runs/{row.run_id}"},
    }
