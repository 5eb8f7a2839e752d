"""Classification: which of two or more classes?"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.data.description import Column
from models.errors import Detail, SpecError
from models.networks import Network
from models.objectives import BinaryCrossEntropy, CrossEntropy, Loss, metrics
from models.tasks.task import Table, Task, TaskState, refusal

MOST_CLASSES = 10_000
"""More distinct values than this are no classes."""

_WIDEST_CONFUSION = 200
"""A confusion matrix is reported up to so many classes."""


class Classification(Task):
    """Which class? Outputs are logits, answers probabilities.

    The classes are the distinct values of the target column in the whole dataset, sorted: text for categories, numbers
    for whole numbers. Two classes may have one output (loss `binary_cross_entropy`, network `logistic`) or two.
    """

    learns: ClassVar[Literal["regression", "classification"]] = "classification"
    kind: Literal["classification"] = "classification"

    def check(self, column: Column) -> None:
        """Refuses pictures, times, broken numbers, a single class, more classes than 10,000."""
        name = column.name
        if column.type in ("image", "time"):
            raise refusal("conflicting-options", f"{name} is a column of type {column.type}, which holds no classes")
        if column.type == "number" and not column.whole:
            fix = '{"kind": "regression"}'
            raise refusal("conflicting-options", f"{name} has numbers that are not whole, which are no classes", fix)
        if column.distinct is not None and column.distinct < 2:
            raise refusal("one-class-target", f"{name} has one class only: there is nothing to learn")
        if (column.distinct or 0) > MOST_CLASSES:
            message = f"{name} has {column.distinct:,} distinct values; classes are at most {MOST_CLASSES:,}"
            raise refusal("too-many-classes", message)

    def expect(self, column: Column) -> TaskState:
        """The classes and their rows in the whole dataset."""
        self.check(column)
        if column.values is None:
            message = f"the classes of {column.name} are not in the dataset's description"
            raise refusal("too-many-classes", message, "make it a category column when uploading")
        return TaskState(
            classes=tuple(value.value for value in column.values), counts=tuple(value.count for value in column.values)
        )

    def fit(self, dataset: Table, name: str, train: NDArray[np.int64]) -> TaskState:
        """The classes of the dataset and their rows in the training part."""
        self.check(dataset.column(name))
        codes, classes = dataset.values(name)
        known = codes[train]
        counts = np.bincount(known[known >= 0], minlength=len(classes))
        return TaskState(classes=classes, counts=tuple(counts.tolist()))

    def encode(self, dataset: Table, name: str, state: TaskState) -> Tensor:
        """Class indices (N,) int64, -1 = missing."""
        codes, classes = dataset.values(name)
        place = {value: index for index, value in enumerate(state.classes)}
        # the state may be of another version of the dataset, with other classes
        table = np.array([*(place.get(value, -1) for value in classes), -1], dtype=np.int64)
        return torch.from_numpy(table[codes])

    def outputs(self, state: TaskState, loss: Loss) -> int:
        """One for each class; a single one with binary cross-entropy."""
        return loss.width(len(state.classes))

    def default_loss(self, network: Network | None = None) -> Loss:
        """Cross-entropy; binary for logistic regression."""
        return BinaryCrossEntropy() if network is not None and network.kind == "logistic" else CrossEntropy()

    def agree(self, network: Network, loss: Loss, state: TaskState) -> None:
        """Also: one output is for two classes, and logistic regression has one output."""
        super().agree(network, loss, state)
        classes, single = len(state.classes), loss.width(2) == 1
        if single and classes != 2:
            where = "network" if network.kind == "logistic" else "loss"
            message = f"one output tells two classes apart, but the target has {classes}"
            fix = '"network": "softmax"' if where == "network" else '"loss": "cross_entropy"'
            raise SpecError(Detail("conflicting-options", message, f"/{where}", fix=fix))
        if network.kind == "logistic" and not single:
            message = f"logistic regression has one output, which the loss {loss.kind} cannot take"
            raise SpecError(Detail("conflicting-options", message, "/loss", loss.kind, fix="binary_cross_entropy"))

    def metrics(self, state: TaskState) -> tuple[str, ...]:
        """Loss, accuracy, macro F1, log loss; the area under the ROC curve for two classes."""
        return ("loss", "accuracy", "macro_f1", "log_loss", *(("auc",) if len(state.classes) == 2 else ()))

    def score(self, outputs: Tensor, targets: Tensor, state: TaskState) -> tuple[dict[str, float], dict[str, Any]]:
        """Accuracy, macro F1, log loss (and AUC); the report has the confusion matrix and a row for each class."""
        logits = _logits(outputs)
        matrix = metrics.confusion(logits.argmax(1), targets, len(state.classes))
        told = {
            "accuracy": metrics.accuracy(matrix),
            "macro_f1": metrics.macro_f1(matrix),
            "log_loss": metrics.log_loss(logits, targets),
        }
        area = metrics.auc(logits[:, 1] - logits[:, 0], targets) if len(state.classes) == 2 else None
        return told | ({} if area is None else {"auc": area}), _report(matrix, state)

    def baseline(self, train: Tensor, part: Tensor, state: TaskState) -> dict[str, float]:
        """Always the commonest class of the training part; the log loss is that of its class shares."""
        counts = torch.bincount(train, minlength=len(state.classes)).double()
        guess = torch.full_like(part, int(counts.argmax()))
        matrix = metrics.confusion(guess, part, len(state.classes))
        told = {"accuracy": metrics.accuracy(matrix), "macro_f1": metrics.macro_f1(matrix)}
        log_loss = float(-(counts / counts.sum()).log()[part].mean())
        return told | ({"log_loss": log_loss} if math.isfinite(log_loss) else {})

    def answer(self, outputs: Tensor, state: TaskState, top: int = 3) -> list[dict[str, Any]]:
        """`{"label", "probability", "entropy_bits", "top": [{"label", "probability"}, ...]}` for each row."""
        logs = _logits(outputs).double().log_softmax(1)
        shares = logs.exp()
        entropies = -(shares * logs).nan_to_num(0.0).sum(1) / math.log(2)  # 0 * log 0 counts 0
        best, places = shares.topk(min(max(top, 1), len(state.classes)), dim=1)
        rows = zip(best.tolist(), places.tolist(), entropies.tolist(), strict=True)
        return [_answer(probabilities, indices, entropy, state) for probabilities, indices, entropy in rows]


def _answer(probabilities: list[float], indices: list[int], entropy: float, state: TaskState) -> dict[str, Any]:
    ranked = [
        {"label": state.classes[index], "probability": probability}
        for index, probability in zip(indices, probabilities, strict=True)
    ]
    return {**ranked[0], "entropy_bits": max(0.0, entropy), "top": ranked}


def _logits(outputs: Tensor) -> Tensor:
    """(N, classes); a single output z is the pair (0, z), whose softmax is the sigmoid of z."""
    return torch.cat([torch.zeros_like(outputs), outputs], 1) if outputs.shape[1] == 1 else outputs


def _report(matrix: Tensor, state: TaskState) -> dict[str, Any]:
    table = metrics.per_class(matrix)
    columns = (table.precision.tolist(), table.recall.tolist(), table.f1.tolist(), matrix.sum(1).tolist())
    rows = [
        {"label": label, "precision": precision, "recall": recall, "f1": f1, "support": support}
        for label, precision, recall, f1, support in zip(state.classes, *columns, strict=True)
    ]
    report: dict[str, Any] = {"per_class": rows}
    if len(state.classes) <= _WIDEST_CONFUSION:
        report["confusion"] = {"rows": "truth", "classes": list(state.classes), "counts": matrix.tolist()}
    return report
