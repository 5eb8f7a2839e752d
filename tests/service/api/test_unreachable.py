"""A database that cannot be reached is 503 with Retry-After, not 500."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings


def test_a_database_that_cannot_be_reached_is_503_while_health_stays_well(tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none"))
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/healthz").status_code == 200
        for path in ("/readyz", "/v1/jobs", "/v1/models/none"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            assert answer.headers["content-type"] == "application/problem+json"
            assert "127.0.0.1" not in answer.text
