"""Normalisation and dropout: training and prediction differ exactly as they must."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.networks.layers import BatchNorm, Dropout, LayerNorm
from models.networks.shapes import Shape

X = torch.randn(64, 5, 4, 4, generator=torch.Generator().manual_seed(0)) * 3 + 2


def test_batch_norm_takes_the_batchs_moments_in_training() -> None:
    out = BatchNorm().build((5, 4, 4))(X)
    assert torch.allclose(out.mean((0, 2, 3)), torch.zeros(5), atol=1e-5)
    assert torch.allclose(out.var((0, 2, 3), unbiased=False), torch.ones(5), atol=1e-4)


def test_batch_norm_predicts_with_running_moments() -> None:
    module = BatchNorm(momentum=1.0, eps=1e-5).build((5, 4, 4))
    module(X)
    module.eval()
    mean, var = X.mean((0, 2, 3)), X.var((0, 2, 3))  # torch keeps the unbiased variance
    expected = (X - mean.view(1, 5, 1, 1)) / (var + 1e-5).sqrt().view(1, 5, 1, 1)
    assert torch.allclose(module(X), expected, atol=1e-5)


def test_batch_norm_of_a_table_is_torchs() -> None:
    ours, theirs = BatchNorm().build((5,)), nn.BatchNorm1d(5)
    assert torch.equal(ours(X[..., 0, 0]), theirs(X[..., 0, 0]))
    assert torch.equal(ours.running_var, theirs.running_var)


@pytest.mark.parametrize("shape", [(5,), (5, 1, 1)])
def test_a_training_batch_of_one_value_a_channel_is_no_error(shape: Shape) -> None:
    """torch raises "Expected more than 1 value per channel"; the running moments stand in, and stay."""
    module = BatchNorm().build(shape)
    module(torch.randn(8, *shape))
    before = module.running_mean.clone()
    single = torch.randn(1, *shape, requires_grad=True)
    out = module(single)
    out.sum().backward()
    assert torch.equal(module.running_mean, before)
    assert torch.allclose(out, module.eval()(single))
    assert single.grad is not None


def test_layer_norm_is_over_all_values_of_an_example() -> None:
    out = LayerNorm().build((5, 4, 4))(X)
    assert torch.allclose(out.mean((1, 2, 3)), torch.zeros(64), atol=1e-5)
    assert torch.allclose(out.var((1, 2, 3), unbiased=False), torch.ones(64), atol=1e-4)


def test_dropout_acts_in_training_only() -> None:
    torch.manual_seed(0)
    module, ones = Dropout(p=0.25).build((1000,)), torch.ones(20, 1000)
    out = module(ones)
    assert out.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert float((out == 0).double().mean()) == pytest.approx(0.25, abs=0.01)
    assert torch.equal(module.eval()(ones), ones)
