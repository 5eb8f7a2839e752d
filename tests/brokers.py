"""Fixtures of brokers that are real: a folder, and Redis where there is one.

FITSERVE_TEST_REDIS names a Redis server; keys are made there under a prefix of the test's own, and deleted.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

REDIS = os.environ.get("FITSERVE_TEST_REDIS", "redis://127.0.0.1:6379/0")


@pytest.fixture
def folder_settings() -> dict[str, str]:
    """Settings of a broker that is a folder in the home."""
    return {}


@pytest.fixture
def redis_settings() -> Iterator[dict[str, str]]:
    """Settings of a Redis broker."""
    server = redis.Redis.from_url(REDIS, socket_connect_timeout=2)
    try:
        server.ping()
    except redis.ConnectionError:
        pytest.skip(f"no Redis at {REDIS} (FITSERVE_TEST_REDIS names one)")
    prefix = f"fitserve-test-{uuid.uuid4().hex[:12]}."
    yield {"broker_url": REDIS, "broker_prefix": prefix}
    if keys := list(server.scan_iter(f"{prefix}*")):
        server.delete(*keys)
    server.close()


@pytest.fixture(params=["folder", "redis"])
def broker_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of a broker without anything of other tests."""
    settings: dict[str, str] = request.getfixturevalue(f"{request.param}_settings")
    return settings


def messages(home: Path) -> list[Path]:
    """All files in the broker's folder, half-written ones too."""
    return [path for path in (home / "broker").rglob("*") if path.is_file()]
