"""Layers without weights that change neither type nor meaning: flatten, dropout."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import nn

from models.networks.layers.layer import Layer
from models.networks.shapes import Shape


class Flatten(Layer):
    """All values of an example in one row: (channels, height, width) -> (channels * height * width,)."""

    kind: Literal["flatten"] = "flatten"

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.Flatten`."""
        return nn.Flatten()


class Dropout(Layer):
    """In training each value is 0 with probability `p`, the others grow by 1 / (1 - p); nothing at prediction.

    Keeps units from relying on each other (`torch.nn.Dropout`).
    """

    kind: Literal["dropout"] = "dropout"
    p: float = Field(default=0.5, ge=0.0, lt=1.0)
    """Probability of a zero."""

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.Dropout`."""
        return nn.Dropout(self.p)
