"""Convolution over pictures."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from models.networks.layers.layer import Layer
from models.networks.layers.sizes import Padding, Size, pair, written
from models.networks.shapes import Shape, misfit


def need_picture(shape: Shape) -> None:
    """Raises SpecError unless the shape is (channels, height, width)."""
    if len(shape) != 3:
        raise misfit(f"needs a picture (channels, height, width), but gets {shape}", given=list(shape))


class Conv2d(Layer):
    """Slides `channels` kernels over a picture: (channels in, height, width) -> (channels, height', width').

    height' = floor((height + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, and the same for the width
    (`torch.nn.Conv2d`, whose start it has: uniform in +-1 / sqrt(channels in / groups * kernel area)).
    """

    kind: Literal["conv2d"] = "conv2d"
    channels: int = Field(ge=1, le=65_536, examples=[32])
    """How many kernels, which is how many channels come out."""
    kernel: Size = Field(examples=[3])
    """Size of a kernel: a number or [height, width]."""
    stride: Size = 1
    """How far the kernel moves at a time."""
    padding: Padding = 0
    """Zeros put around the picture, or `same`: as many as keep height and width (stride 1 only)."""
    dilation: Size = 1
    """Distance between the points that a kernel looks at."""
    groups: int = Field(default=1, ge=1, le=65_536)
    """Channels are split into so many groups, each with kernels of its own; must divide both channel numbers."""
    bias: bool = True
    """Whether each channel has a bias; needless before a batch norm."""

    def build(self, shape: Shape) -> nn.Module:
        """`torch.nn.Conv2d`; raises SpecError where groups do not divide or the kernel is larger than the picture."""
        need_picture(shape)
        self._check(shape)
        before, after = self._margins()
        module = nn.Conv2d if before == after else _UnevenConv2d
        return module(
            shape[0],
            self.channels,
            pair(self.kernel),
            pair(self.stride),
            before if before == after else 0,
            pair(self.dilation),
            self.groups,
            self.bias,
        )

    def flops(self, shape: Shape, out: Shape) -> int:
        """2 * values out * values that a kernel looks at."""
        return 2 * math.prod(out) * math.prod(pair(self.kernel)) * shape[0] // self.groups

    def _reach(self) -> tuple[int, int]:
        (height, width), (down, right) = pair(self.kernel), pair(self.dilation)
        return down * (height - 1) + 1, right * (width - 1) + 1

    def _margins(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Zeros (above, left) and (below, right)."""
        if self.padding != "same":
            return pair(self.padding), pair(self.padding)
        height, width = self._reach()
        return ((height - 1) // 2, (width - 1) // 2), (height // 2, width // 2)

    def _check(self, shape: Shape) -> None:
        if shape[0] % self.groups or self.channels % self.groups:
            message = f"groups={self.groups} must divide the {shape[0]} channels of the input {shape} and "
            raise misfit(f"{message}the {self.channels} channels that come out", "/groups", given=self.groups)
        if self.padding == "same" and pair(self.stride) != (1, 1):
            message = f"padding `same` needs stride 1, but the stride is {written(self.stride)}"
            raise misfit(message, "/padding", code="conflicting-options", given="same")
        before, after = self._margins()
        need = tuple(max(reach - b - a, 1) for reach, b, a in zip(self._reach(), before, after, strict=True))
        if shape[1] < need[0] or shape[2] < need[1]:
            message = f"a kernel of {written(self.kernel)} needs at least ({shape[0]}, {need[0]}, {need[1]})"
            raise misfit(f"{message}, but gets {shape}", "/kernel", given=self.kernel)


class _UnevenConv2d(nn.Conv2d):
    """Convolution that keeps the size with an even kernel: one row and column more below and to the right."""

    def forward(self, x: Tensor) -> Tensor:
        (height, width), (down, right) = self.kernel_size, self.dilation
        rows, columns = down * (height - 1), right * (width - 1)
        margins = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
        return super().forward(functional.pad(x, margins))
