"""The multi-layer perceptron."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from models.kinds import Many
from models.networks.layers import AnyActivation, AnyLayer, BatchNorm, Dense, Dropout, Flatten, Relu
from models.networks.network import Network
from models.networks.shapes import Shape

Width = Annotated[int, Field(ge=1, le=1_000_000)]


class Mlp(Network):
    """A fully connected network: dense layers with an activation after each, and a dense head. Pictures are flattened.

    With `batch_norm` it stands before the activation, with `dropout` it stands after it.
    """

    kind: Literal["mlp"] = "mlp"
    hidden: Many[Width] = Field(default=(64, 64), max_length=100)
    """Widths of the hidden layers, first to last; none of them gives linear or softmax regression."""
    activation: AnyActivation = Relu()
    """What stands after each hidden layer."""
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Probability with which a hidden value is left out in training."""
    batch_norm: bool = False
    """Normalise each hidden layer over the batch."""

    def expand(self, shape: Shape, outputs: int) -> tuple[AnyLayer, ...]:
        """Flatten where needed, the hidden layers, the head."""
        layers: list[AnyLayer] = [] if len(shape) == 1 else [Flatten()]
        for width in self.hidden:
            layers += [Dense(units=width), *([BatchNorm()] if self.batch_norm else []), self.activation]
            layers += [Dropout(p=self.dropout)] if self.dropout else []
        return (*layers, Dense(units=outputs))
