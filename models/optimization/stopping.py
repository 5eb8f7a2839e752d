"""Early stopping, and the best value so far: frozen states that go into the checkpoint's resume part."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from models.kinds import Kind

Goal = Literal["min", "max"]
"""Whether a smaller or a larger value of a metric is better."""


@dataclass(frozen=True)
class Best:
    """The best value of the watched metric, where it was reached, and how many epochs went by without a better one."""

    value: float | None = None
    epoch: int = 0
    waited: int = 0

    def after(self, value: float, epoch: int, goal: Goal, min_delta: float = 0.0) -> Best:
        """The state after an epoch that measured `value`; a value that is not a number is never better."""
        if _better(value, self.value, goal, min_delta):
            return Best(value, epoch, 0)
        return replace(self, waited=self.waited + 1)


def _better(value: float, best: float | None, goal: Goal, min_delta: float) -> bool:
    if math.isnan(value):
        return False
    if best is None:
        return True
    return value < best - min_delta if goal == "min" else value > best + min_delta


class EarlyStopping(Kind):
    """Stop when the watched metric has not improved for `patience` epochs; the best weights are the ones kept."""

    metric: str = Field(default="validation.loss", max_length=100)
    """What is watched: `part.metric`, for example `validation.accuracy`. Its goal (small or large) is known."""
    patience: int = Field(default=5, ge=1, le=1_000_000)
    """Epochs without an improvement after which the fit stops."""
    min_delta: float = Field(default=0.0, ge=0.0, le=1e9)
    """An improvement smaller than this does not count."""

    def due(self, best: Best) -> bool:
        """Whether it is time to stop."""
        return best.waited >= self.patience
