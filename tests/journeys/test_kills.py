"""kill -9 in the middle of a run: it ends, no epoch twice, the network has the bits of an undisturbed one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.processes import PATIENCE, Service, running

EPOCHS = 30
SPEC = {"dataset": "digits", "target": "label", "epochs": EPOCHS, "early_stopping": None}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with short leases."""
    settings = {"lease_seconds": "2", "sweep_seconds": "0.5", "backoff_seconds": "0.2", "checkpoint_seconds": "1"}
    with running(tmp_path_factory.mktemp("hasty"), **settings) as service:
        yield service


@pytest.fixture(scope="module")
def undisturbed(hasty: Service) -> dict[str, Any]:
    """What the run gives when nobody is killed."""
    return outcome(hasty, hasty.run_job(SPEC)["id"])


@pytest.mark.parametrize("victim", ["workers.child", "celery", "uvicorn"])
def test_a_killed_process_changes_nothing_but_the_time(
    hasty: Service, undisturbed: dict[str, Any], victim: str
) -> None:
    job = hasty.post_job(SPEC)
    wait_for_epoch(hasty, job, 5)
    victims = busiest(hasty, victim)
    for process in victims:
        process.kill()
    body = hasty.wait_ended(job)
    hasty.wait_ready()
    assert body["status"] == "succeeded", body
    assert body["claims"] > (0 if victim == "uvicorn" else 1)
    assert outcome(hasty, body["id"]) == undisturbed


def outcome(service: Service, job: str) -> dict[str, Any]:
    """All recorded numbers but seconds, and the bytes of the last checkpoint's tensors."""
    points = service.client.get(f"/v1/jobs/{job}/metrics", params={"limit": 1000}).raise_for_status().json()["data"]
    numbers = [(point["name"], point["epoch"], point["step"], point["value"]) for point in points]
    assert len({(name, epoch) for name, epoch, _, _ in numbers}) == len(numbers)
    assert [epoch for name, epoch, _, _ in numbers if name == "train.loss"] == [*range(1, EPOCHS + 1)]
    saved = service.client.get(f"/v1/jobs/{job}/checkpoints").raise_for_status().json()["data"]
    last = next(checkpoint for checkpoint in saved if "last" in checkpoint["reasons"])
    folder = service.home / "artifacts" / "checkpoints" / last["sha256"]
    return {"numbers": numbers, **{file.name: file.read_bytes() for file in sorted(folder.rglob("*.safetensors"))}}


def busiest(service: Service, word: str) -> list[Any]:
    """The processes of this kind; of the children the one that computes, for others wait warm."""
    found = service.processes(word)
    assert found, service.logs()
    return sorted(found, key=lambda process: sum(process.cpu_times()[:2]))[-1:]


def wait_for_epoch(service: Service, job: str, epoch: int) -> None:
    """Until the run has ended that epoch."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        body = service.client.get(job).raise_for_status().json()
        assert not body["terminal"], body
        if body["progress"]["epoch"] >= epoch:
            return
        time.sleep(0.05)
    raise AssertionError(service.logs())
