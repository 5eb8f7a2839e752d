"""Optimizers: steps worked by hand, torch's own trajectories to the last bit, going on from a saved state."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn

from models.catalog import example, kinds
from models.optimization import SGD, Adam, AnyOptimizer, Optimizer

OPTIMIZERS: TypeAdapter[Optimizer] = TypeAdapter(AnyOptimizer)


def steps(optimizer: Optimizer, gradients: list[float], start: float = 1.0) -> list[float]:
    """The values of one weight after each of the given gradients."""
    weight = nn.Parameter(torch.tensor([start], dtype=torch.float64))
    updater, values = optimizer.build([weight]), []
    for gradient in gradients:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        updater.step()
        values.append(weight.item())
    return values


def test_sgd_by_hand() -> None:
    # 1 - 0.1 * 2 = 0.8; 0.8 + 0.1 * 1 = 0.9
    assert steps(SGD(lr=0.1), [2.0, -1.0]) == pytest.approx([0.8, 0.9], abs=1e-15)


def test_momentum_by_hand() -> None:
    # v = 2, w = 0.8; v = 0.5 * 2 - 1 = 0, w = 0.8; v = 0 + 1, w = 0.7
    assert steps(SGD(lr=0.1, momentum=0.5), [2.0, -1.0, 1.0]) == pytest.approx([0.8, 0.8, 0.7], abs=1e-15)


def test_nesterov_by_hand() -> None:
    # v = 2: w = 1 - 0.1 * (2 + 0.5 * 2) = 0.7; v = 0.5 * 2 - 1 = 0: w = 0.7 - 0.1 * (-1 + 0) = 0.8
    assert steps(SGD(lr=0.1, momentum=0.5, nesterov=True), [2.0, -1.0]) == pytest.approx([0.7, 0.8], abs=1e-15)


def test_adam_by_hand() -> None:
    gradients, m, v, weight, expected = [2.0, -1.0, 0.5], 0.0, 0.0, 1.0, []
    for step, gradient in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        weight -= 0.01 * (m / (1 - 0.9**step)) / (math.sqrt(v / (1 - 0.999**step)) + 1e-8)
        expected.append(weight)
    assert steps(Adam(lr=0.01), gradients) == pytest.approx(expected, abs=1e-12)


def test_weight_decay_is_added_to_the_gradient() -> None:
    # g = 2 + 0.5 * 1 = 2.5: w = 1 - 0.1 * 2.5
    assert steps(SGD(lr=0.1, weight_decay=0.5), [2.0]) == pytest.approx([0.75], abs=1e-15)


def trajectory(optimizer: torch.optim.Optimizer, network: nn.Module, count: int = 20) -> list[float]:
    """The losses of `count` updates on data that a seed gives."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(32, 3, 8, 8, generator=generator)
    y = torch.randint(4, (32,), generator=generator)
    losses = []
    for _ in range(count):
        loss = nn.functional.cross_entropy(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD(lr=0.05), lambda p: torch.optim.SGD(p, lr=0.05)),
        (SGD(lr=0.05, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, fused=True)),
        (SGD(lr=0.05, momentum=0.9, fused=False), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
        (Adam(lr=0.01), lambda p: torch.optim.Adam(p, lr=0.01, fused=True)),
        (Adam(lr=0.01, fused=False), lambda p: torch.optim.Adam(p, lr=0.01)),
        (
            Adam(lr=0.01, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1),
            lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1, fused=True),
        ),
    ],
)
def test_same_bits_as_torch(ours: Optimizer, theirs: Any) -> None:
    one, other = small_network(), small_network()
    assert trajectory(ours.build(one.parameters()), one) == trajectory(theirs(other.parameters()), other)


@pytest.mark.parametrize("optimizer", [SGD(momentum=0.9), SGD(), Adam(), Adam(fused=False)])
def test_goes_on_with_the_same_bits_from_a_state_saved_row_by_row(optimizer: Optimizer) -> None:
    """Files hold tensors row by row; kernels lie with channels last; torch's fused kernels go by address."""

    def fresh() -> tuple[nn.Module, torch.optim.Optimizer]:
        network = small_network()
        network.to(memory_format=torch.channels_last)
        return network, optimizer.build(network.parameters())

    straight, updater = fresh()
    trajectory(updater, straight, 5)
    weights = {name: value.clone().contiguous() for name, value in straight.state_dict().items()}
    state = updater.state_dict()
    saved = {
        index: {
            name: value.clone().contiguous() if isinstance(value, torch.Tensor) else value
            for name, value in slots.items()
        }
        for index, slots in state["state"].items()
    }
    resumed, updater_again = fresh()
    resumed.load_state_dict(weights)
    updater_again.load_state_dict({"state": saved, "param_groups": state["param_groups"]})
    assert trajectory(updater_again, resumed) == trajectory(updater, straight)


@pytest.mark.parametrize("kind", kinds("optimizers").values())
def test_slots_count_what_the_optimizer_keeps(kind: type[Optimizer]) -> None:
    optimizer = OPTIMIZERS.validate_python(example(kind))
    network = small_network()
    updater = optimizer.build(network.parameters())
    trajectory(updater, network, 1)
    kept = sum(
        value.numel()
        for parameter, slots in updater.state.items()
        for value in slots.values()
        if isinstance(value, torch.Tensor) and value.shape == parameter.shape
    )
    assert kept == optimizer.slots * sum(parameter.numel() for parameter in network.parameters())


def test_nesterov_without_momentum_is_a_conflict() -> None:
    with pytest.raises(ValidationError) as caught:
        OPTIMIZERS.validate_python({"kind": "sgd", "nesterov": True})
    assert caught.value.errors()[0]["type"] == "conflicting-options"


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "sgd", "lr": 0},
        {"kind": "sgd", "lr": -1.0},
        {"kind": "sgd", "weight_decay": -1},
        {"kind": "sgd", "momentum": 1.0},
        {"kind": "sgd", "lr": True},
        {"kind": "sgd", "lr": "0.1"},
        {"kind": "sgd", "lr": float("nan")},
        {"kind": "sgd", "rate": 0.1},
        {"kind": "adam", "betas": [0.9]},
        {"kind": "adam", "betas": [0.9, 1.0]},
        {"kind": "adagrad"},
        "nothing",
    ],
)
def test_refuses(spec: Any) -> None:
    with pytest.raises(ValidationError):
        OPTIMIZERS.validate_python(spec)
