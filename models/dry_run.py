"""The dry run: what a spec would do, from the dataset's description alone. Nothing is read, nothing is allocated.

told = dry_run(resolve(spec, description), description)      # SpecError where it cannot work
"""

from __future__ import annotations

from math import prod

from pydantic import BaseModel, ConfigDict

from models.batches import updates_per_epoch
from models.data.description import Column, Description, Notice
from models.data.shares import exact_counts
from models.data.splits import Given, Random, Split, Whole, part_name
from models.data.store import PARTS
from models.errors import Detail, SpecError
from models.networks import LayerRow, Limits, Shape
from models.spec import TrainingSpec, input_shape
from models.tasks import TaskState

_BYTES = 4  # float32


class Memory(BaseModel):
    """Estimated bytes while training with the spec's batch size."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    weights: int
    gradients: int
    optimizer: int
    activations: int
    """One batch and every layer's outputs for it, kept for the backward pass."""


class DryRun(BaseModel):
    """What a spec would do."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    layers: tuple[LayerRow, ...]
    """A row for each layer, shapes without the batch."""
    input_shape: tuple[int, ...]
    """Shape of one encoded example."""
    outputs: int
    parameters: int
    flops: int
    """Of one example's forward pass; about three times as many in training."""
    memory_bytes: Memory
    rows: dict[str, int]
    """Rows per part."""
    updates_per_epoch: int
    warnings: tuple[Notice, ...] = ()


def dry_run(spec: TrainingSpec, description: Description, limits: Limits | None = None) -> DryRun:
    """What the resolved spec would do with the dataset of this description.

    Raises SpecError: a layer that does not fit (shape-mismatch), a network that is too large (model-too-large), parts
    that contradict each other (conflicting-options), a part without rows or a class without enough of them.
    """
    assert spec.network is not None
    assert spec.target.task is not None
    assert spec.loss is not None
    target, task = _target(spec, description), spec.target.task
    state = task.expect(target)
    task.agree(spec.network, spec.loss, state)
    spec.loss.build(state.counts)
    shape, outputs = input_shape(spec, description), task.outputs(state, spec.loss)
    layers = spec.network.table(shape, outputs, limits)
    rows = part_rows(spec, description, state)
    batch = min(spec.batch_size if isinstance(spec.batch_size, int) else rows["train"], rows["train"])
    return DryRun(
        layers=layers,
        input_shape=shape,
        outputs=outputs,
        parameters=sum(layer.parameters for layer in layers),
        flops=sum(layer.flops for layer in layers),
        memory_bytes=_memory(spec, layers, shape, batch),
        rows=rows,
        updates_per_epoch=updates_per_epoch(rows["train"], batch),
        warnings=_warnings(spec, description, state, rows),
    )


def _target(spec: TrainingSpec, description: Description) -> Column:
    column = description.column(spec.target.column)
    assert column is not None, "a resolved spec's target exists"
    return column


def _memory(spec: TrainingSpec, layers: tuple[LayerRow, ...], shape: Shape, batch: int) -> Memory:
    assert spec.optimizer is not None
    weights = _BYTES * sum(layer.parameters for layer in layers)
    values = prod(shape) + sum(prod(layer.shape_out) for layer in layers)
    return Memory(
        weights=weights,
        gradients=weights,
        optimizer=weights * spec.optimizer.slots,
        activations=_BYTES * batch * values,
    )


def part_rows(spec: TrainingSpec, description: Description, state: TaskState) -> dict[str, int]:
    """Rows per part as the split will deal them. Raises SpecError (pointer /split) where a part gets none.

    Exact, but where the split is given, rows lack their target, and the description does not say in which part.
    """
    split, target = spec.split, _target(spec, description)
    labelled = description.rows - target.missing
    if isinstance(split, Given):
        rows = _given_rows(split, target, description)
    elif isinstance(split, Random):
        rows = exact_counts(labelled, (split.train, split.validation, split.test))
        _refuse_single_rows(split, state, target.name)
    else:
        rows = [labelled, 0, 0]
    wanted = _wanted(split)
    empty = [part for part, count, share in zip(PARTS, rows, wanted, strict=True) if share > 0 and not count]
    if empty:
        message = f"{sum(rows)} rows leave none for {' and '.join(empty)}"
        raise SpecError(Detail("split-too-small", message, "/split", fix="add rows or change the shares"))
    return dict(zip(PARTS, rows, strict=True))


def _wanted(split: Split | None) -> tuple[float, float, float]:
    if isinstance(split, Random):
        return (split.train, split.validation, split.test)
    return (1.0, split.validation, 0.0) if isinstance(split, Given) else (1.0, 0.0, 0.0)


def _given_rows(split: Given, target: Column, description: Description) -> list[int]:
    counts = _given_counts(split, target, description)
    train, validation, test = (counts.get(part, 0) for part in PARTS)
    if not validation and split.validation:
        train, validation = exact_counts(train, (1 - split.validation, split.validation))
    return [train, validation, test]


def _given_counts(split: Given, target: Column, description: Description) -> dict[str, int]:
    if split.by is not None:
        by = description.column(split.by)
        assert by is not None, "a resolved spec's columns exist"
        counts = dict.fromkeys(PARTS, 0)
        for value in by.values or ():
            counts[part_name(str(value.value)) or "train"] += value.count
        return counts
    if target.missing and target.values_by_part:
        return {part: sum(values.values()) for part, values in target.values_by_part.items()}
    return description.parts or {}


def _refuse_single_rows(split: Random, state: TaskState, target: str) -> None:
    """A class of one row can be learned or measured, not both."""
    several = sum(share > 0 for share in _wanted(split)) > 1
    single = [str(label) for label, count in zip(state.classes, state.counts, strict=True) if count == 1]
    if split.stratify and several and single:
        shown = ", ".join(single[:5]) + (" ..." if len(single) > 5 else "")
        message = f"{len(single)} of the classes of {target} have a single row ({shown}): it cannot be in two parts"
        fix = 'add rows, join classes, or say "stratify": false'
        raise SpecError(Detail("split-empty-class", message, "/split", fix=fix))


def _warnings(
    spec: TrainingSpec, description: Description, state: TaskState, rows: dict[str, int]
) -> tuple[Notice, ...]:
    """What the dataset's report says about the columns that are used, and what the spec adds to it."""
    used = {spec.target.column, *(item.column for item in spec.inputs or ())}
    known = [notice for notice in description.warnings if notice.column is None or notice.column in used]
    target = _target(spec, description)
    if target.missing:
        known.append(_notice("target-missing", f"{target.missing} rows have no {target.name} and are left out", target))
    if isinstance(spec.batch_size, int) and spec.batch_size > rows["train"]:
        message = (
            f"the batch size {spec.batch_size} is more than the {rows['train']} training rows: every batch is full"
        )
        known.append(_notice("batch-larger-than-part", message))
    if not rows["validation"] and not isinstance(spec.split, Whole):
        known.append(_notice("no-validation", "no rows are for validation: the last network counts as the best"))
    share = max(state.counts, default=0) / max(sum(state.counts), 1)
    if share >= 0.9:
        message = f"{share:.1%} of the rows are of one class: always answering it has that accuracy; look at macro F1"
        known.append(_notice("imbalanced-classes", message, target))
    return tuple(known)


def _notice(code: str, message: str, column: Column | None = None) -> Notice:
    return Notice(code=code, message=message, column=None if column is None else column.name)
