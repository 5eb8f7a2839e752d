"""The rules between the parts of a spec and the dataset. Each returns what is wrong, so that all is told at once."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import get_args

from models.data.description import Column, Description
from models.data.splits import Given, Split, Whole, part_name
from models.errors import Detail, SpecError
from models.objectives.metrics import Goal
from models.optimization import EarlyStopping
from models.spec.training import Input, TrainingSpec
from models.tasks import AnyTask, goals
from models.transforms import ImageTransform, Impute, OneHot, Resize, TableTransform

USABLE = ("number", "category", "image")
"""Types of columns that can be encoded."""

TABLE_KINDS: tuple[type, ...] = get_args(get_args(TableTransform)[0])
IMAGE_KINDS: tuple[type, ...] = get_args(get_args(ImageTransform)[0])


def unknown_column(name: str, pointer: str, known: Sequence[str]) -> Detail:
    """The column does not exist; the nearest name is the fix."""
    message = f"the dataset has no column {name!r}"
    return Detail("unknown-column", message, pointer, name, list(known[:50]), _nearest(name, known))


def _nearest(name: str, known: Collection[str]) -> str | None:
    lowered = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.7)
    return f'did you mean "{lowered[near[0]]}"?' if near else None


def column_faults(spec: TrainingSpec, description: Description) -> Iterator[Detail]:
    """Columns that do not exist, cannot be used, or are used twice."""
    known = [column.name for column in description.columns]
    if description.column(spec.target.column) is None:
        yield unknown_column(spec.target.column, "/target", known)
    if isinstance(spec.split, Given):
        yield from _given_faults(spec.split, description, known)
    seen = {spec.target.column: "it is the target"}
    for index, item in enumerate(spec.inputs or ()):
        pointer = f"/inputs/{index}"
        column = description.column(item.column)
        if column is None:
            yield unknown_column(item.column, f"{pointer}/column", known)
            continue
        if item.column in seen:
            message = f"column {item.column!r} cannot be this input: {seen[item.column]}"
            yield Detail("conflicting-options", message, f"{pointer}/column", item.column)
        seen[item.column] = "it is an input already"
        yield from _input_faults(item, column, pointer)


def _given_faults(split: Given, description: Description, known: Sequence[str]) -> Iterator[Detail]:
    column = None if split.by is None else description.column(split.by)
    if split.by is not None and column is None:
        yield unknown_column(split.by, "/split/by", known)
    if column is not None and (strange := _no_part(column)) is not None:
        message = f"column {column.name!r} does not say train, validation or test in every row"
        yield Detail("invalid-split", message, "/split/by", strange, ["train", "validation", "test"])
    if split.by is None and description.parts is None:
        fix = 'leave "split" out, or name the column that has the parts in "by"'
        yield Detail("invalid-split", "the upload has no given parts", "/split", fix=fix)


def _no_part(column: Column) -> str | None:
    """A value of the column that names no part; None where all of them do."""
    if column.missing:
        return "a missing value"
    found = [str(each.value) for each in column.values or ()]
    return next((text for text in found if part_name(text) is None), None if found else f"a {column.type} column")


def _input_faults(item: Input, column: Column, pointer: str) -> Iterator[Detail]:
    if column.type not in USABLE:
        message = f"{column.type} column {column.name!r} cannot be an input yet"
        yield Detail("column-type-unsupported", message, f"{pointer}/column", column.type, list(USABLE))
        return
    if item.transforms is None:
        return
    allowed = IMAGE_KINDS if column.type == "image" else TABLE_KINDS
    wrong = [index for index, each in enumerate(item.transforms) if not isinstance(each, allowed)]
    for index in wrong:
        given = item.transforms[index].kind
        message = f"{given} does not fit the {column.type} column {column.name!r}"
        names = [kind.model_fields["kind"].default for kind in allowed]  # type: ignore[attr-defined]
        yield Detail("conflicting-options", message, f"{pointer}/transforms/{index}", given, names)
    if not wrong:
        yield from _order_faults(item, column, f"{pointer}/transforms")


def _order_faults(item: Input, column: Column, pointer: str) -> Iterator[Detail]:
    kinds = [type(transform) for transform in item.transforms or ()]
    conflict = "conflicting-options"
    if column.type == "category" and (not kinds or kinds[0] is not OneHot):
        yield Detail(conflict, f"category column {column.name!r} must become numbers by one_hot first", pointer)
    if column.type == "number" and OneHot in kinds[1:]:
        yield Detail(conflict, "one_hot must come first", pointer)
    if column.type == "number" and column.missing and Impute not in kinds and OneHot not in kinds:
        yield Detail(conflict, f"column {column.name!r} has {column.missing} missing values: impute is needed", pointer)
    if column.image is not None and not column.image.uniform and (not kinds or kinds[0] is not Resize):
        yield Detail(conflict, f"the pictures of {column.name!r} differ in size: resize must come first", pointer)


def mixing_faults(inputs: Iterable[Input], description: Description) -> Iterator[Detail]:
    """One picture column, or table columns: networks with several kinds of inputs are not there yet."""
    items = list(inputs)
    types = [column.type if (column := description.column(item.column)) else None for item in items]
    if "image" in types and len(items) > 1:
        message = "a picture column must be the only input: networks with several inputs are not there yet"
        yield Detail("conflicting-options", message, "/inputs", [item.column for item in items])


def task_faults(spec: TrainingSpec, target: Column) -> Iterator[Detail]:
    """Target, task, network and loss must belong together. Network and loss may be left out."""
    task = spec.target.task
    assert task is not None
    network = spec.network or task.default_network((1,))  # a stand-in: every default network suits the task
    try:
        task.agree(network, spec.loss or task.default_loss(network), task.expect(target))
    except SpecError as error:
        yield from error.details


def stratify_faults(split: Split, task: AnyTask, target: Column) -> Iterator[Detail]:
    """Only classes can be spread over the parts alike."""
    if not isinstance(split, Whole) and split.stratify is True and task.learns != "classification":
        message = f"{task.kind} of {target.name!r} has no classes that a split could be stratified by"
        yield Detail("invalid-split", message, "/split/stratify", True, ["auto", False], "leave it out")


def stopping_faults(stopping: EarlyStopping | None, known: Collection[str]) -> Iterator[Detail]:
    """The watched metric must be one that is measured after every epoch."""
    if stopping is None or stopping.metric in known:
        return
    fix = _nearest(stopping.metric, known)
    message = f"there is no metric {stopping.metric!r} to watch after an epoch"
    yield Detail("unknown-metric", message, "/early_stopping/metric", stopping.metric, sorted(known), fix)


def watchable(task: AnyTask, split: Split, description: Description) -> dict[str, Goal]:
    """Metrics that are measured after every epoch, with their goals (`min`, `max`)."""
    measured: dict[str, Goal] = {"train.loss": "min"}
    if has_validation(split, description):
        measured |= {"validation.loss": "min", **{f"validation.{name}": goal for name, goal in goals(task).items()}}
    return measured


def has_validation(split: Split, description: Description) -> bool:
    """Whether some rows are for validation."""
    if isinstance(split, Whole):
        return False
    if split.validation > 0 or not isinstance(split, Given):
        return split.validation > 0
    return split.by is not None or bool((description.parts or {}).get("validation"))
