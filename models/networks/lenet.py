"""LeNet-5."""

from __future__ import annotations

from typing import Literal

from models.networks.layers import AnyActivation, AnyLayer, AvgPool2d, Conv2d, Dense, Flatten, MaxPool2d, Relu
from models.networks.network import Network
from models.networks.shapes import Shape, misfit


class Lenet(Network):
    """LeNet-5 (LeCun et al., 1998): two 5x5 convolutions with pooling, dense layers of 120 and 84, a head.

    61,706 parameters for 10 classes and grey pictures of 32x32, or of 28x28, which get a padding of 2 (as all pictures
    smaller than 32 do). ReLU and max pooling by default, as it is taught today; the original's choices are
    `"activation": "tanh", "pooling": "average"` (without its trainable pooling and sparse connections).
    """

    kind: Literal["lenet"] = "lenet"
    activation: AnyActivation = Relu()
    """What stands after each convolution and dense layer."""
    pooling: Literal["max", "average"] = "max"
    """How pictures are made smaller."""

    def expand(self, shape: Shape, outputs: int) -> tuple[AnyLayer, ...]:
        """The five layers of LeNet-5 with what stands between them."""
        if len(shape) != 3:
            raise misfit(f"needs pictures (channels, height, width), but gets {shape}", given=list(shape))
        act, pool = self.activation, (MaxPool2d() if self.pooling == "max" else AvgPool2d())
        first = Conv2d(channels=6, kernel=5, padding=2 if min(shape[1:]) < 32 else 0)
        pictures = (first, act, pool, Conv2d(channels=16, kernel=5), act, pool, Flatten())
        return (*pictures, Dense(units=120), act, Dense(units=84), act, Dense(units=outputs))
