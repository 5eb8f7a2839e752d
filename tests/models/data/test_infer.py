"""Types of columns: inferred from all cells, or as given."""

from __future__ import annotations

import math

import pytest

from models.errors import DataError


def table(*cells: str) -> str:
    """A column x beside a column of row numbers."""
    return "x,n\n" + "".join(f'"{cell}",{i}\n' for i, cell in enumerate(cells))


def types(dataset) -> str:
    return dataset.column("x").type


def refused(make, *cells: str, **options) -> DataError:
    with pytest.raises(DataError) as caught:
        make(table(*cells), header=True, **options)
    return caught.value


@pytest.mark.parametrize("cell", ["1", "-1", "+1.5", "1e-3", ".5", "5.", "007", "1E+10", " 3 "])
def test_numbers_are_ascii_digits_with_point_exponent_and_sign(make, cell: str) -> None:
    dataset = make(table(cell, "2"))
    assert types(dataset) == "number"
    assert dataset.numbers("x")[0] == float(cell)


@pytest.mark.parametrize("cell", ["0x10", "1_000", "1,5", "1 000", "--1", "1e", "١٢", "true"])
def test_anything_else_is_no_number(make, cell: str) -> None:
    assert types(make(table(cell, "2", "3"), header=True)) == "category"


def test_numbers_equal_pythons_to_the_last_bit(make) -> None:
    cells = ["0.1", "1e-310", "123456789.123456789", "2.2250738585072011e-308", "1.7976931348623157e308"]
    assert make(table(*cells)).numbers("x").tolist() == [float(cell) for cell in cells]


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "9" * 5000])
def test_a_value_that_is_not_finite_names_its_line(make, cell: str) -> None:
    error = refused(make, "1", cell, "3")
    assert error.code == "value-not-finite"
    assert error.details[0].pointer == "line 3"


def test_nan_is_missing_by_default_and_refused_when_it_is_not(make) -> None:
    assert math.isnan(make(table("1", "nan")).numbers("x")[1])
    assert refused(make, "1", "nan", missing=[""]).code == "value-not-finite"


def test_missing_markers_are_missing_in_every_type(make) -> None:
    dataset = make("a,b,c\n1,x,2020-01-01\n?,NA,\n,null,N/A\n3,y,2020-01-02\n")
    assert [column.missing for column in dataset.description.columns] == [2, 2, 2]
    assert [column.type for column in dataset.description.columns] == ["number", "category", "time"]


def test_own_missing_markers_replace_the_default_ones(make) -> None:
    dataset = make(table("1", "-99", "2"), missing=["-99"])
    assert dataset.column("x").missing == 1
    assert make(table("a", "?", "b"), missing=["-99"]).column("x").missing == 0


def test_a_column_without_any_value_is_an_empty_category(make) -> None:
    dataset = make("x,n\n,1\n,2\n")
    assert (dataset.column("x").type, dataset.column("x").distinct) == ("category", 0)
    assert [warning.code for warning in dataset.description.warnings] == ["empty-column"]


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("1970-01-02", 86400),
        ("1970-01", 0),
        ("1970-01-01 00:01", 60),
        ("1970-01-01T00:00:01.5", 1.5),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31", -86400),
    ],
)
def test_iso_times_are_seconds_since_1970_utc(make, cell: str, seconds: float) -> None:
    dataset = make(table(cell, ""))
    assert types(dataset) == "time"
    assert dataset.numbers("x")[0] == seconds
    assert math.isnan(dataset.numbers("x")[1])


def test_a_date_that_does_not_exist_makes_the_column_words(make) -> None:
    assert types(make(table("2020-13-01", "2020-01-01"), header=True)) == "category"


@pytest.mark.parametrize(
    ("distinct", "rows", "expected"), [(20, 21, "category"), (21, 22, "text"), (21, 420, "category")]
)
def test_few_distinct_values_make_a_category_many_make_text(make, distinct: int, rows: int, expected: str) -> None:
    assert types(make(table(*(f"w{i % distinct}" for i in range(rows))), header=True)) == expected


def test_long_values_make_text_however_few(make) -> None:
    assert types(make(table("a" * 51, "b" * 51), header=True)) == "text"


def test_booleans_are_a_category_of_the_two_words_as_written(make) -> None:
    codes, names = make(table("true", "false", "true"), header=True).values("x")
    assert names == ("false", "true")
    assert codes.tolist() == [1, 0, 1]


def test_categories_that_are_whole_numbers_are_ordered_by_value(make) -> None:
    dataset = make(table("10", "9", "b", "1"), types={"x": "category"})
    assert dataset.values("x")[1] == ("1", "9", "10", "b")


def test_types_can_be_given(make) -> None:
    assert types(make(table("1", "2"), types={"x": "category"})) == "category"
    assert types(make(table("1", "2"), types={"x": "text"})) == "text"
    assert types(make(table("1949-01", "1949-02"), types={"x": "time"})) == "time"


def test_a_given_type_that_does_not_hold_names_value_and_line(make) -> None:
    error = refused(make, "1", "x", types={"x": "number"})
    assert (error.code, error.details[0].given, error.details[0].pointer) == ("value-not-number", "x", "line 3")
    assert refused(make, "1", "2", types={"x": "time"}).code == "value-not-time"
    assert refused(make, "1", "2", types={"x": "image"}).code == "invalid-option"


def test_a_category_holds_ten_thousand_values_at_most(make) -> None:
    assert refused(make, *(f"w{i}" for i in range(10_001)), types={"x": "category"}).code == "too-many-classes"


def test_mostly_numbers_and_some_words_are_noticed_with_their_line(make) -> None:
    warnings = make(table("1", "2", "n.a.", "4"), header=True).description.warnings
    assert [warning.code for warning in warnings] == ["numbers-and-text"]
    assert "line 4" in warnings[0].message


def test_whole_numbers_beyond_float_precision_are_noticed(make) -> None:
    dataset = make(table("12345678901234567890", "2"))
    assert [warning.code for warning in dataset.description.warnings] == ["number-rounded"]


def test_decimal_commas_are_read_beside_semicolons_and_on_request(make) -> None:
    assert make("x;y\n1,5;2\n2,25;3\n").numbers("x").tolist() == [1.5, 2.25]
    assert make(table("1,5", "2"), decimal=",").numbers("x").tolist() == [1.5, 2]
    assert types(make("x;y\n1,5;2\n2,25;3\n", decimal=".")) == "category"
