"""Learning-rate schedules: pure functions of the step, so that a resumed fit needs no schedule state."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Literal

from pydantic import Field

from models.kinds import Kind


class Schedule(Kind):
    """What every schedule has: a linear warm-up, then its curve."""

    kind: str
    warmup: float = Field(default=0.0, ge=0.0, le=1e6)
    """Epochs (or parts of one) over which the rate climbs in equal steps to the optimizer's `lr`."""

    def factor(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        """The optimizer's `lr` is multiplied by this for the update after `step` finished ones (0 = the first)."""
        climb = round(self.warmup * steps_per_epoch)
        if step < climb:
            return (step + 1) / climb
        return self.curve((step - climb) / steps_per_epoch, max(epochs - climb / steps_per_epoch, 0.0))

    @abstractmethod
    def curve(self, epoch: float, epochs: float) -> float:
        """The factor at `epoch` (counted after the warm-up, with its fraction) of `epochs`."""


class Constant(Schedule):
    """The same learning rate all the time."""

    kind: Literal["constant"] = "constant"

    def curve(self, epoch: float, epochs: float) -> float:  # noqa: ARG002  the family's signature
        """1."""
        return 1.0


class Cosine(Schedule):
    """Half a cosine from the full rate down to `floor` of it at the end of the last epoch (arXiv:1608.03983)."""

    kind: Literal["cosine"] = "cosine"
    floor: float = Field(default=0.0, ge=0.0, le=1.0)
    """The last rate as a share of the first."""

    def curve(self, epoch: float, epochs: float) -> float:
        """floor + (1 - floor) * (1 + cos(pi * epoch / epochs)) / 2."""
        done = min(epoch / epochs, 1.0) if epochs > 0.0 else 1.0
        return self.floor + (1.0 - self.floor) * (1.0 + math.cos(math.pi * done)) / 2.0


class Step(Schedule):
    """The rate is multiplied by `drop` after every `every` epochs."""

    kind: Literal["step"] = "step"
    every: int = Field(default=10, ge=1, le=1_000_000)
    """Epochs between two drops."""
    drop: float = Field(default=0.1, gt=0.0, le=1.0)
    """What the rate is multiplied by at each drop."""

    def curve(self, epoch: float, epochs: float) -> float:  # noqa: ARG002  the family's signature
        """drop ^ floor(epoch / every)."""
        return float(self.drop ** int(epoch // self.every))


class Exponential(Schedule):
    """The rate is multiplied by `decay` after every epoch."""

    kind: Literal["exponential"] = "exponential"
    decay: float = Field(default=0.95, gt=0.0, le=1.0)
    """What the rate is multiplied by after each epoch."""

    def curve(self, epoch: float, epochs: float) -> float:  # noqa: ARG002  the family's signature
        """decay ^ floor(epoch)."""
        return float(self.decay ** int(epoch))
