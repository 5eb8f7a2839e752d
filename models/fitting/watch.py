"""The clock of a fit: when to report, when to save, when the time is up. Monotonic; seconds add up over resumes."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How often a fit speaks and saves."""

    checkpoint_seconds: float = 10.0
    """At least so long between two checkpoints, but for the one at a stop and those at the end."""
    progress_seconds: float = 0.5
    """At least so long between two signs of life."""


class Watch:
    """Measures from its making; `before` are the seconds used until then."""

    def __init__(self, limits: Limits, before: float, max_seconds: float | None) -> None:
        self._limits = limits
        self._max_seconds = max_seconds
        self._started = self._reported = self._saved = time.monotonic()
        self._before = before
        self._steps = 0

    def used(self) -> float:
        """Seconds of this fit, those before a resume included."""
        return self._before + time.monotonic() - self._started

    def time_is_up(self) -> bool:
        """Whether `max_seconds` are used."""
        return self._max_seconds is not None and self.used() >= self._max_seconds

    def stepped(self) -> None:
        """Count an update, for the estimate of the time left."""
        self._steps += 1

    def report_due(self) -> bool:
        """Whether it is time for a sign of life; asking resets it."""
        now = time.monotonic()
        if now - self._reported < self._limits.progress_seconds:
            return False
        self._reported = now
        return True

    def save_due(self) -> bool:
        """Whether the last checkpoint is old enough."""
        return time.monotonic() - self._saved >= self._limits.checkpoint_seconds

    def saved(self) -> None:
        """A checkpoint has been written."""
        self._saved = time.monotonic()

    def seconds_left(self, updates: int) -> float | None:
        """What so many more updates will take at the pace so far, at most what `max_seconds` leave."""
        if not self._steps:
            return None
        left = updates * (time.monotonic() - self._started) / self._steps
        return left if self._max_seconds is None else max(0.0, min(left, self._max_seconds - self.used()))
