"""Losses: torch's functions as the oracle."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from models.catalog import example, kinds
from models.errors import SpecError
from models.objectives import MAE, MSE, AnyLoss, BinaryCrossEntropy, CrossEntropy, Huber, Loss

LOSSES: TypeAdapter[Loss] = TypeAdapter(AnyLoss)
SEEDED = torch.Generator().manual_seed(0)
VALUES, TRUTH = torch.randn(2, 20, 1, generator=SEEDED)
LOGITS, CLASSES = torch.randn(20, 3, generator=SEEDED), torch.randint(3, (20,), generator=SEEDED)


def test_regression_losses_are_torchs() -> None:
    assert torch.equal(MSE().build()(VALUES, TRUTH), functional.mse_loss(VALUES, TRUTH))
    assert torch.equal(MAE().build()(VALUES, TRUTH), functional.l1_loss(VALUES, TRUTH))
    assert torch.equal(Huber(delta=0.5).build()(VALUES, TRUTH), functional.huber_loss(VALUES, TRUTH, delta=0.5))


def test_huber_by_hand() -> None:
    # |0.5| <= 1: 0.5 * 0.25; |3| > 1: 1 * (3 - 0.5)
    loss = Huber(delta=1.0).build()(torch.tensor([[0.5], [3.0]]), torch.zeros(2, 1))
    assert loss.item() == pytest.approx((0.125 + 2.5) / 2)


def test_cross_entropy_is_torchs() -> None:
    ours = CrossEntropy(label_smoothing=0.1).build()(LOGITS, CLASSES)
    assert torch.equal(ours, functional.cross_entropy(LOGITS, CLASSES, label_smoothing=0.1))


def test_cross_entropy_stays_finite_for_huge_logits() -> None:
    loss = CrossEntropy().build()(torch.tensor([[1e4, -1e4, 0.0]]), torch.tensor([1]))
    assert loss.item() == pytest.approx(2e4)


def test_given_class_weights() -> None:
    ours = CrossEntropy(weights=(1.0, 2.0, 0.0)).build((5, 5, 10))(LOGITS, CLASSES)
    assert torch.equal(ours, functional.cross_entropy(LOGITS, CLASSES, weight=torch.tensor([1.0, 2.0, 0.0])))


def test_balanced_class_weights_are_scikit_learns() -> None:
    truth = np.repeat([0, 1, 2], [6, 3, 1])
    weights = compute_class_weight("balanced", classes=np.arange(3), y=truth)
    built = CrossEntropy(weights="balanced").build((6, 3, 1))
    assert built.weight.tolist() == pytest.approx(weights.tolist())


def test_class_weights_must_be_one_a_class() -> None:
    with pytest.raises(SpecError) as caught:
        CrossEntropy(weights=(1.0, 2.0)).build((5, 5, 10))
    assert (caught.value.code, caught.value.details[0].pointer) == ("shape-mismatch", "/loss/weights")


def test_binary_cross_entropy_takes_class_indices() -> None:
    z, truth = LOGITS[:, :1], (CLASSES > 0).long()
    expected = functional.binary_cross_entropy_with_logits(z[:, 0], truth.float())
    assert torch.allclose(BinaryCrossEntropy().build()(z, truth), expected)


def test_one_output_and_sigmoid_is_two_outputs_and_softmax() -> None:
    z, truth = LOGITS[:, :1], (CLASSES > 0).long()
    two = functional.cross_entropy(torch.cat([torch.zeros_like(z), z], 1), truth)
    assert torch.allclose(BinaryCrossEntropy().build()(z, truth), two)


def test_the_second_class_can_weigh_more() -> None:
    z, truth = LOGITS[:, :1], (CLASSES > 0).long()
    expected = functional.binary_cross_entropy_with_logits(z[:, 0], truth.float(), pos_weight=torch.tensor(3.0))
    assert torch.allclose(BinaryCrossEntropy(positive_weight=3.0).build()(z, truth), expected)


@pytest.mark.parametrize("kind", kinds("losses").values())
def test_every_loss_is_a_finite_mean_with_a_gradient(kind: type[Loss]) -> None:
    loss = LOSSES.validate_python(example(kind))
    width = loss.width(3) if loss.learns == "classification" else 1
    outputs = torch.randn(8, width, requires_grad=True)
    targets = torch.randint(min(max(width, 2), 3), (8,)) if loss.learns == "classification" else torch.randn(8, 1)
    module = loss.build((3, 3, 2))
    value = module(outputs, targets)
    value.backward()
    assert value.dim() == 0
    assert torch.isfinite(value)
    assert outputs.grad is not None
    twice = module(outputs.repeat(2, 1), torch.cat([targets, targets]))
    assert torch.allclose(value, twice, atol=1e-6)


def test_one_wrong_class_weight_is_one_error() -> None:
    for weights, code in (([1.0, -2.0], "greater_than_equal"), ("even", "literal_error"), (3, "tuple_type")):
        with pytest.raises(ValidationError) as caught:
            LOSSES.validate_python({"kind": "cross_entropy", "weights": weights})
        assert [error["type"] for error in caught.value.errors()] == [code]
