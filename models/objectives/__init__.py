"""What is made small (losses, regularizers) and what is told to people (metrics)."""

from typing import Annotated

from pydantic import Field

from models.kinds import ByName
from models.objectives.losses import MAE, MSE, BinaryCrossEntropy, CrossEntropy, Huber, Loss
from models.objectives.regularizers import L1, L2, Elastic, Regularizer

AnyLoss = Annotated[MSE | MAE | Huber | CrossEntropy | BinaryCrossEntropy, Field(discriminator="kind"), ByName]
"""The family of losses: an object with its `kind`, or the bare name of one."""

AnyRegularizer = Annotated[L1 | L2 | Elastic, Field(discriminator="kind"), ByName]
"""The family of regularizers: an object with its `kind`, or the bare name of one."""

__all__ = [
    "L1",
    "L2",
    "MAE",
    "MSE",
    "AnyLoss",
    "AnyRegularizer",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Elastic",
    "Huber",
    "Loss",
    "Regularizer",
]
