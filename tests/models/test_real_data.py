"""What the defaults reach on real data, against the figures of classical methods on the same data."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from models.data.builtin import builtin_upload
from models.data.ingest import ingest
from models.data.options import IngestOptions
from models.data.store import Dataset
from models.events import EpochEnded, Finished
from models.features import prepare
from models.fitting import fit
from models.spec import TrainingSpec, resolve

pytestmark = pytest.mark.slow

ADULT = (
    "age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,sex,"
    "capital_gain,capital_loss,hours_per_week,native_country,income"
)


def fitted(folder: Path, upload: Path, options: IngestOptions, **spec: Any) -> tuple[dict[str, float], int]:
    """The final metrics of a fit on one thread, and its epochs."""
    dataset = Dataset.open(Path(ingest(upload, options, folder / "datasets").folder))
    asked = TrainingSpec.model_validate({"dataset": "d", "threads": 1, **spec})
    resolved = resolve(asked, dataset.description)
    events = list(fit(resolved, prepare(resolved, dataset, folder / "cache"), folder / "saved"))
    assert isinstance(events[-1], Finished)
    return events[-1].metrics, sum(isinstance(event, EpochEnded) for event in events)


def test_california_housing_is_well_below_ridge_regression(shared: Path, tmp_path: Path) -> None:
    """Ridge 70,066, gradient boosting 47,916 (80/20)."""
    upload = tmp_path / "housing.csv"
    upload.write_bytes(gzip.decompress((shared / "data" / "california-housing" / "housing.csv.gz").read_bytes()))
    metrics, _ = fitted(tmp_path, upload, IngestOptions(), target="median_house_value")
    assert metrics["test.rmse"] < 55_000


@pytest.mark.parametrize("seed", [0, 1])
def test_adult_is_above_logistic_regression(shared: Path, tmp_path: Path, seed: int) -> None:
    """Logistic 0.853, gradient boosting 0.873 (given split; the test labels end in a dot)."""
    folder, sink = shared / "data" / "adult", io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("train.csv", gzip.decompress((folder / "adult-train.csv.gz").read_bytes()))
        told = gzip.decompress((folder / "adult-test.csv.gz").read_bytes())
        archive.writestr("test.csv", told.replace(b"K.\n", b"K\n"))
    upload = tmp_path / "adult.zip"
    upload.write_bytes(sink.getvalue())
    metrics, _ = fitted(
        tmp_path, upload, IngestOptions(names=tuple(ADULT.split(",")), header=False), target="income", seed=seed
    )
    assert metrics["test.accuracy"] > 0.853
    assert metrics["test.auc"] > 0.906


@pytest.mark.parametrize(
    ("spec", "least"), [({"network": "softmax"}, 0.84), ({"network": "lenet", "epochs": 10}, 0.90), ({}, 0.90)]
)
def test_fashion_mnist(fashion_files: Path, tmp_path: Path, spec: dict[str, Any], least: float) -> None:
    """All 60,000 / 10,000 pictures."""
    upload, options = builtin_upload("fashion-mnist", [fashion_files], tmp_path)
    metrics, epochs = fitted(tmp_path, upload, options, target="label", **spec)
    assert metrics["test.accuracy"] >= least
    assert epochs <= 12
