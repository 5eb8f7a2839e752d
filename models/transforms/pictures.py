"""Transforms of pictures: (batch, channels, height, width), uint8 0..255 or float32; the result is float32."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import interpolate

from models.kinds import ByName, Kind, Many
from models.transforms.transform import Shape, State

BATCH = 1024
"""Pictures that are turned into floats at once while moments are taken: 60,000 would not fit small machines."""

Side = Annotated[int, Field(ge=1, le=4096)]
Size = Annotated[Many[Side], Field(min_length=2, max_length=2)]
"""[height, width]"""


class ToUnit(Kind):
    """x / 255: bytes become 0..1."""

    kind: Literal["to_unit"] = "to_unit"

    def fit(self, x: Tensor) -> State:  # noqa: ARG002 - every transform is fitted, also one that has nothing to learn
        """Nothing to learn."""
        return {}

    def apply(self, x: Tensor, state: State) -> Tensor:  # noqa: ARG002
        """(batch, channels, height, width), same shape."""
        return x.float() / 255

    def shape(self, shape: Shape) -> Shape:
        """The shape that comes out for (channels, height, width)."""
        return shape


class Resize(Kind):
    """`torch.nn.functional.interpolate` to [height, width], align_corners false; values keep their range.

    Bicubic may overshoot the range. Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
    """

    kind: Literal["resize"] = "resize"
    size: Size = Field(examples=[[32, 32]])
    """[height, width] in pixels."""
    interpolation: Literal["nearest", "bilinear", "bicubic", "area"] = "bilinear"
    """How values between pixels are found."""
    antialias: bool = False
    """Smooth while shrinking; bilinear and bicubic only, nothing happens for the others."""

    def fit(self, x: Tensor) -> State:  # noqa: ARG002
        """Nothing to learn."""
        return {}

    def apply(self, x: Tensor, state: State) -> Tensor:  # noqa: ARG002
        """(batch, channels, height, width) -> (batch, channels, *size)."""
        x = x.float()
        if tuple(x.shape[-2:]) == self.size:
            return x
        smooth = self.interpolation in ("bilinear", "bicubic")
        return interpolate(
            x,
            size=self.size,
            mode=self.interpolation,
            align_corners=False if smooth else None,
            antialias=self.antialias and smooth,
        )

    def shape(self, shape: Shape) -> Shape:
        """The shape that comes out for (channels, height, width)."""
        return (shape[0], *self.size)


class Normalize(Kind):
    """(x - mean) / std. `dataset`: per channel, over the training part; `image`: over all values of each picture.

    std divides by n; where it is 0 only the mean is taken off.
    """

    kind: Literal["normalize"] = "normalize"
    over: Literal["dataset", "image"] = "dataset"
    """Whose mean and standard deviation are used."""

    def fit(self, x: Tensor) -> State:
        """Mean and standard deviation (channels,), float64; nothing for `image`."""
        if self.over == "image":
            return {}
        count = x.shape[0] * x.shape[2] * x.shape[3]
        total = squares = torch.zeros(x.shape[1], dtype=torch.float64)
        for batch in torch.split(x, BATCH):
            total = total + batch.double().sum(dim=(0, 2, 3))
        mean = total / count
        for batch in torch.split(x, BATCH):
            squares = squares + (batch.double() - mean.view(-1, 1, 1)).square().sum(dim=(0, 2, 3))
        return {"mean": mean, "std": _nonzero((squares / count).sqrt())}

    def apply(self, x: Tensor, state: State) -> Tensor:
        """(batch, channels, height, width), same shape."""
        x = x.float()
        if self.over == "image":
            mean = x.mean(dim=(1, 2, 3), keepdim=True)
            return (x - mean) / _nonzero((x - mean).square().mean(dim=(1, 2, 3), keepdim=True).sqrt())
        mean, std = (torch.as_tensor(state[name]).to(x).view(-1, 1, 1) for name in ("mean", "std"))
        return (x - mean) / std

    def shape(self, shape: Shape) -> Shape:
        """The shape that comes out for (channels, height, width)."""
        return shape


ImageTransform = Annotated[ToUnit | Resize | Normalize, Field(discriminator="kind"), ByName]


def _nonzero(std: Tensor) -> Tensor:
    return torch.where(std > 0, std, torch.ones_like(std))
