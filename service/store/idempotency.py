"""Idempotency keys: the answer to a creating request, stored in the transaction that creates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.errors import Fault, Invalid

from .engine import Store, now_ms
from .rows import IdempotencyRow, Json

KEPT_MS = 24 * 3_600_000


@dataclass(frozen=True)
class Key:
    """An Idempotency-Key of a project, with the hash of what was sent with it."""

    project_id: str
    text: str
    sha256: str


@dataclass(frozen=True)
class Answered:
    """What a request created, as it is answered: once, and again for each repetition."""

    status: int
    body: str
    location: str
    replayed: bool = False


def find(session: Session, key: Key | None) -> Answered | None:
    """The answer that the first request with this key got. Raises Invalid where that request was another one."""
    row = session.get(IdempotencyRow, (key.project_id, key.text)) if key else None
    if row is None or key is None:
        return None
    if row.body_sha256 != key.sha256:
        message = "This Idempotency-Key came with another request before."
        fault = Fault(message, "idempotency-key-reused", parameter="Idempotency-Key", fix="Take a new key.")
        raise Invalid(fault)
    return Answered(row.status_code, row.answer["body"], row.answer["location"], replayed=True)


def once(store: Store, key: Key | None, create: Callable[[Session], Answered]) -> Answered:
    """Do `create` and store its answer in one transaction; or answer as the first time."""
    try:
        with store.begin() as session:
            return find(session, key) or _created(session, key, create(session))
    except IntegrityError:
        # On PostgreSQL the same key at the same time: the other request has committed by now.
        with store.read() as session:
            answered = find(session, key)
        if answered is None:
            raise
        return answered


def _created(session: Session, key: Key | None, answered: Answered) -> Answered:
    if key is not None:
        session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < now_ms() - KEPT_MS))
        answer: Json = {"body": answered.body, "location": answered.location}
        session.add(
            IdempotencyRow(
                project_id=key.project_id,
                key=key.text,
                body_sha256=key.sha256,
                status_code=answered.status,
                answer=answer,
            )
        )
    return answered
