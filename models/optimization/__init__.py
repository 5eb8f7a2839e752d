"""How a network is improved: optimizers, learning-rate schedules, early stopping."""

from typing import Annotated

from pydantic import Field

from models.kinds import ByName
from models.optimization.optimizers import SGD, Adam, Optimizer
from models.optimization.schedules import Constant, Cosine, Exponential, Schedule, Step
from models.optimization.stopping import Best, EarlyStopping

AnyOptimizer = Annotated[SGD | Adam, Field(discriminator="kind"), ByName]
"""The family of optimizers: an object with its `kind`, or the bare name of one."""

AnySchedule = Annotated[Constant | Cosine | Step | Exponential, Field(discriminator="kind"), ByName]
"""The family of learning-rate schedules: an object with its `kind`, or the bare name of one."""

__all__ = [
    "SGD",
    "Adam",
    "AnyOptimizer",
    "AnySchedule",
    "Best",
    "Constant",
    "Cosine",
    "EarlyStopping",
    "Exponential",
    "Optimizer",
    "Schedule",
    "Step",
]
