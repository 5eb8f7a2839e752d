"""Network: a kind that becomes a torch module once the shapes of input and output are known."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import nn

from models.errors import Detail, SpecError
from models.kinds import Kind
from models.networks.layers import AnyLayer, LayerRow, Placed, chain
from models.networks.shapes import Shape, misfit, moved
from models.networks.weights import Weights, load

_BYTES = 4  # float32


@dataclass(frozen=True)
class Limits:
    """How large a network may be."""

    parameters: int = 200_000_000
    values: int = 2**28
    """All layers' outputs for one example, in numbers."""


class Network(Kind):
    """What every network has. All of today's are chains of layers: a preset says which in `expand`.

    The names of the weights begin with the layer's path (`0.weight`, `3.body.1.bias`); a network of one layer is that
    layer (`weight`, `bias`).
    """

    learns: ClassVar[tuple[Literal["regression", "classification"], ...]] = ("regression", "classification")
    """The tasks that the network is for."""

    kind: str
    initial: dict[str, Weights] | None = None
    """Weights to start from, by their names in the network; weights that are not given start as torch does it."""

    @abstractmethod
    def expand(self, shape: Shape, outputs: int) -> tuple[AnyLayer, ...]:
        """The network as a chain of layers that ends in `outputs` numbers, for inputs of this shape."""

    def build(self, shape: Shape, outputs: int, limits: Limits | None = None) -> nn.Module:
        """The network for inputs (batch, *shape) and outputs (batch, outputs), on torch's default device.

        Weights are drawn from torch's global generator: seed it before. Kernels lie in memory with the channels last.
        Raises SpecError where a layer does not fit, before anything is allocated.
        """
        self.table(shape, outputs, limits)
        network = _joined(self._place(shape, outputs))
        if self.initial:
            load(network, self.initial)
        # pictures go through the CPU's convolutions and pools about 1.4 times as fast with channels last
        if len(shape) == 3:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
        return network

    def table(self, shape: Shape, outputs: int, limits: Limits | None = None) -> tuple[LayerRow, ...]:
        """A row for each layer, decided on the meta device. Raises SpecError as `build` does."""
        with torch.device("meta"):
            placed = self._place(shape, outputs)
            _check_size(placed.rows, limits or Limits())
            if self.initial:
                load(_joined(placed), self.initial)
        return placed.rows

    def _place(self, shape: Shape, outputs: int) -> Placed:
        try:
            placed = chain(self.expand(shape, outputs), shape)
            if placed.shape != (outputs,):
                raise self._wrong_end(placed, outputs)
        except SpecError as error:
            raise self._seen(error) from None
        return placed

    def _wrong_end(self, placed: Placed, outputs: int) -> SpecError:
        message = f"the last layer gives {placed.shape}, but the target needs ({outputs},)"
        last = f"/layers/{len(placed.modules) - 1}"
        return misfit(message, last, given=list(placed.shape), allowed=[outputs])

    def _seen(self, error: SpecError) -> SpecError:
        """A layer's error as seen in the spec, which does not hold a preset's layers."""
        return moved(error, lambda _: "/network", f"network {self.kind}: ")


def _joined(placed: Placed) -> nn.Module:
    return placed.modules[0] if len(placed.modules) == 1 else nn.Sequential(*placed.modules)


def _check_size(rows: tuple[LayerRow, ...], limits: Limits) -> None:
    parameters = sum(row.parameters for row in rows)
    if parameters > limits.parameters:
        message = f"the network has {parameters:,} parameters ({parameters * _BYTES:,} bytes as float32); "
        message += f"the limit is {limits.parameters:,}"
        raise SpecError(Detail("model-too-large", message, "/network", parameters, limits.parameters))
    values = sum(_count(row.shape_out) for row in rows)
    if values > limits.values:
        message = f"the layers' outputs for one example are {values:,} numbers ({values * _BYTES:,} bytes); "
        message += f"the limit is {limits.values:,} numbers"
        raise SpecError(Detail("model-too-large", message, "/network", values, limits.values))


def _count(shape: Shape) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
