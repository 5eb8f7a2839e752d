"""Rules: what does not fit together is told with its place, all at once."""

from __future__ import annotations

from typing import Any

import pytest

from models.data.description import Column, Description, ImageInfo


def test_all_faults_are_told_at_once(faults: Any, table: Description) -> None:
    told = faults(
        table,
        target="age",
        inputs=["citty", {"column": "city", "transforms": ["normalize"]}],
        loss="cross_entropy",
        early_stopping={"metric": "validation.accuracy"},
    )
    assert {pointer: detail.code for pointer, detail in told.items()} == {
        "/inputs/0/column": "unknown-column",
        "/inputs/1/transforms/0": "conflicting-options",
        "/loss": "conflicting-options",
        "/early_stopping/metric": "unknown-metric",
    }


@pytest.mark.parametrize(("given", "meant"), [("Kind", "kind"), ("kindd", "kind"), ("incme", "income")])
def test_an_unknown_column_gets_the_nearest_name(faults: Any, table: Description, given: str, meant: str) -> None:
    detail = faults(table, target=given)["/target"]
    assert detail.code == "unknown-column"
    assert detail.fix == f'did you mean "{meant}"?'


def test_a_column_cannot_be_target_and_input_nor_twice_an_input(faults: Any, table: Description) -> None:
    told = faults(table, target="kind", inputs=["age", "kind", "age"])
    assert sorted(told) == ["/inputs/1/column", "/inputs/2/column"]


def test_text_cannot_be_an_input_yet(faults: Any, table: Description) -> None:
    assert faults(table, target="kind", inputs=["note"])["/inputs/0/column"].code == "column-type-unsupported"


@pytest.mark.parametrize(
    ("column", "transforms"),
    [("city", []), ("city", ["standardize"]), ("age", ["standardize", "one_hot"]), ("income", ["standardize"])],
)
def test_transforms_must_end_in_numbers_without_gaps(
    faults: Any, table: Description, column: str, transforms: list[str]
) -> None:
    told = faults(table, target="kind", inputs=[{"column": column, "transforms": transforms}])
    assert told["/inputs/0/transforms"].code == "conflicting-options"


def test_pictures_of_several_sizes_must_be_resized_first(faults: Any, pictures: Description) -> None:
    image = Column(name="image", type="image", image=ImageInfo(height=9, width=7, channels=3, uniform=False))
    ragged = pictures.model_copy(update={"columns": (image, pictures.columns[1])})
    for transforms in ([], ["normalize"], ["to_unit", {"kind": "resize", "size": [8, 8]}]):
        told = faults(ragged, target="label", inputs=[{"column": "image", "transforms": transforms}])
        assert told["/inputs/0/transforms"].code == "conflicting-options"


def test_a_picture_is_the_only_input(faults: Any, pictures: Description) -> None:
    mixed = pictures.model_copy(update={"columns": (*pictures.columns, Column(name="x", type="number", distinct=9))})
    assert faults(mixed, target="label", inputs=["image", "x"])["/inputs"].code == "conflicting-options"


def test_one_class_is_nothing_to_learn(faults: Any, table: Description) -> None:
    constant = table.columns[0].model_copy(update={"distinct": 1})
    single = table.model_copy(update={"columns": (constant, *table.columns[1:])})
    assert faults(single, target="age")["/target"].code == "one-class-target"


def test_given_parts_must_be_there(faults: Any, table: Description) -> None:
    assert faults(table, target="kind", split="given")["/split"].code == "invalid-split"
    told = faults(table, target="kind", split={"kind": "given", "by": "part"})
    assert told["/split/by"].code == "unknown-column"


def test_a_column_of_parts_must_name_parts(faults: Any, table: Description) -> None:
    told = faults(table, target="kind", split={"kind": "given", "by": "kind"})
    assert told["/split/by"].code == "invalid-split"
    assert told["/split/by"].allowed == ["train", "validation", "test"]


def test_numbers_have_no_classes_to_stratify_by(faults: Any, table: Description) -> None:
    for split in ({"kind": "random", "stratify": True}, {"kind": "given", "stratify": True}):
        told = faults(table, target="age", split=split)
        assert (told["/split/stratify"].code, told["/split/stratify"].allowed) == ("invalid-split", ["auto", False])


def test_a_metric_of_a_part_without_rows_cannot_be_watched(faults: Any, table: Description) -> None:
    told = faults(table, target="kind", split="none", early_stopping={})
    assert told["/early_stopping/metric"].allowed == ["train.loss"]


def test_nothing_left_to_learn_from_is_told(faults: Any, table: Description) -> None:
    bare = table.model_copy(update={"columns": table.columns[-1:]})
    assert faults(bare, target="kind")["/inputs"].code == "no-inputs"


def test_logistic_regression_is_not_for_three_classes(faults: Any, table: Description) -> None:
    assert faults(table, target="kind", network="logistic")["/network"].code == "conflicting-options"
