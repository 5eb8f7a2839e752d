"""Long polls: look at the database until something is so, the time is up, or this process ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Query
from starlette.concurrency import run_in_threadpool

from service.api.context import Context

T = TypeVar("T")

SLOWEST = 0.25
"""Seconds between two looks, after a while."""

Wait = Annotated[float, Query(ge=0, le=600, description="Seconds to wait for it.")]


async def until(here: Context, look: Callable[[], T], done: Callable[[T], bool], seconds: float) -> T:
    """What `look` saw last: when `done` with it, or when the time is up. `look` runs in a thread."""
    deadline = time.monotonic() + seconds
    pause = here.settings.poll_seconds
    while True:
        seen = await run_in_threadpool(look)
        left = deadline - time.monotonic()
        if done(seen) or left <= 0 or here.stopping.is_set():
            return seen
        await here.stopping.wait(min(pause, left))
        pause = min(pause * 1.2, SLOWEST)
