"""Around every request: its id, the checks of its headers, one log line, and the answer of last resort."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.bodies import FORMS, media_type
from service.api.problems import respond
from service.errors import CrossOrigin, HeaderTooLarge, InvalidHost, ServiceError, UnsupportedMediaType
from service.ids import new_id
from service.telemetry import REQUEST_SECONDS, logger

HEADER_BYTES = 64 * 1024
SAFE = ("GET", "HEAD", "OPTIONS")

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = logger("access")


class Access:
    """The outermost middleware of ours."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; other protocols pass through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = _Answer(request, send)
        _without_slash(scope)
        try:
            self._check(request)
            if scope["method"] == "HEAD":
                await self._head(scope, receive, answer)
            else:
                await self.app(scope, receive, answer.send)
        except ServiceError as error:
            await respond(request, error)(scope, receive, answer.send)
        except ClientDisconnect:
            log.info("client-left", request_id=answer.id, path=request.url.path[:200])
        except Exception:
            log.exception("unexpected", request_id=answer.id, path=request.url.path[:200])
            if answer.status is None:
                await respond(request, ServiceError())(scope, receive, answer.send)
            else:
                raise
        finally:
            answer.write_log()

    async def _head(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        """HEAD, wherever GET is: its headers alone. A stream that would go on is told that nobody listens."""

        async def hear() -> Message:
            return await receive() if answer.status is None else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                await answer.send(message)
                await answer.send({"type": "http.response.body", "body": b"", "more_body": False})

        await self.app({**scope, "method": "GET"}, hear, send)

    def _check(self, request: Request) -> None:
        if sum(len(name) + len(value) for name, value in request.scope["headers"]) > HEADER_BYTES:
            raise HeaderTooLarge
        if len(request.headers.getlist("host")) > 1:
            raise InvalidHost("The request has two Host headers.")
        if "*" not in self.hosts and _name(request.headers.get("host", "")) not in self.hosts:
            raise InvalidHost
        origin = request.headers.get("origin")
        if request.method not in SAFE and origin and urlsplit(origin).netloc != request.headers.get("host"):
            raise UnsupportedMediaType if media_type(request) in FORMS else CrossOrigin


class _Answer:
    """Watches an answer go out."""

    def __init__(self, request: Request, send: Send) -> None:
        sent = request.headers.get("x-request-id", "")
        self.id = sent if _ID.fullmatch(sent) else new_id("req")
        request.scope["request_id"] = self.id
        self.request = request
        self.status: int | None = None
        self._send = send
        self._started = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            more = [(b"x-request-id", self.id.encode()), (b"x-content-type-options", b"nosniff")]
            message = {**message, "headers": [*message["headers"], *more]}
        await self._send(message)

    def write_log(self) -> None:
        """One line: never the query or a header, which may hold a key."""
        scope = self.request.scope
        seconds = time.perf_counter() - self._started
        path = getattr(scope.get("route"), "path", "")
        REQUEST_SECONDS.labels(scope["method"], path, str(self.status or 0)).observe(seconds)
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"][:200],
            status=self.status,
            ms=round(seconds * 1000, 1),
            request_id=self.id,
            key=scope.get("key_id"),
        )


def _without_slash(scope: Scope) -> None:
    """`/v1/jobs/` is `/v1/jobs`."""
    if len(scope["path"]) > 1:
        scope["path"] = scope["path"].removesuffix("/")


def _name(host: str) -> str:
    """The host of a Host header without its port."""
    return host.lower().rpartition(":")[0] if re.search(r":\d+$", host) else host.lower()


def hosts_of(allowed: str, listening: str) -> frozenset[str]:
    """Host names that are answered: those of the setting and the address that the API listens on."""
    names = {name.strip().lower() for name in allowed.split(",") if name.strip()}
    return frozenset(names | {listening, f"[{listening}]"})
