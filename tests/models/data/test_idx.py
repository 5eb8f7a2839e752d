"""IDX pairs: in one body or in a zip, raw or gzipped, with the test pair or without."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from models.errors import DataError


def idx(values: np.ndarray, code: int = 0x08) -> bytes:
    return bytes([0, 0, code, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def packed(data: bytes) -> bytes:
    """Without the time of day: these bytes become names of tests, which every process must give alike."""
    return gzip.compress(data, mtime=0)


IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([1, 0], dtype=np.uint8)
TEST_IMAGES = IMAGES[:1] + 100
TEST_LABELS = np.array([1], dtype=np.uint8)
PAIR = idx(IMAGES) + idx(LABELS)


def refused(make, body, **options) -> DataError:
    with pytest.raises(DataError) as caught:
        make(body, **options)
    return caught.value


@pytest.mark.parametrize("body", [PAIR, packed(PAIR), packed(idx(IMAGES)) + packed(idx(LABELS))])
def test_a_pair_in_one_body(make, body: bytes) -> None:
    dataset = make(body)
    assert dataset.image_block("image").tolist() == IMAGES[:, None].tolist()
    assert dataset.numbers("label").tolist() == [1, 0]
    assert dataset.column("label").whole
    assert dataset.part_codes() is None


def test_two_pairs_in_one_body_are_train_and_test(make) -> None:
    dataset = make(PAIR + idx(TEST_IMAGES) + idx(TEST_LABELS))
    assert dataset.description.parts == {"train": 2, "test": 1}
    assert dataset.image_block("image")[2].tolist() == TEST_IMAGES.tolist()


@pytest.mark.parametrize("pack", [bytes, packed])
def test_pairs_in_a_zip_go_by_name(make, pack) -> None:
    files = {
        "t10k-labels-idx1-ubyte": idx(TEST_LABELS),
        "t10k-images-idx3-ubyte": idx(TEST_IMAGES),
        "train-images-idx3-ubyte": idx(IMAGES),
        "train-labels-idx1-ubyte": idx(LABELS),
    }
    dataset = make({name: pack(data) for name, data in files.items()})
    assert dataset.description.parts == {"train": 2, "test": 1}
    assert dataset.images("image")[0][:, :, 0].tolist() == IMAGES[0].tolist()
    assert dataset.numbers("label").tolist() == [1, 0, 1]


def test_classes_name_the_labels_in_the_order_given(make) -> None:
    codes, names = make(PAIR, classes=["zebra", "ape"]).values("label")
    assert names == ("zebra", "ape")
    assert codes.tolist() == [1, 0]


def test_a_label_without_a_name_is_refused(make) -> None:
    assert refused(make, PAIR, classes=["zebra"]).code == "out-of-range"


def test_pictures_alone_have_no_labels(make) -> None:
    assert [column.name for column in make(idx(IMAGES)).description.columns] == ["image"]


@pytest.mark.parametrize(
    "body",
    [
        PAIR[:-1],
        idx(IMAGES)[:20],
        idx(IMAGES) + idx(LABELS[:1]),
        idx(LABELS),
        idx(IMAGES.astype(">i2"), 0x0B) + idx(LABELS),
        idx(IMAGES) + idx(LABELS.astype(">f4"), 0x0D),
        PAIR + idx(IMAGES[:, :2]) + idx(LABELS),
        PAIR + b"rest",
        packed(PAIR)[:-10],
    ],
)
def test_what_does_not_fit_is_refused(make, body: bytes) -> None:
    assert refused(make, body, format="idx").code == "idx-corrupt"


def test_a_header_that_promises_too_much_is_refused_before_reading(make) -> None:
    body = bytes([0, 0, 8, 3]) + struct.pack(">III", 2**31, 2**31, 2**31)
    assert refused(make, body).code == "archive-too-large"


def test_no_pictures_are_an_empty_dataset(make) -> None:
    assert refused(make, idx(IMAGES[:0]) + idx(LABELS[:0])).code == "dataset-empty"
