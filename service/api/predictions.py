"""Prediction routes: a picture's bytes, JSON rows or a CSV in; labels, probabilities, values out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from models.data.connectors.text import UTF16
from service import predictions
from service.api import strict_json
from service.api.answers import Answer
from service.api.bodies import read
from service.api.context import Asker, Context, Here
from service.api.problems import problems
from service.errors import Fault, Invalid, PayloadTooLarge, UnsupportedMediaType
from service.predictions import Source
from service.telemetry import PREDICTIONS

router = APIRouter(tags=["predictions"])

Route = TypeVar("Route", bound=Callable[..., Any])

Top = Annotated[int, Query(ge=1, le=1000, description="How many classes to list, the likeliest first.")]
Wait = Annotated[float, Query(ge=0, le=600, description="Seconds to wait for a job that has not ended.")]

ANSWERS = problems(404, 409, 413, 415, 422)
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "description": "`rows`: objects by column name, or lists in the order of the inputs; or one such "
                    "object by itself. A picture is its file in base64.",
                },
                "example": {"rows": [[5.1, 3.5, 1.4, 0.2]]},
            },
            "text/csv": {"schema": {"type": "string"}},
            "image/*": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}

LARGEST_JSON = 4 * 1024 * 1024
"""Parsing holds up every other request of the process: a second for 10 MB."""

MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"P5", b"P6", b"<svg")
"""How pictures begin; `curl -T` sends no Content-Type. What else has a NUL early is no text, so perhaps a picture."""


def _predicting(path: str) -> Callable[[Route], Route]:
    """POST, and PUT because `curl -T` sends it."""

    def add(route: Route) -> Route:
        for method in ("POST", "PUT"):
            name = f"{route.__name__}_by_{method.lower()}"
            router.add_api_route(
                path, route, methods=[method], operation_id=name, responses=ANSWERS, openapi_extra=BODY
            )
        return route

    return add


@_predicting("/v1/jobs/{job_id}/predict")
async def predict_by_job(
    request: Request, here: Here, caller: Asker, job_id: str, top: Top = 3, wait: Wait = 0
) -> Answer:
    """Ask the job's best network so far; `wait` lets the job end first."""
    return await _answer(
        request,
        here,
        top,
        await _awaited(here, lambda: predictions.of_job(here.store, caller.project_id, job_id), wait),
    )


@_predicting("/v1/runs/{run_id}/predict")
async def predict_by_run(
    request: Request, here: Here, caller: Asker, run_id: str, top: Top = 3, wait: Wait = 0
) -> Answer:
    """Ask the run's best network so far; `wait` lets the run end first."""
    return await _answer(
        request,
        here,
        top,
        await _awaited(here, lambda: predictions.of_run(here.store, caller.project_id, run_id), wait),
    )


@_predicting("/v1/checkpoints/{checkpoint_id}/predict")
async def predict_by_checkpoint(
    request: Request, here: Here, caller: Asker, checkpoint_id: str, top: Top = 3
) -> Answer:
    """Ask this very checkpoint."""
    source = await run_in_threadpool(predictions.of_checkpoint, here.store, caller.project_id, checkpoint_id)
    return await _answer(request, here, top, source)


@_predicting("/v1/models/{reference}/predict")
async def predict_by_model(request: Request, here: Here, caller: Asker, reference: str, top: Top = 3) -> Answer:
    """Ask a model: `name`, `name@3` or `name@alias`."""
    source = await run_in_threadpool(predictions.of_model, here.store, caller.project_id, reference)
    return await _answer(request, here, top, source)


async def _awaited(here: Context, look: Callable[[], tuple[Source | None, bool]], wait: float) -> Source:
    """The source, once the job has ended or the time is up."""
    deadline = time.monotonic() + wait
    while True:
        source, ended = await run_in_threadpool(look)
        if ended or time.monotonic() >= deadline or here.stopping.is_set():
            break
        await here.stopping.wait(here.settings.poll_seconds)
    if source is None:
        raise predictions.not_ready(ended)
    return source


async def _answer(request: Request, here: Context, top: int, source: Source) -> Answer:
    body = await read(request, here.settings.predict_bytes)
    reader = _reader(request.headers.get("content-type"), body)
    told = await run_in_threadpool(reader, here.predictors, source, body, top)
    PREDICTIONS.inc(len(told.get("predictions", (told,))))
    return Answer(told)


def _reader(content_type: str | None, body: bytes) -> Callable[..., dict[str, Any]]:
    """What reads this body: by its Content-Type, else by its first bytes."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if not body:
        raise Invalid(
            Fault("The body is empty.", "malformed-json", fix="curl -T shoe.png, or --json '{\"rows\": [...]}'")
        )
    if kind == "application/json":
        return _answer_json
    if kind in ("text/csv", "application/csv"):
        return predictions.answer_csv
    if kind.startswith("image/"):
        return predictions.answer_picture
    if kind in ("", "application/octet-stream"):
        if body.startswith(MAGIC) or (b"\0" in body[:512] and not body.startswith(UTF16)):
            return predictions.answer_picture
        return _answer_json if body.lstrip()[:1] in (b"{", b"[") else predictions.answer_csv
    fix = "curl --json '{\"rows\": [...]}', curl -T rows.csv, or curl -T shoe.png"
    raise UnsupportedMediaType(f"{kind} is not read here.", [Fault("JSON, CSV or a picture is needed.", fix=fix)])


def _answer_json(*args: Any) -> dict[str, Any]:
    predictors, source, body, top = args
    if len(body) > LARGEST_JSON:
        raise PayloadTooLarge(f"JSON has at most {LARGEST_JSON} bytes here; ask in several requests.")
    return predictions.answer_json(predictors, source, strict_json.parse(body), top)
