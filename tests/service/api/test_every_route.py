"""Every route, generated: a new one is covered, or refused by these tests, the moment it exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from service.api.openapi import api_routes, scope_of
from service.app import ROUTERS
from service.auth import create_key
from service.settings import Settings
from service.store.rows import DEFAULT_PROJECT

OPEN = {"/healthz", "/readyz"}
"""Routes that never need a key."""
CALLS = [
    pytest.param(route, method, id=f"{method} {route.path}")
    for route in api_routes(ROUTERS)
    for method in sorted(route.methods or ())
]


@pytest.fixture(scope="module")
def settings(home: Any) -> Settings:
    return Settings(home=home, free_bytes=0, allowed_hosts="testserver", require_key=True)


@pytest.fixture(scope="module")
def read_only(app: FastAPI) -> str:
    """A key that may only read."""
    return create_key(app.state.context.store, DEFAULT_PROJECT, "reader", ("read",))[1]


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


def ask(client: TestClient, route: APIRoute, method: str, key: str | None) -> Any:
    """The bare call, with ids that do not exist."""
    path = re.sub(r"\{[^}]*\}", "none", route.path)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return client.request(method, path, headers=headers)


@pytest.mark.parametrize(("route", "method"), CALLS)
def test_without_a_key_and_with_a_wrong_one_nothing_is_told(client: TestClient, route: APIRoute, method: str) -> None:
    for key in (None, "fs_" + "x" * 43):
        answer = ask(client, route, method, key)
        if route.path in OPEN:
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("route", "method"), CALLS)
def test_a_key_that_may_only_read_changes_nothing(
    client: TestClient, read_only: str, route: APIRoute, method: str
) -> None:
    answer = ask(client, route, method, read_only)
    if scope_of(route) in (None, "read"):
        assert answer.status_code not in (401, 403)
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope")


@pytest.mark.parametrize(("route", "method"), CALLS)
def test_what_changes_something_needs_more_than_reading(route: APIRoute, method: str) -> None:
    reads = method == "GET" or route.path == "/v1/specs/check"
    assert (scope_of(route) in (None, "read")) == (reads and scope_of(route) != "admin")


@pytest.mark.parametrize(("route", "method"), CALLS)
def test_every_call_is_described(app: FastAPI, route: APIRoute, method: str) -> None:
    operation = app.openapi()["paths"][route.path][method.lower()]
    assert operation.get("description") or operation.get("summary")
    assert operation["tags"]
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            assert [*response["content"]] == ["application/problem+json"], status


def test_the_description_refers_to_nothing_that_is_missing(app: FastAPI) -> None:
    described = app.openapi()
    text = json.dumps(described)
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names <= described["components"]["schemas"].keys()
    assert "TrainingSpec" in names
