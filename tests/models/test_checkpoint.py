"""Checkpoints: whole or absent, verified when read, named by their content."""

from __future__ import annotations

import errno
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models.checkpoint import Checkpoint, Resume, load, save
from models.errors import CheckpointError
from models.faults import arm

PLACES = ("ckpt.open", "ckpt.half", "ckpt.written", "ckpt.fsynced", "ckpt.renamed", "ckpt.dirsynced")


def sample(value: float = 1.0, seconds: float = 0.0) -> Checkpoint:
    return Checkpoint(
        spec={"dataset": "d", "target": "y"},
        state={"inputs": [[{"mean": torch.tensor([value / 3], dtype=torch.float64), "names": ["a", None, 3]}]]},
        weights={"0.weight": torch.full((3, 2), value), "0.count": torch.tensor(7)},
        metrics={"epoch": 1, "step": 4, "metrics": {"train.loss": 0.1}},
        resume=Resume({"random.cpu": torch.arange(9, dtype=torch.uint8)}, {"progress": {"epoch": 1}}),
        seconds=seconds,
    )


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm("")


def code_of(folder: Path, **told: Any) -> str:
    with pytest.raises(CheckpointError) as caught:
        load(folder, **told)
    return caught.value.code


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    saved = save(sample(seconds=3.5), tmp_path)
    loaded = load(saved.folder)
    assert loaded.weights.keys() == {"0.weight", "0.count"}
    assert torch.equal(loaded.weights["0.weight"], torch.full((3, 2), 1.0))
    state = loaded.state["inputs"][0][0]
    assert state["mean"].dtype == torch.float64
    assert state["mean"].item() == 1.0 / 3
    assert state["names"] == ["a", None, 3]
    assert loaded.resume is not None
    assert torch.equal(loaded.resume.tensors["random.cpu"], torch.arange(9, dtype=torch.uint8))
    assert (loaded.spec["dataset"], loaded.metrics["step"], loaded.seconds) == ("d", 4, 3.5)


def test_without_the_resume_part_it_still_predicts(tmp_path: Path) -> None:
    saved = save(sample(), tmp_path)
    shutil.rmtree(saved.folder / "resume")
    assert load(saved.folder, resume=False).resume is None
    assert code_of(saved.folder) == "checkpoint-corrupt"


def test_equal_content_has_an_equal_name_whatever_time_it_took(tmp_path: Path) -> None:
    first = save(sample(seconds=1.0), tmp_path / "a")
    second = save(sample(seconds=2.0), tmp_path / "b")
    assert first.sha256 == second.sha256 == first.folder.name
    assert save(sample(2.0), tmp_path / "a").sha256 != first.sha256
    assert save(replace(sample(), resume=None), tmp_path / "a").sha256 != first.sha256


def test_saving_twice_writes_once_and_mends_a_damaged_one(tmp_path: Path) -> None:
    saved = save(sample(), tmp_path)
    before = (saved.folder / "spec.json").stat().st_ino
    assert save(sample(), tmp_path) == saved
    assert (saved.folder / "spec.json").stat().st_ino == before
    (saved.folder / "weights.safetensors").write_bytes(b"broken")
    save(sample(), tmp_path)
    assert load(saved.folder).weights.keys() == {"0.weight", "0.count"}


def test_any_flipped_byte_is_found(tmp_path: Path) -> None:
    saved = save(sample(), tmp_path)
    picked = random.Random(7)
    vouched = [file for file in saved.folder.rglob("*.*") if file.name != "clock.json"]
    assert len(vouched) == 7
    for file in vouched:
        data = file.read_bytes()
        for place in picked.sample(range(len(data)), min(40, len(data))):
            file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            assert code_of(saved.folder) == "checkpoint-corrupt"
        file.write_bytes(data[:-1])
        assert code_of(saved.folder) == "checkpoint-corrupt"
        file.write_bytes(data)
    load(saved.folder)


def test_swapped_and_missing_files_are_found(tmp_path: Path) -> None:
    saved = save(sample(), tmp_path)
    spec, state = saved.folder / "spec.json", saved.folder / "state.json"
    content = spec.read_bytes()
    spec.write_bytes(state.read_bytes())
    assert code_of(saved.folder) == "checkpoint-corrupt"
    spec.write_bytes(content)
    state.unlink()
    assert code_of(saved.folder) == "checkpoint-corrupt"
    assert code_of(tmp_path / "nothing") == "checkpoint-not-found"


def test_a_checkpoint_under_another_name_needs_the_right_hash(tmp_path: Path) -> None:
    saved = save(sample(), tmp_path)
    other = save(sample(2.0), tmp_path)
    copied = Path(shutil.copytree(saved.folder, tmp_path / "mine"))
    load(copied, sha256=saved.sha256)
    assert code_of(copied, sha256=other.sha256) == "checkpoint-corrupt"
    posed = Path(shutil.copytree(saved.folder, tmp_path / ("0" * 64)))
    assert code_of(posed) == "checkpoint-corrupt"


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        ({"format": 99, "files": {}}, "checkpoint-format-unsupported"),
        ({"format": 1, "files": {"../../secret": {"sha256": "", "bytes": 1}}}, "checkpoint-corrupt"),
        ({"format": 1, "files": {}}, "checkpoint-corrupt"),
        ([], "checkpoint-corrupt"),
    ],
)
def test_manifests_of_others_are_refused(tmp_path: Path, manifest: Any, code: str) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert code_of(tmp_path) == code


@pytest.mark.parametrize("place", PLACES[:4])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, place: str) -> None:
    arm(f"{place}:enospc")
    with pytest.raises(OSError, match="No space left") as caught:
        save(sample(), tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
    assert load(save(sample(), tmp_path).folder).metrics["step"] == 4


KILLED = """
import sys
from pathlib import Path
import torch
from models.checkpoint import Checkpoint, save
from models.faults import arm
arm(sys.argv[2] + ":kill")
save(Checkpoint({}, {}, {"w": torch.full((1000,), 2.0)}, {}), Path(sys.argv[1]))
"""


@pytest.mark.parametrize("place", PLACES)
def test_a_kill_while_saving_leaves_a_whole_checkpoint_or_none(tmp_path: Path, place: str) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), place], check=False)
    assert ended.returncode == -9
    folders = [folder for folder in tmp_path.iterdir() if not folder.name.startswith("tmp-")]
    assert len(folders) == (1 if place in ("ckpt.renamed", "ckpt.dirsynced") else 0)
    for folder in folders:
        assert torch.equal(load(folder).weights["w"], torch.full((1000,), 2.0))
