"""A residual network for small pictures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.networks.layers import AnyLayer, BatchNorm, Conv2d, Dense, GlobalAvgPool, Relu, Residual
from models.networks.network import Network
from models.networks.shapes import Shape, misfit


class SmallResnet(Network):
    """A residual network for pictures of about 28 to 64 pixels (He et al., arXiv:1512.03385, section 4.2).

    A 3x3 convolution, then three stages of `blocks` residual blocks with 1, 2 and 4 times `width` channels, the second
    and third stage at half the size each, then the mean of each channel and a head. Where a block changes the shape its
    shortcut is a 1x1 convolution with batch norm. Width 16 and 3 blocks are the paper's ResNet-20 (272,474 parameters
    for colour pictures and 10 classes); the default has one block a stage.
    """

    kind: Literal["small_resnet"] = "small_resnet"
    width: int = Field(default=16, ge=1, le=1024)
    """Channels of the first stage."""
    blocks: int = Field(default=1, ge=1, le=30)
    """Residual blocks a stage; the network has 6 * blocks + 2 layers with weights."""

    def expand(self, shape: Shape, outputs: int) -> tuple[AnyLayer, ...]:
        """Stem, three stages, head."""
        if len(shape) != 3:
            raise misfit(f"needs pictures (channels, height, width), but gets {shape}", given=list(shape))
        layers: list[AnyLayer] = [_conv(self.width), BatchNorm(), Relu()]
        channels = self.width
        for stage in range(3):
            for block in range(self.blocks):
                wide, stride = self.width * 2**stage, 2 if stage and not block else 1
                layers += [_block(channels, wide, stride), Relu()]
                channels = wide
        return (*layers, GlobalAvgPool(), Dense(units=outputs))


def _conv(channels: int, stride: int = 1) -> Conv2d:
    return Conv2d(channels=channels, kernel=3, stride=stride, padding=1, bias=False)


def _block(before: int, channels: int, stride: int) -> Residual:
    body = (_conv(channels, stride), BatchNorm(), Relu(), _conv(channels), BatchNorm())
    if before == channels and stride == 1:
        return Residual(body=body)
    return Residual(body=body, shortcut=(Conv2d(channels=channels, kernel=1, stride=stride, bias=False), BatchNorm()))
