"""Normalisation inside a network."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from models.networks.layers.layer import Layer
from models.networks.shapes import Shape, misfit


class BatchNorm(Layer):
    """Each feature (tables) or channel (pictures) to mean 0 and deviation 1 over the batch, then scaled and shifted.

    Training uses the batch's moments and keeps running ones, which prediction uses (arXiv:1502.03167;
    `torch.nn.BatchNorm1d` or `BatchNorm2d` by the shape). A training batch with a single value per channel has no
    deviation: it is normalised by the running moments instead of being an error.
    """

    kind: Literal["batch_norm"] = "batch_norm"
    momentum: float = Field(default=0.1, ge=0.0, le=1.0)
    """How much of the batch's moments goes into the running ones."""
    eps: float = Field(default=1e-5, gt=0.0, le=1.0)
    """Added to the variance; keeps the division finite."""

    def build(self, shape: Shape) -> nn.Module:
        """`torch.nn.BatchNorm1d` for (features,), `BatchNorm2d` for (channels, height, width)."""
        if len(shape) == 1:
            return _BatchNorm1d(shape[0], self.eps, self.momentum)
        if len(shape) == 3:
            return _BatchNorm2d(shape[0], self.eps, self.momentum)
        raise misfit(f"needs (features,) or (channels, height, width), but gets {shape}", given=list(shape))


class _Lonely(nn.modules.batchnorm._BatchNorm):
    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.numel() == x.size(1):
            moments = (self.running_mean, self.running_var)
            return functional.batch_norm(x, *moments, self.weight, self.bias, training=False, eps=self.eps)
        return super().forward(x)


class _BatchNorm1d(_Lonely, nn.BatchNorm1d):
    pass


class _BatchNorm2d(_Lonely, nn.BatchNorm2d):
    pass


class LayerNorm(Layer):
    """All values of an example to mean 0 and deviation 1, then each scaled and shifted (arXiv:1607.06450)."""

    kind: Literal["layer_norm"] = "layer_norm"
    eps: float = Field(default=1e-5, gt=0.0, le=1.0)
    """Added to the variance; keeps the division finite."""

    def build(self, shape: Shape) -> nn.Module:
        """`torch.nn.LayerNorm` over the whole shape."""
        return nn.LayerNorm(shape, self.eps)
