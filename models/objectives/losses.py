"""Losses: from a network's raw outputs and the encoded targets to one number, the mean over the batch.

Classification: outputs are logits (batch, classes), targets class indices (batch,) int64.
Regression: outputs and targets are (batch, 1) float32.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Discriminator, Field, Tag
from torch import Tensor, nn
from torch.nn import functional

from models.errors import Detail, SpecError
from models.kinds import Kind, Many

Weight = Annotated[float, Field(ge=0.0, le=1e9)]


def _tag(value: Any) -> str:
    return "word" if isinstance(value, str) else "list"


# A discriminator reports the errors of the branch that was meant, where a plain union reports those of both.
ClassWeights = Annotated[
    Annotated[Literal["balanced"], Tag("word")] | Annotated[Many[Weight], Tag("list")], Discriminator(_tag)
]


class Loss(Kind):
    """What every loss has."""

    kind: str
    learns: ClassVar[Literal["regression", "classification"]]
    """The task that this loss belongs to."""

    @abstractmethod
    def build(self, counts: Sequence[int] = ()) -> nn.Module:
        """A module (outputs, targets) -> scalar. `counts`: training rows of each class, in the order of the classes.

        Raises SpecError where given class weights do not fit the classes. Move it to the device of the network.
        """

    def width(self, classes: int) -> int:
        """How many outputs the network needs for so many classes."""
        return classes


class MSE(Loss):
    """Mean squared error: mean of (output - target)^2. The default for regression."""

    learns: ClassVar[Literal["regression", "classification"]] = "regression"
    kind: Literal["mse"] = "mse"

    def build(self, counts: Sequence[int] = ()) -> nn.Module:  # noqa: ARG002  the family's signature
        """`torch.nn.MSELoss`."""
        return nn.MSELoss()


class MAE(Loss):
    """Mean absolute error: mean of |output - target|; its best constant answer is the median."""

    learns: ClassVar[Literal["regression", "classification"]] = "regression"
    kind: Literal["mae"] = "mae"

    def build(self, counts: Sequence[int] = ()) -> nn.Module:  # noqa: ARG002  the family's signature
        """`torch.nn.L1Loss`."""
        return nn.L1Loss()


class Huber(Loss):
    """Squared error / 2 up to `delta`, delta * (|error| - delta / 2) beyond it: outliers pull less."""

    learns: ClassVar[Literal["regression", "classification"]] = "regression"
    kind: Literal["huber"] = "huber"
    delta: float = Field(default=1.0, gt=0.0, le=1e9)
    """Where the square ends, in units of the encoded target (standard deviations with scale `standardize`)."""

    def build(self, counts: Sequence[int] = ()) -> nn.Module:  # noqa: ARG002  the family's signature
        """`torch.nn.HuberLoss`."""
        return nn.HuberLoss(delta=self.delta)


class CrossEntropy(Loss):
    """Mean of -log softmax(outputs)[target], computed stably from the logits. The default for classification.

    With class weights the mean is weighted, as in `torch.nn.CrossEntropyLoss`: divided by the sum of the weights.
    """

    learns: ClassVar[Literal["regression", "classification"]] = "classification"
    kind: Literal["cross_entropy"] = "cross_entropy"
    weights: ClassWeights | None = None
    """A weight for each class in the order of the classes, or `balanced`: rows / (classes * rows of the class)."""
    label_smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the target's probability that is spread evenly over all classes."""

    def build(self, counts: Sequence[int] = ()) -> nn.Module:
        """`torch.nn.CrossEntropyLoss`."""
        return nn.CrossEntropyLoss(weight=self._weight(counts), label_smoothing=self.label_smoothing)

    def _weight(self, counts: Sequence[int]) -> Tensor | None:
        if self.weights is None:
            return None
        if self.weights == "balanced":
            return torch.tensor([sum(counts) / (len(counts) * max(count, 1)) for count in counts])
        if counts and len(self.weights) != len(counts):
            message = f"{len(self.weights)} class weights are given, the target has {len(counts)} classes"
            raise SpecError(Detail("shape-mismatch", message, "/loss/weights", len(self.weights), len(counts)))
        return torch.tensor(self.weights)


class BinaryCrossEntropy(Loss):
    """For two classes and one output z: mean of -log sigmoid(z) for the second class, -log(1 - sigmoid(z)) else.

    Computed stably from the logit. One output and sigmoid, or two and softmax: the same thing.
    """

    learns: ClassVar[Literal["regression", "classification"]] = "classification"
    kind: Literal["binary_cross_entropy"] = "binary_cross_entropy"
    positive_weight: Weight = 1.0
    """Weight of the rows of the second class."""

    def build(self, counts: Sequence[int] = ()) -> nn.Module:  # noqa: ARG002  the family's signature
        """A module that takes class indices as targets."""
        return _BinaryCrossEntropy(self.positive_weight)

    def width(self, classes: int) -> int:  # noqa: ARG002  the family's signature
        """One output."""
        return 1


class _BinaryCrossEntropy(nn.Module):
    weight: Tensor | None

    def __init__(self, positive: float) -> None:
        super().__init__()
        self.register_buffer("weight", None if positive == 1.0 else torch.tensor(positive))

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        truth = targets.to(outputs.dtype).view_as(outputs)  # (batch,) -> (batch, 1)
        return functional.binary_cross_entropy_with_logits(outputs, truth, pos_weight=self.weight)
