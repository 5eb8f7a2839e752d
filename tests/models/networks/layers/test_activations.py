"""Activations: values by formula, slopes against differences, the ranges that the docstrings tell."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from models.networks.layers import (
    Elu,
    Gelu,
    HardSigmoid,
    Layer,
    LeakyRelu,
    Relu,
    Sigmoid,
    Silu,
    Softplus,
    Step,
    Tanh,
)

FORMULAS: list[tuple[Layer, Callable[[float], float]]] = [
    (Relu(), lambda x: max(0.0, x)),
    (LeakyRelu(slope=0.2), lambda x: x if x > 0 else 0.2 * x),
    (Elu(alpha=0.7), lambda x: x if x > 0 else 0.7 * (math.exp(x) - 1)),
    (Sigmoid(), lambda x: 1 / (1 + math.exp(-x))),
    (HardSigmoid(), lambda x: min(1.0, max(0.0, x / 6 + 0.5))),
    (Tanh(), lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x))),
    (Gelu(), lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2)))),
    (Silu(), lambda x: x / (1 + math.exp(-x))),
    (Softplus(), lambda x: math.log(1 + math.exp(x))),
    (Step(), lambda x: 1.0 if x >= 0 else 0.0),
]
POINTS = [-4.1, -3.2, -1.0, -0.3, 0.4, 1.0, 2.5, 3.1, 4.2]


@pytest.mark.parametrize(("layer", "formula"), FORMULAS)
def test_value_and_slope(layer: Layer, formula: Callable[[float], float]) -> None:
    x = torch.tensor([POINTS], dtype=torch.float64, requires_grad=True)
    y = layer.build((len(POINTS),))(x)
    y.sum().backward()
    assert x.grad is not None
    slopes = [(formula(p + 1e-5) - formula(p - 1e-5)) / 2e-5 for p in POINTS]
    assert y[0].tolist() == pytest.approx([formula(p) for p in POINTS], abs=1e-9)
    assert x.grad[0].tolist() == pytest.approx(slopes, abs=1e-6)


def test_step_counts_zero_as_positive_and_teaches_nothing() -> None:
    x = torch.tensor([[-0.0, 0.0, -1e-30, 1e-30]], requires_grad=True)
    y = Step().build((4,))(x)
    y.sum().backward()
    assert y.tolist() == [[1.0, 1.0, 0.0, 1.0]]
    assert x.grad is not None
    assert x.grad.tolist() == [[0.0] * 4]


@pytest.mark.parametrize(("layer", "low", "high"), [(Sigmoid(), 0.0, 0.25), (Tanh(), 0.0, 1.0)])
def test_slopes_stay_in_the_range_that_is_documented(layer: Layer, low: float, high: float) -> None:
    x = torch.linspace(-6, 6, 1001, dtype=torch.float64)[None].requires_grad_()
    layer.build((1001,))(x).sum().backward()
    assert x.grad is not None
    assert low < float(x.grad.min())
    assert float(x.grad.max()) == pytest.approx(high)
