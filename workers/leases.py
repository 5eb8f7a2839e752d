"""The keeper of leases: renews them, sees wishes, gives signs of life. A thread of its own, for work takes its time."""

from __future__ import annotations

import threading
import time

from service.store import claims, workers
from service.store.change import Fenced
from service.telemetry import logger

from .supervise import Supervisor

WATCH_SECONDS = 0.2
"""How often a worker looks for wishes."""


class Keeper(threading.Thread):
    """Runs until `close`. A database that cannot be reached is asked again a little later."""

    def __init__(self, supervisor: Supervisor) -> None:
        super().__init__(name="keeper", daemon=True)
        self._supervisor, self._tools = supervisor, supervisor.tools
        self._over = threading.Event()
        self._renewed = 0.0

    def run(self) -> None:
        """Look, renew, and keep the standbys alive."""
        while not self._over.wait(WATCH_SECONDS):
            try:
                self._look()
                self._tools.pool.refresh()
            except Exception as error:  # a thread that ends silently would lose every lease
                logger(__name__).warning("keeper-failed", error=type(error).__name__, exc_info=True)

    def close(self) -> None:
        """Take the worker from the list."""
        self._over.set()
        self.join(timeout=5)
        with self._tools.store.begin() as session:
            workers.gone(session, self._tools.name)

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._renewed >= self._tools.settings.lease_seconds / 3:
            self._renew()
            self._renewed = now
        elif self._supervisor.drives():
            self._watch()

    def _renew(self) -> None:
        drives, tools = self._supervisor.drives(), self._tools
        with tools.store.begin() as session:
            workers.beat(session, tools.name, tools.queues, self._supervisor.slots, len(drives))
            for drive in drives:
                try:
                    drive.status = claims.renew(session, drive.claim, tools.settings.lease_seconds)
                except Fenced:
                    drive.fenced = True

    def _watch(self) -> None:
        with self._tools.store.read() as session:
            for drive in self._supervisor.drives():
                try:
                    drive.status = claims.watch(session, drive.claim)
                except Fenced:
                    drive.fenced = True
