"""The end of an API process: who streams or waits is told, for uvicorn waits until the last answer has ended."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any


class Stopping:
    """Set once, by SIGTERM or SIGINT or by the end of the app."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def is_set(self) -> bool:
        """Whether the end has begun."""
        return self._event.is_set()

    def begin(self) -> None:
        """From now on streams end and long polls answer at once."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Sleep so long, or until the end begins (looked for ten times a second)."""
        left = seconds
        while left > 0 and not self.is_set():
            await asyncio.sleep(min(left, 0.1))
            left -= 0.1

    def listen(self) -> None:
        """Begin at SIGTERM and SIGINT, then do what was done before. Only the main thread may handle signals."""
        with suppress(ValueError):
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._before(signal.getsignal(number)))

    def _before(self, handler: Any) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            self.begin()
            if callable(handler):
                handler(number, frame)

        return handle
