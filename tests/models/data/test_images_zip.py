"""Zips of class folders: labels, parts, what is passed over, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import DataError


def refused(make, files, **options) -> DataError:
    with pytest.raises(DataError) as caught:
        make(files, **options)
    return caught.value


def test_class_folders_become_labels_in_order_of_class_and_path(make, png) -> None:
    dataset = make({"dog/b.png": png(1), "cat/z.png": png(2), "cat/a.png": png(3)})
    codes, names = dataset.values("label")
    assert names == ("cat", "dog")
    assert [names[code] for code in codes] == ["cat", "cat", "dog"]
    assert [int(picture[0, 0, 0]) for picture in dataset.images("image")] == [3, 2, 1]
    assert dataset.part_codes() is None
    assert dataset.description.source == "zip-images"


def test_train_and_test_folders_become_given_parts(make, png) -> None:
    dataset = make(
        {"test/cat/a.png": png(1), "train/dog/a.png": png(2), "valid/cat/a.png": png(3), "train/cat/a.png": png(4)}
    )
    assert dataset.description.parts == {"train": 2, "validation": 1, "test": 1}
    assert list(dataset.description.parts) == ["train", "validation", "test"]
    assert dataset.part_codes().tolist() == [0, 0, 1, 2]
    assert [int(picture[0, 0, 0]) for picture in dataset.images("image")] == [4, 2, 3, 1]
    assert dataset.column("label").values_by_part == {
        "train": {"cat": 1, "dog": 1},
        "validation": {"cat": 1, "dog": 0},
        "test": {"cat": 1, "dog": 0},
    }


@pytest.mark.parametrize("prefix", ["", "pets/", "my/pets/"])
def test_wrapping_folders_are_taken_off(make, png, prefix: str) -> None:
    dataset = make(
        {f"{prefix}train/cat/a.png": png(1), f"{prefix}train/dog/a.png": png(2), f"{prefix}test/cat/b.png": png(3)}
    )
    assert dataset.description.parts == {"train": 2, "test": 1}
    assert dataset.values("label")[1] == ("cat", "dog")


def test_folders_below_a_class_belong_to_it(make, png) -> None:
    assert make({"cat/2020/a.png": png(1), "dog/a.png": png(2)}).values("label")[1] == ("cat", "dog")


def test_a_class_may_be_called_test(make, png) -> None:
    assert make({"test/a.png": png(1), "dog/a.png": png(2)}).values("label")[1] == ("dog", "test")


def test_class_names_that_are_numbers_are_ordered_by_value(make, png) -> None:
    assert make({f"{name}/a.png": png(name) for name in (10, 9, 1)}).values("label")[1] == ("1", "9", "10")


def test_pictures_without_folders_have_no_label(make, png) -> None:
    dataset = make({"a.png": png(1), "b.png": png(2)})
    assert [column.name for column in dataset.description.columns] == ["image"]


def test_part_folders_without_classes_are_parts(make, png) -> None:
    dataset = make({"train/a.png": png(1), "test/b.png": png(2)})
    assert dataset.description.parts == {"train": 1, "test": 1}
    assert [column.name for column in dataset.description.columns] == ["image"]


def test_what_systems_and_people_leave_is_passed_over_and_said(make, png) -> None:
    files = {"cat/a.png": png(1), "dog/a.png": png(2)}
    left = {"__MACOSX/cat/._a.png": b"x", "cat/.DS_Store": b"x", "cat/Thumbs.db": b"x", "README.md": b"hello"}
    dataset = make(files | left)
    assert dataset.rows == 2
    assert {warning.code: warning.message[:1] for warning in dataset.description.warnings} == {
        "hidden-files": "3",
        "files-passed-over": "1",
    }


def test_an_empty_class_folder_is_named(make, png) -> None:
    error = refused(make, {"cat/a.png": png(1), "dog/": b""})
    assert (error.code, error.details[0].pointer) == ("class-empty", "dog/")
    error = refused(make, {"p/train/cat/a.png": png(1), "p/train/dog/": b"", "p/test/cat/b.png": png(2)})
    assert error.details[0].pointer == "p/train/dog/"


def test_a_class_that_train_does_not_have_is_noticed(make, png) -> None:
    dataset = make({"train/cat/a.png": png(1), "test/cat/a.png": png(2), "test/dog/a.png": png(3)})
    assert "class-not-in-train" in [warning.code for warning in dataset.description.warnings]


@pytest.mark.parametrize(
    "names", [("cat/a.png", "b.png"), ("train/cat/a.png", "other/cat/b.png"), ("train/cat/a.png", "train/b.png")]
)
def test_a_mixture_of_layouts_is_refused(make, png, names: tuple[str, str]) -> None:
    assert refused(make, {name: png(1) for name in names}).code == "folders-unclear"


def test_a_damaged_picture_is_named_and_no_other(make, png) -> None:
    error = refused(make, {"cat/a.png": png(1), "dog/bad.png": png(2)[:-30], "dog/good.png": png(3)})
    assert (error.code, error.details[0].pointer) == ("image-corrupt", "dog/bad.png")
    assert "good" not in str(error)


def test_pictures_of_one_size_are_stored_raw_and_mapped(make, png) -> None:
    dataset = make({"a/1.png": png(7, 4, 6, "RGB"), "b/2.png": png(9, 4, 6)})
    block = dataset.image_block("image")
    assert (block.shape, block.dtype) == ((2, 3, 4, 6), np.uint8)
    assert block[1].tolist() == np.full((3, 4, 6), 9).tolist()
    image = dataset.column("image").image
    assert (image.height, image.width, image.channels, image.uniform) == (4, 6, 3, True)


def test_pictures_of_different_sizes_are_kept_as_files_and_decoded_alike(make, png) -> None:
    dataset = make({"a/1.png": png(7, 4, 6, "RGB"), "a/2.png": png(9, 8, 2), "b/3.png": png(5, 2, 2)})
    assert dataset.image_block("image") is None
    assert [picture.shape for picture in dataset.images("image")] == [(4, 6, 3), (8, 2, 3), (2, 2, 3)]
    assert dataset.images("image")[-1].tolist() == np.full((2, 2, 3), 5).tolist()
    image = dataset.column("image").image
    assert (image.height, image.width, image.uniform) == (4, 2, False)


def test_alpha_is_a_fourth_channel_only_where_every_picture_has_it(make, png) -> None:
    both = {"a/1.png": png(100, mode="RGBA"), "b/2.png": png(9, mode="RGBA")}
    assert make(both).column("image").image.channels == 4
    mixed = {"a/1.png": png(100, mode="RGBA"), "b/2.png": png(9)}
    assert make(mixed).column("image").image.channels == 3
    assert make(mixed, channels=4).column("image").image.channels == 4
    assert make(both, channels=1).image_block("image").shape == (2, 1, 4, 6)


def test_sound_is_refused_as_sound(make, png) -> None:
    error = refused(make, {"yes/a.wav": b"RIFF\x24\0\0\0WAVEfmt " + bytes(30)})
    assert error.code == "audio-format-unsupported"


def test_a_workbook_is_no_dataset(make) -> None:
    assert refused(make, {"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}).code == "unsupported-media-type"
