"""Every error as a problem document (RFC 9457): one shape, a stable code, what was given, what is allowed, a fix."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from models.errors import CheckpointError, Detail, ModelsError
from service.api.addresses import Addresses
from service.api.answers import to_json
from service.api.sentences import message_of
from service.api.validation import code_of, short
from service.errors import (
    BadRequest,
    CheckpointCorrupt,
    DatasetCorrupt,
    Fault,
    Invalid,
    PayloadTooLarge,
    ServiceError,
    Unavailable,
)
from service.near import fix_of, nearest
from service.store.engine import UNREACHABLE
from service.telemetry import logger

MEDIA_TYPE = "application/problem+json"

TOO_LARGE = {"archive-too-large", "archive-too-many-entries", "payload-too-large"}
"""Codes of the library that are answered 413, not 422."""


def install(app: FastAPI, routes: Sequence[APIRoute]) -> None:
    """Let every error of `app` be answered as a problem. `routes` are those that `app` has."""
    app.add_exception_handler(ServiceError, _on_service_error)
    app.add_exception_handler(ModelsError, _on_library_error)
    app.add_exception_handler(RequestValidationError, _on_parameters)
    app.add_exception_handler(HTTPException, partial(_on_http_error, Addresses(routes)))
    for unreachable in UNREACHABLE:
        app.add_exception_handler(unreachable, _on_unreachable)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems of a route for its OpenAPI: `responses=problems(404, 409)`."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def respond(request: Request, error: ServiceError) -> Response:
    """The error as an answer."""
    body = document(error, instance=request.url.path, request_id=request.scope.get("request_id"))
    return Response(to_json(body), error.status, headers=error.headers, media_type=MEDIA_TYPE)


def document(error: ServiceError, *, instance: str, request_id: str | None) -> dict[str, Any]:
    """The error as the members of a problem document."""
    return {
        "type": f"/v1/problems/{error.code}",
        "title": error.code.replace("-", " ").capitalize(),
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "instance": instance,
        "request_id": request_id,
        "errors": [_shown(fault) for fault in error.errors],
        **error.more,
    }


def _shown(fault: Fault) -> dict[str, Any]:
    """The fault as JSON; what was given is echoed only as far as it helps to find it."""
    told = fault.to_json()
    return {**told, "given": short(told["given"])} if "given" in told else told


def from_library(error: ModelsError) -> ServiceError:
    """What the library refused, as an answer."""
    faults = from_details(error.details)
    if isinstance(error, CheckpointError):
        return CheckpointCorrupt(errors=[Fault("Its hash or its contents are not what was stored.")])
    if faults[0].code == "dataset-corrupt":
        return DatasetCorrupt(errors=faults)
    if faults[0].code in TOO_LARGE:
        problem = PayloadTooLarge(faults[0].message, faults)
        problem.code = faults[0].code or problem.code
        return problem
    return Invalid(faults)


def from_details(details: Sequence[Detail]) -> list[Fault]:
    """The library's details as faults."""
    return [Fault(item.message, item.code, item.pointer, None, item.given, item.allowed, item.fix) for item in details]


def _on_service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return respond(request, error)


def _on_library_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ModelsError)
    return respond(request, from_library(error))


def _on_unreachable(request: Request, error: Exception) -> Response:
    """The database: nothing was stored, or the idempotency key tells that it was."""
    logger(__name__).warning("database-unreachable", error=type(error).__name__)
    return respond(request, Unavailable("The database cannot be reached.", headers={"Retry-After": "5"}))


def _on_parameters(request: Request, error: Exception) -> Response:
    """Query parameters and headers that FastAPI read."""
    assert isinstance(error, RequestValidationError)
    faults = [_parameter(item) for item in error.errors()]
    return respond(request, Invalid(faults))


def _parameter(item: Mapping[str, Any]) -> Fault:
    given = item.get("input")
    known = re.findall(r"'([^']*)'", str(item.get("ctx", {}).get("expected", "")))
    fix = fix_of(nearest(given, known)) if isinstance(given, str) else None
    name = str(item["loc"][1])
    return Fault(message_of(item), code_of(item), None, name, short(given), known or None, fix)


def _on_http_error(addresses: Addresses, request: Request, error: Exception) -> Response:
    """What the framework itself answers: no such route, no such method, a body it cannot read."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return respond(request, addresses.not_found(request.url.path))
    if error.status_code == 405:
        return respond(request, addresses.not_allowed(request))
    return respond(request, PayloadTooLarge() if error.status_code == 413 else BadRequest())
