"""The free network: sizes inferred, the head, and every impossible network an error before anything is allocated."""

from __future__ import annotations

import functools
import time
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from models.errors import Detail, SpecError
from models.networks import Layers, Limits, Shape


def layers(*items: Any, **fields: Any) -> Layers:
    return Layers.model_validate({"layers": list(items), **fields})


def dense(units: int) -> dict[str, Any]:
    return {"kind": "dense", "units": units}


def conv(**fields: Any) -> dict[str, Any]:
    return {"kind": "conv2d", "channels": 4, "kernel": 3, **fields}


def refused(network: Layers, shape: Shape, outputs: int, limits: Limits | None = None) -> Detail:
    with pytest.raises(SpecError) as caught:
        network.table(shape, outputs, limits)
    with pytest.raises(SpecError) as built:
        network.build(shape, outputs, limits)
    assert built.value.details == caught.value.details
    return caught.value.details[0]


def test_the_head_is_flattened_and_as_wide_as_the_target_needs() -> None:
    rows = layers(conv(), "relu").table((1, 8, 8), 10)
    assert [(row.path, row.kind, row.shape_out) for row in rows] == [
        ("0", "conv2d", (4, 6, 6)),
        ("1", "relu", (4, 6, 6)),
        ("2", "flatten", (144,)),
        ("3", "dense", (10,)),
    ]


def test_a_flat_end_gets_a_dense_head_only() -> None:
    assert [row.kind for row in layers(dense(5), "tanh").table((3,), 2)] == ["dense", "tanh", "dense"]


def test_without_a_head_the_last_layer_is_the_output() -> None:
    assert layers(dense(5), "tanh", dense(2), head=False).table((3,), 2)[-1].path == "2"


def test_without_a_head_a_wrong_width_says_both() -> None:
    detail = refused(layers("relu", dense(7), head=False), (4,), 10)
    assert (detail.code, detail.pointer) == ("shape-mismatch", "/network/layers/1")
    assert detail.message == "the last layer gives (7,), but the target needs (10,)"


def test_a_dense_layer_on_pictures_says_what_is_missing() -> None:
    detail = refused(layers(conv(), dense(7)), (1, 8, 8), 10)
    assert detail.pointer == "/network/layers/1"
    assert detail.message == "layer 1 (dense): needs a flat input (features,), but gets (4, 6, 6)"
    assert detail.fix == 'put {"kind": "flatten"} before it'


def test_four_billion_parameters_are_refused_at_once_and_without_memory() -> None:
    began = time.perf_counter()
    detail = refused(layers(dense(65536), dense(65536)), (13,), 10)
    assert time.perf_counter() - began < 0.1
    assert (detail.code, detail.pointer) == ("model-too-large", "/network")
    assert detail.given == 13 * 65536 + 65536 * 65536 + 2 * 65536 + 65536 * 10 + 10
    assert f"{detail.given * 4:,} bytes" in detail.message
    assert detail.allowed == 200_000_000


def test_outputs_that_fill_the_memory_are_refused_too() -> None:
    detail = refused(layers(conv(channels=60_000, padding=1), "global_avg_pool"), (1, 512, 512), 10)
    assert detail.code == "model-too-large"


def test_limits_can_be_set() -> None:
    assert refused(layers(dense(10)), (4,), 2, Limits(parameters=71)).given == 72
    assert layers(dense(10)).table((4,), 2, Limits(parameters=72))


def test_sizes_beyond_what_torch_can_count_are_an_error_not_a_crash() -> None:
    huge = conv(channels=65_536, kernel=1024, padding=1024)
    assert refused(layers(huge, huge, huge), (65_536, 4096, 4096), 2).code in ("model-too-large", "shape-mismatch")


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([], "too_short"),
        ({"a": 1}, "tuple_type"),
        ([{"kind": "os.system"}], "union_tag_invalid"),
        (["__class__"], "union_tag_invalid"),
        ([{}], "union_tag_not_found"),
        ([{"kind": "dense"}], "missing"),
        ([conv(stride=0)], "greater_than_equal"),
        ([conv(kernel=[3])], "missing"),
        ([conv(kernel=[3, 0])], "greater_than_equal"),
        ([conv(padding="valid")], "literal_error"),
        ([{"kind": "dropout", "p": 1.5}], "less_than"),
        ([{"kind": "dense", "units": 10**9}], "less_than_equal"),
        ([{"kind": "dense", "units": 3.5}], "int_type"),
        ([{"kind": "dense", "units": True}], "int_type"),
        ([{"kind": "dense", "units": 3, "colour": "red"}], "extra_forbidden"),
        ([dense(2)] * 1001, "model-too-large"),
    ],
)
def test_one_wrong_field_is_one_error(items: Any, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Layers.model_validate({"layers": items})
    assert [error["type"] for error in caught.value.errors()] == [code]


def nested(depth: int) -> dict[str, Any]:
    return functools.reduce(lambda inner, _: {"kind": "sequential", "body": [inner]}, range(depth), dense(2))


def test_layers_in_layers_may_be_32_deep() -> None:
    assert layers(nested(31)).table((4,), 2)
    for depth in (32, 1000):
        with pytest.raises(ValidationError) as caught:
            layers(nested(depth))
        assert [error["type"] for error in caught.value.errors()] == ["model-too-deep"]


def test_layers_inside_others_count() -> None:
    block = {"kind": "sequential", "body": ["relu"] * 99}
    assert layers(*[block] * 10)
    with pytest.raises(ValidationError, match="at most 1000 layers"):
        layers(*[block] * 11)


def test_weights_are_found_by_the_place_of_their_layer() -> None:
    module = layers("relu", dense(3), {"kind": "residual", "body": [dense(3)]}).build((2,), 1)
    assert list(module.state_dict()) == [
        "1.weight", "1.bias", "2.body.0.weight", "2.body.0.bias", "3.weight", "3.bias",
    ]  # fmt: skip


def test_building_needs_no_more_random_numbers_than_the_layers_themselves() -> None:
    torch.manual_seed(3)
    module = layers(dense(3), "relu").build((2,), 1)
    torch.manual_seed(3)
    assert torch.equal(module[0].weight, torch.nn.Linear(2, 3).weight)
    assert torch.equal(module[2].weight, torch.nn.Linear(3, 1).weight)
