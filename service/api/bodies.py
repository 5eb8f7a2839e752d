"""Bodies: read with a running limit, JSON only by its content type, strictly, then as the model that the route names.

Spec = Annotated[Sent[TrainingSpec], Depends(JsonBody(TrainingSpec))]
@router.post("/v1/jobs", openapi_extra=documented(TrainingSpec))
"""

from __future__ import annotations

import json
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from service.api.context import context
from service.api.strict_json import parse
from service.api.validation import validate
from service.errors import Fault, InvalidHeader, PayloadTooLarge, UnsupportedEncoding, UnsupportedMediaType

M = TypeVar("M", bound=BaseModel)

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True)
class Sent(Generic[M]):
    """A JSON body as it was sent, and as what it means."""

    document: Any
    value: M


class JsonBody(Generic[M]):
    """A dependency that reads the body as `model`; a body may be left out where `optional`."""

    def __init__(self, model: type[M], *, optional: bool = False) -> None:
        self.model = model
        self.optional = optional

    async def __call__(self, request: Request) -> Sent[M]:
        """Raises the errors of the content type, the size, the syntax, and Invalid."""
        body = await read(request, context(request).settings.body_bytes)
        if self.optional and not body:
            return Sent({}, validate(self.model, {}))
        require_json(request, body)
        return await run_in_threadpool(self._read, body)

    def _read(self, body: bytes) -> Sent[M]:
        document = parse(body)
        return Sent(document, validate(self.model, document))


def media_type(request: Request) -> str:
    """The bare content type in lower case; empty where none was sent."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def require_json(request: Request, body: bytes) -> None:
    """Raises UnsupportedMediaType for everything but JSON, with the corrected command line for a form."""
    sent = media_type(request)
    if sent == "application/json" or (sent.startswith("application/") and sent.endswith("+json")):
        return
    raise UnsupportedMediaType(
        f"The body is {sent}; this takes application/json." if sent else "The body needs a Content-Type.",
        [
            Fault(
                "JSON is needed.",
                parameter="Content-Type",
                given=sent,
                allowed=["application/json"],
                fix=_curl(request, sent, body),
            )
        ],
    )


def _curl(request: Request, sent: str, body: bytes) -> str:
    """The command line that was meant by `curl -d '{...}' URL`."""
    url = f"{request.url.scheme}://{request.url.netloc}{request.url.path}"
    text = body.decode("utf-8", "replace") if sent == FORMS[0] and len(body) <= 2000 else ""
    method = "" if request.method == "POST" else f"-X {request.method} "
    return f"curl {method}--json {shlex.quote(text if _is_json(text) else '{...}')} {shlex.quote(url)}"


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (dict, list))
    except ValueError:
        return False


async def read(request: Request, limit: int) -> bytes:
    """The whole body. Raises PayloadTooLarge before more than `limit` bytes are held."""
    return b"".join([chunk async for chunk in stream(request, limit)])


async def stream(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body piece by piece. Raises PayloadTooLarge as soon as it is known to be longer than `limit`."""
    if request.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise UnsupportedEncoding
    announced = request.headers.get("content-length", "0")
    if not announced.isascii() or not announced.isdigit():
        raise InvalidHeader("Content-Length is no number.")
    total = int(announced[:20])
    _check_length(total, limit)
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        _check_length(total, limit)
        yield chunk


def _check_length(length: int, limit: int) -> None:
    if length > limit:
        raise PayloadTooLarge(f"The body is longer than {limit} bytes.", [Fault("Too long.", allowed=limit)])


def documented(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The OpenAPI of a JSON body; `api.openapi` adds the model's schema to the components."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}
