"""Idempotency-Key: on POSTs that create, so that a client may send the same once more after a lost answer."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response

from service.errors import Fault, InvalidHeader
from service.store.idempotency import Answered, Key

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def _key(
    idempotency_key: Annotated[str | None, Header(description="Makes the request safe to repeat for 24 hours.")] = None,
) -> str | None:
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        message = "An Idempotency-Key has 1 to 255 visible ASCII characters."
        raise InvalidHeader(message, [Fault(message, parameter="Idempotency-Key")])
    return idempotency_key


IdempotencyKey = Annotated[str | None, Depends(_key)]


def key_of(request: Request, project_id: str, text: str | None, document: Any) -> Key | None:
    """The key with the hash of what it stands for: method, path and the body's meaning."""
    if text is None:
        return None
    canonical = json.dumps([request.method, request.url.path, document], sort_keys=True)
    return Key(project_id, text, hashlib.sha256(canonical.encode("utf-8", "backslashreplace")).hexdigest())


def created(answered: Answered) -> Response:
    """The stored answer, to the byte."""
    headers = {"Location": answered.location}
    if answered.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(answered.body, answered.status, headers, media_type="application/json")
