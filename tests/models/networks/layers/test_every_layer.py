"""What must hold for every kind of layer; a new kind is tested the moment it stands in the union."""

from __future__ import annotations

import pytest
import torch
from pydantic import TypeAdapter
from torch import nn

from models.catalog import example, kinds
from models.errors import SpecError
from models.networks import AnyLayer, Shape
from models.networks.layers import Layer

LAYERS: TypeAdapter[Layer] = TypeAdapter(AnyLayer)
SHAPES: tuple[Shape, ...] = ((10,), (4, 9, 12))
KINDS = [pytest.param(kind, id=name) for name, kind in kinds("layers").items()]


def fitting(kind: type[Layer]) -> list[tuple[Layer, Shape]]:
    """The kind's example with each of the shapes that it can take."""
    layer = LAYERS.validate_python(example(kind))
    pairs = []
    for shape in SHAPES:
        try:
            layer.place(shape, "0")
        except SpecError:
            continue
        pairs.append((layer, shape))
    return pairs


@pytest.mark.parametrize("kind", KINDS)
def test_runs_forward_and_backward_with_the_shape_that_was_promised(kind: type[Layer]) -> None:
    pairs = fitting(kind)
    assert pairs
    for layer, shape in pairs:
        placed = layer.place(shape, "0")
        x = torch.randn(5, *shape, requires_grad=True)
        out = placed.modules[0](x)
        out.sum().backward()
        assert tuple(out.shape) == (5, *placed.shape)
        assert x.grad is not None
        assert all(parameter.grad is not None for parameter in placed.modules[0].parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_the_row_counts_every_parameter(kind: type[Layer]) -> None:
    for layer, shape in fitting(kind):
        placed = layer.place(shape, "0")
        assert sum(row.parameters for row in placed.rows) == sum(p.numel() for p in placed.modules[0].parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_round_trips_through_json(kind: type[Layer]) -> None:
    layer = LAYERS.validate_python(example(kind))
    assert LAYERS.validate_json(layer.model_dump_json()) == layer
    assert LAYERS.validate_python(layer.model_dump(mode="json")) == layer


@pytest.mark.parametrize("kind", KINDS)
def test_the_meta_device_decides_without_drawing_random_numbers(kind: type[Layer]) -> None:
    for layer, shape in fitting(kind):
        before = torch.get_rng_state()
        with torch.device("meta"):
            placed = layer.place(shape, "0")
        assert torch.equal(torch.get_rng_state(), before)
        assert all(parameter.is_meta for parameter in placed.modules[0].parameters())
        assert placed.shape == layer.place(shape, "0").shape


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (3, 4), (0,), (2, 0, 3), (1, 1, 1), (1,), (1, 2, 3, 4)])
def test_a_shape_that_does_not_fit_is_a_named_error_never_a_crash(kind: type[Layer], shape: Shape) -> None:
    layer = LAYERS.validate_python(example(kind))
    detail = None
    try:
        layer.place(shape, "7")
    except SpecError as error:
        detail = error.details[0]
    if detail is not None:
        assert detail.code == "shape-mismatch"
        assert str(detail.pointer).startswith("/layers/7")
        assert detail.message.startswith("layer 7")
        assert str(shape) in detail.message


def test_a_bare_name_stands_for_the_defaults() -> None:
    assert LAYERS.validate_python("relu").kind == "relu"


def test_is_an_ordinary_torch_module_without_hooks() -> None:
    placed = LAYERS.validate_python({"kind": "dense", "units": 3}).place((4,), "0")
    assert type(placed.modules[0]) is nn.Linear
