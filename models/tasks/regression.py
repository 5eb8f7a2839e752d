"""Regression: how much?"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.data.description import Column
from models.networks import Network
from models.objectives import MSE, Loss, metrics
from models.tasks.task import Table, Task, TaskState, refusal


class Regression(Task):
    """How much? One output, one number as answer, metrics in the target's own units."""

    learns: ClassVar[Literal["regression", "classification"]] = "regression"
    kind: Literal["regression"] = "regression"
    scale: Literal["standardize", "none"] = "standardize"
    """`standardize`: the network learns (target - mean) / deviation of the training part; `none`: the target itself."""

    def check(self, column: Column) -> None:
        """Refuses everything but numbers that vary."""
        if column.type != "number":
            message = f"{column.name} is a column of type {column.type}, regression needs numbers"
            raise refusal("conflicting-options", message, '{"kind": "classification"}')
        if column.distinct is not None and column.distinct < 2:
            raise refusal("one-class-target", f"{column.name} has one value only: there is nothing to learn")

    def expect(self, column: Column) -> TaskState:
        """Mean and deviation of the whole column."""
        self.check(column)
        if self.scale == "none":
            return TaskState()
        return TaskState(mean=column.mean or 0.0, std=column.std or 1.0)

    def fit(self, dataset: Table, name: str, train: NDArray[np.int64]) -> TaskState:
        """Mean and deviation of the training rows."""
        self.check(dataset.column(name))
        if self.scale == "none":
            return TaskState()
        values = dataset.numbers(name)[train]
        return TaskState(mean=float(np.nanmean(values)), std=float(np.nanstd(values)) or 1.0)

    def encode(self, dataset: Table, name: str, state: TaskState) -> Tensor:
        """(N, 1) float32, NaN = missing."""
        scaled = (dataset.numbers(name) - state.mean) / state.std
        return torch.from_numpy(scaled.astype(np.float32)).unsqueeze(1)

    def outputs(self, state: TaskState, loss: Loss) -> int:  # noqa: ARG002  the family's signature
        """One."""
        return 1

    def default_loss(self, network: Network | None = None) -> Loss:  # noqa: ARG002  the family's signature
        """Mean squared error."""
        return MSE()

    def metrics(self, state: TaskState) -> tuple[str, ...]:  # noqa: ARG002  the family's signature
        """Loss (of the scaled target), RMSE, MAE, R2 (of the target itself)."""
        return ("loss", "rmse", "mae", "r2")

    def score(self, outputs: Tensor, targets: Tensor, state: TaskState) -> tuple[dict[str, float], dict[str, Any]]:
        """RMSE, MAE and R2 in the target's units; the report is empty."""
        return _errors(_values(outputs, state), _values(targets, state)), {}

    def baseline(self, train: Tensor, part: Tensor, state: TaskState) -> dict[str, float]:
        """Always the mean of the training part."""
        truth = _values(part, state)
        return _errors(torch.full_like(truth, float(_values(train, state).mean())), truth)

    def answer(self, outputs: Tensor, state: TaskState, top: int = 3) -> list[dict[str, Any]]:  # noqa: ARG002
        """`{"value"}` for each row."""
        return [{"value": value} for value in _values(outputs, state).flatten().tolist()]


def _values(scaled: Tensor, state: TaskState) -> Tensor:
    """Back to the target's units, in float64."""
    return scaled.double() * state.std + state.mean


def _errors(values: Tensor, truth: Tensor) -> dict[str, float]:
    explained = metrics.r2(values, truth)
    told = {"rmse": metrics.rmse(values, truth), "mae": metrics.mae(values, truth)}
    return told | ({} if explained is None else {"r2": explained})
