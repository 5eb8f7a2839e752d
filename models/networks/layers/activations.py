"""Activations: what makes a network more than one linear map. Each works on every value by itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from models.networks.layers.layer import Layer
from models.networks.shapes import Shape


class Activation(Layer):
    """What every activation has: the shape stays."""

    def out(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape


class Relu(Activation):
    """max(0, x). Range [0, inf), derivative 0 or 1."""

    kind: Literal["relu"] = "relu"

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.ReLU`."""
        return nn.ReLU()


class LeakyRelu(Activation):
    """x where positive, slope * x elsewhere: no unit dies. Derivative 1 or `slope`."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    slope: float = Field(default=0.01, ge=0.0, le=1e6)
    """The slope for negative values (k)."""

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.LeakyReLU`."""
        return nn.LeakyReLU(self.slope)


class Elu(Activation):
    """x where positive, alpha * (e^x - 1) elsewhere. Range (-alpha, inf), derivative (0, max(1, alpha)]."""

    kind: Literal["elu"] = "elu"
    alpha: float = Field(default=1.0, gt=0.0, le=1e6)
    """How far below zero it can go."""

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.ELU`."""
        return nn.ELU(self.alpha)


class Sigmoid(Activation):
    """1 / (1 + e^-x). Range (0, 1), derivative (0, 0.25]."""

    kind: Literal["sigmoid"] = "sigmoid"

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.Sigmoid`."""
        return nn.Sigmoid()


class HardSigmoid(Activation):
    """The sigmoid out of three straight lines: 0 up to -3, x / 6 + 1 / 2 between, 1 from 3 on. Derivative 0 or 1/6."""

    kind: Literal["hard_sigmoid"] = "hard_sigmoid"

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.Hardsigmoid`."""
        return nn.Hardsigmoid()


class Tanh(Activation):
    """(e^x - e^-x) / (e^x + e^-x). Range (-1, 1), derivative (0, 1]."""

    kind: Literal["tanh"] = "tanh"

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.Tanh`."""
        return nn.Tanh()


class Gelu(Activation):
    """x times the share of a standard normal below x (arXiv:1606.08415)."""

    kind: Literal["gelu"] = "gelu"

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.GELU`, in its exact form."""
        return nn.GELU()


class Silu(Activation):
    """x * sigmoid(x), also called swish."""

    kind: Literal["silu"] = "silu"

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.SiLU`."""
        return nn.SiLU()


class Softplus(Activation):
    """log(1 + e^x): a smooth relu. Range (0, inf), derivative (0, 1)."""

    kind: Literal["softplus"] = "softplus"

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """`torch.nn.Softplus`."""
        return nn.Softplus()


class Step(Activation):
    """1 where x >= 0, else 0: the neuron of McCulloch and Pitts. Its derivative is 0, so nothing before it learns."""

    kind: Literal["step"] = "step"

    def build(self, shape: Shape) -> nn.Module:  # noqa: ARG002  fits every shape
        """A module that compares with 0."""
        return _Step()


class _Step(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        # sign has a derivative (0), a comparison has none; 0 itself counts as positive
        return ((x.sign() + 0.5).sign() + 1.0) / 2.0
