"""What must hold for every network of the union."""

from __future__ import annotations

import pytest
import torch
from pydantic import TypeAdapter

from models.catalog import example, kinds
from models.errors import SpecError
from models.networks import AnyNetwork, Network, Shape

NETWORKS: TypeAdapter[Network] = TypeAdapter(AnyNetwork)
KINDS = [pytest.param(kind, id=name) for name, kind in kinds("networks").items()]
SHAPES: tuple[Shape, ...] = ((13,), (1, 28, 28), (3, 32, 40))


def fitting(kind: type[Network]) -> list[tuple[Network, Shape]]:
    network, pairs = NETWORKS.validate_python(example(kind)), []
    for shape in SHAPES:
        try:
            network.table(shape, 3)
        except SpecError:
            continue
        pairs.append((network, shape))
    assert pairs
    return pairs


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outputs", [1, 3])
def test_learns(kind: type[Network], outputs: int) -> None:
    """Forward, backward and a step make the loss smaller."""
    for network, shape in fitting(kind):
        torch.manual_seed(0)
        module, x, y = network.build(shape, outputs), torch.randn(6, *shape), torch.randn(6, outputs)
        optimizer, losses = torch.optim.Adam(module.parameters(), lr=0.001), []
        for _ in range(4):
            loss = torch.nn.functional.mse_loss(module(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < losses[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_weights_and_the_table_draws_none(kind: type[Network]) -> None:
    for network, shape in fitting(kind):
        torch.manual_seed(5)
        one = network.build(shape, 3).state_dict()
        torch.manual_seed(5)
        network.table(shape, 3)
        other = network.build(shape, 3).state_dict()
        assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_tells_what_the_module_does(kind: type[Network]) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    for network, shape in fitting(kind):
        rows, module = network.table(shape, 3), network.build(shape, 3).eval()
        with FlopCounterMode(display=False) as counter:
            out = module(torch.zeros(1, *shape))
        assert tuple(out.shape) == (1, 3)
        assert rows[0].shape_in == shape
        assert rows[-1].shape_out == (3,)
        assert sum(row.parameters for row in rows) == sum(parameter.numel() for parameter in module.parameters())
        assert sum(row.flops for row in rows) == counter.get_total_flops()


@pytest.mark.parametrize("kind", KINDS)
def test_round_trips_through_json(kind: type[Network]) -> None:
    network = NETWORKS.validate_python(example(kind))
    assert NETWORKS.validate_json(network.model_dump_json()) == network


@pytest.mark.parametrize("kind", KINDS)
def test_takes_weights_that_are_given(kind: type[Network]) -> None:
    """Every parameter and buffer of one network, written as JSON, makes another one with the same outputs."""
    network, shape = fitting(kind)[0]
    module = network.build(shape, 2).eval()
    initial = {name: value.tolist() for name, value in module.state_dict().items()}
    again = NETWORKS.validate_python(network.model_dump(mode="json") | {"initial": initial}).build(shape, 2).eval()
    x = torch.randn(4, *shape)
    assert torch.equal(module(x), again(x))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_lie_with_the_channels_last(kind: type[Network]) -> None:
    for network, shape in fitting(kind):
        for parameter in network.build(shape, 2).parameters():
            assert parameter.dim() != 4 or parameter.is_contiguous(memory_format=torch.channels_last)
