"""The child process: one start line in, events out; it ends with its input, and stops with a checkpoint."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from models.checkpoint import load
from models.data.builtin import builtin_upload
from models.data.ingest import ingest
from models.data.store import Dataset
from models.errors import Detail, FitError, SpecError
from models.spec import TrainingSpec, resolve
from tests.conftest import REPOSITORY
from workers.child import failure

LONG = {"epochs": 50_000, "early_stopping": None}


class Child:
    """A child process that is ready, and what it tells."""

    def __init__(self, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workers.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=REPOSITORY,
            env={**os.environ, **environment},
        )
        assert self.tell()["kind"] == "ready"

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def tell(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def until(self, kind: str) -> list[dict[str, Any]]:
        told = [self.tell()]
        while told[-1]["kind"] != kind:
            told.append(self.tell())
        return told

    def rest(self) -> list[dict[str, Any]]:
        """What it tells until its end, which is a good one."""
        assert self.process.stdout is not None
        told = [json.loads(line) for line in self.process.stdout]
        assert self.process.wait(30) == 0
        return told

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def child() -> Iterator[Child]:
    made = Child()
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """start(**spec) -> the start line of a fit on the iris flowers."""
    upload, options = builtin_upload("iris", [], tmp_path)
    folder = ingest(upload, options, tmp_path / "datasets").folder
    description = Dataset.open(Path(folder)).description

    def made(resume: str | None = None, failpoint: str = "", settings: Any = None, **spec: Any) -> dict[str, Any]:
        asked = TrainingSpec.model_validate({"dataset": "iris", "target": "species", "epochs": 3, **spec})
        return {
            "kind": "start",
            "work": "fit",
            "run": "run_1",
            "spec": resolve(asked, description).model_dump(mode="json"),
            "paths": {"dataset": folder, "cache": str(tmp_path / "cache"), "into": str(tmp_path / "saved")},
            "resume": resume,
            "settings": {"checkpoint_seconds": 10, "progress_seconds": 0.01, "threads": 1, **(settings or {})},
            "failpoint": failpoint,
        }

    return made


def test_a_fit_is_told_from_its_start_to_its_end(child: Child, start: Any) -> None:
    child.send(start())
    told = child.rest()
    kinds = [event["kind"] for event in told if event["kind"] != "progressed"]
    assert kinds[:3] == ["resolved", "started", "epoch_ended"]
    assert kinds[-2:] == ["checkpoint_saved", "finished"]
    assert told[-1]["metrics"]["test.accuracy"] > 0.3


def test_sigterm_stops_with_a_checkpoint_from_which_another_child_goes_on(child: Child, start: Any) -> None:
    child.send(start(**LONG))
    child.until("progressed")
    asked = time.monotonic()
    child.process.send_signal(signal.SIGTERM)
    *_, saved, stopped = child.rest()
    assert time.monotonic() - asked < 10
    assert (saved["kind"], saved["reasons"], stopped["kind"]) == ("checkpoint_saved", ["last"], "stopped")
    assert stopped["step"] == saved["step"] > 0
    other = Child()
    other.send(start(resume=saved["folder"], **LONG | {"epochs": stopped["epoch"] + 1}))
    told = other.rest()
    other.close()
    begun = next(event for event in told if event["kind"] == "started")
    assert (begun["epoch"], begun["step"]) == (stopped["epoch"], stopped["step"])
    assert told[-1]["kind"] == "finished"


def test_sigterm_before_the_first_update_stops_too(child: Child, start: Any) -> None:
    child.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    child.send(start(**LONG))
    assert child.rest()[-1] == {"kind": "stopped", "epoch": 0, "step": 0}


@pytest.mark.parametrize("working", [False, True])
def test_the_end_of_its_input_is_its_end(child: Child, start: Any, working: bool) -> None:
    if working:
        child.send(start(**LONG))
        child.until("progressed")
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.process.wait(10) != 0


def test_an_upload_is_ingested(child: Child, tmp_path: Path) -> None:
    upload = tmp_path / "flowers.csv"
    upload.write_text("a,b\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(20)))
    paths = {"upload": str(upload), "into": str(tmp_path / "made")}
    child.send({"kind": "start", "work": "ingest", "run": "run_1", "spec": {}, "paths": paths})
    told = child.rest()
    assert [event["kind"] for event in told] == ["ingested"]
    assert told[0]["description"]["rows"] == 20
    assert (tmp_path / "made" / told[0]["sha256"]).is_dir()


def test_a_bad_upload_fails_with_its_code(child: Child, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n3\n")
    paths = {"upload": str(tmp_path / "bad.csv"), "into": str(tmp_path / "made")}
    child.send({"kind": "start", "work": "ingest", "run": "run_1", "spec": {}, "paths": paths})
    (told,) = child.rest()
    assert (told["kind"], told["code"], told["retryable"]) == ("failed", "row-length", False)


@pytest.mark.parametrize(
    ("more", "code", "retryable"),
    [
        ({"optimizer": {"kind": "sgd", "lr": 1e6}, "epochs": 50}, "loss-not-finite", False),
        ({"failpoint": "ckpt.half:enospc"}, "insufficient-storage", True),
        ({"failpoint": "train.step:raise:2"}, "internal-error", False),
        ({"device": "cuda:99"}, "device-unavailable", True),
    ],
)
def test_what_goes_wrong_is_told_by_its_code(
    child: Child, start: Any, tmp_path: Path, more: dict[str, Any], code: str, retryable: bool
) -> None:
    child.send(start(**more))
    told = child.rest()[-1]
    assert (told["kind"], told["code"], told["retryable"]) == ("failed", code, retryable)
    assert str(tmp_path) not in json.dumps(told)
    assert "Traceback" not in json.dumps(told)


def test_too_little_memory_is_told_as_such(child: Child, start: Any) -> None:
    network = {"kind": "mlp", "hidden": [12_000, 12_000]}  # 580 MB of weights
    child.send(start(network=network, settings={"memory_bytes": 3 * 2**30}))
    assert child.rest()[-1]["code"] == "out-of-memory"


def test_a_checkpoint_that_is_damaged_is_told_as_such(child: Child, start: Any, tmp_path: Path) -> None:
    child.send(start(resume=str(tmp_path)))
    assert child.rest()[-1]["code"] == "checkpoint-not-found"


def test_a_stray_print_does_not_break_the_events(child: Child, start: Any) -> None:
    """fd 1 is stderr for everybody but the events."""
    events = Path(f"/proc/{child.process.pid}/fd/1").readlink()
    assert events == Path(f"/proc/{child.process.pid}/fd/2").readlink()
    child.send(start(epochs=1))
    assert child.rest()[-1]["kind"] == "finished"


def test_the_last_checkpoint_before_a_full_disk_loads(child: Child, start: Any, tmp_path: Path) -> None:
    child.send(start(failpoint="ckpt.written:enospc:2", settings={"checkpoint_seconds": 0}, epochs=9))
    told = child.rest()
    assert told[-1]["code"] == "insufficient-storage"
    saved = [event["folder"] for event in told if event["kind"] == "checkpoint_saved"]
    assert len(saved) == 1
    load(Path(saved[0]))


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (MemoryError(), "out-of-memory", False),
        (torch.OutOfMemoryError("CUDA out of memory"), "out-of-memory", False),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "out-of-memory", False),
        (OSError(errno.ENOSPC, "No space left"), "insufficient-storage", True),
        (OSError(errno.EDQUOT, "Quota"), "insufficient-storage", True),
        (OSError(errno.EACCES, "/secret/place"), "internal-error", False),
        (RuntimeError("CUDA error: an illegal memory access"), "device-unavailable", True),
        (FitError(Detail("device-unavailable", "gone")), "device-unavailable", True),
        (SpecError(Detail("split-too-small", "few rows", "/split")), "split-too-small", False),
        (ValueError("/secret/place"), "internal-error", False),
    ],
)
def test_errors_have_codes_and_keep_their_secrets(error: BaseException, code: str, retryable: bool) -> None:
    told = failure(error)
    assert (told.code, told.retryable) == (code, retryable)
    assert "secret" not in json.dumps(told.to_json())
