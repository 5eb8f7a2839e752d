"""Layers that hold layers: sums of two ways, shortcuts that fit, errors that name the place inside."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from models.errors import Detail, SpecError
from models.networks import AnyLayer, Shape
from models.networks.layers import Layer

LAYERS: TypeAdapter[Layer] = TypeAdapter(AnyLayer)


def residual(*body: Any, **fields: Any) -> Layer:
    return LAYERS.validate_python({"kind": "residual", "body": list(body), **fields})


def conv(channels: int, **fields: Any) -> dict[str, Any]:
    return {"kind": "conv2d", "channels": channels, "kernel": 3, **fields}


def test_adds_its_input_where_the_shape_stays() -> None:
    module = residual(conv(2, padding=1)).build((2, 5, 5))
    x = torch.randn(3, 2, 5, 5)
    assert torch.equal(module(x), module.body(x) + x)
    assert set(module.state_dict()) == {"body.0.weight", "body.0.bias"}


@pytest.mark.parametrize(
    ("body", "shape", "weight"),
    [
        (conv(4, padding=1), (2, 9, 9), (4, 2, 1, 1)),
        (conv(4, padding=1, stride=2), (2, 9, 8), (4, 2, 1, 1)),
        (conv(4, padding=1, stride=(3, 1)), (2, 10, 8), (4, 2, 1, 1)),
        ({"kind": "dense", "units": 7}, (5,), (7, 5)),
    ],
)
def test_projects_its_input_where_the_shape_changes(body: Any, shape: Shape, weight: Shape) -> None:
    module = residual(body).build(shape)
    x = torch.randn(3, *shape)
    assert torch.equal(module(x), module.body(x) + module.shortcut(x))
    assert module.shortcut.weight.shape == weight
    assert module.shortcut.bias is None


def test_a_given_shortcut_is_taken() -> None:
    shortcut = [{"kind": "conv2d", "channels": 4, "kernel": 1}, "batch_norm"]
    placed = residual(conv(4, padding=1), shortcut=shortcut).place((2, 5, 5), "3")
    assert [row.path for row in placed.rows] == ["3.body.0", "3.shortcut.0", "3.shortcut.1"]


def refused(layer: Layer, shape: Shape) -> Detail:
    with pytest.raises(SpecError) as caught:
        layer.place(shape, "3")
    return caught.value.details[0]


def test_a_body_that_no_shortcut_can_follow_names_both_shapes() -> None:
    detail = refused(residual(conv(4)), (2, 8, 8))
    assert detail.pointer == "/layers/3/body"
    assert "gets (2, 8, 8), its body gives (4, 6, 6)" in detail.message


def test_a_given_shortcut_must_give_what_the_body_gives() -> None:
    detail = refused(residual(conv(4, padding=1), shortcut=["relu"]), (2, 8, 8))
    assert detail.pointer == "/layers/3/shortcut"
    assert "the shortcut gives (2, 8, 8), but the body gives (4, 8, 8)" in detail.message


def test_an_error_inside_points_inside() -> None:
    inner = {"kind": "sequential", "body": ["relu", {"kind": "dense", "units": 3}]}
    detail = refused(residual(conv(2, padding=1), inner), (2, 8, 8))
    assert detail.pointer == "/layers/3/body/1/body/1"
    assert detail.message.startswith("layer 3.body.1.body.1 (dense)")


def test_paths_begin_the_names_of_the_weights() -> None:
    layer = residual({"kind": "sequential", "body": [conv(4, padding=1), "batch_norm"]})
    placed = layer.place((2, 5, 5), "0")
    names = set(torch.nn.Sequential(*placed.modules).state_dict())
    assert all(f"{row.path}.weight" in names for row in placed.rows)
