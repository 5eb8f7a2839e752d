"""What a run tells: events, metrics, checkpoints, report, confusion. The same under a job and under a run.

No `from __future__ import annotations` here: the routes are made twice, and their annotations name local things.
"""

from collections.abc import Callable
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from service import jobs
from service.api.answers import Answer
from service.api.context import Here, Reader
from service.api.pages import whole
from service.api.problems import problems
from service.api.stream import follow
from service.api.thinning import thin
from service.api.views.event import event_body, point_body, points_csv
from service.api.views.job import checkpoint_body
from service.errors import Fault, Invalid, NotFound, WrongState
from service.store import checkpoints, events, metrics
from service.store.engine import Store
from service.store.rows import MetricRow

PARTS = ("test", "validation", "train")
STREAM = "text/event-stream"

RunOf = Callable[..., str]


def run_of_job(here: Here, caller: Reader, job_id: str) -> str:
    """The run that a job's progress is told by."""
    return jobs.last_run(here.store, caller.project_id, job_id)


def run_of_run(here: Here, caller: Reader, run_id: str) -> str:
    """The run itself, once it is known to exist for the caller."""
    jobs.check_run(here.store, caller.project_id, run_id)
    return run_id


def routes(prefix: str, run_of: RunOf, tag: str) -> APIRouter:
    """The routes under `prefix`, whose run `run_of` finds."""
    router = APIRouter(prefix=prefix, tags=[tag])
    run_type = Annotated[str, Depends(run_of)]
    names_type = Annotated[list[str], Query(max_length=50, description="Metrics, e.g. `validation.loss`")]

    @router.get(
        "/events",
        responses={200: {"content": {STREAM: {}, "application/json": {}}}, **problems(404, 410, 422)},
        response_class=Response,
    )
    async def get_events(
        request: Request,
        here: Here,
        caller: Reader,
        run: run_type,
        after: Annotated[int | None, Query(ge=0, le=2**53)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
        last_event_id: Annotated[int | None, Header(ge=0, le=2**53)] = None,
    ) -> Response:
        """What happened, in order. `Accept: text/event-stream` replays and follows until the end, then says `done`."""
        start = after if after is not None else last_event_id or 0
        if STREAM in request.headers.get("accept", ""):
            quiet = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            return StreamingResponse(follow(here, caller.project_id, run, start), media_type=STREAM, headers=quiet)
        return await run_in_threadpool(_events, here.store, caller.project_id, run, start, limit)

    @router.get(
        "/metrics",
        responses={200: {"content": {"text/csv": {}, "application/json": {}}}, **problems(404, 410, 422)},
        response_class=Response,
    )
    def get_metrics(
        request: Request,
        here: Here,
        caller: Reader,
        run: run_type,
        name: names_type = [],  # noqa: B006  FastAPI copies it
        max_points: Annotated[int | None, Query(ge=4, le=100_000, description="Thin each metric to so many")] = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
        after: Annotated[str | None, Query(max_length=300)] = None,
    ) -> Response:
        """Measured numbers by name and step. `Accept: text/csv` gives all of them as CSV."""
        names = [each for text in name for each in text.split(",")]
        if max_points is not None or "text/csv" in request.headers.get("accept", ""):
            points = _thinned(here.store, caller.project_id, run, names, max_points)
            if "text/csv" in request.headers.get("accept", ""):
                return StreamingResponse(points_csv(points), media_type="text/csv; charset=utf-8")
            return whole([point_body(point) for point in points])
        return _points(here.store, caller.project_id, run, names, _place(after), limit)

    @router.get("/checkpoints", responses=problems(404, 410))
    def list_checkpoints(here: Here, caller: Reader, run: run_type) -> Response:
        """The checkpoints that are kept, oldest first; each can be asked for predictions."""
        with here.store.read() as session:
            found = checkpoints.of_run(session, caller.project_id, run)
        return whole([checkpoint_body(row) for row in found])

    @router.get("/report", responses=problems(404, 409, 410))
    def get_report(here: Here, caller: Reader, run: run_type) -> Response:
        """What was measured at the end: for each part the metrics, the baseline, a row for each class."""
        return Answer(_report(here.store, caller.project_id, run))

    @router.get("/confusion", responses=problems(404, 409, 410, 422))
    def get_confusion(
        here: Here,
        caller: Reader,
        run: run_type,
        part: str | None = None,
    ) -> Response:
        """The confusion matrix of the best network (rows = truth) over the test part, or the part that is asked for."""
        return Answer(_confusion(_report(here.store, caller.project_id, run), part))

    return router


def _events(store: Store, project_id: str, run: str, after: int, limit: int) -> Answer:
    with store.read() as session:
        found = events.after(session, project_id, run, after, limit + 1)
    data, has_more = [event_body(row) for row in found[:limit]], len(found) > limit
    return Answer({"data": data, "has_more": has_more, "next": data[-1]["seq"] if has_more else None})


def _thinned(store: Store, project_id: str, run: str, names: list[str], most: int | None) -> list[MetricRow]:
    with store.read() as session:
        found = metrics.series(session, project_id, run, names)
    if most is None:
        return list(found)
    return [point for _, points in groupby(found, lambda row: row.name) for point in thin(list(points), most)]


def _points(
    store: Store, project_id: str, run: str, names: list[str], after: tuple[str, int] | None, limit: int
) -> Answer:
    with store.read() as session:
        found = metrics.page(session, project_id, run, names, after, limit + 1)
    has_more = len(found) > limit
    following = f"{found[limit - 1].name}@{found[limit - 1].step}" if has_more else None
    return Answer({"data": [point_body(row) for row in found[:limit]], "has_more": has_more, "next": following})


def _place(cursor: str | None) -> tuple[str, int] | None:
    if cursor is None:
        return None
    name, _, step = cursor.rpartition("@")
    if not name or not (step.isascii() and step.isdigit() and len(step) < 19):
        raise Invalid(Fault("This is no cursor; take it from `next`.", "invalid-cursor", parameter="after"))
    return name, int(step)


def _report(store: Store, project_id: str, run: str) -> dict[str, Any]:
    seen = jobs.see_run(store, project_id, run).run
    if seen.report is None:
        raise WrongState(f"The report is made at the end; the run is {seen.status}.", status_now=seen.status)
    return seen.report


def _confusion(report: dict[str, Any], part: str | None) -> dict[str, Any]:
    measured = {name: told for name, told in report["report"]["parts"].items() if "confusion" in told}
    if not measured:
        raise NotFound("There is no confusion matrix: only classification of not too many classes has one.")
    chosen = part or next(name for name in PARTS if name in measured)
    if chosen not in measured:
        raise Invalid(Fault("No such part.", "out-of-range", parameter="part", given=part, allowed=sorted(measured)))
    told = measured[chosen]
    return {"part": chosen, **told["confusion"], "per_class": told.get("per_class")}
