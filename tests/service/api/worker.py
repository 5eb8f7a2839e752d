"""A worker in a thread: the child's work and the store's claims, without processes. Real ones are for the journeys."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from models.events import Event
from service.artifacts import Artifacts
from service.settings import Settings
from service.store import claims, recording
from service.store.claims import Claim
from service.store.engine import Store
from service.store.status import Status
from workers import child

LEASE = 60.0


class Worker:
    """Takes runs one after the other, from start() to stop()."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store(settings.database)
        self._artifacts = Artifacts(settings)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(60)
        self._store.close()

    def _work(self) -> None:
        while not self._ended.is_set():
            if not self.serve_one():
                time.sleep(0.01)

    def serve_one(self) -> bool:
        """Take the run that waits longest and see it through; False where none waits."""
        with self._store.begin() as session:
            claim = claims.claim(session, None, "test-worker", ["ingest", "any", "cpu", "gpu"], LEASE)
        if claim is None:
            return False
        for number, batch in enumerate(_batches(self._events(claim)), start=1):
            with self._store.begin() as session:
                recording.record(session, claim, number, [event.to_json() for event in batch], LEASE)
        return True

    def _events(self, claim: Claim) -> Iterator[Event]:
        work = child._ingest if claim.kind == "ingest" else child._fit
        try:
            yield from work(self._start_line(claim), self._wished(claim))
        except Exception as error:
            yield child.failure(error)

    def _wished(self, claim: Claim) -> Callable[[], bool]:
        looked = 0.0

        def wished() -> bool:
            nonlocal looked
            if time.monotonic() - looked < 0.02:
                return False
            looked = time.monotonic()
            with self._store.read() as session:
                return claims.watch(session, claim) in (Status.CANCELLING, Status.PAUSING)

        return wished

    def _start_line(self, claim: Claim) -> child.Message:
        kind = "datasets" if claim.kind == "ingest" else "checkpoints"
        dataset = self._artifacts.local("datasets", claim.dataset) if claim.dataset else Path("/nowhere")
        return {
            "spec": claim.options if claim.kind == "ingest" else claim.spec,
            "paths": {
                "dataset": str(dataset),
                "upload": str(self._artifacts.local("uploads", claim.upload)),
                "cache": str(self._artifacts.cache),
                "into": str(self._artifacts.folder(kind)),
            },
            "resume": str(self._artifacts.local("checkpoints", claim.resume)) if claim.resume else None,
            "settings": {"checkpoint_seconds": 0.0, "progress_seconds": 0.05},
        }


def _batches(events: Iterator[Event]) -> Iterator[list[Event]]:
    """Events of 50 ms at a time: SQLite lets one write at a time, and who writes without a pause starves all others."""
    batch, begun = [], time.monotonic()
    for event in events:
        batch.append(event)
        if time.monotonic() - begun > 0.05:
            yield batch
            batch, begun = [], time.monotonic()
    if batch:
        yield batch
