"""Real tables with `{"dataset", "target"}` alone, against figures that were measured elsewhere on the same data."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from tests.processes import Service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MINUTES = 60.0
RIDGE_RMSE = 70_066
LOGISTIC_ACCURACY = 0.853
NAMES = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,"
    "capital-loss,hours-per-week,native-country,income"
)


def test_california_housing_is_better_than_ridge_regression(service: Service, shared: Path) -> None:
    upload = shared / "data" / "california-housing" / "housing.csv.gz"
    service.curl("-T", upload, f"{service.url}/v1/datasets/housing?wait=60")
    body = service.run_job({"dataset": "housing", "target": "median_house_value"}, seconds=10 * MINUTES)
    assert body["metrics"]["test.rmse"] < RIDGE_RMSE
    assert body["metrics"]["test.rmse"] < body["baseline"]["test.rmse"]


def test_adult_with_its_given_parts_is_better_than_logistic_regression(
    service: Service, shared: Path, tmp_path: Path
) -> None:
    upload = zipped(shared / "data" / "adult", tmp_path)
    service.curl("-T", upload, f"{service.url}/v1/datasets/adult?wait=60&header=false&names={NAMES}")
    body = service.run_job({"dataset": "adult", "target": "income"}, seconds=10 * MINUTES)
    assert body["resolved_spec"]["split"]["kind"] == "given"
    assert body["facts"]["rows"]["test"] == 16_281
    assert body["metrics"]["test.accuracy"] > LOGISTIC_ACCURACY


def zipped(folder: Path, into: Path) -> Path:
    """Both files in a zip, the dots behind the test part's labels mended."""
    train = gzip.decompress((folder / "adult-train.csv.gz").read_bytes()).decode()
    test = gzip.decompress((folder / "adult-test.csv.gz").read_bytes()).decode()
    with zipfile.ZipFile(into / "adult.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.csv", train)
        archive.writestr("test.csv", test.replace("50K.\n", "50K\n"))
    return into / "adult.zip"
