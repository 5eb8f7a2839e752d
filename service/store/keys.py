"""Keys and projects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from service.ids import new_id
from service.store.engine import now_ms
from service.store.rows import KeyRow


@dataclass(frozen=True)
class Grant:
    """What a valid key allows."""

    key_id: str
    project_id: str
    scopes: frozenset[str]


def create(
    session: Session, project_id: str, *, name: str, sha256: str, hint: str, scopes: Sequence[str], seconds: int | None
) -> KeyRow:
    """Store a key by its hash; it expires after so many seconds, or never."""
    expires_at = None if seconds is None else now_ms() + seconds * 1000
    row = KeyRow(
        id=new_id("key"),
        project_id=project_id,
        name=name,
        sha256=sha256,
        hint=hint,
        scopes=list(scopes),
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def grant(session: Session, sha256: str) -> Grant | None:
    """What the key with this hash allows now; None where it is unknown, expired or revoked."""
    row = session.execute(select(KeyRow).where(KeyRow.sha256 == sha256, _valid())).scalar_one_or_none()
    return None if row is None else Grant(row.id, row.project_id, frozenset(row.scopes))


def any_valid(session: Session) -> bool:
    """Whether there is a key that opens anything."""
    return session.execute(select(KeyRow.id).where(_valid()).limit(1)).first() is not None


def listed(session: Session, project_id: str) -> Sequence[KeyRow]:
    """All keys of the project, oldest first, revoked ones as well."""
    return session.scalars(select(KeyRow).where(KeyRow.project_id == project_id).order_by(KeyRow.id)).all()


def revoke(session: Session, project_id: str, key_id: str) -> KeyRow | None:
    """Let the key open nothing from now on; None where the project has no such key."""
    changed = update(KeyRow).where(KeyRow.project_id == project_id, KeyRow.id == key_id)
    session.execute(changed.where(KeyRow.revoked_at.is_(None)).values(revoked_at=now_ms()))
    return session.execute(
        select(KeyRow).where(KeyRow.project_id == project_id, KeyRow.id == key_id)
    ).scalar_one_or_none()


def _valid() -> ColumnElement[bool]:
    return and_(KeyRow.revoked_at.is_(None), or_(KeyRow.expires_at.is_(None), KeyRow.expires_at > now_ms()))
