"""Curves of a run's metrics as a picture: SVG, PNG, or characters for a terminal."""

from collections.abc import Callable
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse

from models.plots import Curve, characters, picture
from service.api.context import Here, Reader
from service.api.problems import problems
from service.api.thinning import thin
from service.errors import NotAcceptable
from service.store import metrics
from service.store.engine import Store

MOST_POINTS = 2000
TYPES = ("image/svg+xml", "image/png", "text/plain")


def routes(prefix: str, run_of: Callable[..., str], tag: str) -> APIRouter:
    """The route under `prefix`, whose run `run_of` finds. (No postponed annotations here: they name local things.)"""
    router = APIRouter(prefix=prefix, tags=[tag])
    run_type = Annotated[str, Depends(run_of)]

    @router.get(
        "/curves",
        responses={200: {"content": {kind: {} for kind in TYPES}}, **problems(404, 406, 410, 422)},
        response_class=Response,
    )
    def get_curves(
        request: Request,
        here: Here,
        caller: Reader,
        run: run_type,
        name: Annotated[list[str], Query(max_length=50, description="Metrics; left out: all losses")] = [],  # noqa: B006
        over: Literal["epoch", "step"] = "epoch",
        width: Annotated[int, Query(ge=30, le=400)] = 100,
        height: Annotated[int, Query(ge=8, le=100)] = 25,
    ) -> Response:
        """Curves of metrics. `Accept: text/plain` draws characters (`width` x `height`), image/png a PNG, else SVG."""
        names = [each for text in name for each in text.split(",")]
        curves = _curves(here.store, caller.project_id, run, names, over)
        wanted = _type(request.headers.get("accept", "*/*"))
        if wanted == "text/plain":
            return PlainTextResponse(characters(curves, over, width, height) + "\n")
        return Response(picture(curves, over, "png" if wanted == "image/png" else "svg"), media_type=wanted)

    return router


def _type(accept: str) -> str:
    asked = [each.partition(";")[0].strip().lower() for each in accept.split(",")]
    if any(each in ("*/*", "image/*") for each in asked) and not set(asked) & set(TYPES):
        return TYPES[0]
    for each in asked:
        if each in TYPES:
            return each
    raise NotAcceptable("Curves are drawn as " + ", ".join(TYPES) + ".")


def _curves(store: Store, project_id: str, run: str, names: list[str], over: str) -> list[Curve]:
    with store.read() as session:
        found = metrics.series(session, project_id, run, names)
    chosen = [row for row in found if names or row.name.endswith(".loss")]
    grouped = [(name, thin(list(rows), MOST_POINTS)) for name, rows in groupby(chosen, lambda row: row.name)]
    return [
        Curve(name, [row.epoch if over == "epoch" else row.step for row in rows], [row.value for row in rows])
        for name, rows in grouped
    ]
