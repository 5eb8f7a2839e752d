"""Layers that hold layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from torch import Tensor, nn

from models.errors import SpecError
from models.kinds import Many
from models.networks.layers.convolution import Conv2d
from models.networks.layers.dense import Dense
from models.networks.layers.layer import Layer, Placed, chain
from models.networks.shapes import Shape, misfit

if TYPE_CHECKING:
    from models.networks.layers import AnyLayer


class Block(Layer):
    """What layers that hold layers have."""

    body: Many[AnyLayer] = Field(examples=[[{"kind": "relu"}]])
    """The layers inside, one after the other."""

    def build(self, shape: Shape) -> nn.Module:
        """The block as one module."""
        return self.place(shape, "0").modules[0]

    def out(self, shape: Shape) -> Shape:
        """The shape that comes out of the block."""
        return self.place(shape, "0").shape


class Sequential(Block):
    """Layers one after the other, as one layer."""

    kind: Literal["sequential"] = "sequential"

    def place(self, shape: Shape, path: str) -> Placed:
        """The body at its place."""
        body = chain(self.body, shape, f"{path}.body.")
        return Placed((_Sequential(body.modules),), body.shape, body.rows)


class _Sequential(nn.Module):
    def __init__(self, body: tuple[nn.Module, ...]) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return out


class Residual(Block):
    """body(x) + shortcut(x): the body learns what is to be added (arXiv:1512.03385).

    Where the body keeps the shape the shortcut is x itself. Where it does not, the shortcut is a 1x1 convolution with
    the stride that is needed (pictures) or a dense layer (tables), both without bias, unless `shortcut` is given.
    """

    kind: Literal["residual"] = "residual"
    shortcut: Many[AnyLayer] | None = None
    """Layers on the short way; they must give the shape that the body gives."""

    def place(self, shape: Shape, path: str) -> Placed:
        """Body and shortcut at their place; raises SpecError where their shapes cannot be added."""
        body = chain(self.body, shape, f"{path}.body.")
        short = self._shortcut(shape, body.shape, path)
        if short.shape != body.shape:
            message = f"the shortcut gives {short.shape}, but the body gives {body.shape}"
            raise self._at(path, misfit(message, "/shortcut", given=list(short.shape), allowed=list(body.shape)))
        given = self.shortcut is not None or not short.modules
        module = _Residual(nn.Sequential(*body.modules), nn.Sequential(*short.modules) if given else short.modules[0])
        return Placed((module,), body.shape, body.rows + short.rows)

    def _shortcut(self, shape: Shape, out: Shape, path: str) -> Placed:
        if self.shortcut is not None:
            return chain(self.shortcut, shape, f"{path}.shortcut.")
        if shape == out:
            return Placed((), shape, ())
        layer = _projection(shape, out)
        if layer is None:
            message = f"gets {shape}, its body gives {out}, and no 1x1 convolution or dense layer leads there"
            fix = "let the body keep the shape or divide it by a whole number, or give a `shortcut`"
            raise self._at(path, misfit(message, "/body", given=list(out), allowed=list(shape), fix=fix))
        return layer.place(shape, f"{path}.shortcut")


def _projection(shape: Shape, out: Shape) -> Layer | None:
    """The 1x1 convolution or dense layer from one shape to the other, or None where there is none."""
    if len(shape) == len(out) == 1:
        return Dense(units=out[0], bias=False)
    if not len(shape) == len(out) == 3:
        return None
    # the smallest stride s with (n - 1) // s + 1 <= m values left of n
    stride = ((shape[1] - 1) // out[1] + 1, (shape[2] - 1) // out[2] + 1)
    layer = Conv2d(channels=out[0], kernel=1, stride=stride, bias=False)
    try:
        return layer if layer.out(shape) == out else None
    except SpecError:
        return None


class _Residual(nn.Module):
    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x) + self.shortcut(x)
        return out
