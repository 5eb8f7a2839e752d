"""The default network for pictures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.networks.layers import AnyLayer, Conv2d, Dense, Dropout, Flatten, MaxPool2d, Relu
from models.networks.network import Network
from models.networks.shapes import Shape, misfit


class Convnet(Network):
    """A small convolutional network for pictures of any size: the default for pictures.

    Stages of a 3x3 convolution, ReLU and 2x2 max pooling until a side is at most 8 pixels, each stage with twice the
    channels of the one before up to 128, then a dense layer and a head.
    """

    kind: Literal["convnet"] = "convnet"
    width: int = Field(default=16, ge=1, le=1024)
    """Channels of the first stage."""
    dense: int = Field(default=128, ge=1, le=100_000)
    """Width of the dense layer before the head."""
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Probability with which a value before the head is left out in training."""

    def expand(self, shape: Shape, outputs: int) -> tuple[AnyLayer, ...]:
        """The stages, the dense layer, the head."""
        if len(shape) != 3:
            raise misfit(f"needs pictures (channels, height, width), but gets {shape}", given=list(shape))
        layers: list[AnyLayer] = []
        side, width = min(shape[1:]), self.width
        while not layers or side > 8:
            layers += [Conv2d(channels=min(width, max(128, self.width)), kernel=3, padding=1), Relu()]
            layers += [MaxPool2d()] if side > 1 else []
            side, width = side // 2, width * 2
        layers += [Flatten(), Dense(units=self.dense), Relu()]
        layers += [Dropout(p=self.dropout)] if self.dropout else []
        return (*layers, Dense(units=outputs))
