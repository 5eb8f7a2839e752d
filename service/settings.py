"""FITSERVE_*: everything that can be set from outside, in one documented place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024
GIB = 1024 * MIB

Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


def _database_in_home(values: dict[str, Any]) -> str:
    return f"sqlite:///{values['home']}/fitserve.db"


def _broker_in_home(values: dict[str, Any]) -> str:
    return f"filesystem://{values['home']}/broker"


def _third_of_lease(values: dict[str, Any]) -> float:
    return float(values["lease_seconds"]) / 3


class Settings(BaseSettings):
    """The settings of one service; read once from the environment, then handed around."""

    model_config = SettingsConfigDict(
        env_prefix="FITSERVE_", frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )

    home: Folder = Path("var")
    """Folder of everything that lasts: database, broker folder, artifacts, cache, logs."""
    host: str = "127.0.0.1"
    """Address the API listens on. Any other than loopback needs a key first."""
    port: int = Field(default=8000, ge=1, le=65535)
    """Port the API listens on."""
    api_processes: int = Field(default=1, ge=1, le=64)
    """Processes of the API."""
    allow_open: bool = False
    """Start on an address other than loopback without any key. Whoever reaches the port then rules the service."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names the API answers to, as JSON (`["fit.example.org"]`), besides loopback names and addresses."""

    database_url: str = Field(default_factory=_database_in_home)
    """`sqlite:///path` (default: fitserve.db in the home folder) or `postgresql+psycopg://user:password@host/name`."""
    database_pool: int = Field(default=10, ge=1, le=200)
    """Connections that a process keeps open; as many again for a short while."""
    broker_url: str = Field(default_factory=_broker_in_home)
    """`filesystem://folder` (default: broker in the home folder) or `redis://host:6379/0`. Only a doorbell: what has
    to be done stands in the database."""
    broker_prefix: str = "fitserve."
    """Put before the names of the queues, so that several services can share one Redis."""
    poll_seconds: float = Field(default=0.02, gt=0, le=10)
    """Pause between two looks into the broker folder."""

    worker_device: Literal["auto", "cpu", "gpu"] = "auto"
    """Which runs a worker takes: `gpu` those for gpu and any, `cpu` those for cpu and any; `auto` looks for a GPU."""
    slots: int = Field(default=1, ge=1, le=256)
    """Runs that a worker drives at the same time."""
    standby: int = Field(default=1, ge=0, le=64)
    """Warm child processes that wait with PyTorch imported, so that a run starts at once."""
    threads: int | None = Field(default=None, ge=1, le=256)
    """CPU threads of each child; left out: the cores divided by the slots."""
    child_memory_bytes: int | None = Field(default=None, ge=64 * MIB)
    """Limit of the address space of children that ingest or fit on the CPU; left out: none."""
    lease_seconds: float = Field(default=30.0, ge=0.5, le=3600)
    """A run whose worker was not heard of for so long is taken back."""
    renew_seconds: float = Field(default_factory=_third_of_lease, gt=0)
    """Pause between two renewals of a lease; left out: a third of the lease."""
    sweep_seconds: float = Field(default=5.0, gt=0, le=3600)
    """Pause between two sweeps: ring again for runs that wait, take back expired leases."""
    ring_again_seconds: float = Field(default=10.0, gt=0, le=3600)
    """A run that is still queued so long after its last ring is rung for again."""
    backoff_seconds: float = Field(default=5.0, ge=0, le=3600)
    """Pause before a run whose worker was lost starts again; doubled with every attempt without progress."""
    attempts: int = Field(default=5, ge=1, le=100)
    """Attempts without progress after which a run fails as worker-lost."""
    stop_seconds: float = Field(default=5.0, gt=0, le=600)
    """Time that a child has to save its checkpoint and end, before it is killed."""
    checkpoint_seconds: float = Field(default=10.0, ge=0, le=3600)
    """Checkpoints at the end of an epoch are at least so far apart (best, last and stop come besides)."""
    progress_seconds: float = Field(default=0.5, gt=0, le=60)
    """Pause between two signs of life inside an epoch."""
    keep_unused_seconds: float = Field(default=86_400.0, ge=0)
    """Files that no row points to are deleted when they are older than this."""
    cache_bytes: int = Field(default=20 * GIB, ge=0)
    """Size of the tensor cache, above which its longest unused parts are deleted."""

    upload_bytes_max: int = Field(default=2 * GIB, ge=1)
    """Largest upload of a dataset."""
    body_bytes_max: int = Field(default=MIB, ge=1024)
    """Largest JSON body."""
    picture_bytes_max: int = Field(default=32 * MIB, ge=1024)
    """Largest body of a prediction."""
    free_bytes_reserve: int = Field(default=GIB, ge=0)
    """Disk space that uploads leave free; below it they answer 507."""
    predictors: int = Field(default=8, ge=1, le=1000)
    """Networks that an API process keeps loaded."""
    fashion_mnist_folders: tuple[Path, ...] = (
        Path("/usr/share/datasets/fashion-mnist"),
        Path("/usr/share/dataset-fashion-mnist"),
    )
    """Folders where Fashion-MNIST's four files may lie already, as JSON; else they come from their public home."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is logged."""
