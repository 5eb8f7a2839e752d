"""Metrics: what is told to people about a network's outputs on a part of the data. Each agrees with scikit-learn.

Classes are indices; a confusion matrix is (classes, classes) int64 with a row for each true class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Goal = Literal["min", "max"]

GOALS: Mapping[str, Goal] = {
    "loss": "min",
    "log_loss": "min",
    "accuracy": "max",
    "macro_f1": "max",
    "auc": "max",
    "rmse": "min",
    "mae": "min",
    "r2": "max",
}
"""Whether a smaller or a larger value of a metric is better."""


def confusion(answers: Tensor, truth: Tensor, classes: int) -> Tensor:
    """How often each true class (row) was answered as each class (column); answers and truth are (N,) int64."""
    return torch.bincount(truth * classes + answers, minlength=classes * classes).view(classes, classes)


def accuracy(matrix: Tensor) -> float:
    """Share of right answers in a confusion matrix."""
    return int(matrix.diagonal().sum()) / int(matrix.sum())  # a ratio of tensors would be a float32


@dataclass(frozen=True)
class PerClass:
    """Four vectors (classes,) float64; a ratio without a denominator is 0."""

    precision: Tensor
    recall: Tensor
    f1: Tensor
    support: Tensor


def per_class(matrix: Tensor) -> PerClass:
    """Precision, recall, F1 and support (true rows) of each class."""
    right, told, there = matrix.diagonal().double(), matrix.sum(0).double(), matrix.sum(1).double()
    return PerClass(
        right / told.clamp(min=1), right / there.clamp(min=1), 2 * right / (told + there).clamp(min=1), there
    )


def macro_f1(matrix: Tensor) -> float:
    """Mean of F1 over the classes that occur in the truth or in the answers."""
    occurs = (matrix.sum(0) + matrix.sum(1)) > 0
    return float(per_class(matrix).f1[occurs].mean())


def log_loss(logits: Tensor, truth: Tensor) -> float:
    """Mean of -log P(true class) for logits (N, classes); from the logits, so that no probability rounds to 0."""
    return float(torch.nn.functional.cross_entropy(logits.double(), truth))


def auc(scores: Tensor, truth: Tensor) -> float | None:
    """Area under the ROC curve: how often a row of class 1 scores above one of class 0, ties counting half.

    `scores` (N,), `truth` (N,) of 0 and 1. None where one of the classes has no row.
    """
    _, place, counts = torch.unique(scores, return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    ranks = (last - (counts.double() - 1) / 2)[place]  # mean rank of equal scores, from 1
    positive = truth == 1
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if not ones or not zeros:
        return None
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def rmse(values: Tensor, truth: Tensor) -> float:
    """Root of the mean squared error."""
    return float((values - truth).double().square().mean().sqrt())


def mae(values: Tensor, truth: Tensor) -> float:
    """Mean absolute error."""
    return float((values - truth).double().abs().mean())


def r2(values: Tensor, truth: Tensor) -> float | None:
    """1 - squared error / squared distance from the truth's own mean; None where the truth does not vary."""
    total = (truth.double() - truth.double().mean()).square().sum()
    if not float(total):
        return None
    return float(1 - (values - truth).double().square().sum() / total)
