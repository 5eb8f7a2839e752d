"""The canonical folder: read as written, named by its content, whole or absent."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from models.data import canonical
from models.data.canonical import verify
from models.data.description import Description
from models.data.ingest import ingest
from models.data.options import IngestOptions
from models.data.store import Dataset
from models.errors import DataError

TABLE = "n,c,t,w\n1,b,2020-01-02 03:04:05,short\n2.5,a,,other\n?,?,2020-01-03,\n"


@pytest.fixture
def dataset(make) -> Dataset:
    return make(TABLE, types={"w": "text"})


def test_columns_are_read_as_they_were_written(dataset: Dataset) -> None:
    assert dataset.numbers("n").tolist()[:2] == [1, 2.5]
    assert np.isnan(dataset.numbers("n")[2])
    codes, names = dataset.values("c")
    assert (codes.tolist(), names, codes.dtype) == ([1, 0, -1], ("a", "b"), np.int32)
    assert dataset.texts("w") == ["short", "other", None]
    assert dataset.numbers("t")[0] == 1577934245
    assert dataset.part_codes() is None


def test_every_column_but_pictures_has_codes(dataset: Dataset) -> None:
    assert dataset.values("n")[1] == (1.0, 2.5)
    assert dataset.values("w")[0].tolist() == [1, 0, -1]
    assert dataset.values("t")[0].tolist() == [0, -1, 1]


def test_whole_numbers_are_ints_as_values_and_in_rows(make) -> None:
    dataset = make("x,y\n10,1.5\n2.0,2\n")
    assert dataset.values("x")[1] == (2, 10)
    assert [type(row["x"]) for row in dataset.table()] == [int, int]
    assert [type(row["y"]) for row in dataset.table()] == [float, float]


def test_rows_are_json_objects_with_none_for_missing(dataset: Dataset) -> None:
    assert dataset.table() == [
        {"n": 1.0, "c": "b", "t": "2020-01-02T03:04:05", "w": "short"},
        {"n": 2.5, "c": "a", "t": None, "w": "other"},
        {"n": None, "c": None, "t": "2020-01-03T00:00:00", "w": None},
    ]
    assert dataset.table(["c"], 1, 2) == [{"c": "a"}]
    assert dataset.table(["c"], 2, 99) == [{"c": None}]
    assert dataset.table(["c"], 5) == []


def test_a_picture_in_a_row_is_its_size(make, png) -> None:
    assert make({"a/1.png": png()}).table()[0]["image"] == {"height": 4, "width": 6, "channels": 1}


def test_unknown_columns_and_wrong_types_raise(dataset: Dataset) -> None:
    with pytest.raises(KeyError):
        dataset.numbers("z")
    with pytest.raises(TypeError, match="category"):
        dataset.numbers("c")
    with pytest.raises(TypeError):
        dataset.images("n")


def test_arrays_can_be_handed_to_torch_without_a_warning(make, png) -> None:
    pictures = make({"a/1.png": png(3)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.from_numpy(pictures.image_block("image"))[0, 0, 0, 0] == 3
        assert torch.from_numpy(make(TABLE).numbers("n"))[0] == 1


def test_the_same_upload_and_options_give_the_same_version(make, png) -> None:
    files = {"a/1.png": png(1), "b/2.png": png(2, 8, 8)}
    for body, options in ((TABLE, {}), (files, {}), (files, {"channels": 3})):
        assert make(body, **options).sha256 == make(body, **options).sha256
    assert make(TABLE).sha256 != make(TABLE, missing=[""], types={"n": "text"}).sha256
    assert make(TABLE.replace("2.5", "2.25")).sha256 != make(TABLE).sha256


def test_ingestion_tells_what_is_on_disk(tmp_path: Path) -> None:
    (tmp_path / "u").write_text(TABLE)
    ingested = ingest(tmp_path / "u", IngestOptions(), tmp_path / "d")
    folder = Path(ingested.folder)
    assert folder == tmp_path / "d" / ingested.sha256
    assert ingested.bytes == sum(file.stat().st_size for file in folder.iterdir())
    assert sorted(file.name for file in folder.iterdir()) == ["data.arrow", "description.json", "manifest.json"]
    assert Description.model_validate(ingested.description) == Dataset.open(folder).description
    assert [file.name for file in (tmp_path / "d").iterdir()] == [ingested.sha256]


def test_every_file_is_synced_before_the_folder_has_its_name(
    tmp_path: Path, zip_of, png, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    rename = Path.rename
    monkeypatch.setattr(canonical, "_sync", lambda path: synced.append(path.name))
    monkeypatch.setattr(Path, "rename", lambda self, target: (synced.append("renamed"), rename(self, target))[1])
    (tmp_path / "u").write_bytes(zip_of({"a/1.png": png()}))
    ingested = ingest(tmp_path / "u", IngestOptions(), tmp_path / "d")
    files = ["data.arrow", "description.json", "image-0.bin", "manifest.json"]
    assert sorted(synced[:4]) == files == sorted(file.name for file in Path(ingested.folder).iterdir())
    assert synced[4:] == ["version", "renamed", "d"]


def test_nothing_is_left_of_a_refused_upload(tmp_path: Path) -> None:
    (tmp_path / "u").write_text("x,y\n1,2\n3\n")
    with pytest.raises(DataError):
        ingest(tmp_path / "u", IngestOptions(), tmp_path / "d")
    assert list((tmp_path / "d").iterdir()) == []


@pytest.mark.parametrize("name", ["data.arrow", "description.json", "manifest.json"])
def test_a_flipped_byte_is_found(dataset: Dataset, name: str) -> None:
    verify(dataset.folder)
    file = dataset.folder / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(DataError) as caught:
        verify(dataset.folder)
    assert caught.value.code == "dataset-corrupt"


@pytest.mark.parametrize("name", ["data.arrow", "description.json"])
def test_files_that_are_gone_or_unreadable_are_told(dataset: Dataset, name: str) -> None:
    file = dataset.folder / name
    for spoil in (lambda: file.write_bytes(b"{"), file.unlink):
        spoil()
        with pytest.raises(DataError) as caught:
            Dataset.open(dataset.folder)
        assert caught.value.code == "dataset-corrupt"


def test_the_description_counts_and_has_the_populations_moments(make) -> None:
    column = make("x,y\n1,a\n2,a\n3,b\n?,b\n6,a\n").column("x")
    assert (column.missing, column.distinct, column.min, column.max, column.whole) == (1, 4, 1, 6, True)
    assert (column.mean, column.std) == (3, (14 / 4) ** 0.5)
    assert [(value.value, value.count) for value in column.values] == [(1, 1), (2, 1), (3, 1), (6, 1)]


def test_moments_that_overflow_are_unknown_and_not_infinite(make) -> None:
    column = make("x,y\n1e308,a\n-1e308,a\n1e308,b\n").column("x")
    assert (column.max, column.std) == (1e308, None)


def test_a_whole_column_of_many_values_lists_none(make) -> None:
    column = make("x\n" + "".join(f"{i}\n" for i in range(1001))).column("x")
    assert (column.distinct, column.values) == (1001, None)
