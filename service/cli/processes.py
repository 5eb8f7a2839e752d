"""The command lines of the service's processes: the same for `fitserve serve`, for the containers and for the tests."""

from __future__ import annotations

import sys
from pathlib import Path

from service.settings import Settings

GPU_DEVICE = Path("/dev/nvidiactl")
"""The driver's file: there is a GPU to ask for where it exists (this process never imports torch to find out)."""


def api_command(settings: Settings) -> list[str]:
    """Uvicorn with the application; open event streams are ended after a few seconds when it stops."""
    return [
        *(sys.executable, "-m", "uvicorn", "service.app:from_environment", "--factory"),
        *("--host", settings.host, "--port", str(settings.port)),
        *("--workers", str(settings.api_processes)),
        *("--timeout-graceful-shutdown", "5"),
        *("--no-access-log", "--no-server-header", "--log-level", "warning"),
    ]


def worker_command(settings: Settings) -> list[str]:
    """A Celery worker with one thread per slot, listening to the queues of its device."""
    return [
        *(sys.executable, "-m", "celery", "--app", "workers.app", "worker"),
        *("--pool", "threads", "--concurrency", str(settings.slots)),
        *("--queues", ",".join(queues(settings.worker_device))),
        *("--hostname", "fitserve@%h"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        *("--loglevel", "warning"),
    ]


def migrate_command() -> list[str]:
    """Alembic up to the newest revision. A process of its own: the service stands below its migrations."""
    config = Path(__file__).parents[2] / "migrations" / "alembic.ini"
    return [sys.executable, "-m", "alembic", "--config", str(config), "upgrade", "head"]


def queues(device: str) -> tuple[str, ...]:
    """The queues that a worker of this device serves; `auto` looks whether the machine has a GPU."""
    if device == "auto":
        device = "gpu" if GPU_DEVICE.exists() else "cpu"
    return ("gpu", "any") if device == "gpu" else ("cpu", "any")
