"""TrainingSpec: one member of each family, and the numbers around them. Only `dataset` and `target` are required."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from models.data.splits import Split
from models.kinds import ByName, Kind, Many
from models.networks import AnyNetwork
from models.objectives import AnyLoss, AnyRegularizer
from models.optimization import AnyOptimizer, AnySchedule, EarlyStopping
from models.tasks import AnyTask
from models.transforms import Impute, Log, MinMax, Normalize, OneHot, Resize, Standardize, ToUnit


def _printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("text-not-allowed", "only printable characters are allowed, no line breaks or NUL")
    return text


def _column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]

AnyTransform = Annotated[
    Standardize | MinMax | Log | Impute | OneHot | ToUnit | Resize | Normalize, Field(discriminator="kind"), ByName
]
"""Both families of transforms; which of them fits is decided by the column's type."""


class Input(Kind):
    """A column that the network sees, and what is done to it on the way. A bare column name stands for the defaults."""

    column: Name
    """Its name in the dataset."""
    transforms: Many[AnyTransform] | None = Field(default=None, max_length=20)
    """Applied in this order, fitted on the training part; left out: what suits the column's type."""


class Target(Kind):
    """The column that the network learns to tell. A bare column name stands for the default task."""

    column: Name
    """Its name in the dataset."""
    task: AnyTask | None = None
    """What is learned. Left out: text, categories and whole numbers with at most 20 values are classes, other numbers
    are values."""


class TrainingSpec(Kind):
    """What to train. A resolved spec has every field filled, and is a spec again."""

    name: Name | None = None
    """A label for people."""
    dataset: Name
    """`name` (its newest version), `name@number`, or a version's id."""
    inputs: Many[Annotated[Input, BeforeValidator(_column, json_schema_input_type=str | Input)]] | None = Field(
        default=None, min_length=1, max_length=10_000
    )
    """What the network sees; left out: the picture column where there is one, else every column but the target."""
    target: Annotated[Target, BeforeValidator(_column, json_schema_input_type=str | Target)]
    """What it learns to tell."""
    split: Split | None = None
    """Which rows are for training, validation and test; left out: the parts of the upload, else 80/10/10 at random."""
    network: AnyNetwork | None = None
    """Left out: what suits the inputs and the task."""
    loss: AnyLoss | None = None
    """Left out: the task's (cross entropy, mean squared error)."""
    optimizer: AnyOptimizer | None = None
    """Left out: Adam."""
    schedule: AnySchedule | None = None
    """How the learning rate changes; left out: half a cosine."""
    regularization: Many[AnyRegularizer] = Field(default=(), max_length=10)
    """Penalties on the weights, added to the loss."""
    early_stopping: EarlyStopping | None = None
    """Left out: on, where there is a validation part; null: off. The best weights are kept either way."""
    epochs: int | None = Field(default=None, ge=1, le=100_000)
    """Passes over the training part, at most."""
    batch_size: Annotated[int, Field(ge=1, le=1_048_576)] | Literal["full"] | None = None
    """Rows per update; `full` = all of them. A last batch of a single row joins the batch before it."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda|cuda:[0-9]{1,3})$")
    """Where to fit; `auto` = a GPU where the worker has one."""
    precision: Literal["auto", "float32"] = "auto"
    """Number type of weights and activations; `auto` = float32."""
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    """Start weights, order of rows and dropout follow from it."""
    max_seconds: float | None = Field(default=None, gt=0, le=30 * 86_400)
    """The fit ends, with its best network, when it has taken this long (interruptions not counted)."""
    keep: Literal["best,last", "all"] = "best,last"
    """Which checkpoints stay: the best and the last, or one of every epoch that was saved."""
    tags: Many[Name] = Field(default=(), max_length=20)
    """Labels to find runs by."""
    publish_as: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")
    """A model name that the best network is registered under when the run succeeds."""
    threads: int | None = Field(default=None, ge=1, le=256)
    """CPU threads; left out: one for tables, the worker's share for pictures. It decides the last bits."""


def task_of(spec: TrainingSpec) -> AnyTask:
    """The task of a resolved spec."""
    assert spec.target.task is not None
    return spec.target.task


def split_of(spec: TrainingSpec) -> Split:
    """The split of a resolved spec."""
    assert spec.split is not None
    return spec.split
