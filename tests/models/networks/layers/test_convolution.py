"""Convolution: torch's function with the same weights as the oracle; impossible ones are named."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from models.errors import Detail, SpecError
from models.networks.layers import Conv2d


@pytest.mark.parametrize(
    ("fields", "given"),
    [
        ({"kernel": 3}, {}),
        ({"kernel": (2, 3), "stride": (2, 1)}, {"stride": (2, 1)}),
        ({"kernel": 3, "padding": 2, "dilation": 2}, {"padding": 2, "dilation": 2}),
        ({"kernel": 3, "groups": 2, "bias": False}, {"groups": 2}),
        ({"kernel": 1}, {}),
        ({"kernel": 3, "padding": "same"}, {"padding": "same"}),
        ({"kernel": (5, 3), "padding": "same", "dilation": (1, 2)}, {"padding": "same", "dilation": (1, 2)}),
    ],
)
def test_values_are_torchs(fields: dict[str, Any], given: dict[str, Any]) -> None:
    placed = Conv2d(channels=6, **fields).place((4, 9, 11), "0")
    module = placed.modules[0]
    x = torch.randn(2, 4, 9, 11)
    expected = functional.conv2d(x, module.weight, module.bias, **given)
    assert torch.allclose(module(x), expected, atol=1e-6)
    assert placed.shape == tuple(expected.shape[1:])


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("kernel", [2, (4, 3), (1, 2)])
def test_an_even_kernel_keeps_the_size_as_torch_does(kernel: Any) -> None:
    module = Conv2d(channels=3, kernel=kernel, padding="same").build((2, 7, 8))
    x = torch.randn(2, 2, 7, 8)
    expected = functional.conv2d(x, module.weight, module.bias, padding="same")
    assert torch.allclose(module(x), expected, atol=1e-6)


def test_flops_are_those_that_torch_counts() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    placed = Conv2d(channels=6, kernel=(3, 2), stride=2, groups=2).place((4, 9, 11), "0")
    with FlopCounterMode(display=False) as counter:
        placed.modules[0](torch.zeros(1, 4, 9, 11))
    assert placed.rows[0].flops == counter.get_total_flops()


def refused(layer: Conv2d, shape: tuple[int, ...]) -> Detail:
    with pytest.raises(SpecError) as caught:
        layer.place(shape, "2")
    return caught.value.details[0]


def test_a_kernel_over_the_picture_names_layer_and_both_shapes() -> None:
    detail = refused(Conv2d(channels=4, kernel=64), (1, 8, 8))
    assert detail.pointer == "/layers/2/kernel"
    assert detail.message == "layer 2 (conv2d): a kernel of 64x64 needs at least (1, 64, 64), but gets (1, 8, 8)"


def test_dilation_makes_a_kernel_reach_further_and_padding_makes_room() -> None:
    assert "at least (1, 9, 9)" in refused(Conv2d(channels=4, kernel=3, dilation=4), (1, 8, 8)).message
    assert Conv2d(channels=4, kernel=3, dilation=4, padding=1).place((1, 8, 8), "0").shape == (4, 2, 2)


def test_groups_must_divide_both_channel_numbers() -> None:
    detail = refused(Conv2d(channels=5, kernel=3, groups=2), (4, 8, 8))
    assert (detail.code, detail.pointer) == ("shape-mismatch", "/layers/2/groups")


def test_same_padding_with_a_stride_is_a_conflict() -> None:
    detail = refused(Conv2d(channels=5, kernel=3, padding="same", stride=2), (4, 8, 8))
    assert (detail.code, detail.pointer) == ("conflicting-options", "/layers/2/padding")


def test_a_flat_input_is_named() -> None:
    assert "(13,)" in refused(Conv2d(channels=5, kernel=3), (13,)).message
