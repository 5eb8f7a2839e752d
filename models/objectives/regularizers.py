"""Regularizers: a penalty on the weights that is added to the loss. Biases and norms are left alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from models.kinds import Kind

Strength = Annotated[float, Field(ge=0.0, le=1e6)]

Penalty = Callable[[], Tensor]
"""The penalty of the network's present weights: a scalar with a gradient."""


class Regularizer(Kind):
    """What every regularizer has."""

    kind: str

    @abstractmethod
    def build(self, network: nn.Module) -> Penalty:
        """The penalty of this network's weights (every parameter with two or more dimensions)."""


def _weights(network: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in network.parameters() if parameter.dim() >= 2]


def _l1(weights: list[nn.Parameter]) -> Tensor:
    return torch.stack([weight.abs().sum() for weight in weights]).sum()


def _l2(weights: list[nn.Parameter]) -> Tensor:
    return torch.stack([weight.square().sum() for weight in weights]).sum()


class L1(Regularizer):
    """weight * sum |w|: a Laplace prior; it drives weights that do not help to zero."""

    kind: Literal["l1"] = "l1"
    weight: Strength = 0.0001
    """How much the penalty counts beside the loss."""

    def build(self, network: nn.Module) -> Penalty:
        """weight * sum |w| over the network's weights."""
        weights = _weights(network)
        return lambda: self.weight * _l1(weights)


class L2(Regularizer):
    """weight * sum w^2: a Gaussian prior. Under plain SGD it equals `weight_decay` of 2 * weight on the weights."""

    kind: Literal["l2"] = "l2"
    weight: Strength = 0.0001
    """How much the penalty counts beside the loss."""

    def build(self, network: nn.Module) -> Penalty:
        """weight * sum w^2 over the network's weights."""
        weights = _weights(network)
        return lambda: self.weight * _l2(weights)


class Elastic(Regularizer):
    """l1 * sum |w| + l2 * sum w^2: the elastic net."""

    kind: Literal["elastic"] = "elastic"
    l1: Strength = 0.0001
    """Strength of the absolute values."""
    l2: Strength = 0.0001
    """Strength of the squares."""

    def build(self, network: nn.Module) -> Penalty:
        """l1 * sum |w| + l2 * sum w^2 over the network's weights."""
        weights = _weights(network)
        return lambda: self.l1 * _l1(weights) + self.l2 * _l2(weights)
