"""Task: what the output means. It encodes the target, chooses defaults, scores outputs and turns them into answers.

state = task.fit(dataset, "label", train_rows)          # or task.expect(column) from the description alone
task.agree(network, loss, state)                        # SpecError where they do not belong together
targets = task.encode(dataset, "label", state)          # a tensor over all rows
network.build(shape, task.outputs(state, loss))
metrics, report = task.score(outputs, targets, state)
task.answer(outputs, state, top=3)
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from models.data.description import Column, Value
from models.errors import Detail, SpecError
from models.kinds import Kind, Many
from models.networks import Convnet, Mlp, Network, Shape
from models.objectives import Loss


class Table(Protocol):
    """What a task needs of a dataset: `models.data.store.Dataset` has it."""

    def column(self, name: str) -> Column:
        """What ingestion learned about the column."""

    def numbers(self, name: str) -> NDArray[np.float64]:
        """(N,), NaN = missing."""

    def values(self, name: str) -> tuple[NDArray[np.int32], tuple[Value, ...]]:
        """Codes (N,), -1 = missing, and the distinct values."""


class TaskState(BaseModel):
    """What a task learned from the training part; small, JSON, part of the checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    classes: Many[Value] = ()
    """The classes in the order of the outputs, typed as in the dataset; empty for regression."""
    counts: Many[int] = ()
    """Training rows of each class."""
    mean: float = 0.0
    """Mean of the training targets that is taken away before learning."""
    std: float = 1.0
    """Deviation of the training targets by which they are divided."""


class Task(Kind):
    """What every task has. Wherever a part is measured, `outputs` are raw network outputs (N, width) on the CPU."""

    learns: ClassVar[Literal["regression", "classification"]]

    kind: str

    @abstractmethod
    def check(self, column: Column) -> None:
        """Raises SpecError (pointer /target) where the column cannot be this task's target."""

    @abstractmethod
    def expect(self, column: Column) -> TaskState:
        """The state as far as the description tells it: the classes are final, counts and moments are of all rows.

        Raises SpecError as `check` does.
        """

    @abstractmethod
    def fit(self, dataset: Table, name: str, train: NDArray[np.int64]) -> TaskState:
        """The state for the target column `name`, from the training rows. Raises SpecError as `check` does."""

    @abstractmethod
    def encode(self, dataset: Table, name: str, state: TaskState) -> Tensor:
        """Targets of all rows: (N,) int64 class indices, -1 = missing; or (N, 1) float32, NaN = missing."""

    @abstractmethod
    def outputs(self, state: TaskState, loss: Loss) -> int:
        """How many numbers the network gives for an example."""

    def default_network(self, shape: Shape) -> Network:
        """A convolutional network for pictures, a multi-layer perceptron for tables.

        A tenth of the hidden values left out helped, or did not hurt, on every table that it was measured on.
        """
        return Convnet() if len(shape) == 3 else Mlp(dropout=0.1)

    @abstractmethod
    def default_loss(self, network: Network | None = None) -> Loss:
        """The loss that belongs to the network."""

    @abstractmethod
    def metrics(self, state: TaskState) -> tuple[str, ...]:
        """Names of what is measured on each part, `loss` first."""

    @abstractmethod
    def score(self, outputs: Tensor, targets: Tensor, state: TaskState) -> tuple[dict[str, float], dict[str, Any]]:
        """The metrics of a part (without the loss, those that cannot be told left out), and its report (JSON)."""

    @abstractmethod
    def baseline(self, train: Tensor, part: Tensor, state: TaskState) -> dict[str, float]:
        """The metrics on `part` of a guess that knows the targets of the training part and no inputs."""

    @abstractmethod
    def answer(self, outputs: Tensor, state: TaskState, top: int = 3) -> list[dict[str, Any]]:
        """An answer (JSON) for each row of the outputs."""

    def agree(self, network: Network, loss: Loss, state: TaskState) -> None:  # noqa: ARG002  the family's signature
        """Raises SpecError (conflicting-options) where network, loss and target do not belong together."""
        details = []
        if self.learns not in network.learns:
            details.append(_conflict("network", network.kind, self.learns))
        if self.learns != loss.learns:
            details.append(_conflict("loss", loss.kind, self.learns))
        if details:
            raise SpecError(details)


def _conflict(family: str, kind: str, learns: str) -> Detail:
    message = f"the {family} {kind} is not for {learns}"
    return Detail("conflicting-options", message, f"/{family}", kind, fix=f"leave {family} out for the default")


def refusal(code: str, message: str, fix: str | None = None) -> SpecError:
    """The error of a column that cannot be the target."""
    return SpecError(Detail(code, message, "/target", fix=fix))
