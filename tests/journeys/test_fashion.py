"""Fashion-MNIST, all 70,000 pictures, against published figures. Minutes each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.processes import Service

MINUTES = 60.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(20 * MINUTES)]


@pytest.fixture(autouse=True)
def _files(fashion_files: Path) -> None:
    """Skips where the files are missing."""


@pytest.mark.parametrize(
    ("fields", "accuracy"),
    [
        pytest.param({"network": "softmax", "epochs": 10}, 0.84, id="softmax-regression"),
        pytest.param({"network": "lenet", "epochs": 10}, 0.90, id="lenet"),
        pytest.param({}, 0.90, id="nothing-but-dataset-and-target"),
    ],
)
def test_test_accuracy_reaches(service: Service, fields: dict[str, Any], accuracy: float) -> None:
    spec = {"dataset": "fashion-mnist", "target": "label", **fields}
    body = service.run_job(spec, seconds=15 * MINUTES)
    assert body["metrics"]["test.accuracy"] >= accuracy
