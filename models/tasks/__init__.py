"""Tasks: what is learned, and what a network's outputs mean."""

from typing import Annotated

from pydantic import Field

from models.data.description import Column
from models.data.splits import holds_classes
from models.kinds import ByName
from models.objectives.metrics import GOALS, Goal
from models.tasks.classification import Classification
from models.tasks.regression import Regression
from models.tasks.task import Task, TaskState

AnyTask = Annotated[Regression | Classification, Field(discriminator="kind"), ByName]
"""The family of tasks: an object with its `kind`, or the bare name of one."""


def task_for(column: Column) -> Regression | Classification:
    """The task that a target column calls for; raises SpecError (pointer /target) where it can be no target.

    Text, category, boolean, and whole numbers with at most 20 distinct values are classes; other numbers are measured.
    """
    task = Classification() if holds_classes(column) or column.type != "number" else Regression()
    task.check(column)
    return task


def goals(task: Task, state: TaskState | None = None) -> dict[str, Goal]:
    """What `task` measures on a part besides the loss, and whether small or large is good; all it may measure
    while the state is not known."""
    names = task.metrics(state or TaskState(classes=(0, 1)))
    return {name: GOALS[name] for name in names if name != "loss"}


__all__ = ["AnyTask", "Classification", "Regression", "Task", "TaskState", "goals", "task_for"]
