"""Several tables in a zip: given parts by file name."""

from __future__ import annotations

import gzip

import pytest

from models.data.connectors.tables import part_of_path
from models.errors import DataError


def refused(make, files, **options) -> DataError:
    with pytest.raises(DataError) as caught:
        make(files, **options)
    return caught.value


def test_files_become_parts_train_first(make) -> None:
    dataset = make({"test.csv": b"x,y\n5,a\n", "train.csv": b"x,y\n1,a\n2,b\n", "data-valid.csv": b"x,y\n9,b\n"})
    assert dataset.description.parts == {"train": 2, "validation": 1, "test": 1}
    assert dataset.numbers("x").tolist() == [1, 2, 9, 5]
    assert dataset.part_codes().tolist() == [0, 0, 1, 2]
    assert dataset.description.source == "zip-tables"


def test_types_are_inferred_over_all_parts(make) -> None:
    assert make({"train.csv": b"x,y\n1,1\n", "test.csv": b"x,y\n1,b\n"}).column("y").type == "category"


def test_columns_may_stand_in_another_order_under_headers(make) -> None:
    dataset = make({"train.csv": b"x,y\n1,a\n", "test.csv": b"y,x\nb,2\n"})
    assert dataset.table() == [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}]


def test_other_columns_are_refused(make) -> None:
    error = refused(make, {"train.csv": b"x,y\n1,a\n", "test.csv": b"x,z\n2,b\n"})
    assert (error.code, error.details[0].pointer) == ("columns-differ", "test.csv")


def test_parts_without_headers_go_by_position(make) -> None:
    dataset = make({"train.csv": b"1,2\n3,4\n", "test.csv": b"5,6\n"})
    assert dataset.numbers("column_2").tolist() == [2, 4, 6]
    assert refused(make, {"train.csv": b"1,2\n3,4\n", "test.csv": b"5,6,7\n"}).code == "row-length"


def test_a_wrong_line_is_named_with_its_file(make) -> None:
    error = refused(make, {"train.csv": b"x,y\n1,2\n", "test.csv": b"x,y\n1,2\n1,inf\n"})
    assert error.details[0].pointer == "test.csv, line 3"


def test_a_single_table_has_no_parts(make) -> None:
    dataset = make({"iris/data.csv": b"x,y\n1,2\n"})
    assert dataset.part_codes() is None


def test_gzipped_tables_and_json_lines_are_read(make) -> None:
    dataset = make({"train.csv.gz": gzip.compress(b"x,y\n1,2\n"), "test.csv.gz": gzip.compress(b"x,y\n3,4\n")})
    assert dataset.rows == 2
    assert make({"train.jsonl": b'{"x":1}\n', "test.jsonl": b'{"x":2}\n'}).description.parts == {"train": 1, "test": 1}


def test_several_tables_that_do_not_say_their_part_are_refused(make) -> None:
    assert refused(make, {"a.csv": b"x,y\n1,2\n", "b.csv": b"x,y\n1,2\n"}).code == "parts-unclear"


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("train.csv", "train"),
        ("adult-test.csv", "test"),
        ("x/valid/a.csv", "validation"),
        ("dev_2.tsv", "validation"),
        ("t10k-images-idx3-ubyte.gz", "test"),
        ("Training set.csv", "train"),
        ("contest.csv", None),
    ],
)
def test_a_part_is_a_word_of_the_path(path: str, part: str | None) -> None:
    assert part_of_path(path) == part
