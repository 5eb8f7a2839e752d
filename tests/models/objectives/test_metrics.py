"""Metrics: scikit-learn as the oracle, on random and on awkward cases."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn import metrics as oracle

from models.objectives import metrics


@pytest.fixture(params=range(5))
def case(request: pytest.FixtureRequest) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (N, 4) and truth (N,); the higher seeds lack classes in the truth."""
    generator = torch.Generator().manual_seed(request.param)
    truth = torch.randint(4 - request.param // 2, (57,), generator=generator)
    logits = torch.randn(57, 4, generator=generator)
    logits[:, 3] -= 3.0 * (request.param > 2)
    return logits, truth


def test_confusion_accuracy_and_f1(case: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, truth = case
    answers = logits.argmax(1)
    matrix = metrics.confusion(answers, truth, 4)
    assert np.array_equal(matrix, oracle.confusion_matrix(truth, answers, labels=range(4)))
    assert metrics.accuracy(matrix) == pytest.approx(oracle.accuracy_score(truth, answers))
    assert metrics.macro_f1(matrix) == pytest.approx(oracle.f1_score(truth, answers, average="macro"))


def test_per_class(case: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, truth = case
    answers = logits.argmax(1)
    ours = metrics.per_class(metrics.confusion(answers, truth, 4))
    theirs = oracle.precision_recall_fscore_support(truth, answers, labels=range(4), zero_division=0.0)
    for mine, expected in zip((ours.precision, ours.recall, ours.f1, ours.support), theirs, strict=True):
        assert mine.tolist() == pytest.approx(expected.tolist())


def test_log_loss(case: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, truth = case
    shares = logits.double().softmax(1).numpy()
    assert metrics.log_loss(logits, truth) == pytest.approx(oracle.log_loss(truth, shares, labels=range(4)))


def test_auc_with_many_ties(case: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, truth = case
    scores, positive = (logits[:, 0] * 2).round(), (truth > 0).long()
    assert metrics.auc(scores, positive) == pytest.approx(oracle.roc_auc_score(positive, scores))


def test_auc_of_one_class_cannot_be_told() -> None:
    assert metrics.auc(torch.tensor([0.1, 0.2]), torch.tensor([1, 1])) is None


def test_regression_errors(case: tuple[torch.Tensor, torch.Tensor]) -> None:
    values, truth = case[0][:, 0], case[0][:, 1] * 100 + 1e6
    assert metrics.rmse(values, truth) == pytest.approx(oracle.root_mean_squared_error(truth, values))
    assert metrics.mae(values, truth) == pytest.approx(oracle.mean_absolute_error(truth, values))
    assert metrics.r2(values, truth) == pytest.approx(oracle.r2_score(truth.double(), values.double()))


def test_r2_of_a_constant_truth_cannot_be_told() -> None:
    assert metrics.r2(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 3.0])) is None


def test_every_goal_is_min_or_max() -> None:
    assert set(metrics.GOALS.values()) == {"min", "max"}
