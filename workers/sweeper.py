"""What every worker does every few seconds: ring again for runs that wait, take back expired leases, tidy up."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from models.faults import failpoint
from service.artifacts import Kind
from service.store import checkpoints, datasets, recovery, workers
from service.telemetry import logger

from .supervise import Supervisor

RINGS = 100
"""Runs that one sweep rings for, at most."""
TIDY_SECONDS = 600.0
"""Pause between two rounds of tidying up."""


class Sweeper(threading.Thread):
    """Runs until `close`. Several workers may sweep at the same time: what one has taken, the others pass over."""

    def __init__(self, supervisor: Supervisor) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._supervisor, self._tools = supervisor, supervisor.tools
        self._over = threading.Event()
        self._tidied = time.monotonic()

    def run(self) -> None:
        """Sweep and tidy up."""
        while not self._over.wait(self._tools.settings.sweep_seconds * random.uniform(0.8, 1.2)):  # noqa: S311
            self._try(self.sweep)
            if time.monotonic() - self._tidied >= TIDY_SECONDS:
                self._try(self.tidy)
                self._tidied = time.monotonic()

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        self.join(timeout=5)

    def sweep(self) -> None:
        """One transaction; then ring. A worker that has no time for a run does not ring: bells shall not pile up."""
        tools, settings = self._tools, self._tools.settings
        with tools.store.begin() as session:
            taken = recovery.take_back(session, tools.patience())
            limit = RINGS if self._supervisor.idle() else 0
            rings = recovery.to_ring(session, tools.queues, settings.ring_seconds, limit)
            workers.forget(session)
        if taken:
            logger(__name__).warning("leases-taken-back", runs=taken)
        heard = [tools.doorbell.ring(run_id, queue) for run_id, queue in rings]
        if not all(heard):
            self._look_without_broker()

    def tidy(self) -> None:
        """Delete what nothing points to, half-done files of processes that died, and the cache's oldest parts."""
        artifacts, settings = self._tools.artifacts, self._tools.settings
        kinds: dict[Kind, Callable[[], set[str]]] = {
            "checkpoints": self._checkpoints,
            "datasets": lambda: self._datasets()[0],
            "uploads": lambda: self._datasets()[1],
        }
        for kind, referenced in kinds.items():
            for path in artifacts.unused(kind, referenced, settings.unused_seconds):
                failpoint("gc.unlink")
                artifacts.discard(path)
        artifacts.prune_temporary()
        artifacts.prune_cache(settings.cache_bytes)

    def _look_without_broker(self) -> None:
        """Nobody hears the bell: this worker's free hands take what waits."""
        for _ in range(self._supervisor.idle()):
            threading.Thread(target=self._supervisor.look, args=(None,), name="look", daemon=True).start()

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # the next round comes in any case
            logger(__name__).warning("sweep-failed", error=type(error).__name__, exc_info=True)

    def _checkpoints(self) -> set[str]:
        with self._tools.store.read() as session:
            return checkpoints.referenced(session)

    def _datasets(self) -> tuple[set[str], set[str]]:
        with self._tools.store.read() as session:
            return datasets.referenced(session)
