"""Pooling: pictures made smaller without weights."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from models.networks.layers.convolution import need_picture
from models.networks.layers.layer import Layer
from models.networks.layers.sizes import Room, Size, pair, written
from models.networks.shapes import Shape, misfit


class Pool2d(Layer):
    """What windows that slide over a picture have."""

    kernel: Size = 2
    """Size of the window: a number or [height, width]."""
    stride: Size | None = None
    """How far the window moves at a time; as far as it is long unless given."""
    padding: Room = 0
    """Rows and columns put around the picture, at most half the window."""

    def _check(self, shape: Shape) -> None:
        need_picture(shape)
        kernel, padding = pair(self.kernel), pair(self.padding)
        if any(2 * pad > size for pad, size in zip(padding, kernel, strict=True)):
            message = f"a padding of {written(self.padding)} is more than half the window of {written(self.kernel)}"
            raise misfit(message, "/padding", code="out-of-range", given=self.padding)
        need = tuple(max(size - 2 * pad, 1) for size, pad in zip(kernel, padding, strict=True))
        if shape[1] < need[0] or shape[2] < need[1]:
            message = f"a window of {written(self.kernel)} needs at least ({shape[0]}, {need[0]}, {need[1]})"
            raise misfit(f"{message}, but gets {shape}", "/kernel", given=self.kernel)

    def _sizes(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        return pair(self.kernel), pair(self.kernel if self.stride is None else self.stride), pair(self.padding)


class MaxPool2d(Pool2d):
    """The largest value of each window (`torch.nn.MaxPool2d`)."""

    kind: Literal["max_pool2d"] = "max_pool2d"

    def build(self, shape: Shape) -> nn.Module:
        """`torch.nn.MaxPool2d`; raises SpecError where the window is larger than the picture."""
        self._check(shape)
        return nn.MaxPool2d(*self._sizes())


class AvgPool2d(Pool2d):
    """The mean of each window, padded zeros counted (`torch.nn.AvgPool2d`)."""

    kind: Literal["avg_pool2d"] = "avg_pool2d"

    def build(self, shape: Shape) -> nn.Module:
        """`torch.nn.AvgPool2d`; raises SpecError where the window is larger than the picture."""
        self._check(shape)
        return nn.AvgPool2d(*self._sizes())


class GlobalAvgPool(Layer):
    """The mean of each channel: (channels, height, width) -> (channels,)."""

    kind: Literal["global_avg_pool"] = "global_avg_pool"

    def build(self, shape: Shape) -> nn.Module:
        """A module that takes the mean over height and width."""
        need_picture(shape)
        return _GlobalAvgPool()


class _GlobalAvgPool(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))  # (batch, channels, height, width) -> (batch, channels)
