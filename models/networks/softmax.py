"""Softmax regression."""

from __future__ import annotations

from typing import ClassVar, Literal

from models.networks.layers import AnyLayer
from models.networks.linear import affine
from models.networks.network import Network
from models.networks.shapes import Shape


class Softmax(Network):
    """Softmax regression: P(class) = softmax(W x + b), one dense layer with an output for each class."""

    learns: ClassVar[tuple[Literal["regression", "classification"], ...]] = ("classification",)
    kind: Literal["softmax"] = "softmax"

    def expand(self, shape: Shape, outputs: int) -> tuple[AnyLayer, ...]:
        """One dense layer."""
        return affine(shape, outputs)
