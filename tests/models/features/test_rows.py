"""Rows for prediction: the code of training, and every fault told by its place."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from models.errors import InputError
from models.features import encode_rows


@pytest.fixture
def encode(make: Any, features: Any, people: str) -> Any:
    """encode(rows) -> x, for a model that saw gaps in income and city, but none in age."""
    spec, prepared = features(make(people), target="score", split="none")
    return lambda rows: encode_rows(spec.inputs, prepared.states, rows, "score")


def faults(encode: Any, *rows: Any) -> dict[str | None, str]:
    with pytest.raises(InputError) as caught:
        encode(list(rows))
    return {detail.pointer: detail.code for detail in caught.value.details}


def test_rows_of_the_dataset_become_what_training_saw(make: Any, features: Any, people: str) -> None:
    dataset = make(people)
    spec, prepared = features(dataset, target="score")
    rows = dataset.table()  # the target among them
    assert torch.equal(encode_rows(spec.inputs, prepared.states, rows, "score"), prepared.x)


def test_lists_are_rows_in_the_order_of_the_inputs(encode: Any) -> None:
    by_name = encode([{"city": "Ulm", "income": 5, "age": 30.5}])
    assert torch.equal(encode([[30.5, 5, "Ulm"]]), by_name)


def test_columns_may_come_in_any_order_and_the_target_is_ignored(encode: Any) -> None:
    row = {"age": 30, "income": 5, "city": "Ulm"}
    assert torch.equal(encode([dict(reversed(row.items())) | {"score": 9}]), encode([row]))


def test_a_missing_value_is_filled_where_training_filled_some(encode: Any) -> None:
    assert torch.equal(encode([{"age": 30, "city": None}]), encode([[30, None, None]]))
    assert faults(encode, {"income": 1, "city": "Ulm"}) == {"/rows/0/age": "value-missing"}


def test_a_category_that_was_never_seen_is_zeros(encode: Any) -> None:
    assert encode([[30, 5, "Paris"]])[0, 3:].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("row", "code", "pointer"),
    [
        ([1], "shape-mismatch", "/rows/1"),
        ([1, 2, "Ulm", 4], "shape-mismatch", "/rows/1"),
        ("abc", "shape-mismatch", "/rows/1"),
        (["30", 5, "Ulm"], "value-not-number", "/rows/1/0"),
        ([True, 5, "Ulm"], "value-not-number", "/rows/1/0"),
        ([[1], 5, "Ulm"], "value-not-number", "/rows/1/0"),
        ([math.nan, 5, "Ulm"], "value-not-finite", "/rows/1/0"),
        ([10**400, 5, "Ulm"], "value-not-finite", "/rows/1/0"),
        ([1e300, 5, "Ulm"], "value-not-finite", "/rows/1/0"),
        ([30, 5, {"a": 1}], "value-not-text", "/rows/1/2"),
        ({"age": 1, "incme": 2}, "unknown-field", "/rows/1/incme"),
        ({"age": 1, "a/b~c": 2}, "unknown-field", "/rows/1/a~1b~0c"),
    ],
)
def test_a_wrong_row_is_told_by_its_place(encode: Any, row: Any, code: str, pointer: str) -> None:
    assert faults(encode, [30, 5, "Ulm"], row) == {pointer: code}


def test_no_rows_are_refused(encode: Any) -> None:
    assert faults(encode) == {"/rows": "shape-mismatch"}


def test_all_faults_are_told_at_once_up_to_twenty(encode: Any) -> None:
    assert len(faults(encode, *[["x", "y", "Ulm"]] * 30)) == 20


def test_numbers_and_booleans_are_read_as_the_text_of_a_csv(make: Any, features: Any) -> None:
    lines = [f"{i % 2 == 0},{'ABC'[i % 3]}{i % 3},{i}" for i in range(30)]
    dataset = make("flag,code,y\n" + "\n".join(lines) + "\n", types={"flag": "category"})
    spec, prepared = features(dataset, target="y", split="none", inputs=["flag"])
    told = encode_rows(spec.inputs, prepared.states, [[True], ["True"], [False]], "y").tolist()
    assert told[0] == told[1] != told[2]


def test_whole_numbers_may_be_categories(make: Any, features: Any) -> None:
    dataset = make("code,y\n" + "\n".join(f"{i % 3},{i * 0.5}" for i in range(30)) + "\n")
    item = {"column": "code", "transforms": ["one_hot"]}
    spec, prepared = features(dataset, target="y", split="none", inputs=[item])
    told = encode_rows(spec.inputs, prepared.states, [[2], ["2"], [2.0], [7]], "y").tolist()
    assert told == [[0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0]]
