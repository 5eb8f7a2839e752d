"""Predictors: the network of a checkpoint, with the preprocessing of training, asked by many at once."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.checkpoint import Checkpoint, load, save
from models.data.builtin import builtin_upload
from models.data.ingest import ingest
from models.data.store import Dataset
from models.errors import CheckpointError, InputError
from models.events import CheckpointSaved
from models.features import prepare
from models.fitting import fit
from models.predictor import Predictor
from models.spec import TrainingSpec, resolve

NETWORK = {"kind": "mlp", "hidden": [16], "batch_norm": True, "dropout": 0.5}


def trained(folder: Path, name: str, **spec: Any) -> tuple[Dataset, Path]:
    """A built-in dataset, and the best checkpoint of a short fit on it."""
    upload, options = builtin_upload(name, [], folder)
    dataset = Dataset.open(Path(ingest(upload, options, folder / "datasets").folder))
    resolved = resolve(TrainingSpec.model_validate({"dataset": name, "threads": 1, **spec}), dataset.description)
    prepared = prepare(resolved, dataset, folder / "cache")
    saved = [event for event in fit(resolved, prepared, folder / "saved") if isinstance(event, CheckpointSaved)]
    return dataset, Path(next(event.folder for event in reversed(saved) if "best" in event.reasons))


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Path]:
    """Flowers and a network with batch norm and dropout."""
    return trained(tmp_path_factory.mktemp("iris"), "iris", target="species", network=NETWORK, epochs=30)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Path]:
    """Pictures 8 x 8."""
    return trained(tmp_path_factory.mktemp("digits"), "digits", target="label", epochs=3)


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(sink, "PNG")
    return sink.getvalue()


def test_rows_of_the_dataset_are_told_apart(iris: tuple[Dataset, Path]) -> None:
    dataset, folder = iris
    rows = dataset.table()
    answers = Predictor.load(folder).predict_rows(rows)
    right = sum(answer["label"] == row["species"] for answer, row in zip(answers, rows, strict=True))
    assert right > 120
    for answer in answers:
        assert answer.keys() == {"label", "probability", "entropy_bits", "top"}
        assert sum(each["probability"] for each in answer["top"]) == pytest.approx(1)


def test_top_gives_so_many_classes(iris: tuple[Dataset, Path]) -> None:
    predictor = Predictor.load(iris[1])
    assert [len(predictor.predict_rows([[5, 3, 2, 1]], top=top)[0]["top"]) for top in (1, 2, 9)] == [1, 2, 3]


def test_a_row_alone_is_the_row_in_a_batch(iris: tuple[Dataset, Path]) -> None:
    dataset, folder = iris
    predictor, rows = Predictor.load(folder), dataset.table()[:64]
    together = predictor.predict_rows(rows)
    for row, expected in zip(rows, together, strict=True):
        alone = predictor.predict_rows([row])[0]
        assert alone == predictor.predict_rows([row])[0]
        assert alone["probability"] == pytest.approx(expected["probability"], abs=1e-6)


def test_many_threads_get_the_same_answers(iris: tuple[Dataset, Path]) -> None:
    dataset, folder = iris
    predictor, rows = Predictor.load(folder), dataset.table()[:40]
    expected = [predictor.predict_rows([row]) for row in rows]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda row: predictor.predict_rows([row]), rows * 5)) == expected * 5


def test_pictures_are_told_apart_in_any_form(digits: tuple[Dataset, Path]) -> None:
    dataset, folder = digits
    predictor, images = Predictor.load(folder), dataset.images("image")
    answers = predictor.predict_images([png(images[row]) for row in range(200)])
    labels = [row["label"] for row in dataset.table(["label"], 0, 200)]
    assert sum(answer["label"] == label for answer, label in zip(answers, labels, strict=True)) > 150
    colour = png(np.repeat(images[0], 3, axis=2))  # the luma of grey is the grey
    assert predictor.predict_images([colour]) == predictor.predict_images([png(images[0])])
    large = np.kron(images[0][:, :, 0], np.ones((9, 9), np.uint8))[:, :, None]
    assert predictor.predict_images([png(large)])[0]["label"] == answers[0]["label"]


def test_it_tells_what_to_send(iris: tuple[Dataset, Path], digits: tuple[Dataset, Path]) -> None:
    flowers = Predictor.load(iris[1]).describe()
    assert [item["type"] for item in flowers["inputs"]] == ["number"] * 4
    assert (flowers["target"], flowers["task"], len(flowers["classes"])) == ("species", "classification", 3)
    pictures = Predictor.load(digits[1]).describe()
    assert pictures["inputs"] == [{"column": "image", "type": "image"}]
    assert pictures["classes"] == list(range(10))
    json.dumps([flowers, pictures])


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([[1, 2, 3, 4], [1]], "shape-mismatch"),
        ([["a", 2, 3, 4]], "value-not-number"),
        ([[True, 2, 3, 4]], "value-not-number"),
        ([[10**400, 2, 3, 4]], "value-not-finite"),
        ([{"sepal_length": 1, "colour": 2}], "unknown-field"),
        ([], "shape-mismatch"),
    ],
)
def test_wrong_rows_are_refused_and_the_predictor_stays_right(
    iris: tuple[Dataset, Path], rows: list[Any], code: str
) -> None:
    predictor = Predictor.load(iris[1])
    before = predictor.predict_rows([[5, 3, 2, 1]])
    with pytest.raises(InputError) as caught:
        predictor.predict_rows(rows)
    assert code in {detail.code for detail in caught.value.details}
    assert predictor.predict_rows([[5, 3, 2, 1]]) == before


def test_rows_are_not_pictures_nor_pictures_rows(iris: tuple[Dataset, Path], digits: tuple[Dataset, Path]) -> None:
    with pytest.raises(InputError, match="reads pictures"):
        Predictor.load(digits[1]).predict_rows([[1]])
    with pytest.raises(InputError, match="reads rows"):
        Predictor.load(iris[1]).predict_images([b""])


def changed(folder: Path, into: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> Path:
    checkpoint = load(folder)
    weights = {name: value.clone() for name, value in checkpoint.weights.items()}
    change(weights)
    return save(Checkpoint(checkpoint.spec, checkpoint.state, weights, checkpoint.metrics), into).folder


def test_answers_that_are_not_finite_are_not_given(iris: tuple[Dataset, Path], tmp_path: Path) -> None:
    folder = changed(iris[1], tmp_path, lambda weights: weights.update({"4.bias": torch.full((3,), torch.nan)}))
    with pytest.raises(InputError) as caught:
        Predictor.load(folder).predict_rows([[5, 3, 2, 1]])
    assert caught.value.code == "output-not-finite"


def test_weights_that_do_not_fit_the_network_are_refused(iris: tuple[Dataset, Path], tmp_path: Path) -> None:
    folder = changed(iris[1], tmp_path, lambda weights: weights.update({"0.weight": torch.zeros(2, 2)}))
    with pytest.raises(CheckpointError) as caught:
        Predictor.load(folder)
    assert caught.value.code == "checkpoint-corrupt"


def test_a_value_is_told_in_the_units_of_the_target(tmp_path: Path) -> None:
    dataset, folder = trained(tmp_path, "diabetes", target="progression", epochs=30)
    truth = dataset.numbers("progression")
    values = [answer["value"] for answer in Predictor.load(folder).predict_rows(dataset.table())]
    assert np.corrcoef(values, truth)[0, 1] > 0.6
    assert abs(np.mean(values) - truth.mean()) < 20
