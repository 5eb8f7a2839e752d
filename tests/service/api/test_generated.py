"""Generated calls: whatever is sent, no 5xx, and no status or content type that the description does not name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from service.api.openapi import api_routes
from service.app import ROUTERS, create_app
from service.settings import Settings

CALLS = [
    pytest.param(route.path, method, id=f"{method} {route.path}")
    for route in api_routes(ROUTERS)
    if route.path != "/readyz"  # 503 is its other good answer
    for method in sorted(route.methods or ())
]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Any:
    """The application's description of itself."""
    home = tmp_path_factory.mktemp("generated")
    shutil.copy(sqlite_template, home / "fitserve.db")
    app = create_app(Settings(home=home, free_bytes=0, allowed_hosts="*"))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize(("path", "method"), CALLS)
def test_every_answer_is_one_that_is_described(described: Any, path: str, method: str) -> None:
    operation = described[path][method]
    waits = "wait" in [parameter.name for parameter in operation.query]

    @given(case=operation.as_strategy())
    @settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        if waits:
            case.query = {**(case.query or {}), "wait": 0}
        case.call_and_validate(checks=[not_a_server_error, status_code_conformance, content_type_conformance])

    ask()
