"""Settings: environment variables FITSERVE_*, read once when a process starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024

_POSTGRES = re.compile(r"^postgres(ql)?://")
"""The common spellings, which name no driver."""


class Settings(BaseSettings):
    """Every setting of the service. `FITSERVE_HOME=/data FITSERVE_PORT=9000 make run` changes two of them."""

    model_config = SettingsConfigDict(
        env_prefix="FITSERVE_", frozen=True, extra="ignore", env_ignore_empty=True, use_attribute_docstrings=True
    )

    home: Path = Path("var")
    """Folder of the database, the broker, artifacts, cache and logs."""
    host: str = "127.0.0.1"
    """Address that the API listens on; anything but loopback needs a key."""
    port: int = Field(default=8000, ge=1, le=65535)
    """Port of the API."""
    api_processes: int = Field(default=1, ge=1, le=64)
    """API processes behind the port."""
    allow_open: bool = False
    """Start on an address that others can reach without any key. They can then do everything."""
    require_key: bool = False
    """Ask for a key on loopback too, for a service behind a proxy."""
    allowed_hosts: str = "localhost,127.0.0.1,[::1]"
    """Host headers that are answered, by comma; `*` = any. The address that the API listens on is always allowed."""
    database_url: str = ""
    """SQLAlchemy URL; empty = SQLite in the home. PostgreSQL: `postgresql://user:password@host/name`."""
    broker_url: str = ""
    """Celery broker; empty = files in the home. Redis: `redis://:password@host:6379/0`."""
    broker_prefix: str = Field(default="fitserve.", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    """Put before the names of the queues, so that several services can share one Redis."""
    lease_seconds: float = Field(default=30.0, gt=0)
    """How long a run stays with a worker that gives no sign of life."""
    sweep_seconds: float = Field(default=5.0, gt=0)
    """How often a worker looks for runs that were lost, and rings for waiting ones."""
    poll_seconds: float = Field(default=0.02, gt=0, le=1)
    """How often the broker of files, waiting requests and event streams look."""
    worker_device: Literal["auto", "cpu", "gpu"] = "auto"
    """Which runs a worker takes; `auto` = gpu where the machine has one."""
    slots: int = Field(default=1, ge=1, le=256)
    """Runs at the same time in one worker."""
    standby: int = Field(default=1, ge=0, le=16)
    """Processes with torch imported that wait for a run."""
    threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads of one fit; 0 = the machine's cores shared by the slots."""
    checkpoint_seconds: float = Field(default=10.0, ge=0)
    """A running fit saves at the end of an epoch, but at most this often (the best and the last always)."""
    progress_seconds: float = Field(default=0.5, gt=0, le=60)
    """How often a running fit tells how far it is inside an epoch."""
    stop_seconds: float = Field(default=5.0, gt=0, le=600)
    """How long a fit that is asked to stop has for its checkpoint, before it is killed."""
    max_attempts: int = Field(default=5, ge=1, le=100)
    """Attempts without progress after which a run has failed."""
    backoff_seconds: float = Field(default=5.0, ge=0, le=3600)
    """Pause before the third attempt, doubled for each one after it; the second one is made at once."""
    ring_seconds: float = Field(default=10.0, gt=0, le=3600)
    """A run that still waits so long after it was rung for is rung for again."""
    child_bytes: int = Field(default=0, ge=0)
    """Limit of a child's address space, where it works on the CPU; 0 = none."""
    unused_seconds: float = Field(default=86_400.0, ge=0)
    """Artifacts that nothing points to any more go when they are older than this."""
    upload_bytes: int = Field(default=2048 * MIB, ge=1)
    """Largest upload of a dataset."""
    body_bytes: int = Field(default=MIB, ge=1024)
    """Largest JSON body."""
    predict_bytes: int = Field(default=32 * MIB, ge=1024)
    """Largest body of a prediction."""
    free_bytes: int = Field(default=1024 * MIB, ge=0)
    """Disk space that uploads leave free."""
    cache_bytes: int = Field(default=20 * 1024 * MIB, ge=0)
    """Size of the cache of prepared tensors, beyond which the oldest go."""
    predictors: int = Field(default=8, ge=1, le=1000)
    """Networks that an API process keeps ready to answer."""
    fashion_mnist: str = ""
    """Folder of Fashion-MNIST's four files; empty = where Debian's package puts them."""
    failpoint: str = ""
    """For tests of faults only: `name:action[:nth]`, see models/faults.py."""

    @property
    def database(self) -> str:
        """The database's SQLAlchemy URL."""
        if not self.database_url:
            return f"sqlite:///{self.home.resolve() / 'fitserve.db'}"
        return _POSTGRES.sub("postgresql+psycopg://", self.database_url)

    @property
    def temporary(self) -> Path:
        """Folder of half-done files, on the file system of the artifacts."""
        return self.home.resolve() / "tmp"

    @property
    def cache(self) -> Path:
        """Folder of prepared tensors; may be deleted at any time."""
        return self.home.resolve() / "cache"
