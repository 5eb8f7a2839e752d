"""Built-in sets: the values of their origin, and Fashion-MNIST only where it is genuine."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets as sk

from models.data.builtin import BUILTINS, builtin_names, builtin_upload, fashion
from models.data.ingest import ingest
from models.data.store import Dataset
from models.errors import DataError

SHIPPED = [name for name in builtin_names() if name != "fashion-mnist"]


def opened(name: str, tmp_path: Path, folders: tuple[Path, ...] = ()) -> Dataset:
    upload, options = builtin_upload(name, folders, tmp_path)
    return Dataset.open(Path(ingest(upload, options, tmp_path / "datasets").folder))


@pytest.mark.parametrize("name", SHIPPED)
def test_each_set_ingests_and_has_its_target(name: str, tmp_path: Path) -> None:
    dataset = opened(name, tmp_path)
    target = next(builtin.target for builtin in BUILTINS if builtin.name == name)
    assert dataset.column(target).missing == 0
    assert not {"numbers-and-text", "label-leakage"} & {warning.code for warning in dataset.description.warnings}


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("iris", sk.load_iris),
        ("wine", sk.load_wine),
        ("breast-cancer", sk.load_breast_cancer),
        ("diabetes", functools.partial(sk.load_diabetes, scaled=False)),
    ],
)
def test_tables_equal_scikit_learns(name: str, load, tmp_path: Path) -> None:
    dataset, origin = opened(name, tmp_path), load()
    *features, target = [column.name for column in dataset.description.columns]
    assert (np.stack([dataset.numbers(feature) for feature in features], axis=1) == origin.data).all()
    if dataset.column(target).type == "number":
        assert (dataset.numbers(target) == origin.target).all()
    else:
        assert dataset.texts(target) == [origin.target_names[code] for code in origin.target]


def test_digits_equal_scikit_learns_times_15(tmp_path: Path) -> None:
    dataset, origin = opened("digits", tmp_path), sk.load_digits()
    assert (dataset.image_block("image")[:, 0] == origin.images * 15).all()
    assert (dataset.numbers("label") == origin.target).all()


def test_linear_15_is_the_reference_scripts_data(tmp_path: Path, shared: Path) -> None:
    dataset = opened("linear-15", tmp_path)
    lines = (shared / "data" / "linear-15" / "linear-15.csv").read_text().split()[1:]
    assert [[row["x"], row["y"]] for row in dataset.table()] == [
        [float(cell) for cell in line.split(",")] for line in lines
    ]


def test_another_name_raises(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        builtin_upload("../iris", (), tmp_path)


def test_fashion_mnist_is_sixty_and_ten_thousand_named_clothes(tmp_path: Path, fashion_files: Path) -> None:
    dataset = opened("fashion-mnist", tmp_path, (tmp_path / "nowhere", fashion_files))
    assert dataset.description.parts == {"train": 60_000, "test": 10_000}
    codes, names = dataset.values("label")
    assert names == fashion.CLASSES
    assert np.bincount(codes[:60_000]).tolist() == [6000] * 10
    assert np.bincount(codes[60_000:]).tolist() == [1000] * 10
    with gzip.open(fashion_files / "t10k-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read()[16:], np.uint8).reshape(10_000, 1, 28, 28)
    assert (dataset.image_block("image")[60_000:] == pixels).all()


def test_fashion_mnist_that_is_nowhere_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        builtin_upload("fashion-mnist", (tmp_path,), tmp_path)
    assert caught.value.code == "dataset-not-found"
    assert "dataset-fashion-mnist" in caught.value.details[0].fix


def test_altered_files_are_refused(tmp_path: Path, fashion_files: Path) -> None:
    folder = tmp_path / "files"
    shutil.copytree(fashion_files, folder)
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(10_008)))
    with pytest.raises(DataError) as caught:
        builtin_upload("fashion-mnist", (folder,), tmp_path)
    assert caught.value.code == "checksum-mismatch"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address at which it is served."""
    folder = tmp_path / "home"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_downloads_are_checked_by_their_published_sums(tmp_path: Path, home, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, address = home
    data = {name: name.encode() for name, _, _ in fashion.FILES}
    sums = [hashlib.md5(content).hexdigest() for content in data.values()]
    monkeypatch.setattr(fashion, "FILES", tuple((name, md5, "") for name, md5 in zip(data, sums, strict=True)))
    for name, content in data.items():
        (folder / name).write_bytes(content)
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"altered")
    with pytest.raises(DataError, match="t10k-labels"):
        fashion.fetch(tmp_path / "into", address)
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(data["t10k-labels-idx1-ubyte.gz"])
    assert fashion.find([fashion.fetch(tmp_path / "into", address)]) == tmp_path / "into"
    assert sorted(file.name for file in (tmp_path / "into").iterdir()) == sorted(data)
