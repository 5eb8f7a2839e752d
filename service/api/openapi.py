"""The OpenAPI description: FastAPI's, with bodies that are read by `JsonBody`, problems, and keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api.bodies import JsonBody
from service.api.context import Needs
from service.api.problems import problems

ABOUT = """Fits neural networks and serves them.

    curl -T fashion.zip localhost:8000/v1/datasets/fashion
    curl --json '{"dataset": "fashion", "target": "label"}' localhost:8000/v1/jobs
    curl -T shoe.png 'localhost:8000/v1/jobs/job_01J.../predict?wait=60'

Every error is a problem document (RFC 9457); its `type` leads to what its code means."""

PROBLEM = {
    "type": "object",
    "description": "RFC 9457, with every fault at once",
    "required": ["type", "title", "status", "code", "detail", "instance", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; clients may branch on it"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": ["string", "null"]},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
    },
}
FAULT = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "message": {"type": "string"},
        "code": {"type": "string"},
        "pointer": {"type": "string", "description": "JSON pointer into the body"},
        "parameter": {"type": "string", "description": "Query parameter or header"},
        "given": {},
        "allowed": {},
        "fix": {"type": "string"},
    },
}


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Serve the completed description at /openapi.json. `routers` are those that `app` includes."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = complete(app, routers)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def complete(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    """The whole description."""
    described = get_openapi(title="fitserve", version=app.version, description=ABOUT, routes=app.routes)
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {"Problem": PROBLEM, "Fault": FAULT, **_bodies(routers)}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    described["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for route in api_routes(routers):
        for method in route.methods or ():
            _complete_operation(route, described["paths"].get(route.path, {}).get(method.lower()))
    return described


def api_routes(routers: Sequence[APIRouter]) -> list[APIRoute]:
    """All routes."""
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


def scope_of(route: APIRoute) -> str | None:
    """The scope that a key needs here; None where no key is needed."""
    calls = [dependant.call for dependant in _dependants(route.dependant)]
    return next((call.scope for call in calls if isinstance(call, Needs)), None)


def _complete_operation(route: APIRoute, operation: dict[str, Any] | None) -> None:
    if operation is None:
        return
    responses = operation["responses"]
    if "422" in responses:
        responses["422"] = problems(422)[422]
    statuses = [400, 431, 500] if scope_of(route) is None else [400, 401, 403, 431, 500]
    for status, problem in problems(*statuses).items():
        responses.setdefault(str(status), problem)
    if scope_of(route) is not None:
        operation["security"] = [{"key": []}, {}]
        operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope_of(route)}`.".strip()


def _bodies(routers: Sequence[APIRouter]) -> dict[str, Any]:
    models: list[type[BaseModel]] = list({call.model: None for call in _readers(routers)})
    _, schema = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    return dict(schema.get("$defs", {}))


def _readers(routers: Sequence[APIRouter]) -> Iterator[JsonBody[Any]]:
    for route in api_routes(routers):
        for dependant in _dependants(route.dependant):
            if isinstance(dependant.call, JsonBody):
                yield dependant.call


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    for inner in dependant.dependencies:
        yield inner
        yield from _dependants(inner)
