"""Options in a URL's query."""

from __future__ import annotations

import pytest

from models.data.options import IngestOptions, options_from_query
from models.errors import DataError


def test_a_query_says_lists_by_commas_and_types_by_colons() -> None:
    query = {"header": "false", "names": "x,y", "missing": "?,-", "types": "x:number,a:b:category", "delimiter": "tab"}
    expected = IngestOptions(
        header=False, names=("x", "y"), missing=("?", "-"), types={"x": "number", "a:b": "category"}, delimiter="\t"
    )
    assert options_from_query(query) == expected


def test_a_list_with_commas_in_it_is_written_as_json() -> None:
    assert options_from_query({"names": '["a,b", "c"]'}).names == ("a,b", "c")


def test_channels_are_a_number_and_header_a_truth_value() -> None:
    assert options_from_query({"channels": "3", "header": "true"}) == IngestOptions(channels=3, header=True)


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ({"headers": "true"}, "unknown-field", "/headers"),
        ({"header": "yes"}, "invalid-option", "/header"),
        ({"delimiter": ",,"}, "invalid-option", "/delimiter"),
        ({"delimiter": '"'}, "invalid-option", "/delimiter"),
        ({"delimiter": "\n"}, "invalid-option", "/delimiter"),
        ({"delimiter": "a"}, "invalid-option", "/delimiter"),
        ({"types": "x:float"}, "invalid-option", "/types"),
        ({"types": "x"}, "invalid-option", "/types"),
        ({"names": "a,a"}, "invalid-option", "/names"),
        ({"names": "[1"}, "invalid-option", "/names"),
        ({"names": "[1]"}, "invalid-option", "/names"),
    ],
)
def test_a_wrong_option_is_named(query: dict[str, str], code: str, pointer: str) -> None:
    with pytest.raises(DataError) as caught:
        options_from_query(query)
    assert (caught.value.code, caught.value.details[0].pointer) == (code, pointer)


def test_options_survive_json() -> None:
    options = IngestOptions(names=("x",), types={"x": "text"}, classes=("a", "b"))
    assert IngestOptions.model_validate_json(options.model_dump_json()) == options
    assert IngestOptions.model_validate(options.model_dump(mode="json")) == options
