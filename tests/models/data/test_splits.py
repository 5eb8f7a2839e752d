"""Splits: exact counts, classes spread alike, no row in two parts, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from models.data.shares import deal, deal_by_class, exact_counts
from models.data.splits import Given, Random, Split, Whole, holds_classes, part_name
from models.errors import SpecError

SPLIT = TypeAdapter(Split)


def rows(count: int, label=lambda i: "ab"[i % 2]) -> str:
    return "x,y\n" + "".join(f"{i}.5,{label(i)}\n" for i in range(count))


def refused(split, dataset, target="y", **options) -> SpecError:
    with pytest.raises(SpecError) as caught:
        split.assign(dataset, target, **options)
    return caught.value


@pytest.mark.parametrize(
    ("count", "shares", "expected"),
    [
        (10, (0.7, 0.2, 0.1), [7, 2, 1]),
        (100, (0.9, 0.05, 0.05), [90, 5, 5]),
        (20, (0.6, 0.2, 0.2), [12, 4, 4]),
        (11, (0.8, 0.1, 0.1), [9, 1, 1]),
        (15, (0.8, 0.1, 0.1), [12, 2, 1]),
        (7, (0.5, 0.5), [4, 3]),
        (100, (0.29, 0.71), [29, 71]),
        (20_640, (0.8, 0.1, 0.1), [16_512, 2064, 2064]),
        (0, (0.5, 0.5), [0, 0]),
    ],
)
def test_counts_are_exact_by_largest_remainder(count: int, shares: tuple[float, ...], expected: list[int]) -> None:
    assert exact_counts(count, shares) == expected


SHARES = st.sampled_from(
    [(0.8, 0.1, 0.1), (0.7, 0.2, 0.1), (0.9, 0.05, 0.05), (0.6, 0.2, 0.2), (1.0, 0.0, 0.0), (0.34, 0.33, 0.33)]
)


@settings(deadline=None, max_examples=200)
@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=30), shares=SHARES, seed=st.integers(0, 2**63 - 1))
def test_classes_are_spread_alike_and_every_row_is_in_one_part(sizes, shares, seed) -> None:
    classes = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    index = np.arange(len(classes), dtype=np.int64) * 3
    parts = deal_by_class(index, classes, shares, seed)
    assert [len(part) for part in parts] == exact_counts(len(index), shares)
    assert sorted(np.concatenate(parts).tolist()) == index.tolist()
    for code, size in enumerate(sizes):
        for part, share in zip(parts, shares, strict=True):
            assert abs((classes[part // 3] == code).sum() - share * size) < 2


def test_equal_classes_are_split_equally() -> None:
    classes = np.arange(1000, dtype=np.int32) % 10
    train, validation, test = deal_by_class(np.arange(1000), classes, (0.8, 0.1, 0.1), 0)
    assert np.bincount(classes[train]).tolist() == [80] * 10
    assert np.bincount(classes[validation]).tolist() == np.bincount(classes[test]).tolist() == [10] * 10


def test_rows_are_drawn_by_the_seed_and_stay_in_order() -> None:
    index = np.arange(100)
    first, again, other = (deal(index, (0.5, 0.5), seed)[0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert (np.diff(first) > 0).all()


def test_every_row_is_as_likely_in_each_class() -> None:
    classes = np.zeros(10, dtype=np.int32)
    hits = sum(
        np.bincount(deal_by_class(np.arange(10), classes, (0.5, 0.5), seed)[0], minlength=10) for seed in range(400)
    )
    assert 140 < hits.min() <= hits.max() < 260


def test_random_stratifies_by_a_target_of_classes(make) -> None:
    parts = Random(train=0.5, validation=0.25, test=0.25).assign(make(rows(40, lambda i: "ab"[i < 4])), "y")
    assert parts.counts() == {"train": 20, "validation": 10, "test": 10}
    assert [sum(row < 4 for row in part) for part in (parts.train, parts.validation, parts.test)] == [2, 1, 1]


def test_random_does_not_stratify_by_numbers_unless_they_are_said_to_be_classes(make) -> None:
    dataset = make("x,y\n" + "".join(f"{i}.5,{i}\n" for i in range(40)))
    assert Random().assign(dataset, "y").counts() == {"train": 32, "validation": 4, "test": 4}
    assert refused(Random(), dataset, classify=True).code == "split-empty-class"
    assert refused(Random(stratify=True), dataset).code == "invalid-split"
    assert Random(stratify=False).assign(dataset, "y", classify=True).counts()["train"] == 32


def test_rows_without_a_target_are_in_no_part(make) -> None:
    dataset = make(rows(20, lambda i: "" if i < 5 else "ab"[i % 2]))
    parts = Random(train=0.8, validation=0.2, test=0).assign(dataset, "y")
    assert parts.dropped == 5
    assert parts.counts() == {"train": 12, "validation": 3, "test": 0}
    assert min(parts.train.min(), parts.validation.min()) >= 5


def test_a_class_of_one_row_cannot_be_in_two_parts(make) -> None:
    error = refused(Random(), make(rows(20, lambda i: "lone" if i == 3 else "ab"[i % 2])))
    assert (error.code, error.details[0].pointer) == ("split-empty-class", "/split")
    assert "lone" in str(error)


def test_a_part_that_would_be_empty_is_refused(make) -> None:
    assert refused(Random(), make(rows(4))).code == "split-too-small"
    assert Random(train=1, validation=0, test=0).assign(make(rows(4)), "y").counts()["train"] == 4


@pytest.mark.parametrize("shares", [(0.8, 0.3, 0.1), (1.2, -0.1, -0.1), (0.0, 0.5, 0.5), (0.5, 0.2, 0.2)])
def test_shares_must_add_up_and_not_be_negative(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValidationError) as caught:
        SPLIT.validate_python({"kind": "random", **dict(zip(("train", "validation", "test"), shares, strict=True))})
    assert caught.value.errors()[0]["type"] == "invalid-split"


def test_given_parts_are_those_of_the_upload_and_validation_comes_out_of_train(make) -> None:
    dataset = make({"train.csv": rows(40).encode(), "test.csv": rows(10).encode()})
    parts = Given().assign(dataset, "y")
    assert parts.counts() == {"train": 36, "validation": 4, "test": 10}
    assert parts.test.tolist() == list(range(40, 50))
    assert [row % 2 for row in parts.validation].count(0) == 2
    assert Given(validation=0).assign(dataset, "y").counts() == {"train": 40, "validation": 0, "test": 10}


def test_a_given_validation_part_is_taken_as_it_is(make) -> None:
    dataset = make({"train.csv": rows(10).encode(), "valid.csv": rows(4).encode()})
    assert Given().assign(dataset, "y").counts() == {"train": 10, "validation": 4, "test": 0}


def test_a_column_can_name_the_parts(make) -> None:
    lines = "".join(f"{i}.5,{'ab'[i % 2]},{'Train' if i < 20 else 'dev' if i < 24 else 'testing'}\n" for i in range(30))
    dataset = make("x,y,part\n" + lines)
    assert Given(by="part").assign(dataset, "y").counts() == {"train": 20, "validation": 4, "test": 6}
    assert refused(Given(by="y"), dataset).details[0].pointer == "/split/by"
    assert refused(Given(by="x"), dataset).code == "invalid-split"
    assert refused(Given(by="z"), dataset).code == "invalid-split"
    assert refused(Given(), dataset).code == "invalid-split"


def test_none_trains_on_every_row(make) -> None:
    assert Whole().assign(make(rows(5)), "y").counts() == {"train": 5, "validation": 0, "test": 0}
    assert Whole().assign(make(rows(5))).train.dtype == np.int64


def test_a_split_can_be_named_by_its_kind() -> None:
    assert SPLIT.validate_python("none") == Whole()
    assert SPLIT.validate_python("random") == Random()


@pytest.mark.parametrize("split", [Random(), Given(), Whole()])
def test_a_split_survives_json(split) -> None:
    assert SPLIT.validate_json(split.model_dump_json()) == split


def test_the_rule_for_classes(make) -> None:
    lines = "".join(f"{i % 20},{i % 21},{i}.5,{'ab'[i % 2]},{'word ' * 11}{i}\n" for i in range(60))
    dataset = make("a,b,c,d,e\n" + lines)
    assert [holds_classes(column) for column in dataset.description.columns] == [True, False, False, True, True]


@pytest.mark.parametrize(
    ("text", "part"), [("Train", "train"), (" VAL ", "validation"), ("dev", "validation"), ("tests", None)]
)
def test_names_of_parts(text: str, part: str | None) -> None:
    assert part_name(text) == part
