"""Models: names, numbered versions, aliases."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from service import registry
from service.api.answers import Answer, to_json
from service.api.bodies import JsonBody, Sent, documented
from service.api.context import Here, Reader, Trainer
from service.api.keyed import IdempotencyKey, created, key_of
from service.api.pages import Page, page, whole
from service.api.problems import problems
from service.clock import rfc3339
from service.registry import Named
from service.store import registry as rows
from service.store.idempotency import Answered
from service.store.rows import AliasMoveRow, ModelVersionRow

router = APIRouter(prefix="/v1/models", tags=["models"])

NAME = r"^[a-z0-9][a-z0-9._-]{0,99}$"
Name = Annotated[str, Path(pattern=NAME)]
Alias = Annotated[str, Path(pattern=r"^[a-z][a-z0-9._-]{0,99}$")]
"""An alias begins with a letter, so that it is never taken for a number."""

_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class NewVersion(BaseModel):
    """Which network becomes the next version: of a job, a run (the best one), or one checkpoint."""

    model_config = _STRICT

    job: str | None = None
    run: str | None = None
    checkpoint: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(each is not None for each in (self.job, self.run, self.checkpoint)) != 1:
            raise PydanticCustomError("conflicting-options", "one of job, run and checkpoint is needed")
        return self


class Pointer(BaseModel):
    """Where an alias shall point."""

    model_config = _STRICT

    version: Annotated[int, Field(ge=1, le=2**31)]
    """The number of a version."""


@router.get("", responses=problems(422))
def list_models(request: Request, here: Here, caller: Reader, query: Page) -> Answer:
    """All models."""
    found = registry.see_many(
        here.store, caller.project_id, after=query.after, limit=query.limit + 1, newest_first=query.newest_first
    )
    return page(request, query, [each.model for each in found], [_shown(each) for each in found])


@router.put("/{name}", responses=problems(422))
def put_model(here: Here, caller: Trainer, name: Name) -> Answer:
    """Make a model without versions; a second call changes nothing. `publish_as` in a spec makes it by itself."""
    return Answer(_shown(registry.create(here.store, caller.project_id, name)))


@router.get("/{name}", responses=problems(404))
def get_model(here: Here, caller: Reader, name: str) -> Answer:
    """A model with its versions and aliases; `name@number` or `name@alias`: that version."""
    if "@" in name:
        return Answer(_version(registry.see_version(here.store, caller.project_id, name), name.partition("@")[0]))
    return Answer(_shown(registry.see(here.store, caller.project_id, name)))


@router.post(
    "/{name}/versions", status_code=201, openapi_extra=documented(NewVersion), responses=problems(404, 409, 410, 422)
)
def add_version(
    request: Request,
    here: Here,
    caller: Trainer,
    name: Name,
    sent: Annotated[Sent[NewVersion], Depends(JsonBody(NewVersion))],
    text: IdempotencyKey,
) -> Response:
    """The next version; the model is made where it does not exist."""
    chosen = (sent.value.job, sent.value.run, sent.value.checkpoint)
    key = key_of(request, caller.project_id, text, sent.document)

    def answer(row: ModelVersionRow) -> Answered:
        return Answered(201, to_json(_version(row, name)).decode(), f"/v1/models/{name}@{row.number}")

    return created(registry.add_version(here.store, caller.project_id, name, chosen, key, answer))


@router.get("/{name}/versions", responses=problems(404))
def list_versions(here: Here, caller: Reader, name: str) -> Answer:
    """All versions, newest first."""
    seen = registry.see(here.store, caller.project_id, name)
    return whole([_version(row, name) for row in seen.versions])


@router.put("/{name}/aliases/{alias}", openapi_extra=documented(Pointer), responses=problems(404, 422))
def put_alias(
    here: Here, caller: Trainer, name: Name, alias: Alias, sent: Annotated[Sent[Pointer], Depends(JsonBody(Pointer))]
) -> Answer:
    """Let an alias point to a version, from the next request on. A bare name stands for `champion` where it exists."""
    return Answer(_shown(registry.point(here.store, caller.project_id, name, alias, sent.value.version)))


@router.delete("/{name}/aliases/{alias}", responses=problems(404, 422))
def delete_alias(here: Here, caller: Trainer, name: Name, alias: Alias) -> Answer:
    """Take an alias away; its history stays."""
    return Answer(_shown(registry.point(here.store, caller.project_id, name, alias, None)))


@router.get("/{name}/aliases/{alias}/history", responses=problems(404))
def get_history(here: Here, caller: Reader, name: str, alias: str) -> Answer:
    """Where the alias pointed, newest first."""
    with here.store.read() as session:
        moves = rows.history(session, rows.get(session, caller.project_id, name), alias)
    return whole([_move(row) for row in moves])


def _shown(seen: Named) -> dict[str, Any]:
    name = seen.model.name
    return {
        "id": seen.model.id,
        "name": name,
        "created_at": rfc3339(seen.model.created_at),
        "versions": [_version(row, name) for row in seen.versions],
        "aliases": seen.aliases,
        "links": {
            "self": f"/v1/models/{name}",
            "predict": f"/v1/models/{name}/predict",
            "versions": f"/v1/models/{name}/versions",
        },
    }


def _version(row: ModelVersionRow, name: str) -> dict[str, Any]:
    return {
        "version": row.number,
        "checkpoint": row.checkpoint_id,
        "run": row.run_id,
        "created_at": rfc3339(row.created_at),
        "links": {"predict": f"/v1/models/{name}@{row.number}/predict", "run": f"/v1/runs/{row.run_id}"},
    }


def _move(row: AliasMoveRow) -> dict[str, Any]:
    return {"alias": row.alias, "version": row.number, "at": rfc3339(row.at)}
