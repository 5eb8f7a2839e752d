"""Networks: presets and the free list of layers. A new preset is its file and one line in the union."""

from typing import Annotated

from pydantic import Field

from models.kinds import ByName
from models.networks.convnet import Convnet
from models.networks.free import Layers
from models.networks.layers import AnyActivation, AnyLayer, LayerRow
from models.networks.lenet import Lenet
from models.networks.linear import Linear
from models.networks.logistic import Logistic
from models.networks.mlp import Mlp
from models.networks.network import Limits, Network
from models.networks.shapes import Shape
from models.networks.small_resnet import SmallResnet
from models.networks.softmax import Softmax

AnyNetwork = Annotated[
    Linear | Logistic | Softmax | Mlp | Convnet | Lenet | SmallResnet | Layers, Field(discriminator="kind"), ByName
]
"""The family of networks: an object with its `kind`, or the bare name of one."""

__all__ = [
    "AnyActivation",
    "AnyLayer",
    "AnyNetwork",
    "Convnet",
    "LayerRow",
    "Layers",
    "Lenet",
    "Limits",
    "Linear",
    "Logistic",
    "Mlp",
    "Network",
    "Shape",
    "SmallResnet",
    "Softmax",
]
