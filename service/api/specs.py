"""Specs and what they are made of: the dry run, the schema, the catalogue."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from models.catalog import catalog
from models.spec import TrainingSpec
from service import jobs
from service.api.answers import Answer
from service.api.bodies import documented
from service.api.context import Here, Reader
from service.api.jobs import Spec, version_of
from service.api.problems import problems
from service.errors import NotFound

router = APIRouter(prefix="/v1", tags=["specs"])


@router.post("/specs/check", openapi_extra=documented(TrainingSpec), responses=problems(409, 413, 415, 422))
async def check_spec(here: Here, caller: Reader, sent: Spec) -> Answer:
    """The dry run: every default filled in, the table of layers, sizes, updates an epoch; nothing is stored."""
    version = await version_of(here, caller, sent.value.dataset)
    checked = await run_in_threadpool(jobs.check, sent.value, version)
    await run_in_threadpool(jobs.queue_of, here.store, checked.spec.device)
    return Answer({**checked.told.model_dump(mode="json"), "resolved_spec": checked.spec.model_dump(mode="json")})


@router.get("/specs/schema")
def get_schema(caller: Reader) -> Answer:  # noqa: ARG001  a key's scope
    """The JSON schema of a spec."""
    return Answer(TrainingSpec.model_json_schema())


@router.get("/catalog")
def list_families(caller: Reader) -> Answer:  # noqa: ARG001
    """Every kind of every family in one sentence."""
    return Answer(
        {family: {kind: entry["summary"] for kind, entry in kinds.items()} for family, kinds in catalog().items()}
    )


@router.get("/catalog/{family}", responses=problems(404))
def get_family(caller: Reader, family: str) -> Answer:  # noqa: ARG001
    """A family's kinds with their schemas, documentation and examples."""
    return Answer(_family(family))


@router.get("/catalog/{family}/{kind}", responses=problems(404))
def get_kind(caller: Reader, family: str, kind: str) -> Answer:  # noqa: ARG001
    """A kind: its schema, its documentation, an example that validates."""
    entry = _family(family).get(kind)
    if entry is None:
        raise NotFound(f"The family {family} has no {kind[:80]!r}; it has {', '.join(_family(family))}.")
    return Answer(entry)


def _family(family: str) -> dict[str, Any]:
    found = catalog().get(family)
    if found is None:
        raise NotFound(f"There is no family {family[:80]!r}; there are {', '.join(catalog())}.")
    return found
