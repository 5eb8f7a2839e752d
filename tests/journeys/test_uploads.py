"""From a file of one's own to an answer: a CSV, a zip of class folders."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import pytest

from tests.processes import Service


@pytest.fixture
def penguins(shared: Path) -> Path:
    return shared / "data" / "penguins" / "penguins.csv"


def test_a_csv_becomes_a_network_that_answers_in_three_calls(service: Service, penguins: Path) -> None:
    version = json.loads(service.curl("-T", penguins, f"{service.url}/v1/datasets/penguins"))
    assert version["status"] == "ready"
    assert version["rows"] == 344
    job = json.loads(service.curl("--json", '{"dataset": "penguins", "target": "species"}', f"{service.url}/v1/jobs"))
    with penguins.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if not {"", "NA"} & set(row.values())]
    asked = {name: value for name, value in rows[0].items() if name != "species"}
    answer = service.curl("--json", json.dumps(_typed(asked)), f"{service.url}/v1/jobs/{job['id']}/predict?wait=60")
    assert json.loads(answer)["label"] == rows[0]["species"]
    body = service.wait_ended(f"/v1/jobs/{job['id']}")
    assert body["status"] == "succeeded"
    assert body["best"]["value"] is not None


def test_class_folders_with_given_parts_become_a_network_that_names_pictures(
    service: Service, shared: Path, tmp_path: Path
) -> None:
    archive = shared / "data" / "sign-digits" / "sign-digits-64.zip"
    version = json.loads(service.curl("-T", archive, f"{service.url}/v1/datasets/signs?wait=60"))
    assert version["rows"] == 1651 + 408
    spec = {
        "dataset": "signs",
        "target": "label",
        "inputs": [{"column": "image", "transforms": [{"kind": "resize", "size": [32, 32]}, {"kind": "normalize"}]}],
        "epochs": 8,
    }
    body = service.run_job(spec, seconds=300)
    assert body["metrics"]["test.accuracy"] > 0.775  # logistic regression on the same pictures
    with zipfile.ZipFile(archive) as pictures:
        name = next(name for name in pictures.namelist() if "test/7/" in name and name.endswith((".jpg", ".JPG")))
        (tmp_path / "seven.jpg").write_bytes(pictures.read(name))
    answer = json.loads(service.curl("-T", tmp_path / "seven.jpg", f"{service.url}/v1/jobs/{body['id']}/predict"))
    assert {"label", "probability", "entropy_bits", "top"} <= set(answer)


def test_an_upload_does_not_wait_for_the_end_of_a_training(service: Service) -> None:
    spec = {"dataset": "linear-15", "target": "y", "epochs": 100_000, "early_stopping": None}
    job = json.loads(service.curl("--json", json.dumps(spec), f"{service.url}/v1/jobs"))
    sent = ("-X", "PUT", "-H", "Content-Type: text/csv", "--data-binary", "a,b\n1,2\n3,4\n5,7\n")
    version = json.loads(service.curl(*sent, f"{service.url}/v1/datasets/meanwhile?wait=60"))
    assert version["status"] == "ready"
    assert not json.loads(service.curl(f"{service.url}/v1/jobs/{job['id']}"))["terminal"]
    service.curl("-X", "POST", f"{service.url}/v1/jobs/{job['id']}/cancel")
    assert service.wait_ended(f"/v1/jobs/{job['id']}")["status"] == "cancelled"


def _typed(row: dict[str, str]) -> dict[str, str | float]:
    return {name: float(value) if value.replace(".", "", 1).isdigit() else value for name, value in row.items()}
