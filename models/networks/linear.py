"""Linear regression."""

from __future__ import annotations

from typing import ClassVar, Literal

from models.networks.layers import AnyLayer, Dense, Flatten
from models.networks.network import Network
from models.networks.shapes import Shape


def affine(shape: Shape, outputs: int) -> tuple[AnyLayer, ...]:
    """One dense layer over all values of the input."""
    return (*(() if len(shape) == 1 else (Flatten(),)), Dense(units=outputs))


class Linear(Network):
    """Linear regression: y = W x + b, one dense layer. Pictures are flattened first."""

    learns: ClassVar[tuple[Literal["regression", "classification"], ...]] = ("regression",)
    kind: Literal["linear"] = "linear"

    def expand(self, shape: Shape, outputs: int) -> tuple[AnyLayer, ...]:
        """One dense layer."""
        return affine(shape, outputs)
