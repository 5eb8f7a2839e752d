"""Columns to tensors: one code for training and for prediction, table and picture alike.

Table columns are float64 tensors (rows, 1) with NaN = missing, or `Categories`; they become float32 (rows, width).
Pictures are uint8 (batch, channels, height, width) and become float32 of the shape that the transforms give.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.data.channels import Pixels
from models.data.store import Dataset
from models.spec import Input
from models.transforms import Categories, OneHot, State

TableColumn = Tensor | Categories
States = list[list[State]]
"""What was learned, by input and by transform."""


def transforms_of(item: Input) -> tuple[Any, ...]:
    """The transforms of a resolved input."""
    assert item.transforms is not None
    return item.transforms


def reads_categories(item: Input) -> bool:
    """Whether the column goes in as categories: where one_hot comes first."""
    transforms = transforms_of(item)
    return bool(transforms) and isinstance(transforms[0], OneHot)


def table_column(dataset: Dataset, item: Input) -> TableColumn:
    """A dataset's column as its first transform takes it."""
    if reads_categories(item):
        codes, names = dataset.values(item.column)
        return Categories(torch.from_numpy(codes.astype(np.int64)), names)
    return torch.from_numpy(dataset.numbers(item.column)).view(-1, 1)


def rows_of(column: TableColumn, index: Tensor) -> TableColumn:
    """The rows of these indices."""
    return column.rows(index) if isinstance(column, Categories) else column[index]


def fit_column(column: TableColumn, item: Input) -> list[State]:
    """Fit the transforms one after the other on a column of the training part."""
    states: list[State] = []
    x: Any = column
    for transform in transforms_of(item):
        states.append(transform.fit(x))
        x = transform.apply(x, states[-1])
    return states


def encode_column(column: TableColumn, item: Input, states: Sequence[State]) -> Tensor:
    """One column, float64 (rows, width)."""
    x: Any = column
    for transform, state in zip(transforms_of(item), states, strict=True):
        x = transform.apply(x, state)
    assert isinstance(x, Tensor)
    return x


def encode_table(columns: Sequence[TableColumn], inputs: Sequence[Input], states: States) -> Tensor:
    """All columns side by side, float32 (rows, width)."""
    encoded = [encode_column(*each) for each in zip(columns, inputs, states, strict=True)]
    return torch.cat(encoded, dim=1).float()


def batch_of(pixels: Pixels) -> Tensor:
    """One picture (height, width, channels) as a batch uint8 (1, channels, height, width)."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]


def encode_pictures(pixels: Tensor, item: Input, states: Sequence[State]) -> Tensor:
    """A batch of pictures of one size, float32 (batch, channels, height, width) of the transformed size."""
    x = pixels
    for transform, state in zip(transforms_of(item), states, strict=True):
        x = transform.apply(x, state)
    return x.float()


def block_of(array: NDArray[np.uint8]) -> Tensor:
    """Memory-mapped pictures (N, channels, height, width) as a tensor over the same memory."""
    return torch.from_numpy(array)
