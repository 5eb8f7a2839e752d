"""prepare: a resolved spec and a dataset become tensors, ready for a fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.data.description import Reading
from models.data.store import Dataset
from models.faults import failpoint
from models.features.cache import encoded
from models.features.encode import States
from models.spec import TrainingSpec, split_of, task_of
from models.tasks import TaskState
from models.transforms import Shape


@dataclass(frozen=True)
class Prepared:
    """What a fit works on. Rows are the dataset's; `parts` holds int64 indices of them, ascending."""

    x: Tensor
    """(rows, *shape) float32, memory-mapped from the cache."""
    y: Tensor
    """(rows,) int64 class indices, or (rows, 1) float32."""
    parts: dict[str, Tensor]
    """train, validation, test; a part may be empty."""
    states: States
    """What the transforms learned from the training part."""
    task_state: TaskState
    channels: int | None
    """Channels of the pictures before their transforms."""
    dropped: int
    """Rows without a target: in no part."""
    columns: tuple[str, ...] = ()
    """All columns of the dataset."""
    reading: Reading | None = None
    """How the dataset's text was read."""

    @property
    def shape(self) -> Shape:
        """Shape of one encoded row."""
        return tuple(self.x.shape[1:])


def prepare(spec: TrainingSpec, dataset: Dataset, cache: Path) -> Prepared:
    """Split, fit the transforms on the training part, encode (or find it in the cache).

    Raises SpecError where the split or the target does not fit the data, OSError where the disk is full.
    """
    failpoint("data.opened")
    assert spec.inputs is not None
    task, target = task_of(spec), spec.target.column
    parts = split_of(spec).assign(dataset, target, task.learns == "classification")
    task_state = task.fit(dataset, target, parts.train)
    x, states = encoded(spec, dataset, torch.from_numpy(parts.train), cache)
    image = dataset.column(spec.inputs[0].column).image
    return Prepared(
        x=x,
        y=task.encode(dataset, target, task_state),
        parts={name: torch.from_numpy(getattr(parts, name)) for name in ("train", "validation", "test")},
        states=states,
        task_state=task_state,
        channels=image.channels if image else None,
        dropped=parts.dropped,
        columns=tuple(column.name for column in dataset.description.columns),
        reading=dataset.description.reading,
    )
