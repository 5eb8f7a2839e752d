"""Jobs: posted, listed, followed, cancelled, paused, gone on with, deleted."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from models.spec import TrainingSpec
from service import datasets, jobs
from service.api.answers import Answer, to_json
from service.api.bodies import JsonBody, Sent, documented
from service.api.context import Context, Here, Reader, Trainer
from service.api.datasets import ready
from service.api.keyed import IdempotencyKey, created, key_of
from service.api.pages import PageQuery, page, whole
from service.api.problems import problems
from service.api.views.job import job_body, job_line, run_body
from service.api.waiting import Wait, until
from service.auth import Caller
from service.datasets import Version
from service.errors import Fault, Gone, Invalid, NotFound
from service.jobs import Seen
from service.near import fix_of, nearest
from service.store.idempotency import Answered
from service.store.jobs import Filter
from service.store.status import TERMINAL, Status

router = APIRouter(tags=["jobs"])

Spec = Annotated[Sent[TrainingSpec], Depends(JsonBody(TrainingSpec))]

RESTING = frozenset({*TERMINAL, Status.PAUSED})
"""States in which nothing happens until somebody asks."""


SOON: dict[int | str, dict[str, Any]] = {202: {"description": "Its worker saves a checkpoint first"}}


class JobsQuery(PageQuery):
    """Filters of the list of jobs."""

    status: list[Status] = Field(default=[], max_length=9)
    """One of these."""
    tag: str | None = Field(default=None, max_length=200)
    """Has this tag."""
    dataset: str | None = Field(default=None, max_length=200)
    """Was fitted on this dataset (`name`, `name@number`, or id of a version)."""


@router.post(
    "/v1/jobs",
    status_code=202,
    responses=problems(400, 409, 413, 415, 422),
    openapi_extra=documented(TrainingSpec),
)
async def post_job(request: Request, here: Here, caller: Trainer, sent: Spec, text: IdempotencyKey) -> Response:
    """Train a network. Only `dataset` and `target` are needed; the answer holds the spec with every default filled in.

    A built-in dataset that was never used before is read first, which may take a moment.
    """
    key = key_of(request, caller.project_id, text, sent.document)
    answered = await run_in_threadpool(jobs.find_answer, here.store, key)
    if answered is None:
        version = await version_of(here, caller, sent.value.dataset)
        checked = await run_in_threadpool(jobs.check, sent.value, version)
        create = partial(jobs.create, here.store, here.ring, caller.project_id, version, sent.document, checked, key)
        answered = await run_in_threadpool(create, _accepted)
    return created(answered)


def _accepted(seen: Seen) -> Answered:
    return Answered(202, to_json(job_body(seen)).decode(), f"/v1/jobs/{seen.job.id}")


async def version_of(here: Context, caller: Caller, reference: str) -> Version:
    """The dataset version that a spec names. Raises Invalid with the nearest name where there is none."""
    try:
        return await ready(here, caller, reference)
    except (NotFound, Gone) as error:
        names = await run_in_threadpool(datasets.known_names, here.store, caller.project_id)
        name = reference.partition("@")[0]
        meant = name if name in names else None if "/" in reference else nearest(name, names)
        fix = fix_of(meant, reference) or _upload_line(reference)
        fault = Fault(error.detail, "dataset-not-found", "/dataset", None, reference, names[:50], fix)
        raise Invalid(fault) from error


def _upload_line(reference: str) -> str:
    """The command that makes a dataset of this name, or of this file."""
    file = PurePath(reference)
    name = file.stem if "/" in reference else reference
    put = f"/v1/datasets/{name if datasets.is_name(name) else 'NAME'}"
    return f"curl -T {shlex.quote(reference[:200]) if '/' in reference else 'FILE'} {put}"


@router.get("/v1/jobs", responses=problems(422))
def list_jobs(request: Request, here: Here, caller: Reader, query: Annotated[JobsQuery, Query()]) -> Response:
    """Jobs, the newest first."""
    wanted = Filter([*query.status], query.tag, query.dataset)
    look = partial(jobs.see_many, here.store, caller.project_id, wanted)
    found = look(after=query.after, limit=query.limit + 1, newest_first=query.newest_first)
    return page(request, query, [seen.job for seen in found], [job_line(seen) for seen in found])


@router.get("/v1/jobs/{job_id}", responses={304: {"description": "Nothing has changed"}, **problems(404, 410)})
async def get_job(
    here: Here,
    caller: Reader,
    job_id: str,
    wait: Wait = 0,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A job as it is now. `wait` waits for its end (or until it is paused); with `If-None-Match`, for any change."""
    look = partial(jobs.see, here.store, caller.project_id, job_id)

    def is_news(seen: Seen) -> bool:
        return seen.job.status in RESTING if if_none_match is None else etag(seen) != if_none_match

    seen = await until(here, look, is_news, wait)
    headers = {"ETag": etag(seen), "Cache-Control": "no-cache"}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Answer(job_body(seen), headers=headers)


def etag(seen: Seen) -> str:
    """Changes whenever the job does."""
    run = seen.last.run
    return f'W/"{seen.job.status}-{run.event_seq}-{run.step}-{run.fraction:.4f}"'


@router.get("/v1/jobs/{job_id}/runs", responses=problems(404, 410))
def list_runs_of_job(here: Here, caller: Reader, job_id: str) -> Response:
    """The runs of a job, oldest first."""
    return whole([run_body(seen) for seen in jobs.see_runs_of(here.store, caller.project_id, job_id)])


@router.post("/v1/jobs/{job_id}/cancel", responses={**SOON, **problems(404, 409, 410)})
def cancel_job(here: Here, caller: Trainer, job_id: str) -> Response:
    """End a job. 202 while its worker saves a checkpoint, 200 when it has ended."""
    return _wished(jobs.cancel(here.store, caller.project_id, job_id))


@router.post("/v1/jobs/{job_id}/pause", responses={**SOON, **problems(404, 409, 410)})
def pause_job(here: Here, caller: Trainer, job_id: str) -> Response:
    """Interrupt a job; `resume` goes on with the same bits. 202 while its worker saves, 200 when it is paused."""
    return _wished(jobs.pause(here.store, caller.project_id, job_id))


@router.post("/v1/jobs/{job_id}/resume", status_code=202, responses=problems(404, 409, 410))
def resume_job(here: Here, caller: Trainer, job_id: str) -> Response:
    """Go on with a paused job from its checkpoint."""
    return Answer(job_body(jobs.resume(here.store, here.ring, caller.project_id, job_id)), 202)


@router.post("/v1/jobs/{job_id}/retry", status_code=202, responses=problems(404, 409, 410))
def retry_job(here: Here, caller: Trainer, job_id: str) -> Response:
    """Try a failed job again, from its last checkpoint where there is one."""
    return Answer(job_body(jobs.resume(here.store, here.ring, caller.project_id, job_id)), 202)


@router.delete("/v1/jobs/{job_id}", status_code=204, responses=problems(404, 409, 410))
def delete_job(here: Here, caller: Trainer, job_id: str) -> Response:
    """Forget a job that has ended; networks that are versions of a model stay."""
    jobs.delete(here.store, caller.project_id, job_id)
    return Response(status_code=204)


def _wished(seen: Seen) -> Answer:
    return Answer(job_body(seen), 200 if seen.job.status in RESTING else 202)
