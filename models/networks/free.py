"""The free network: a list of layers, every input size inferred."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from models.errors import SpecError
from models.kinds import Many
from models.networks.layers import AnyLayer, Dense, Flatten, Layer, chain
from models.networks.network import Network
from models.networks.shapes import Shape, moved

DEEPEST = 32
"""Layers inside layers, at most."""

MOST = 1000
"""Layers of a network, at most, those inside others counted."""


def _measured(layers: Any) -> Any:
    """The layers unchanged; refuses nesting that a recursive reader could not survive, before it is read."""
    if not isinstance(layers, list | tuple):
        return layers
    count, todo = 0, [(layers, 1)]
    while todo:
        items, depth = todo.pop()
        if depth > DEEPEST:
            raise PydanticCustomError("model-too-deep", "layers may hold layers at most {most} deep", {"most": DEEPEST})
        for item in items:
            count += 1
            members = dict(item) if isinstance(item, dict | Layer) else {}
            todo += [(member, depth + 1) for member in members.values() if isinstance(member, list | tuple)]
    if count > MOST:
        raise PydanticCustomError("model-too-large", "a network has at most {most} layers", {"most": MOST})
    if not count:
        raise PydanticKnownError("too_short", {"field_type": "List", "min_length": 1, "actual_length": 0})
    return layers


class Layers(Network):
    """A free network: any layers one after the other; blocks such as `residual` hold layers of their own.

    Every input size is inferred. With `head` (the default) a dense layer as wide as the target needs is added at the
    end, with a flatten before it where the last layer gives pictures.
    """

    kind: Literal["layers"] = "layers"
    layers: Annotated[Many[AnyLayer], BeforeValidator(_measured)] = Field(
        examples=[[{"kind": "dense", "units": 64}, {"kind": "relu"}]]
    )
    """The layers, first to last."""
    head: bool = True
    """Add the last dense layer; without it the last layer given must be as wide as the target needs."""

    def expand(self, shape: Shape, outputs: int) -> tuple[AnyLayer, ...]:
        """The layers, and the head."""
        if not self.head:
            return self.layers
        with torch.device("meta"):
            out = chain(self.layers, shape).shape
        return (*self.layers, *(() if len(out) == 1 else (Flatten(),)), Dense(units=outputs))

    def _seen(self, error: SpecError) -> SpecError:
        return moved(error, lambda field: "/network" + field)
