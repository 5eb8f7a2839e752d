"""Defaults: dataset and target suffice, and the resolved spec holds everything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.data.description import Column, Description, ImageInfo, ValueCount
from models.data.splits import Given, Random
from models.optimization import EarlyStopping
from models.spec import TrainingSpec, resolve

OPTIONAL = {"name", "max_seconds", "publish_as", "threads", "early_stopping"}


def kinds(spec: TrainingSpec) -> dict[str, list[str]]:
    assert spec.inputs is not None
    return {item.column: [transform.kind for transform in item.transforms or ()] for item in spec.inputs}


@pytest.mark.parametrize("target", ["kind", "age"])
def test_a_resolved_table_spec_is_filled_and_resolves_to_itself(resolved: Any, table: Description, target: str) -> None:
    spec = resolved(table, target=target)
    assert [name for name, value in spec if value is None and name not in OPTIONAL] == []
    again = TrainingSpec.model_validate(json.loads(spec.model_dump_json()))
    assert again == spec
    assert resolve(again, table) == spec


def test_a_resolved_picture_spec_resolves_to_itself(resolved: Any, pictures: Description) -> None:
    spec = resolved(pictures, target="label")
    again = TrainingSpec.model_validate(json.loads(spec.model_dump_json()))
    assert resolve(again, pictures) == again == spec


def test_inputs_are_all_usable_columns_but_target_text_and_names(resolved: Any, table: Description) -> None:
    assert kinds(resolved(table, target="kind")) == {
        "age": ["standardize"],
        "income": ["standardize", "impute"],
        "city": ["one_hot"],
        "price": ["log", "standardize"],
    }


def test_transforms_that_are_given_stay(resolved: Any, table: Description) -> None:
    spec = resolved(table, target="kind", inputs=["city", {"column": "age", "transforms": ["min_max"]}])
    assert kinds(spec) == {"city": ["one_hot"], "age": ["min_max"]}
    assert kinds(resolved(table, target="kind", inputs=[{"column": "age", "transforms": []}])) == {"age": []}


def test_pictures_are_brought_to_one_size_and_normalised(resolved: Any, pictures: Description) -> None:
    spec = resolved(pictures, target="label")
    assert kinds(spec) == {"image": ["resize", "normalize"]}
    assert spec.inputs[0].transforms[0].size == (28, 20)
    assert spec.network.kind == "convnet"


def test_the_task_follows_from_the_target(resolved: Any, table: Description) -> None:
    assert resolved(table, target="kind").target.task.kind == "classification"
    assert resolved(table, target="age").target.task.kind == "regression"
    assert resolved(table, target="age").loss.kind == "mse"


def test_logistic_regression_gets_its_own_loss(resolved: Any, pictures: Description) -> None:
    assert resolved(pictures, target="label", network="logistic").loss.kind == "binary_cross_entropy"


def test_given_parts_are_used_where_the_upload_has_them(
    resolved: Any, table: Description, pictures: Description
) -> None:
    assert resolved(table, target="kind").split == Random()
    assert resolved(pictures, target="label").split == Given()


def test_a_column_that_says_the_part_is_no_input(resolved: Any, table: Description) -> None:
    values = tuple(ValueCount(value=name, count=500) for name in ("train", "test"))
    parts = Column(name="fold", type="category", values=values)
    dealt = table.model_copy(update={"columns": (*table.columns, parts)})
    spec = resolved(dealt, target="kind", split={"kind": "given", "by": "fold"})
    assert "fold" not in kinds(spec)
    assert "city" in kinds(spec)


def test_early_stopping_is_on_unless_it_is_null_or_nothing_is_held_out(resolved: Any, table: Description) -> None:
    assert isinstance(resolved(table, target="kind").early_stopping, EarlyStopping)
    assert resolved(table, target="kind", early_stopping=None).early_stopping is None
    assert resolved(table, target="kind", split="none").early_stopping is None
    no_validation = {"kind": "random", "train": 0.9, "validation": 0.0, "test": 0.1}
    assert resolved(table, target="kind", split=no_validation).early_stopping is None


def test_small_tables_get_more_epochs_than_large_ones(resolved: Any, table: Description) -> None:
    epochs = [
        resolved(table.model_copy(update={"rows": rows}), target="kind").epochs for rows in (100, 3_000, 30_000, 10**6)
    ]
    assert epochs == sorted(epochs, reverse=True)


def test_pictures_of_several_sizes_get_the_median_size(resolved: Any, pictures: Description) -> None:
    image = Column(name="image", type="image", image=ImageInfo(height=9, width=7, channels=3, uniform=False))
    ragged = pictures.model_copy(update={"columns": (image, pictures.columns[1])})
    assert resolved(ragged, target="label").inputs[0].transforms[0].size == (9, 7)
