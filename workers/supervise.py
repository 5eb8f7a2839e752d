"""Claim a run, drive the child that does its work, record what it tells, obey what people wish for the run."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from models.faults import failpoint
from service.artifacts import Artifacts
from service.queue import Doorbell
from service.settings import Settings
from service.store import claims, recording, recovery
from service.store.change import Fenced
from service.store.claims import Claim
from service.store.engine import Store
from service.store.runs import INGEST
from service.store.status import Status
from service.telemetry import logger

from .pool import Child, Message, Pool

BATCH_SECONDS = 0.05
"""Events are written together that come within this time."""
IDLE_SECONDS = 0.1
"""A silent child is looked away from so often: for wishes, and for the lease."""
OUTAGE_SECONDS = 3600.0
"""How long a run outlives a database that cannot be reached: its child goes on meanwhile."""
URGENT = recording.ENDINGS | {"checkpoint_saved"}
ELSEWHERE = "device-unavailable"
"""Code of a failure that another worker may not have: the run is tried again."""


@dataclass(frozen=True)
class Tools:
    """What a worker works with. `name` is the owner of its leases, `queues` what it serves."""

    name: str
    queues: tuple[str, ...]
    settings: Settings
    store: Store
    artifacts: Artifacts
    doorbell: Doorbell
    pool: Pool
    threads: int

    def patience(self) -> recovery.Patience:
        """How often a run is tried again."""
        return recovery.Patience(self.settings.max_attempts, self.settings.backoff_seconds)


class Drive:
    """One claim, from the start line to the end. `status` is kept up to date by the lease's keeper too."""

    def __init__(self, tools: Tools, claim: Claim, draining: threading.Event) -> None:
        self.tools, self.claim, self.status = tools, claim, Status.PREPARING
        self.fenced = False
        self._draining = draining
        self._log = logger(__name__).bind(run=claim.run, token=claim.token)
        self._batch = 0
        self._deadline: float | None = None
        self._killed = False
        self._workspace: Path | None = None

    def run(self) -> None:
        """Do the work. However it ends, no child and no half-done file is left."""
        child = self.tools.pool.take()
        failpoint("worker.child_started")
        try:
            child.send(self._start_line())
            self.tools.pool.refresh()
            self.status = self._follow(child)
            self._log.info("run-left", status=self.status)
        except Fenced:
            self._log.warning("fenced")
        finally:
            self.tools.pool.part(child)
            if self._workspace:
                shutil.rmtree(self._workspace, ignore_errors=True)

    def _start_line(self) -> Message:
        claim, artifacts, settings = self.claim, self.tools.artifacts, self.tools.settings
        on_cpu = claim.kind == "ingest" or "gpu" not in self.tools.queues
        return {
            "kind": "start",
            "work": claim.kind,
            "run": claim.run,
            "spec": claim.options if claim.kind == "ingest" else claim.spec,
            "paths": {
                "dataset": str(artifacts.local("datasets", claim.dataset)) if claim.dataset else None,
                "upload": str(artifacts.local("uploads", claim.upload)),
                "cache": str(artifacts.cache),
                "into": str(self._into()),
            },
            "resume": str(artifacts.local("checkpoints", claim.resume)) if claim.resume else None,
            "settings": {
                "checkpoint_seconds": settings.checkpoint_seconds,
                "progress_seconds": settings.progress_seconds,
                "threads": self.tools.threads,
                "memory_bytes": settings.child_bytes or None if on_cpu else None,
            },
            "failpoint": settings.failpoint,
        }

    def _into(self) -> Path:
        """Checkpoints are written in their place; a dataset beside it, for a half-done one is large."""
        if self.claim.kind == "fit":
            return self.tools.artifacts.folder("checkpoints")
        self._workspace = self.tools.artifacts.workspace(f"{self.claim.run}-{self.claim.token}")
        return self._workspace

    def _follow(self, child: Child) -> Status:
        pending: list[Message] = []
        since = time.monotonic()
        while (told := child.read(BATCH_SECONDS if pending else IDLE_SECONDS)) is not None:
            pending += told
            self._obey(child)
            urgent = any(event["kind"] in URGENT for event in told)
            if pending and (urgent or time.monotonic() - since >= BATCH_SECONDS):
                if self._write(child, pending):
                    return self.status
                pending, since = [], time.monotonic()
        if pending and self._write(child, pending):
            return self.status
        return self._bury(child)

    def _obey(self, child: Child) -> None:
        """A wish, or the worker's end: the child is asked to stop, and killed when it takes too long."""
        if self.fenced:
            raise Fenced
        wished = self.status in (Status.CANCELLING, Status.PAUSING)
        if self._deadline is None and (wished or self._draining.is_set()):
            if wished:
                failpoint("cancel.seen")
            child.ask_to_stop()
            patience = self.tools.settings.stop_seconds if self.claim.kind == "fit" else 0.0  # nothing to save
            self._deadline = time.monotonic() + patience
        if self._deadline is not None and time.monotonic() >= self._deadline:
            child.kill()
            self._killed = True

    def _write(self, child: Child, events: list[Message]) -> bool:
        """Record a batch. Returns whether the claim is over."""
        saved = [event for event in events if event["kind"] in ("checkpoint_saved", "ingested")]
        for event in saved:
            kind = "checkpoints" if event["kind"] == "checkpoint_saved" else "datasets"
            self.tools.artifacts.keep(kind, Path(event["folder"]), event["sha256"])  # type: ignore[arg-type]
        last = events[-1]
        elsewhere = last["kind"] == "failed" and last["code"] == ELSEWHERE
        self._record(events[:-1] if elsewhere else events)
        for event in saved:
            child.send({"kind": "committed", "checkpoint": event["sha256"]})
        if elsewhere:
            self._lost(last["message"])
        return last["kind"] in recording.ENDINGS

    def _record(self, events: list[Message]) -> None:
        self._batch += 1
        lease = self.tools.settings.lease_seconds
        self.status = self.tools.store.insist(
            lambda session: recording.record(session, self.claim, self._batch, events, lease), OUTAGE_SECONDS
        )
        if any(event["kind"] == "epoch_ended" for event in events):
            failpoint("epoch.committed")

    def _bury(self, child: Child) -> Status:
        """The child has ended without a word about it."""
        code = child.wait(IDLE_SECONDS)
        self._log.warning("child-died", exit_code=code, killed_by_us=self._killed)
        if self._killed and self._draining.is_set():
            return self.tools.store.insist(lambda session: recovery.release(session, self.claim), OUTAGE_SECONDS)
        return self._lost(_death(code))

    def _lost(self, message: str) -> Status:
        patience = self.tools.patience()
        self.status = self.tools.store.insist(
            lambda session: recovery.lost(session, self.claim, message, patience), OUTAGE_SECONDS
        )
        return self.status


class Supervisor:
    """Answers the doorbell: at most `slots` runs at the same time."""

    def __init__(self, tools: Tools, slots: int) -> None:
        self.tools, self.slots = tools, slots
        self.draining = threading.Event()
        self._free = threading.BoundedSemaphore(slots)
        self._missed = threading.Event()
        self._lock = threading.Lock()
        self._drives: list[Drive] = []

    def drives(self) -> Collection[Drive]:
        """The claims that are being worked on."""
        with self._lock:
            return list(self._drives)

    def idle(self) -> int:
        """How many more runs there is time for."""
        fits = sum(drive.claim.queue != INGEST for drive in self.drives())
        return 0 if self.draining.is_set() else self.slots - fits

    def look(self, run_id: str | None, queue: str = "any") -> None:
        """Somebody has rung: do this run or, where it is taken, the one that waits longest."""
        failpoint("worker.got_ring")
        if self.draining.is_set():
            if run_id:
                self.tools.doorbell.ring(run_id, queue)
        elif not self._free.acquire(blocking=False):
            self._missed.set()
        else:
            try:
                self._work(run_id)
            finally:
                self._free.release()

    def drain(self) -> None:
        """Take no more runs, and give those back that are being worked on, from a checkpoint of now."""
        self.draining.set()

    def take(self, queues: tuple[str, ...]) -> None:
        """Do the run of these queues that waits longest, if there is one, whatever else is being done."""
        if claim := self._claim(None, queues):
            self._drive(claim)

    def _work(self, run_id: str | None) -> None:
        claim = (self._claim(run_id) if run_id else None) or self._claim(None)
        while claim:
            self._missed.clear()
            self._drive(claim)
            again = self._missed.is_set() and not self.draining.is_set()
            claim = self._claim(None) if again else None

    def _claim(self, run_id: str | None, queues: tuple[str, ...] | None = None) -> Claim | None:
        tools = self.tools
        with tools.store.begin() as session:
            claim = claims.claim(session, run_id, tools.name, queues or tools.queues, tools.settings.lease_seconds)
        if claim:
            failpoint("worker.after_claim")
            logger(__name__).info("run-claimed", run=claim.run, token=claim.token, resume=claim.resume)
        return claim

    def _drive(self, claim: Claim) -> None:
        drive = Drive(self.tools, claim, self.draining)
        with self._lock:
            self._drives.append(drive)
        try:
            drive.run()
        finally:
            with self._lock:
                self._drives.remove(drive)
        if drive.status == Status.QUEUED and claim.queue != INGEST:
            self.tools.doorbell.ring(claim.run, claim.queue)


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        return f"The process that did the work was killed by signal {-code}."
    return f"The process that did the work ended with exit code {code}."
