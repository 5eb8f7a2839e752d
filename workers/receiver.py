"""Reads uploads, one at a time, beside the fits: whoever sends a file shall not wait for somebody's training to end.

Nobody rings for an ingestion: it is looked for in the database, which takes a tenth of a second at most, and holds up
no message that another worker could answer.
"""

from __future__ import annotations

import threading

from service.store import runs
from service.store.runs import INGEST
from service.telemetry import logger

from .supervise import Supervisor

LOOK_SECONDS = 0.1
"""How often a worker looks for an upload that waits."""


class Receiver(threading.Thread):
    """Runs until `close`. Several workers may look at the same time: each upload is claimed once."""

    def __init__(self, supervisor: Supervisor) -> None:
        super().__init__(name="receiver", daemon=True)
        self._supervisor, self._store = supervisor, supervisor.tools.store
        self._over = threading.Event()

    def run(self) -> None:
        """Look, claim, drive."""
        while not self._over.wait(LOOK_SECONDS):
            try:
                while not self._supervisor.draining.is_set() and self._waits():
                    self._supervisor.take((INGEST,))
            except Exception as error:  # the next look comes in any case
                logger(__name__).warning("receiver-failed", error=type(error).__name__, exc_info=True)

    def close(self) -> None:
        """End the thread; an upload that is being read is given back first."""
        self._over.set()
        self.join(timeout=2 * self._supervisor.tools.settings.stop_seconds)

    def _waits(self) -> bool:
        with self._store.read() as session:
            return runs.waits(session, INGEST)
