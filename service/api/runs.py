"""Runs of all kinds: fits and ingestions; and checkpoints by their ids."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response

from service import jobs, registry
from service.api.answers import Answer
from service.api.context import Here, Reader
from service.api.pages import Page, page
from service.api.problems import problems
from service.api.views.job import checkpoint_body, run_body
from service.api.waiting import Wait, until
from service.store.status import TERMINAL

router = APIRouter(tags=["runs"])


@router.get("/v1/runs", responses=problems(422))
def list_runs(request: Request, here: Here, caller: Reader, query: Page) -> Response:
    """Runs of all kinds, the newest first."""
    look = partial(jobs.see_runs, here.store, caller.project_id)
    found = look(after=query.after, limit=query.limit + 1, newest_first=query.newest_first)
    return page(request, query, [seen.run for seen in found], [run_body(seen) for seen in found])


@router.get("/v1/runs/{run_id}", responses=problems(404, 410))
async def get_run(here: Here, caller: Reader, run_id: str, wait: Wait = 0) -> Response:
    """A run as it is now; `wait` waits for its end."""
    look = partial(jobs.see_run, here.store, caller.project_id, run_id)
    return Answer(run_body(await until(here, look, lambda seen: seen.run.status in TERMINAL, wait)))


@router.get("/v1/checkpoints/{checkpoint_id}", responses=problems(404, 410))
def get_checkpoint(here: Here, caller: Reader, checkpoint_id: str) -> Response:
    """A checkpoint."""
    return Answer(checkpoint_body(registry.see_checkpoint(here.store, caller.project_id, checkpoint_id)))
