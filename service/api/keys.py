"""Keys: made, listed, revoked; the text of a key is shown once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from models.kinds import Many
from service import auth
from service.api.answers import Answer
from service.api.bodies import JsonBody, Sent, documented
from service.api.context import Admin, Here
from service.api.problems import problems
from service.clock import rfc3339
from service.errors import Fault, InvalidHeader, NotFound
from service.store import keys
from service.store.rows import KeyRow

router = APIRouter(prefix="/v1/keys", tags=["keys"])


class NewKey(BaseModel):
    """A key that is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """Who or what will use it."""
    scopes: Many[auth.Scope] = Field(default=("read", "predict"), min_length=1, max_length=4)
    """read: look at everything; predict: ask networks; train: upload, start and stop jobs; admin: all, and keys."""
    expires_in_seconds: Annotated[int, Field(ge=1, le=10 * 366 * 86_400)] | None = None
    """Left out: it never expires."""


@router.post("", status_code=201, openapi_extra=documented(NewKey), responses=problems(422))
def create_key(
    request: Request, here: Here, caller: Admin, sent: Annotated[Sent[NewKey], Depends(JsonBody(NewKey))]
) -> Answer:
    """Make a key. Its text stands in this answer, is not stored, and is never shown again: no Idempotency-Key."""
    if "idempotency-key" in request.headers:
        fix = "Leave it out; revoke the key whose answer was lost."
        message = "A key's text is not stored, so its answer cannot be repeated."
        raise InvalidHeader(message, [Fault(message, parameter="Idempotency-Key", fix=fix)])
    asked = sent.value
    row, token = auth.create_key(here.store, caller.project_id, asked.name, asked.scopes, asked.expires_in_seconds)
    return Answer({**_shown(row), "key": token}, 201, headers={"Location": f"/v1/keys/{row.id}"})


@router.get("")
def list_keys(here: Here, caller: Admin) -> Answer:
    """All keys of the project, without their text."""
    with here.store.read() as session:
        rows = keys.listed(session, caller.project_id)
    return Answer({"data": [_shown(row) for row in rows]})


@router.delete("/{key_id}", responses=problems(404))
def revoke_key(here: Here, caller: Admin, key_id: str) -> Answer:
    """Let a key open nothing any more. Other API processes notice within a second."""
    with here.store.begin() as session:
        row = keys.revoke(session, caller.project_id, key_id)
    here.gate.forget()
    if row is None:
        raise NotFound("There is no such key.")
    return Answer(_shown(row))


def _shown(row: KeyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "hint": row.hint + "...",
        "scopes": row.scopes,
        "created_at": rfc3339(row.created_at),
        "expires_at": rfc3339(row.expires_at),
        "revoked_at": rfc3339(row.revoked_at),
    }
