"""JSON lines: one strict object of plain values a line."""

from __future__ import annotations

import pytest

from models.errors import DataError


def test_keys_are_columns_and_what_is_left_out_or_null_is_missing(make) -> None:
    dataset = make('{"a": 1, "b": "x"}\n\n{"b": null, "c": true}\n{"a": 2.5}\n')
    assert [column.name for column in dataset.description.columns] == ["a", "b", "c"]
    assert dataset.table() == [
        {"a": 1.0, "b": "x", "c": None},
        {"a": None, "b": None, "c": "true"},
        {"a": 2.5, "b": None, "c": None},
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"a": 1', "malformed-json"),
        ("[1, 2]", "invalid-type"),
        ('{"a": [1]}', "invalid-type"),
        ('{"a": {"b": 1}}', "invalid-type"),
        ('{"a": 1, "a": 2}', "duplicate-key"),
        ('{"a": "\\ud800"}', "text-not-allowed"),
        ('{"a": "\\u0000"}', "text-not-allowed"),
        ('{"a": ' + "[" * 100_000 + "}", "json-too-deep"),
        ('{"a": "' + "x" * 131_073 + '"}', "field-too-long"),
        ('{"a": NaN, "b": ' + "9" * 5000 + "}", "value-not-finite"),
    ],
)
def test_a_wrong_line_is_named(make, line: str, code: str) -> None:
    with pytest.raises(DataError) as caught:
        make('{"a": 1, "b": 2}\n' + line + "\n", format="jsonl")
    assert caught.value.code == code
    assert "line 2" in str(caught.value)
