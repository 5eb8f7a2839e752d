"""Who asks, and what they may do.

On loopback nobody needs a key: whoever reaches it sits at the machine. On every other address, and on loopback where
`require_key` is set (behind a proxy, say), each call needs a bearer key but health checks. A key that is sent is
always checked. Keys are 256 random bits, so their plain SHA-256 is all that is stored: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from service.errors import Forbidden, Unauthorized
from service.settings import Settings
from service.store import keys
from service.store.engine import Store
from service.store.rows import DEFAULT_PROJECT, KeyRow

Scope = Literal["read", "predict", "train", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

PREFIX = "fs_"
REMEMBERED_SECONDS = 1.0
"""How long an API process goes on believing what the database said of a key."""
LONGEST_KEY = 200
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="fitserve"'}


@dataclass(frozen=True)
class Caller:
    """Somebody with a project and scopes; `key_id` is None for those who need no key."""

    project_id: str
    scopes: frozenset[str]
    key_id: str | None = None

    def need(self, scope: Scope) -> None:
        """Raises Forbidden where the scope is missing; admin has all."""
        if scope not in self.scopes and "admin" not in self.scopes:
            raise Forbidden(f"The key needs the scope {scope}; it has {', '.join(sorted(self.scopes)) or 'none'}.")


ANYBODY = Caller(DEFAULT_PROJECT, frozenset(SCOPES))
"""Whoever asks a service that needs no key."""


class RefusesToStart(Exception):  # noqa: N818  a decision, not a mishap
    """The service would be open to everybody who reaches its address."""


class Gate:
    """Lets callers in by their Authorization header."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.needs_key = settings.require_key or not (is_loopback(settings.host) or settings.allow_open)
        self._store = store
        self._remembered: dict[str, tuple[float, keys.Grant | None]] = {}

    def caller(self, authorization: str | None) -> Caller:
        """The caller behind the header. Raises Unauthorized."""
        if authorization is None:
            if self.needs_key:
                raise Unauthorized("A key is needed: -H 'Authorization: Bearer fs_...'.", headers=CHALLENGE)
            return ANYBODY
        grant = self._grant(_token(authorization))
        if grant is None:
            raise Unauthorized("The key is unknown, expired or revoked.", headers=CHALLENGE)
        return Caller(grant.project_id, grant.scopes, grant.key_id)

    def forget(self) -> None:
        """Ask the database again for every key."""
        self._remembered.clear()

    def _grant(self, token: str) -> keys.Grant | None:
        sha256 = hash_of(token)
        until, grant = self._remembered.get(sha256, (0.0, None))
        if time.monotonic() >= until:
            with self._store.read() as session:
                grant = keys.grant(session, sha256)
            if len(self._remembered) > 10_000:  # somebody tries keys
                self._remembered.clear()
            self._remembered[sha256] = (time.monotonic() + REMEMBERED_SECONDS, grant)
        return grant


def check_start(settings: Settings, store: Store) -> None:
    """Raises RefusesToStart where others could reach the service and no key exists."""
    if is_loopback(settings.host) or settings.allow_open:
        return
    with store.read() as session:
        if not keys.any_valid(session):
            raise RefusesToStart(
                f"{settings.host} can be reached by others and there is no key. Make one with `fitserve key create "
                "NAME --scope admin` (`make setup` puts fitserve into .venv/bin), or say FITSERVE_ALLOW_OPEN=true to "
                "let everybody do everything."
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def create_key(
    store: Store, project_id: str, name: str, scopes: Sequence[Scope], seconds: int | None = None
) -> tuple[KeyRow, str]:
    """A new key; its text is returned here and never again."""
    token = PREFIX + secrets.token_urlsafe(32)
    with store.begin() as session:
        row = keys.create(
            session,
            project_id,
            name=name,
            sha256=hash_of(token),
            hint=token[: len(PREFIX) + 4],
            scopes=scopes,
            seconds=seconds,
        )
    return row, token


def hash_of(token: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _token(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip() or len(token) > LONGEST_KEY:
        raise Unauthorized("The header must read: Authorization: Bearer fs_...", headers=CHALLENGE)
    return token.strip()
