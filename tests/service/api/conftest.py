"""The real application on a real database, and a worker in a thread."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.databases import sqlite_template
from tests.service.api.worker import Worker

__all__ = ["sqlite_template"]

IRIS = {"dataset": "iris", "target": "species", "network": "softmax", "epochs": 3, "batch_size": "full"}
"""A job of a moment."""

Make = Callable[..., TestClient]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A home with a migrated database."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copy(sqlite_template, folder / "fitserve.db")
    return folder


@pytest.fixture(scope="module")
def settings(home: Path) -> Settings:
    return Settings(home=home, free_bytes=0, allowed_hosts="testserver")


@pytest.fixture(scope="module")
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client of the app, which asks without a key, as from loopback."""
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def worker(settings: Settings) -> Iterator[Worker]:
    """A worker that serves the module's app."""
    started = Worker(settings)
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def iris(client: TestClient, worker: Worker) -> dict[str, Any]:
    """A job on iris that has succeeded."""
    answer = client.post("/v1/jobs", json={**IRIS, "publish_as": "flowers", "tags": ["course", "Blüten"]})
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = client.get(answer.headers["location"], params={"wait": 60}).json()
    assert body["status"] == "succeeded", body
    return body
