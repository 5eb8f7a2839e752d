"""Shapes from the description: what one encoded row will be."""

from __future__ import annotations

from typing import Any

from models.data.description import Description
from models.spec import input_shape


def test_widths_of_a_table_add_up(resolved: Any, table: Description) -> None:
    # age 1, income 1 + its indicator, city 2 + missing, price 1
    assert input_shape(resolved(table, target="kind"), table) == (7,)


def test_pictures_have_the_size_of_their_last_resize(resolved: Any, pictures: Description) -> None:
    assert input_shape(resolved(pictures, target="label"), pictures) == (1, 28, 20)
    transforms = [{"kind": "resize", "size": [8, 9]}]
    spec = resolved(pictures, target="label", inputs=[{"column": "image", "transforms": transforms}])
    assert input_shape(spec, pictures) == (1, 8, 9)


def test_only_categories_of_the_training_part_count_where_it_is_given(resolved: Any, table: Description) -> None:
    city = table.columns[2].model_copy(
        update={"values_by_part": {"train": {"Bonn": 3, "Köln": 0}, "test": {"Köln": 2}}, "missing": 0}
    )
    parted = table.model_copy(update={"columns": (city, table.columns[-1]), "parts": {"train": 3, "test": 2}})
    assert input_shape(resolved(parted, target="kind"), parted) == (1,)
