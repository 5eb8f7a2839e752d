"""Optimizers: the rule that turns gradients into new weights."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Annotated, Literal

import torch
from pydantic import Field, Strict, model_validator
from pydantic_core import PydanticCustomError
from torch import nn

from models.kinds import Kind

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class Optimizer(Kind):
    """What every optimizer has. The schedule multiplies `lr`; it never goes through torch's schedulers."""

    kind: str
    lr: float = Field(default=0.001, gt=0.0, le=1e9)
    """Learning rate: the length of a step."""
    weight_decay: float = Field(default=0.0, ge=0.0, le=1e6)
    """Added to the gradient: weight_decay * weight (the gradient of a Gaussian prior on every parameter)."""

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """torch's optimizer over these parameters."""

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many numbers the optimizer keeps for each parameter."""


class SGD(Optimizer):
    """Stochastic gradient descent: w <- w - lr * g, with momentum v <- momentum * v + g and w <- w - lr * v.

    With the whole training part as one batch this is gradient descent; with a batch of one, plain SGD. Nesterov looks
    ahead: w <- w - lr * (g + momentum * v). The first v is g itself, as in `torch.optim.SGD`, whose bits plain SGD
    gives; with momentum, `fused` changes the last bits.
    """

    kind: Literal["sgd"] = "sgd"
    lr: float = Field(default=0.01, gt=0.0, le=1e9)
    """Learning rate: the length of a step."""
    momentum: Share = 0.0
    """How much of the last step goes into the next."""
    nesterov: bool = False
    """Take the gradient's step from where the momentum leads; needs momentum above 0."""
    fused: bool = True
    """Update all parameters in one kernel (faster, other last bits than `torch.optim.SGD`'s default). Without momentum
    nothing is fused."""

    @model_validator(mode="after")
    def _momentum_for_nesterov(self) -> SGD:
        if self.nesterov and self.momentum == 0.0:
            raise PydanticCustomError("conflicting-options", "nesterov needs a momentum above 0, for example 0.9")
        return self

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """`torch.optim.SGD` over these parameters."""
        optimizer = torch.optim.SGD(
            parameters,
            lr=self.lr,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
            fused=True if self.fused and self.momentum > 0.0 else None,
        )
        return _lasting(optimizer)

    @property
    def slots(self) -> int:
        """One number a parameter with momentum, none without."""
        return 1 if self.momentum > 0.0 else 0


class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and of its square (Kingma and Ba, arXiv:1412.6980).

    m <- b1 * m + (1 - b1) * g, v <- b2 * v + (1 - b2) * g^2, both divided by 1 - b^t at step t (not by 1 - b, as
    some books print), w <- w - lr * m / (sqrt(v) + eps). torch and the paper add eps outside the root, some books
    inside. `fused` (on by default) changes the last bits against `torch.optim.Adam`'s default; a script that wants
    the same bits passes `fused=True` as well.
    """

    kind: Literal["adam"] = "adam"
    betas: Annotated[tuple[Share, Share], Strict(False)] = (0.9, 0.999)
    """Memory of the running means of the gradient and of its square."""
    eps: float = Field(default=1e-8, gt=0.0, le=1.0)
    """Keeps the division finite; added outside the root."""
    fused: bool = True
    """Update all parameters in one kernel: faster, other last bits."""

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """`torch.optim.Adam` over these parameters."""
        optimizer = torch.optim.Adam(
            parameters,
            lr=self.lr,
            betas=self.betas,
            eps=self.eps,
            weight_decay=self.weight_decay,
            fused=True if self.fused else None,
        )
        return _lasting(optimizer)

    @property
    def slots(self) -> int:
        """The two running means."""
        return 2


def _lasting(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """The optimizer, which goes on rightly from a state that was saved."""
    optimizer.register_load_state_dict_post_hook(_lay_out)
    return optimizer


def _lay_out(optimizer: torch.optim.Optimizer) -> None:
    """Put the state's tensors in memory as their parameters lie.

    Files hold them row by row, kernels lie with the channels last, and the fused kernels of torch go through both by
    address: with another layout they silently take the wrong numbers.
    """
    for parameter, slots in optimizer.state.items():
        for name, value in slots.items():
            if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                slots[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
