"""Notices, entropies, report and sample sheet, on planted cases and healthy controls."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from models.data.information import entropy, information, leaks
from models.data.report import report
from models.data.sheet import sample_sheet

GENERATOR = np.random.default_rng(0)


def codes(dataset) -> list[str]:
    return [warning.code for warning in dataset.description.warnings]


def noise(count: int) -> list[float]:
    return GENERATOR.normal(size=count).round(6).tolist()


def test_a_healthy_table_raises_no_notice(make) -> None:
    lines = zip(noise(100), noise(100), GENERATOR.integers(0, 3, 100).tolist(), strict=True)
    dataset = make("a,b,y\n" + "".join(f"{a},{b},c{y}\n" for a, b, y in lines))
    assert codes(dataset) == []
    assert leaks(dataset, "y") == []


def test_a_copy_of_the_target_is_label_leakage(make) -> None:
    dataset = make("x,leak,y\n" + "".join(f"{i},{i % 2},{i % 2}\n" for i in range(200)))
    assert codes(dataset) == ["label-leakage"]
    assert [notice.column for notice in leaks(dataset, "y")] == ["leak"]


def test_columns_that_name_each_other_are_redundant(make) -> None:
    dataset = make("code,name,x\n" + "".join(f"{i % 3},{'abc'[i % 3]},{x}\n" for i, x in enumerate(noise(60))))
    assert codes(dataset) == ["redundant-columns"]
    assert [notice.column for notice in leaks(dataset, "name")] == ["code"]


def test_a_linear_function_of_another_column_is_label_leakage(make) -> None:
    dataset = make("celsius,fahrenheit\n" + "".join(f"{c},{c * 1.8 + 32}\n" for c in noise(50)))
    assert codes(dataset) == ["label-leakage"]
    assert [notice.column for notice in leaks(dataset, "celsius")] == ["fahrenheit"]


def test_a_nearly_linear_column_is_not(make) -> None:
    dataset = make("a,b\n" + "".join(f"{a},{a + b * 1e-3}\n" for a, b in zip(noise(50), noise(50), strict=True)))
    assert codes(dataset) == []


def test_a_coarse_column_that_settles_the_target_is_a_leak_though_not_a_copy(make) -> None:
    dataset = make("town,y,x\n" + "".join(f"t{i % 6},{'ab'[i % 6 > 2]},{x}\n" for i, x in enumerate(noise(120))))
    assert codes(dataset) == []
    assert [notice.column for notice in leaks(dataset, "y")] == ["town"]


def test_an_identifier_is_no_leak(make) -> None:
    dataset = make("id,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in GENERATOR.permutation(100)))
    assert leaks(dataset, "y") == []


def test_constant_empty_and_mostly_missing_columns_are_noticed(make) -> None:
    lines = "".join(f"{x},1,,{x if i < 4 else ''}\n" for i, x in enumerate(noise(10)))
    assert codes(make("x,same,none,few\n" + lines)) == ["constant-column", "empty-column", "mostly-missing"]


def test_a_wide_table_is_not_answered_by_thousands_of_notices(make) -> None:
    found = make(",".join(f"c{i}" for i in range(50)) + "\n" + (",".join("1" * 50) + "\n") * 2).description.warnings
    assert [notice.code for notice in found] == ["constant-column"] * 20 + ["duplicate-rows", "constant-column"]
    assert found[-1].message == "... and 30 more columns"


def test_rows_that_repeat_are_counted_also_across_parts(make) -> None:
    dataset = make({"train.csv": b"x,y\n1.5,a\n2.5,b\n1.5,a\n", "test.csv": b"x,y\n2.5,b\n3.5,a\n"})
    warnings = {warning.code: warning.message for warning in dataset.description.warnings}
    assert warnings["duplicate-rows"].startswith("2 of 5 rows")
    assert warnings["duplicate-across-parts"].startswith("1 rows of test")


def test_the_same_picture_in_train_and_test_is_noticed(make, png) -> None:
    for other in ((4, 6), (8, 8)):
        files = {"train/a/1.png": png(1), "train/a/2.png": png(2, *other), "test/a/9.png": png(1)}
        assert "duplicate-across-parts" in codes(make(files))


def test_missing_values_are_equal_to_each_other_in_repeated_rows(make) -> None:
    assert "duplicate-rows" in codes(make("x,y\n,a\n,a\n1,b\n"))


def test_entropy_by_hand() -> None:
    assert entropy(np.array([0, 1, 0, 1])) == 1
    assert entropy(np.array([0, 0, 1, 2])) == 1.5
    assert entropy(np.array([5, 5, 5])) == 0


def test_entropies_of_a_small_table_by_hand(make) -> None:
    """X: a a b b, Y: c d d d -> H(X) = 1, H(Y) = 0.811, H(X, Y) = 1.5, I = 0.311."""
    one = information(make("x,y\na,c\na,d\nb,d\nb,d\n", header=True), "x", "y")
    assert one.h_x == 1
    assert one.h_y == pytest.approx(0.25 * 2 + 0.75 * math.log2(4 / 3))
    assert one.h_xy == 1.5
    assert one.h_y_given_x == one.h_xy - one.h_x == 0.5
    assert one.mutual == pytest.approx(one.h_y - one.h_y_given_x)


def test_numbers_of_many_values_are_cut_into_bins(make) -> None:
    dataset = make("x,y\n" + "".join(f"{i}.5,{'ab'[i >= 500]}\n" for i in range(1000)))
    one = information(dataset, "x", "y")
    assert one.binned
    assert one.h_x == pytest.approx(5, abs=0.01)
    assert one.mutual == pytest.approx(1)


def test_the_report_names_the_most_telling_column_first(make) -> None:
    lines = zip(noise(300), GENERATOR.integers(0, 2, 300).tolist(), strict=True)
    found = report(make("noise,sign,y\n" + "".join(f"{x},{x > 0},{'ab'[y ^ (x > 0)]}\n" for x, y in lines)), "sign")
    json.dumps(found, allow_nan=False)
    assert found["target"]["columns"][0]["column"] == "noise"
    assert found["target"]["entropy"] == pytest.approx(1, abs=0.02)


def test_the_report_counts(make) -> None:
    found = report(make("x,y\n" + "".join(f"{i},{'ab'[i % 4 == 0]}\n" for i in range(40)) + "?,a\n"))
    x, y = found["columns"]
    assert (x["missing_share"], sum(x["histogram"]["counts"]), len(x["histogram"]["edges"])) == (1 / 41, 40, 21)
    assert x["quantiles"]["0.5"] == 19
    assert y["most_frequent"] == [{"value": "a", "count": 31}, {"value": "b", "count": 10}]
    assert y["balance"]["largest_share"] == 31 / 41


def test_a_target_that_is_no_column_raises(make) -> None:
    with pytest.raises(KeyError):
        report(make("x,y\n1,2\n"), "z")


@pytest.mark.parametrize("label", [None, "label"])
def test_a_sheet_shows_so_many_pictures_class_after_class(make, png, label: str | None) -> None:
    files = {f"a/{i}.png": png(10) for i in range(30)} | {f"b/{i}.png": png(200, 9, 3, "RGB") for i in range(3)}
    picture = Image.open(io.BytesIO(sample_sheet(make(files), "image", 12, label)))
    assert picture.size == (10 * 66 + 2, 2 * 66 + 2)
    if label:
        shown = [picture.getpixel((34 + 66 * (i % 10), 34 + 66 * (i // 10)))[0] for i in range(12)]
        assert shown == [10] * 9 + [200] * 3


def test_a_sheet_of_fewer_pictures_is_smaller(make, png) -> None:
    assert Image.open(io.BytesIO(sample_sheet(make({"a.png": png(1)}), "image"))).size == (68, 68)
