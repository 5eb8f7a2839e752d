"""linear-15 through the API: the loss trajectory of a plain PyTorch script, to the last bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.processes import Service


def reference(shared: Path) -> tuple[float, float, list[float]]:
    """Initial weight and bias, and the loss before each of 100 steps, of the plain script."""
    script = shared / "data" / "linear-15" / "reference.py"
    first, *rest = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    _, weight, _, bias = first.split()
    return float.fromhex(weight), float.fromhex(bias), [float.fromhex(line.split()[1]) for line in rest]


def test_the_trajectory_is_that_of_plain_pytorch_to_the_last_bit(service: Service, shared: Path) -> None:
    weight, bias, losses = reference(shared)
    service.curl("-T", shared / "data" / "linear-15" / "linear-15.csv", f"{service.url}/v1/datasets/line")
    body = service.run_job(
        {
            "dataset": "line",
            "inputs": [{"column": "x", "transforms": []}],
            "target": {"column": "y", "task": {"kind": "regression", "scale": "none"}},
            "split": "none",
            "network": {"kind": "linear", "initial": {"weight": [[weight]], "bias": [bias]}},
            "optimizer": {"kind": "sgd", "lr": 0.01},
            "schedule": "constant",
            "epochs": 100,
            "batch_size": "full",
        }
    )
    assert trajectory(service, body["id"]) == losses
    assert len(losses) == 100


def trajectory(service: Service, job: str) -> list[float]:
    """train.loss of every epoch."""
    answer = service.client.get(f"/v1/jobs/{job}/metrics", params={"name": "train.loss", "limit": 1000})
    return [point["value"] for point in answer.raise_for_status().json()["data"]]
