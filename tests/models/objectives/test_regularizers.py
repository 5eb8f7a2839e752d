"""Regularizers: penalties by hand, and which parameters they leave alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.catalog import example, kinds
from models.objectives import L1, L2, Elastic, Regularizer


def network() -> nn.Sequential:
    layers = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    with torch.no_grad():
        layers[0].weight.copy_(torch.tensor([[1.0, -2.0], [0.0, 3.0]]))
        layers[2].weight.copy_(torch.tensor([[-1.0, 0.5]]))
    return layers


def test_by_hand() -> None:
    absolute, squared = 1 + 2 + 3 + 1 + 0.5, 1 + 4 + 9 + 1 + 0.25
    assert L1(weight=0.1).build(network())().item() == pytest.approx(0.1 * absolute)
    assert L2(weight=0.1).build(network())().item() == pytest.approx(0.1 * squared)
    elastic = Elastic(l1=0.1, l2=0.2).build(network())()
    assert elastic.item() == pytest.approx(0.1 * absolute + 0.2 * squared)


@pytest.mark.parametrize("kind", kinds("regularizers").values())
def test_biases_and_norms_are_left_alone(kind: type[Regularizer]) -> None:
    layers = network()
    kind.model_validate(example(kind)).build(layers)().backward()
    touched = {name for name, parameter in layers.named_parameters() if parameter.grad is not None}
    assert touched == {"0.weight", "2.weight"}


def test_l2_is_weight_decay_of_twice_its_weight_under_plain_sgd() -> None:
    one, other = nn.Linear(3, 1, bias=False), nn.Linear(3, 1, bias=False)
    other.load_state_dict(one.state_dict())
    x = torch.randn(8, 3)
    penalty = L2(weight=0.05).build(one)
    decayed = torch.optim.SGD(other.parameters(), lr=0.1, weight_decay=0.1)
    plain = torch.optim.SGD(one.parameters(), lr=0.1)
    for _ in range(5):
        for optimizer, loss in ((plain, one(x).square().mean() + penalty()), (decayed, other(x).square().mean())):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert torch.allclose(one.weight, other.weight, atol=1e-6)
