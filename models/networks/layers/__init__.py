"""Layers: the bricks of a free network. A new layer is its class and one line in the union."""

from typing import Annotated

from pydantic import Field

from models.kinds import ByName
from models.networks.layers.activations import (
    Activation,
    Elu,
    Gelu,
    HardSigmoid,
    LeakyRelu,
    Relu,
    Sigmoid,
    Silu,
    Softplus,
    Step,
    Tanh,
)
from models.networks.layers.blocks import Residual, Sequential
from models.networks.layers.convolution import Conv2d
from models.networks.layers.dense import Dense
from models.networks.layers.layer import Layer, LayerRow, Placed, chain
from models.networks.layers.norm import BatchNorm, LayerNorm
from models.networks.layers.plain import Dropout, Flatten
from models.networks.layers.pooling import AvgPool2d, GlobalAvgPool, MaxPool2d

_Activations = Relu | LeakyRelu | Elu | Sigmoid | HardSigmoid | Tanh | Gelu | Silu | Softplus | Step

AnyActivation = Annotated[_Activations, Field(discriminator="kind"), ByName]
"""The family of activations: an object with its `kind`, or the bare name of one."""

AnyLayer = Annotated[
    Dense
    | Conv2d
    | MaxPool2d
    | AvgPool2d
    | GlobalAvgPool
    | BatchNorm
    | LayerNorm
    | Dropout
    | Flatten
    | Residual
    | Sequential
    | _Activations,
    Field(discriminator="kind"),
    ByName,
]
"""The family of layers: an object with its `kind`, or the bare name of one."""

for _block in (Residual, Sequential):
    _block.model_rebuild(_types_namespace={"AnyLayer": AnyLayer})

__all__ = [
    "Activation",
    "AnyActivation",
    "AnyLayer",
    "AvgPool2d",
    "BatchNorm",
    "Conv2d",
    "Dense",
    "Dropout",
    "Elu",
    "Flatten",
    "Gelu",
    "GlobalAvgPool",
    "HardSigmoid",
    "Layer",
    "LayerNorm",
    "LayerRow",
    "LeakyRelu",
    "MaxPool2d",
    "Placed",
    "Relu",
    "Residual",
    "Sequential",
    "Sigmoid",
    "Silu",
    "Softplus",
    "Step",
    "Tanh",
    "chain",
]
