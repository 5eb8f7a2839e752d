"""Weights given by the user."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError

from models.errors import SpecError
from models.networks import Layers, Linear, Mlp


def test_numbers_arrive_to_the_last_bit() -> None:
    weight = -0.007486820220947266  # a float32 written in full
    module = Linear.model_validate({"initial": {"weight": [[weight]], "bias": [0.5364435911178589]}}).build((1,), 1)
    assert (module.weight.item(), module.bias.item()) == (weight, 0.5364435911178589)


def test_what_is_not_given_starts_as_always() -> None:
    torch.manual_seed(0)
    plain = Linear().build((3,), 1)
    torch.manual_seed(0)
    given = Linear.model_validate({"initial": {"bias": [1]}}).build((3,), 1)
    assert torch.equal(plain.weight, given.weight)
    assert given.bias.item() == 1.0


def test_a_wrong_shape_names_both() -> None:
    with pytest.raises(SpecError) as caught:
        Linear.model_validate({"initial": {"weight": [1.0, 2.0]}}).table((2,), 1)
    detail = caught.value.details[0]
    assert (detail.code, detail.pointer) == ("shape-mismatch", "/network/initial/weight")
    assert (detail.given, detail.allowed) == ([2], [1, 2])


def test_every_wrong_name_is_told_with_the_nearest_right_one() -> None:
    with pytest.raises(SpecError) as caught:
        Mlp.model_validate({"initial": {"0.wieght": 1, "a/b~c": 1}}).table((2,), 1)
    first, second = caught.value.details
    assert (first.code, first.fix) == ("unknown-field", "did you mean 0.weight?")
    assert second.pointer == "/network/initial/a~1b~0c"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1", "value-not-number"),
        ([True], "value-not-number"),
        ([None], "value-not-number"),
        ([[1.0], [1.0, 2.0]], "shape-mismatch"),
        ([1.0, [1.0]], "shape-mismatch"),
        ([float("nan")], "value-not-finite"),
        ([float("inf")], "value-not-finite"),
        ([[[[[[[[[1]]]]]]]]], "value-not-number"),
    ],
)
def test_refuses_what_is_no_even_block_of_numbers(value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Linear.model_validate({"initial": {"weight": value}})
    assert caught.value.errors()[0]["type"] == code


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("1.bias", [1e300], "value-not-finite"),
        ("0.running_mean", [-4e38, 0.0], "value-not-finite"),
        ("0.num_batches_tracked", 1e30, "out-of-range"),
        ("0.num_batches_tracked", 1.5, "out-of-range"),
    ],
)
def test_numbers_that_the_network_cannot_hold_are_told_by_the_dry_run(name: str, value: Any, code: str) -> None:
    network = Layers.model_validate({"layers": ["batch_norm"], "initial": {name: value}})
    with pytest.raises(SpecError) as caught:
        network.table((2,), 1)
    (detail,) = caught.value.details
    assert (detail.code, detail.pointer) == (code, f"/network/initial/{name}")
