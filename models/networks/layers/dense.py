"""The fully connected layer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import nn

from models.networks.layers.layer import Layer
from models.networks.shapes import Shape, misfit


class Dense(Layer):
    """Every output is a weighted sum of all inputs plus a bias: y = W x + b, (features,) -> (units,).

    `torch.nn.Linear` with its start: weights and bias uniform in +-1 / sqrt(features).
    """

    kind: Literal["dense"] = "dense"
    units: int = Field(ge=1, le=1_000_000, examples=[64])
    """How many outputs."""
    bias: bool = True
    """Whether each output has a bias."""

    def build(self, shape: Shape) -> nn.Module:
        """`torch.nn.Linear`; raises SpecError unless the input is flat."""
        if len(shape) != 1:
            message = f"needs a flat input (features,), but gets {shape}"
            raise misfit(message, given=list(shape), fix='put {"kind": "flatten"} before it')
        return nn.Linear(shape[0], self.units, bias=self.bias)

    def flops(self, shape: Shape, out: Shape) -> int:
        """2 * inputs * outputs."""
        return 2 * shape[0] * out[0]
