"""The shapes that a description can tell: what goes into the network, and how many outputs it needs.

Exact but for categories that the training part happens to miss: the child counts those (`features.prepare`).
"""

from __future__ import annotations

from models.data.description import Column, Description
from models.data.splits import Given
from models.spec.training import Input, TrainingSpec
from models.transforms import Impute, OneHot, Shape


def input_shape(spec: TrainingSpec, description: Description) -> Shape:
    """Shape of one encoded row: (width,) for tables, (channels, height, width) for pictures. `spec` is resolved."""
    assert spec.inputs is not None
    columns = [(_described(description, item.column), item) for item in spec.inputs]
    if columns[0][0].type == "image":
        return _picture_shape(*columns[0])
    part = "train" if isinstance(spec.split, Given) and spec.split.by is None else None
    return (sum(_width(column, item, part) for column, item in columns),)


def _described(description: Description, name: str) -> Column:
    column = description.column(name)
    assert column is not None, name
    return column


def distinct(column: Column, part: str | None = None) -> int:
    """How many different values the column has, in the whole or in a given part."""
    if part is not None and column.values_by_part is not None and part in column.values_by_part:
        return sum(count > 0 for count in column.values_by_part[part].values())
    return len(column.values) if column.values is not None else column.distinct or 0


def _picture_shape(column: Column, item: Input) -> Shape:
    assert column.image is not None
    shape: Shape = (column.image.channels, column.image.height, column.image.width)
    for transform in item.transforms or ():
        shape = transform.shape(shape)  # type: ignore[union-attr]  # rules.py lets no other kind through
    return shape


def _width(column: Column, item: Input, part: str | None) -> int:
    width = 1
    for transform in item.transforms or ():
        if isinstance(transform, OneHot):
            width = transform.width(distinct(column, part), column.missing > 0)
        elif isinstance(transform, Impute):
            width = transform.width(width, column.missing > 0)
        else:
            width = transform.width(width)  # type: ignore[union-attr]
    return width
