"""CSV and TSV: what is read, and which line is named when it is not."""

from __future__ import annotations

import gzip

import pytest

from models.data.options import IngestOptions
from models.errors import DataError


def names(dataset) -> list[str]:
    return [column.name for column in dataset.description.columns]


def refused(make, body, **options) -> DataError:
    with pytest.raises(DataError) as caught:
        make(body, **options)
    return caught.value


def test_a_header_is_recognised_above_numbers(make) -> None:
    dataset = make("x,y\n1,2\n3,4\n")
    assert names(dataset) == ["x", "y"]
    assert dataset.numbers("x").tolist() == [1, 3]


def test_a_first_row_of_numbers_is_no_header(make) -> None:
    dataset = make("1,2\n3,4\n")
    assert names(dataset) == ["column_1", "column_2"]
    assert dataset.rows == 2


def test_a_first_row_that_recurs_below_is_no_header(make) -> None:
    assert make("ham\thello\nspam\twin\nham\tbye\n").rows == 3


def test_words_above_other_words_are_a_header(make) -> None:
    assert names(make("text,label\nhello,ham\nwin,spam\nbye,ham\n")) == ["text", "label"]


def test_a_name_that_comes_twice_above_numbers_is_refused(make) -> None:
    assert refused(make, "x,x,y\n1,2,0\n3,4,1\n").code == "duplicate-column"


def test_a_header_can_be_insisted_on_and_denied(make) -> None:
    assert names(make("1,2\n3,4\n", header=True)) == ["1", "2"]
    assert make("x,y\n1,2\n", header=False).rows == 2


def test_given_names_replace_a_header_and_serve_without_one(make) -> None:
    assert names(make("x,y\n1,2\n", names=["a", "b"])) == ["a", "b"]
    assert make("x,y\n1,2\n", names=["a", "b"]).rows == 1
    assert make("5,6\n1,2\n", names=["a", "b"]).rows == 2


def test_a_column_without_a_name_is_called_by_its_place(make) -> None:
    assert names(make(",x\n0,5\n1,6\n")) == ["column_1", "x"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_the_one_that_makes_even_rows(make, delimiter: str) -> None:
    dataset = make(f"a{delimiter}b\n1{delimiter}x y\n2{delimiter}z\n")
    assert names(dataset) == ["a", "b"]


def test_a_comma_within_text_does_not_outvote_the_semicolon(make) -> None:
    dataset = make("a;b\n1;hello, you\n2;bye\n")
    assert dataset.texts("b") == ["hello, you", "bye"]


def test_a_ragged_row_does_not_hide_the_delimiter(make) -> None:
    assert refused(make, "a;b;c\n1;2;3\n4;5\n6;7;8\n").code == "row-length"


def test_names_that_do_not_fit_the_first_row_are_refused(make) -> None:
    error = refused(make, "1,2,3\n4,5,6\n", names=["a", "b"])
    assert (error.code, error.details[0].pointer) == ("row-length", "/names")


def test_a_single_column_is_a_table(make) -> None:
    assert make("x\n1\n2\n").numbers("x").tolist() == [1, 2]


def test_quotes_hold_delimiters_newlines_and_doubled_quotes(make) -> None:
    dataset = make('a,b\n1,"x, ""y""\nz"\n2,w\n')
    assert dataset.texts("b") == ['x, "y"\nz', "w"]


def test_blanks_around_cells_do_not_count(make) -> None:
    dataset = make('a, b\n 1 , "x, y"\n2,  z \n')
    assert names(dataset) == ["a", "b"]
    assert dataset.texts("b") == ["x, y", "z"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read_and_empty_lines_are_not_rows(make, end: str) -> None:
    assert make(end.join(["x,y", "1,2", "", "3,4", "", ""])).numbers("y").tolist() == [2, 4]


def test_the_byte_order_mark_is_not_part_of_the_first_name(make) -> None:
    assert names(make(b"\xef\xbb\xbfx1,y\n1,2\n")) == ["x1", "y"]


def test_a_tsv_whose_quotes_do_not_pair_up_is_read_with_quotes_as_characters(make) -> None:
    dataset = make('a\tb\n1\t"open\n2\tsay "x" now\n3\tfine\n')
    assert dataset.texts("b") == ['"open', 'say "x" now', "fine"]


def test_a_tsv_with_proper_quotes_is_unquoted(make) -> None:
    assert make('a\tb\n1\t"x y"\n2\tz\n').texts("b") == ["x y", "z"]


def test_gzipped_text_is_unpacked(make) -> None:
    assert make(gzip.compress(b"x,y\n1,2\n")).rows == 1


def test_a_damaged_gzip_file_is_refused(make) -> None:
    whole = gzip.compress(b"x,y\n" + b"1,2\n" * 5000)
    assert refused(make, whole[:-20]).code == "archive-corrupt"


def test_a_ragged_row_names_its_line_behind_quoted_newlines(make) -> None:
    error = refused(make, 'a,b\n"1\n\n",2\n\n3\n')
    assert error.code == "row-length"
    assert error.details[0].pointer == "line 6"
    assert (error.details[0].given, error.details[0].allowed) == (1, 2)


def test_an_unclosed_quote_names_the_line_where_the_row_begins(make) -> None:
    error = refused(make, 'a,b\n1,2\n3,"4\n5,6\n')
    assert error.code == "quotes-unbalanced"
    assert "line 3" in str(error)


def test_text_behind_a_closing_quote_is_refused(make) -> None:
    assert refused(make, 'a,b\n1,"2"x\n').code == "quotes-unbalanced"


def test_a_field_of_131072_characters_is_read_and_one_more_is_not(make) -> None:
    assert make("a,b\n1," + "x" * 131_072 + "\n2,y\n").rows == 2
    assert refused(make, "a,b\n1," + "x" * 131_073 + "\n2,y\n").code == "field-too-long"


@pytest.mark.parametrize(
    ("body", "offset"),
    [(b"a,b\n1,\xff\n", 6), (b"a,b\n1,\xc3\n", 6), ("a,b\n1,2\n".encode("utf-16"), 0), (b"a,b\n1,\x00\n", 6)],
)
def test_bytes_that_are_not_utf8_are_named_by_offset(make, body: bytes, offset: int) -> None:
    error = refused(make, body)
    assert error.code == "text-not-utf8"
    assert error.details[0].given == offset


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("Größe\n1\n".encode("cp1252"), "iconv -f WINDOWS-1252"),
        ("a\n1\n".encode("utf-16"), "iconv -f UTF-16"),
        (b"a\n\x01\0\xff\n", "save the table as CSV"),
    ],
)
def test_the_advice_fits_the_encoding(make, body: bytes, advice: str) -> None:
    assert advice in (refused(make, body).details[0].fix or "")


def test_the_byte_offset_counts_from_the_start_of_a_long_file(make) -> None:
    body = b"a,b\n" + b"1,2\n" * 600_000
    error = refused(make, body + b"1,\xff\n")
    assert error.details[0].given == len(body) + 2


@pytest.mark.parametrize("body", ["", "x,y\n", "\n\n", "\ufeff"])
def test_no_rows_are_an_empty_dataset(make, body: str) -> None:
    assert refused(make, body).code == "dataset-empty"


def test_the_same_name_twice_is_refused(make) -> None:
    assert refused(make, "x,x\n1,2\n", header=True).code == "duplicate-column"


def test_too_many_columns_are_refused(make) -> None:
    header = ",".join(f"c{i}" for i in range(10_001))
    row = ",".join("1" for _ in range(10_001))
    assert refused(make, f"{header}\n{row}\n").code == "too-many-columns"
    assert refused(make, f"{row}\n{row}\n").code == "too-many-columns"


def test_a_name_that_cannot_be_printed_is_refused(make) -> None:
    assert refused(make, "x\x07,y\n1,2\n", header=True).code == "invalid-name"


def test_types_for_unknown_columns_are_refused(make) -> None:
    error = refused(make, "x,y\n1,2\n", types={"z": "number"})
    assert (error.code, error.details[0].pointer) == ("invalid-option", "/types")


def test_the_missing_markers_can_be_named() -> None:
    assert "?" in IngestOptions().missing
    assert IngestOptions(missing=["-"]).missing == ("-",)
