"""Addresses that are not served as they were asked for: which methods are, which path was perhaps meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from fastapi import Request
from fastapi.routing import APIRoute

from service.api.bodies import media_type
from service.errors import Fault, MethodNotAllowed, NotFound
from service.near import fix_of, told

ALIKE = 0.75
"""Likeness of two paths below which one is not taken for the other."""


class Addresses:
    """The routes of the application, for its answers 404 and 405."""

    def __init__(self, routes: Sequence[APIRoute]) -> None:
        self._routes = routes

    def not_found(self, path: str) -> NotFound:
        """404, with the path that was perhaps meant."""
        if any(route.path == f"/v1/jobs/{{job_id}}{path}" for route in self._routes):
            fix = "Is $job empty? The POST of the job failed; send it without -o /dev/null to see why."
            return NotFound(f"{path} belongs to a job: /v1/jobs/JOB{path}.", [Fault("The job is missing.", fix=fix)])
        close = difflib.get_close_matches(path[:200], set(self._alike(path)), n=1, cutoff=ALIKE)
        if not close:
            return NotFound("Nothing is served at this path; /docs lists what is.")
        faults = [Fault("There is no such path.", given=path[:200], fix=fix_of(close[0]))]
        return NotFound("Nothing is served at this path" + told(close[0]), faults)

    def _alike(self, path: str) -> Iterator[str]:
        """The path as each route of the same length would spell it."""
        given = path.strip("/").split("/")
        for route in self._routes:
            pattern = route.path.strip("/").split("/")
            for parts in (given, ["v1", *given]):
                if len(parts) == len(pattern):
                    pairs = zip(pattern, parts, strict=True)
                    yield "/" + "/".join(part if fixed.startswith("{") else fixed for fixed, part in pairs)

    def not_allowed(self, request: Request) -> MethodNotAllowed:
        """405, with every method that is offered at this path."""
        methods = self._methods(request.url.path)
        offered = ", ".join(methods)
        fault = Fault("The method is not offered.", given=request.method, allowed=methods, fix=_line(request, methods))
        message = f"{request.method} is not offered here; {offered} {'is' if len(methods) == 1 else 'are'}."
        return MethodNotAllowed(message, [fault], headers={"Allow": offered})

    def _methods(self, path: str) -> list[str]:
        found = {
            method for route in self._routes if route.path_regex.match(path) for method in route.methods or ()
        } or {"GET"}
        return sorted(found | ({"HEAD"} if "GET" in found else set()))


def _line(request: Request, methods: Sequence[str]) -> str | None:
    """The command line that was perhaps meant."""
    path = request.url.path
    if path.startswith("/v1/datasets") and request.method in ("POST", "PUT", "PATCH"):
        url = path if "PUT" in methods else "/v1/datasets/NAME"
        form = media_type(request) == "multipart/form-data"
        return f"curl -X PUT -F file=@FILE {url}, or curl -T FILE {url}" if form else f"curl -T FILE {url}"
    put = "" if "POST" in methods else "-X PUT "
    return f"curl {put}--json '{{...}}' {path}" if {"POST", "PUT"} & {*methods} else None
