"""The service itself: whether it lives, what it counts, who works, what waits, what is too much."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client import REGISTRY as OWN
from prometheus_client.multiprocess import MultiProcessCollector

from service.api import strict_json
from service.api.answers import Answer
from service.api.context import Here, Reader
from service.api.pages import whole
from service.api.problems import problems
from service.clock import rfc3339
from service.errors import Unavailable
from service.predictions import MOST_ROWS
from service.store import jobs, runs, workers
from service.store.rows import WorkerRow

router = APIRouter(tags=["system"])


@router.get("/healthz")
def get_health() -> Answer:
    """This process answers. Never needs a key."""
    return Answer({"status": "ok"})


@router.get("/readyz", responses=problems(503))
def get_readiness(here: Here) -> Answer:
    """This process can serve: it is not ending, and the database answers. Never needs a key."""
    if here.stopping.is_set():
        raise Unavailable("This process is ending.", headers={"Retry-After": "1"})
    with here.store.read() as session:
        jobs.now(session)
    return Answer({"status": "ready"})


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def get_metrics(here: Here, caller: Reader) -> Response:  # noqa: ARG001  a key's scope
    """Counters and histograms for Prometheus, of all API processes of this port."""
    if here.settings.api_processes == 1:
        return Response(generate_latest(OWN), media_type=CONTENT_TYPE_LATEST)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return Response(generate_latest(together), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/workers")
def list_workers(here: Here, caller: Reader) -> Answer:  # noqa: ARG001
    """Workers that gave a sign of life within the last hour."""
    with here.store.read() as session:
        return whole([_worker(row, age) for row, age in workers.listed(session)])


@router.get("/v1/queue")
def get_queue(here: Here, caller: Reader) -> Answer:
    """How many of the project's runs are in each state that is no end."""
    with here.store.read() as session:
        return Answer({"runs": runs.counted(session, caller.project_id)})


@router.get("/v1/limits")
def get_limits(here: Here, caller: Reader) -> Answer:  # noqa: ARG001
    """How large things may be."""
    settings = here.settings
    return Answer(
        {
            "upload_bytes": settings.upload_bytes,
            "json_body_bytes": settings.body_bytes,
            "prediction_body_bytes": settings.predict_bytes,
            "prediction_rows": MOST_ROWS,
            "json_depth": strict_json.MAX_DEPTH,
            "attempts_without_progress": settings.max_attempts,
        }
    )


def _worker(row: WorkerRow, age_ms: int) -> dict[str, Any]:
    return {
        "name": row.name,
        "queues": row.queues,
        "slots": row.slots,
        "busy": row.busy,
        "started_at": rfc3339(row.started_at),
        "heartbeat_age_s": round(age_ms / 1000, 1),
    }
