"""The clock of this process, for ids and log lines. Leases and all times in the database use the database's clock."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

_OFFSET_MS = int(float(os.environ.get("FITSERVE_CLOCK_OFFSET", "0")) * 1000)
"""Seconds that this process's clock is wrong by, for tests that show that this does no harm."""


def now_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000 + _OFFSET_MS


def rfc3339(milliseconds: int) -> str:
    """`2026-01-31T12:34:56.789Z`."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
