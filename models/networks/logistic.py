"""Logistic regression."""

from __future__ import annotations

from typing import ClassVar, Literal

from models.networks.layers import AnyLayer
from models.networks.linear import affine
from models.networks.network import Network
from models.networks.shapes import Shape


class Logistic(Network):
    """Logistic regression for two classes: P(second class) = sigmoid(w x + b), one dense layer with one output."""

    learns: ClassVar[tuple[Literal["regression", "classification"], ...]] = ("classification",)
    kind: Literal["logistic"] = "logistic"

    def expand(self, shape: Shape, outputs: int) -> tuple[AnyLayer, ...]:
        """One dense layer."""
        return affine(shape, outputs)
