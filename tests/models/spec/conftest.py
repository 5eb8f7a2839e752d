"""A description of a dataset that was never uploaded: specs are resolved from it alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.data.description import Column, Description, ImageInfo, ValueCount
from models.errors import Detail, SpecError
from models.spec import TrainingSpec, resolve

Resolve = Callable[..., TrainingSpec]
Faults = Callable[..., dict[str | None, Detail]]


def number(name: str, **told: Any) -> Column:
    return Column(name=name, type="number", **{"distinct": 50, "min": -1.0, "max": 1.0, "mean": 0.0, "std": 0.5} | told)


def category(name: str, *names: str, **told: Any) -> Column:
    values = tuple(ValueCount(value=each, count=10) for each in names)
    return Column(name=name, type="category", distinct=len(names), values=values, **told)


TABLE = Description(
    rows=1000,
    source="csv",
    columns=(
        number("age"),
        number("income", missing=7),
        category("city", "Bonn", "Köln", missing=3),
        category("id", *(f"row{index}" for index in range(300))),
        Column(name="note", type="text"),
        number("price", min=0.5, max=900.0, mean=3.0, std=4.0),
        category("kind", "a", "b", "c"),
    ),
)

PICTURES = Description(
    rows=70_000,
    source="idx",
    parts={"train": 60_000, "test": 10_000},
    columns=(
        Column(name="image", type="image", image=ImageInfo(height=28, width=20, channels=1, uniform=True)),
        category("label", "shirt", "shoe"),
    ),
)


@pytest.fixture
def resolved() -> Resolve:
    """resolved(description, **spec) -> the resolved spec."""

    def made(description: Description, **spec: Any) -> TrainingSpec:
        return resolve(TrainingSpec.model_validate({"dataset": "d", **spec}), description)

    return made


@pytest.fixture
def faults(resolved: Resolve) -> Faults:
    """faults(description, **spec) -> what is wrong, by pointer; nothing must be resolvable."""

    def made(description: Description, **spec: Any) -> dict[str | None, Detail]:
        with pytest.raises(SpecError) as caught:
            resolved(description, **spec)
        return {detail.pointer: detail for detail in caught.value.details}

    return made


@pytest.fixture
def table() -> Description:
    """Numbers with and without missing values, categories, an id, a text, three classes."""
    return TABLE


@pytest.fixture
def pictures() -> Description:
    """Pictures 28 x 20 of two classes in given parts."""
    return PICTURES
