"""Every script in examples/ runs against the real service, and shows what it says."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.processes import Service

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(service: Service, folder: Path, script: str, *arguments: str | Path, **environment: str) -> list[str]:
    """What the script printed, line by line; it must end well."""
    done = subprocess.run(
        ["bash", EXAMPLES / script, *map(str, arguments)],
        cwd=folder,
        env=service.environment | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr + service.logs()
    return done.stdout.splitlines()


def test_every_script_is_listed_and_tested() -> None:
    scripts = {script.name for script in EXAMPLES.glob("*.sh")}
    listed = set(re.findall(r"^\| `([\w-]+\.sh)", (EXAMPLES / "README.md").read_text(), re.MULTILINE))
    tested = set(re.findall(r'tmp_path, "([\w-]+\.sh)"', Path(__file__).read_text()))
    assert scripts == listed == tested


def test_line(service: Service, tmp_path: Path) -> None:
    job, metrics, answer = map(json.loads, run(service, tmp_path, "line.sh"))
    losses = [point["value"] for point in metrics["data"] if point["name"] == "train.loss"]
    assert job["status"] == "succeeded"
    assert len(losses) == 100
    assert losses[0] == pytest.approx(3.9269, abs=1e-3)
    assert losses[-1] < 0.5
    assert answer["value"] == pytest.approx(2.0, abs=1.0)


@pytest.mark.slow
@pytest.mark.usefixtures("fashion_files")
def test_fashion_mnist(service: Service, tmp_path: Path) -> None:
    lines = run(service, tmp_path, "fashion-mnist.sh", EPOCHS="1")
    job, model = map(json.loads, lines[-2:])
    assert "event: done" in lines
    assert job["metrics"]["test.accuracy"] > 0.75
    assert model["versions"][0]["version"] == 1


def test_csv_of_your_own(service: Service, tmp_path: Path) -> None:
    version, job, answer = map(json.loads, run(service, tmp_path, "csv-of-your-own.sh"))
    assert version["rows"] == 150
    assert job["status"] == "succeeded"
    assert [row["label"] for row in answer["predictions"]] == ["setosa", "setosa"]


def test_csv_of_your_own_with_a_file(service: Service, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("a,b\n" + "".join(f"{number},{2 * number + 1}\n" for number in range(30)))
    _, job, answer = map(json.loads, run(service, tmp_path, "csv-of-your-own.sh", tmp_path / "own.csv", "b"))
    assert job["resolved_spec"]["target"]["task"]["kind"] == "regression"
    assert len(answer["predictions"]) == 2


def test_class_folders(service: Service, tmp_path: Path) -> None:
    archive, picture = bright_and_dark(tmp_path)
    version, job, answer = map(json.loads, run(service, tmp_path, "class-folders.sh", archive, picture))
    assert version["rows"] == 60
    assert job["status"] == "succeeded"
    assert answer["label"] == "bright"
    with Image.open(tmp_path / "folders.png") as sheet:
        assert sheet.format == "PNG"


def bright_and_dark(folder: Path) -> tuple[Path, Path]:
    """A zip of two class folders of noise, bright and dark, and one more bright picture."""
    generator = np.random.default_rng(0)

    def png(low: int) -> bytes:
        stream = io.BytesIO()
        Image.fromarray(generator.integers(low, low + 128, (16, 16, 3), dtype=np.uint8)).save(stream, "PNG")
        return stream.getvalue()

    with zipfile.ZipFile(folder / "folders.zip", "w") as archive:
        for number in range(30):
            archive.writestr(f"dark/{number}.png", png(0))
            archive.writestr(f"bright/{number}.png", png(128))
    (folder / "picture.png").write_bytes(png(128))
    return folder / "folders.zip", folder / "picture.png"


def test_predictions(service: Service, tmp_path: Path) -> None:
    one, many, model, champion, first, from_csv = map(json.loads, run(service, tmp_path, "predictions.sh"))
    assert one["label"] == "versicolor"
    assert [len(row["top"]) for row in many["predictions"]] == [2, 2]
    assert model["aliases"] == {"champion": 1}
    assert champion["probability"] == first["probability"] == one["probability"]
    assert from_csv["predictions"][0]["label"] == "setosa"


def test_check_a_spec(service: Service, tmp_path: Path) -> None:
    told, refused = map(json.loads, run(service, tmp_path, "check-a-spec.sh"))
    assert told["parameters"] > 0
    assert refused["code"] == "shape-mismatch"
    assert refused["errors"][0]["pointer"].startswith("/network")


def test_follow(service: Service, tmp_path: Path) -> None:
    first, *stream, metrics = run(service, tmp_path, "follow.sh")
    assert first.startswith("posted twice, one job: /v1/jobs/job_")
    assert stream.count("event: epoch_ended") == 5
    assert stream[-3].startswith("event: done")
    assert len({point["epoch"] for point in json.loads(metrics)["data"]}) == 5


def test_cancel(service: Service, tmp_path: Path) -> None:
    asked, ended, again, checkpoints = map(json.loads, run(service, tmp_path, "cancel.sh"))
    assert asked["status"] in ("cancelling", "cancelled")
    assert ended["status"] == "cancelled"
    assert again["status"] == "cancelled"
    assert "last" in checkpoints["data"][-1]["reasons"]


def test_keys(service: Service, tmp_path: Path) -> None:
    made, listed, refused, revoked, unknown = map(json.loads, run(service, tmp_path, "keys.sh"))
    assert made["scopes"] == ["read"]
    assert len(listed["data"]) <= 1
    assert refused["status"] == 403
    assert revoked["revoked_at"] is not None
    assert unknown["status"] == 401


def test_library() -> None:
    """The library works with no service around it."""
    done = subprocess.run([sys.executable, EXAMPLES / "library.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *_, told, answer = done.stdout.splitlines()
    assert float(told.rpartition(" ")[2]) > 0.9
    assert "'label': 'versicolor'" in answer
