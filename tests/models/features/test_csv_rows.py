"""A CSV that asks for predictions is read as the upload was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.data.description import Reading
from models.errors import InputError
from models.features import encode_rows
from models.features.csv_rows import Sheet, csv_rows
from models.features.rows import Unseen

PLAIN = Sheet(["a", "b"], {"a"}, ["a", "b", "unused", "y"], None)
GERMAN = Reading(delimiter=";", quote='"', header=True, missing=("", "k.A."), comma_columns=("a",))


def faults(text: str, sheet: Sheet = PLAIN) -> dict[str | None, str]:
    with pytest.raises(InputError) as caught:
        csv_rows(text.encode(), sheet, 100)
    return {detail.pointer: detail.code for detail in caught.value.details}


def test_the_description_tells_how_a_table_was_read(make: Any) -> None:
    reading = make("a;b;c\n1,5;1.5;x\n2,5;2.5;y\n", missing=("-",)).description.reading
    assert reading == Reading(delimiter=";", quote='"', header=True, missing=("-",), comma_columns=("a",))
    assert make("a\tb\n1\t2\n").description.reading.delimiter == "\t"
    assert make('{"a": 1}\n{"a": 2}\n').description.reading is None


def test_what_is_prepared_knows_the_reading_and_the_columns(make: Any, features: Any, people: str) -> None:
    dataset = make(people)
    _, prepared = features(dataset, target="score", inputs=["age"])
    assert prepared.reading == dataset.description.reading
    assert prepared.columns == ("age", "income", "city", "score")


def test_blanks_around_names_and_cells_go_and_markers_are_missing() -> None:
    assert csv_rows(b"a, b ,unused\n1, red,x\nNA,?,\n", PLAIN, 100) == [
        {"a": 1.0, "b": "red", "unused": "x"},
        {"a": None, "b": None, "unused": None},
    ]


def test_delimiter_markers_and_decimal_marks_are_those_of_the_upload() -> None:
    sheet = replace(PLAIN, reading=GERMAN)
    assert csv_rows(b"a;b\n1,5;NA\nk.A.;x\n", sheet, 100) == [{"a": 1.5, "b": "NA"}, {"a": None, "b": "x"}]
    assert csv_rows(b"a;b\n1.500;x\n", sheet, 100) == [{"a": "1.500", "b": "x"}], "no number of that upload"


def test_a_delimiter_that_finds_no_column_gives_way_to_the_one_that_does() -> None:
    assert csv_rows(b"b,a\nx,1\n", replace(PLAIN, reading=GERMAN), 100) == [{"b": "x", "a": 1.0}]
    assert csv_rows(b"a;b\n1,5;x\n2;y\n", PLAIN, 100) == [{"a": 1.5, "b": "x"}, {"a": 2.0, "b": "y"}]


def test_an_upload_without_names_is_asked_without_names() -> None:
    sheet = Sheet(
        ["column_1", "column_2"],
        {"column_1"},
        ["column_1", "column_2", "column_3"],
        Reading(delimiter=",", quote='"', header=False, missing=("",)),
    )
    assert csv_rows(b"1,x\n2,z\n", sheet, 100)[1] == {"column_1": 2.0, "column_2": "z"}
    assert csv_rows(b"1,x,9\n", sheet, 100) == [{"column_1": 1.0, "column_2": "x", "column_3": "9"}]


@pytest.mark.parametrize("written", ["1_000", "١٢", "0x10", "1e999", "inf", "1 000"])
def test_numbers_are_only_what_an_upload_takes_for_numbers(written: str) -> None:
    assert csv_rows(f"a,b\n{written},x\n".encode(), PLAIN, 100)[0]["a"] == written


def test_a_column_too_many_is_told_once() -> None:
    assert faults("a,b,odd\n1,x,1\n2,y,2\n3,z,3\n") == {"/rows/0/odd": "unknown-field"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a,b,a\n1,x,2\n", "duplicate-column"),
        ("a,b\n1\n2\n", "row-length"),
        ("a,b\n", "shape-mismatch"),
        ("", "shape-mismatch"),
        ("p,q\n1,2\n", "shape-mismatch"),
        ("a,b\n1,\0\n", "text-not-utf8"),
        ('a,b\n1,"x\n', "quotes-unbalanced"),
    ],
)
def test_what_is_no_table_of_the_model_is_refused(text: str, code: str) -> None:
    assert set(faults(text).values()) == {code}


def test_rows_of_the_dataset_may_have_columns_that_the_model_does_not_use(
    make: Any, features: Any, people: str
) -> None:
    dataset = make(people)
    spec, prepared = features(dataset, target="score", inputs=["age"])
    x = encode_rows(spec.inputs, prepared.states, dataset.table(), "score", ignored=prepared.columns)
    assert x.equal(prepared.x)


def test_a_category_that_was_never_seen_is_told(make: Any, features: Any, people: str) -> None:
    spec, prepared = features(make(people), target="score", split="none")
    unseen: list[Unseen] = []
    encode_rows(spec.inputs, prepared.states, [[30, 5, "Ulm"], [30, 5, "Paris"], [30, 5, None]], "score", unseen=unseen)
    assert [(each.row, each.column, each.value) for each in unseen] == [(1, "city", "Paris")]
    assert unseen[0].to_json()["allowed"] == ["Bonn", "Köln", "Ulm"]


def test_a_fault_names_its_column(make: Any, features: Any, people: str) -> None:
    spec, prepared = features(make(people), target="score", split="none")
    with pytest.raises(InputError) as caught:
        encode_rows(spec.inputs, prepared.states, [{"income": 1e300, "age": 1, "city": "Ulm"}], "score")
    assert [(each.pointer, each.given) for each in caught.value.details] == [("/rows/0/income", 1e300)]
    with pytest.raises(InputError, match="age: a value is needed here"):
        encode_rows(spec.inputs, prepared.states, [{"income": 1, "city": "Ulm"}], "score")
