"""Ringing for runs. Best effort: a bell that nobody hears costs time only, for the workers sweep for runs that wait."""

from __future__ import annotations

import time

from kombu.exceptions import KombuError

from service.settings import Settings
from service.telemetry import logger

from .broker import LOOK, celery_app

PAUSE_SECONDS = 5.0
"""After a bell that nobody heard none is rung for so long: requests shall not wait for a broker that is down."""


class Doorbell:
    """Rings at the broker; one for each process, used by all of its threads."""

    def __init__(self, settings: Settings) -> None:
        self._app = celery_app(settings)
        self._silent_until = 0.0

    def ring(self, run_id: str, queue: str) -> bool:
        """Tell the workers of this queue that a run waits. False when the broker cannot be reached; never raises."""
        if time.monotonic() < self._silent_until:
            return False
        try:
            self._app.send_task(LOOK, [run_id], queue=queue, ignore_result=True)
        except (KombuError, OSError) as error:
            self._silent_until = time.monotonic() + PAUSE_SECONDS
            logger(__name__).warning("broker-unreachable", run=run_id, queue=queue, error=type(error).__name__)
            return False
        return True

    def close(self) -> None:
        """Close the connections."""
        self._app.close()
