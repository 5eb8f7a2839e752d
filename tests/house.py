"""Workers as real processes, on a home of their own, with a dataset that is ready: for tests of the mechanism."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from models.data.builtin import builtin_upload
from models.data.description import Description
from models.data.ingest import ingest
from models.spec import TrainingSpec, resolve
from service.artifacts import Artifacts
from service.queue import Doorbell
from service.settings import Settings
from service.store import claims, metrics, runs
from service.store.engine import Store
from service.store.rows import CheckpointRow, RunRow
from tests.databases import add_run, add_version
from tests.runs import PROJECT

PATIENCE = 60.0
"""Seconds that something may take on a busy machine before a test gives up."""

QUICK = {"lease_seconds": "2", "sweep_seconds": "0.3", "ring_seconds": "0.5", "backoff_seconds": "0", "threads": "1"}

ENDED = ("succeeded", "failed", "cancelled", "paused")


@dataclass(frozen=True)
class Iris:
    """The iris flowers, ingested: folder of the dataset, its content hash and its description."""

    folder: Path
    sha256: str
    description: dict[str, Any]


def ingest_iris(into: Path) -> Iris:
    """Ingest the built-in dataset."""
    upload, options = builtin_upload("iris", [], into)
    told = ingest(upload, options, into)
    return Iris(Path(told.folder), told.sha256, told.description)


@dataclass
class House:
    """One home with its store, broker, artifacts, and workers."""

    home: Path
    environment: dict[str, str]
    iris: Iris
    workers: list[psutil.Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        given = {name.removeprefix("FITSERVE_").lower(): value for name, value in self.environment.items()}
        self.settings = Settings(**given)  # type: ignore[arg-type]
        self.store, self.bell = Store(self.settings.database), Doorbell(self.settings)
        self.artifacts = Artifacts(self.settings)
        shutil.copytree(self.iris.folder, self.artifacts.local("datasets", self.iris.sha256), dirs_exist_ok=True)
        with self.store.begin() as session:
            add_version(session, sha256=self.iris.sha256, description=self.iris.description)

    def start_worker(self, queues: str = "any,cpu", slots: int = 1, **settings: str) -> psutil.Process:
        """A Celery worker; settings by their names in lower case."""
        own = {f"FITSERVE_{name.upper()}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "celery", "--app", "workers.app", "worker", "--pool", "threads"]
        command += ["--concurrency", str(slots), "--queues", queues, "--loglevel", "warning"]
        command += ["--hostname", f"w{len(self.workers)}@test", "--without-gossip", "--without-mingle"]
        with (self.home / "worker.log").open("ab") as log:
            process = psutil.Popen(command, env={**os.environ, **self.environment, **own}, stdout=log, stderr=log)
        self.workers.append(process)
        return process

    def resolved(self, **spec: Any) -> dict[str, Any]:
        """A resolved spec: logistic regression on iris."""
        asked = {"dataset": "iris", "target": "species", "network": "softmax", "early_stopping": None, "threads": 1}
        description = Description.model_validate(self.iris.description)
        return resolve(TrainingSpec.model_validate({**asked, **spec}), description).model_dump(mode="json")

    def add(self, ring: bool = True, **spec: Any) -> str:
        """A queued run, rung for."""
        with self.store.begin() as session:
            row = add_run(session, self.resolved(**spec))
        if ring:
            assert self.bell.ring(row.id, row.queue)
        return row.id

    def run(self, run_id: str) -> RunRow:
        """The run's row as it is now."""
        with self.store.read() as session:
            return runs.get(session, PROJECT, run_id)

    def wish(self, wish: Callable[..., RunRow], run_id: str) -> None:
        """wish_cancel, wish_pause or resume; the last one rings too."""
        with self.store.begin() as session:
            row = wish(session, PROJECT, run_id)
        if row.status == "queued":
            self.bell.ring(row.id, row.queue)

    def wait(self, run_id: str, done: Callable[[RunRow], bool], seconds: float = PATIENCE) -> RunRow:
        """Wait until this holds for the run."""
        deadline = time.monotonic() + seconds
        while not done(row := self.run(run_id)):
            assert time.monotonic() < deadline, f"{row.status} {row.reason} epoch {row.epoch}\n{self.log()}"
            time.sleep(0.02)
        return row

    def ended(self, run_id: str) -> RunRow:
        """Wait until the run has ended."""
        return self.wait(run_id, lambda row: row.status in ENDED)

    def outcome(self, run_id: str) -> tuple[list[tuple[str, int, float | None]], list[str]]:
        """All that was measured, and the content hashes of the checkpoints at the end: equal for equal fits."""
        with self.store.read() as session:
            numbers = [(row.name, row.step, row.value) for row in metrics.series(session, PROJECT, run_id)]
            row = runs.get(session, PROJECT, run_id)
            ids = [row.checkpoint_id, row.best_checkpoint_id]
            return numbers, [session.get_one(CheckpointRow, each).sha256 for each in ids if each]

    def claim_by_hand(self, run_id: str) -> claims.Claim:
        """A claim of a worker that will never be heard of."""
        with self.store.begin() as session:
            claimed = claims.claim(session, run_id, "nobody", ["any"], self.settings.lease_seconds)
        assert claimed
        return claimed

    def children(self, worker: psutil.Process) -> list[psutil.Process]:
        """The worker's children that live."""
        with suppress(psutil.NoSuchProcess):
            return [child for child in worker.children() if child.status() != psutil.STATUS_ZOMBIE]
        return []

    def log(self) -> str:
        """What the workers wrote."""
        return (self.home / "worker.log").read_text()[-6000:]

    def close(self) -> None:
        """End all workers, kindly first."""
        for worker in self.workers:
            with suppress(psutil.NoSuchProcess):
                worker.resume()
                worker.terminate()
        for worker in self.workers:
            with suppress(psutil.NoSuchProcess):
                try:
                    worker.wait(20)
                except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
                    worker.kill()
                    worker.wait()
        self.bell.close()
        self.store.close()


@contextmanager
def house(home: Path, iris: Iris, database_url: str, broker: Mapping[str, str], **settings: str) -> Iterator[House]:
    """A house for the time of a `with`."""
    given = {"home": str(home), "database_url": database_url, **broker, **QUICK, **settings}
    built = House(home, {f"FITSERVE_{name.upper()}": value for name, value in given.items()}, iris)
    try:
        yield built
    finally:
        built.close()
