"""Where a worker is put together: `celery --app workers.app worker --pool threads --concurrency SLOTS --queues any`.

The process never imports torch: its children do.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from celery import Celery, signals
from celery.worker import state

from models.faults import arm
from service import telemetry
from service.artifacts import Artifacts
from service.queue import LOOK, QUEUES, Doorbell, celery_app
from service.settings import Settings
from service.store.engine import Store

from .leases import Keeper
from .pool import Pool
from .receiver import Receiver
from .supervise import Supervisor, Tools
from .sweeper import Sweeper

RUN_ID = re.compile(r"run_[0-9A-HJKMNP-TV-Z]{26}")


class Worker:
    """One Celery worker's life: from its set-up to its end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.supervisor: Supervisor | None = None
        self._threads: list[Keeper | Sweeper | Receiver] = []

    def start(self, sender: str, instance: Any, **_: Any) -> None:
        """Called before the broker is asked for anything, so that runs are taken where it cannot be reached."""
        telemetry.configure(process="worker")
        arm(self.settings.failpoint)
        served = instance.app.amqp.queues.consume_from
        queues = tuple(name for name in QUEUES if name in served)
        slots = int(instance.concurrency or self.settings.slots)
        self.supervisor = Supervisor(_tools(self.settings, f"{sender}:{os.getpid()}", queues, slots), slots)
        self.supervisor.tools.pool.refresh()
        self._threads = [Receiver(self.supervisor), Sweeper(self.supervisor), Keeper(self.supervisor)]
        for thread in self._threads:
            thread.start()

    def look(self, run_id: str, queue: str) -> None:
        """A message says "look at this run". Everything else is read from the database."""
        if self.supervisor and isinstance(run_id, str) and RUN_ID.fullmatch(run_id):
            self.supervisor.look(run_id, queue)

    def has_time(self) -> bool:
        """Whether another message may be taken: one that waits here could be read by somebody else."""
        supervisor = self.supervisor
        return supervisor is not None and supervisor.idle() > 0 and len(state.reserved_requests) < supervisor.slots

    def drain(self, **_: Any) -> None:
        """SIGTERM has come: Celery waits for `look` to return, which it does in a few seconds."""
        if self.supervisor:
            self.supervisor.drain()

    def close(self, **_: Any) -> None:
        """Everything is given back."""
        for thread in self._threads:
            thread.close()
        if self.supervisor:
            tools = self.supervisor.tools
            tools.pool.close()
            tools.doorbell.close()
            tools.store.close()


def build(settings: Settings) -> Celery:
    """The application that `celery --app workers.app` finds. Nothing starts before Celery says so."""
    worker, app = Worker(settings), celery_app(settings)
    app.conf.broker_transport_options["has_time"] = worker.has_time

    @app.task(name=LOOK, bind=True)  # type: ignore[untyped-decorator]
    def look(task: Any, run_id: str) -> None:
        worker.look(run_id, (task.request.delivery_info or {}).get("routing_key") or "any")

    signals.celeryd_after_setup.connect(worker.start, weak=False)
    signals.worker_shutting_down.connect(worker.drain, weak=False)
    signals.worker_shutdown.connect(worker.close, weak=False)
    return app


def _tools(settings: Settings, name: str, queues: tuple[str, ...], slots: int) -> Tools:
    threads = settings.threads or max(1, len(os.sched_getaffinity(0)) // slots)
    return Tools(
        name=name,
        queues=queues,
        settings=settings,
        store=Store(settings.database),
        artifacts=Artifacts(settings),
        doorbell=Doorbell(settings),
        pool=Pool(settings.standby, threads, _gpus() if "gpu" in queues else ()),
        threads=threads,
    )


def _gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [name for name in given.split(",") if name]
    found = (re.fullmatch(r"nvidia(\d+)", path.name) for path in Path("/dev").glob("nvidia*"))
    return sorted(match[1] for match in found if match)


app = build(Settings())
