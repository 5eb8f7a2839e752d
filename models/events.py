"""What a fit (or an ingestion) tells while it runs: frozen records, each one JSON line on its way to the database.

Metric names are `part.metric`: `train.loss`, `validation.accuracy`, `test.rmse`. Steps and epochs count what is done:
an event with epoch=3, step=300 was emitted after the third epoch, after the 300th update.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Base of all events; `kind` is its tag in JSON."""

    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """The event as a JSON object with its tag."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Resolved(Event):
    """The fit has filled what only the data could tell: this completes the run's resolved spec."""

    kind: ClassVar[str] = "resolved"
    spec: dict[str, Any]
    parameters: int
    device: str
    rows: dict[str, int]
    updates_per_epoch: int


@dataclass(frozen=True)
class Started(Event):
    """The first batch is ready: the run is running. A resumed fit tells where it goes on."""

    kind: ClassVar[str] = "started"
    epoch: int
    step: int
    epochs: int


@dataclass(frozen=True)
class Progressed(Event):
    """A sign of life inside an epoch, a few times a second at most. `seconds_left` is None while unknown."""

    kind: ClassVar[str] = "progressed"
    epoch: int
    step: int
    fraction: float
    seconds_left: float | None
    loss: float | None


@dataclass(frozen=True)
class EpochEnded(Event):
    """One pass over the training part is done; all metrics measured after it, in one record."""

    kind: ClassVar[str] = "epoch_ended"
    epoch: int
    step: int
    seconds: float
    metrics: dict[str, float]


@dataclass(frozen=True)
class CheckpointSaved(Event):
    """A checkpoint folder is complete on disk. `sha256` is its manifest's hash, which is also the folder's name.

    `reasons` holds `best`, `last` or both. Everything emitted before it is contained in it.
    """

    kind: ClassVar[str] = "checkpoint_saved"
    folder: str
    sha256: str
    bytes: int
    epoch: int
    step: int
    reasons: tuple[str, ...]
    metrics: dict[str, float]


@dataclass(frozen=True)
class Warned(Event):
    """Something that the user should know; the run goes on."""

    kind: ClassVar[str] = "warned"
    code: str
    message: str
    pointer: str | None = None


@dataclass(frozen=True)
class Finished(Event):
    """The fit ended by itself. `reason`: epochs_done, early_stopping, max_seconds.

    `metrics` are those of the best network over every part, the test part touched once, here; `report` holds what is
    no single number: baselines, per-class table, confusion matrix (rows = truth).
    """

    kind: ClassVar[str] = "finished"
    reason: str
    message: str
    best_epoch: int
    metrics: dict[str, float]
    report: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stopped(Event):
    """The fit was asked to stop, and its checkpoint is saved: going on from it gives the same bits."""

    kind: ClassVar[str] = "stopped"
    epoch: int
    step: int


@dataclass(frozen=True)
class Ingested(Event):
    """A dataset version is complete on disk; `description` is models.data.description.Description as JSON."""

    kind: ClassVar[str] = "ingested"
    folder: str
    sha256: str
    bytes: int
    description: dict[str, Any]


@dataclass(frozen=True)
class Failed(Event):
    """The run failed for a reason that is known; `details` are models.errors.Detail as JSON."""

    kind: ClassVar[str] = "failed"
    code: str
    message: str
    retryable: bool = False
    details: tuple[dict[str, Any], ...] = ()
