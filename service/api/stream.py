"""Server-sent events of a run: replayed from the database by sequence, then followed, then `done`.

Events of the database have an `id`, which is their sequence, so a client that reconnects with Last-Event-ID misses
nothing. `progress` comes between them while the run is inside an epoch; it has no id, for it is worth nothing later.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool

from service.api.context import Context
from service.api.views.event import event_body
from service.store import events, runs
from service.store.engine import Store
from service.store.rows import EventRow, RunRow
from service.store.status import TERMINAL

BATCH = 500
PING_SECONDS = 15.0
SLOWEST = 0.25


@dataclass(frozen=True)
class Look:
    """What one look at the database found."""

    run: RunRow
    events: Sequence[EventRow]

    @property
    def is_end(self) -> bool:
        """Whether nothing more will come. Both were read in one transaction: no event can be missing."""
        return self.run.status in TERMINAL and len(self.events) < BATCH

    @property
    def progress(self) -> dict[str, Any]:
        """How far the run is."""
        run = self.run
        return {
            "run": run.id,
            "status": run.status,
            "epoch": run.epoch,
            "epochs": run.epochs,
            "step": run.step,
            "fraction": run.fraction,
            "loss": run.loss,
            "seconds_left": run.seconds_left,
        }


def look(store: Store, project_id: str, run_id: str, after: int) -> Look:
    """The run and its next events."""
    with store.read() as session:
        return Look(runs.get(session, project_id, run_id), events.after(session, project_id, run_id, after, BATCH))


async def follow(here: Context, project_id: str, run_id: str, after: int) -> AsyncIterator[bytes]:
    """The stream, until the run has ended or this process ends."""
    told, pause, spoken = None, here.settings.poll_seconds, time.monotonic()
    while not here.stopping.is_set():
        seen = await run_in_threadpool(partial(look, here.store, project_id, run_id, after))
        for event in seen.events:
            after = event.seq
            yield message(event.kind, event_body(event), event.seq)
        if seen.is_end:
            yield message("done", seen.progress)
            return
        if seen.events or seen.progress != told:
            told, pause, spoken = seen.progress, here.settings.poll_seconds, time.monotonic()
            yield message("progress", told)
        elif time.monotonic() - spoken > PING_SECONDS:
            spoken = time.monotonic()
            yield b": still here\n\n"
        await here.stopping.wait(pause)
        pause = min(pause * 1.2, SLOWEST)


def message(kind: str, data: dict[str, Any], seq: int | None = None) -> bytes:
    """One event on the wire."""
    place = "" if seq is None else f"id: {seq}\n"
    return f"{place}event: {kind}\ndata: {json.dumps(data, allow_nan=False)}\n\n".encode()
