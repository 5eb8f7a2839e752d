"""Presets: published parameter counts, what they are for, what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from models.errors import SpecError
from models.networks import Convnet, Lenet, Linear, Logistic, Mlp, Network, SmallResnet, Softmax
from models.networks.layers import AvgPool2d, Tanh


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("side", [28, 32])
def test_lenet_has_61706_parameters(side: int) -> None:
    assert count(Lenet().build((1, side, side), 10)) == 61_706


def test_lenet_as_it_was() -> None:
    kinds = {type(layer) for layer in Lenet(activation=Tanh(), pooling="average").expand((1, 32, 32), 10)}
    assert {Tanh, AvgPool2d} <= kinds


def test_resnet_20_has_its_published_size() -> None:
    """0.27 million; with 1x1 convolutions as shortcuts 272,474."""
    assert count(SmallResnet(width=16, blocks=3).build((3, 32, 32), 10)) == 272_474


def test_small_resnet_is_the_papers_block() -> None:
    module = SmallResnet(width=2).build((1, 8, 8), 3).eval()
    conv, norm, _, block, *rest = module
    with torch.no_grad():
        x = torch.randn(2, 1, 8, 8)
        stem = norm(conv(x)).relu()
        one = block.body
        expected = (one[4](one[3](one[1](one[0](stem)).relu())) + stem).relu()
        assert torch.allclose(module[4](block(stem)), expected)
        assert torch.allclose(module(x), nn.Sequential(*rest[1:])(expected))


@pytest.mark.parametrize(("side", "pools"), [(8, 1), (28, 2), (32, 2), (64, 3), (100, 4), (1, 0)])
def test_convnet_shrinks_pictures_to_at_most_8_pixels(side: int, pools: int) -> None:
    rows = Convnet().table((3, side, side), 5)
    shrunk = [row for row in rows if row.kind == "max_pool2d"]
    assert len(shrunk) == pools
    assert max((row.shape_out[1] for row in shrunk[-1:]), default=1) <= 8


def test_mlp_stands_in_the_order_that_is_documented() -> None:
    rows = Mlp(hidden=(5, 4), batch_norm=True, dropout=0.1).table((3,), 2)
    block = ["dense", "batch_norm", "relu", "dropout"]
    assert [row.kind for row in rows] == [*block, *block, "dense"]
    assert [row.shape_out for row in rows if row.kind == "dense"] == [(5,), (4,), (2,)]


def test_mlp_by_hand() -> None:
    """Two inputs, two hidden relu units, one output, forward and backward on paper."""
    initial = {"0.weight": [[1, 2], [-1, 1]], "0.bias": [0, -1], "2.weight": [[2, 3]], "2.bias": [0.5]}
    module = Mlp.model_validate({"hidden": [2], "initial": initial}).build((2,), 1)
    out = module(torch.tensor([[1.0, 1.0]]))  # hidden (3, -1) -> (3, 0); 2 * 3 + 0.5
    assert out.item() == 6.5
    out.square().backward()  # d/d out = 13
    assert module[2].weight.grad.tolist() == [[39.0, 0.0]]
    assert module[0].weight.grad.tolist() == [[26.0, 26.0], [0.0, 0.0]]
    assert module[0].bias.grad.tolist() == [26.0, 0.0]


@pytest.mark.parametrize("network", [Linear(), Logistic(), Softmax()])
def test_a_network_of_one_layer_is_that_layer(network: Network) -> None:
    assert list(network.build((4,), 1).state_dict()) == ["weight", "bias"]
    assert count(network.build((1, 28, 28), 10)) == 7850


@pytest.mark.parametrize("network", [Lenet(), SmallResnet(), Convnet()])
def test_a_table_is_no_picture(network: Network) -> None:
    with pytest.raises(SpecError, match=r"\(13,\)") as caught:
        network.table((13,), 3)
    assert caught.value.details[0].pointer == "/network"


def test_a_picture_too_small_for_lenet_names_the_layer_and_both_shapes() -> None:
    with pytest.raises(SpecError) as caught:
        Lenet().build((1, 8, 8), 10)
    detail = caught.value.details[0]
    assert detail.message == (
        "network lenet: layer 3 (conv2d): a kernel of 5x5 needs at least (6, 5, 5), but gets (6, 4, 4)"
    )
    assert detail.pointer == "/network"


@pytest.mark.parametrize(("kind", "tasks"), [(Linear, {"regression"}), (Softmax, {"classification"})])
def test_some_presets_are_for_one_task(kind: Any, tasks: set[str]) -> None:
    assert set(kind().learns) == tasks
