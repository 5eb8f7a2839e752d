"""Pooling: torch's functions as the oracle."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from models.errors import SpecError
from models.networks.layers import AvgPool2d, GlobalAvgPool, MaxPool2d

X = torch.randn(2, 3, 9, 7, generator=torch.Generator().manual_seed(0))


def test_max_pool() -> None:
    module = MaxPool2d(kernel=(3, 2), stride=2, padding=(1, 0)).build((3, 9, 7))
    assert torch.equal(module(X), functional.max_pool2d(X, (3, 2), 2, (1, 0)))


def test_average_pool() -> None:
    module = AvgPool2d(kernel=3, padding=1).build((3, 9, 7))
    assert torch.equal(module(X), functional.avg_pool2d(X, 3, 3, 1))


def test_the_window_moves_as_far_as_it_is_long_unless_told_otherwise() -> None:
    assert MaxPool2d(kernel=(3, 2)).place((3, 9, 7), "0").shape == (3, 3, 3)


def test_global_average() -> None:
    assert torch.allclose(GlobalAvgPool().build((3, 9, 7))(X), functional.adaptive_avg_pool2d(X, 1).flatten(1))


def test_a_window_over_the_picture_names_both_shapes() -> None:
    with pytest.raises(SpecError, match=r"at least \(3, 4, 4\), but gets \(3, 3, 9\)"):
        MaxPool2d(kernel=4).place((3, 3, 9), "0")


def test_padding_over_half_the_window_is_out_of_range() -> None:
    with pytest.raises(SpecError) as caught:
        AvgPool2d(kernel=3, padding=2).place((3, 9, 9), "1")
    assert (caught.value.code, caught.value.details[0].pointer) == ("out-of-range", "/layers/1/padding")
