"""Layer: a kind that becomes a module once it is placed, that is, once it knows the shape that comes in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from models.errors import SpecError
from models.kinds import Kind
from models.networks.shapes import Shape, misfit, moved


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network at its place. `path` begins the names of its weights: `3.body.1` has `3.body.1.weight`.

    `flops` are those of one example's forward pass, a product and a sum counted as two; only dense and convolutional
    layers are counted.
    """

    path: str
    kind: str
    shape_in: Shape
    shape_out: Shape
    parameters: int
    flops: int


@dataclass(frozen=True)
class Placed:
    """A layer or a chain of layers at its place: the modules, the shape that comes out, a row for each layer."""

    modules: tuple[nn.Module, ...]
    shape: Shape
    rows: tuple[LayerRow, ...]


class Layer(Kind):
    """What every layer has: `build` and, where the meta device shall not be asked, `out`."""

    kind: str

    @abstractmethod
    def build(self, shape: Shape) -> nn.Module:
        """The module for inputs of this shape, on torch's default device. Raises SpecError where it cannot fit."""

    def out(self, shape: Shape) -> Shape:
        """The shape that comes out, found by running the module on the meta device: nothing is allocated."""
        with torch.device("meta"), torch.no_grad():
            outputs = self.build(shape).eval()(torch.empty(2, *shape))
        return tuple(outputs.shape[1:])

    def flops(self, shape: Shape, out: Shape) -> int:  # noqa: ARG002  the family's signature
        """Floating-point operations of one example's forward pass; 0 where they are not worth counting."""
        return 0

    def place(self, shape: Shape, path: str) -> Placed:
        """The layer at its place. Raises SpecError that names the layer, the shape it gets and the shape it needs."""
        try:
            if not shape or 0 in shape:
                raise misfit(f"needs at least one value, but gets {shape}", given=list(shape))
            module, out = self.build(shape), self.out(shape)
        except SpecError as error:
            raise self._at(path, error) from None
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise self._at(path, misfit(f"cannot take an input of {shape}: {reason}")) from error
        parameters = sum(parameter.numel() for parameter in module.parameters())
        row = LayerRow(path, self.kind, shape, out, parameters, self.flops(shape, out))
        return Placed((module,), out, (row,))

    def _at(self, path: str, error: SpecError) -> SpecError:
        base = "/layers/" + path.replace(".", "/")
        return moved(error, lambda field: base + field, f"layer {path} ({self.kind}): ")


def chain(layers: Sequence[Layer], shape: Shape, path: str = "") -> Placed:
    """The layers one after the other; each gets what the one before gives. `path` ends with a dot unless empty."""
    modules: list[nn.Module] = []
    rows: list[LayerRow] = []
    for index, layer in enumerate(layers):
        placed = layer.place(shape, f"{path}{index}")
        modules += placed.modules
        rows += placed.rows
        shape = placed.shape
    return Placed(tuple(modules), shape, tuple(rows))
