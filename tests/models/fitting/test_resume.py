"""Going on from a checkpoint gives the same bits as never having stopped, from any step, in another process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models.checkpoint import Checkpoint, load
from models.errors import CheckpointError
from tests import fits
from tests.conftest import REPOSITORY


def in_a_process(work: str, case: str, folder: Path) -> Any:
    command = [sys.executable, "-m", "tests.fits", work, case, str(folder)]
    subprocess.run(command, check=True, cwd=REPOSITORY)
    return json.loads((folder / f"{work}.json").read_text())


@pytest.mark.parametrize("case", fits.CASES)
def test_stopped_at_any_step_and_resumed_in_a_new_process_the_bits_are_the_same(case: str, tmp_path: Path) -> None:
    stopped = in_a_process("stop", case, tmp_path)
    whole, halves = stopped["whole"], stopped["halves"]
    assert len(halves) == (12 if "pictures" in fits.CASES[case] else 36)
    for (step, half), rest in zip(halves, in_a_process("resume", case, tmp_path), strict=True):
        assert half["end"] == {"kind": "stopped", "epoch": step // 4, "step": step}
        assert half["metrics"] + rest["metrics"] == whole["metrics"]
        assert rest["end"] == whole["end"]
        # folder names are hashes of all tensors and values
        assert (Path(rest["last"]).name, rest["best"]) == (Path(whole["last"]).name, whole["best"])


def dropped(path: str) -> Callable[[Checkpoint], Checkpoint]:
    """A copy of a checkpoint without one item, as a program that forgot to save it would have it."""

    def change(checkpoint: Checkpoint) -> Checkpoint:
        changed = deepcopy(checkpoint)
        assert changed.resume is not None
        kind, _, name = path.partition(":")
        if kind == "weights":
            changed.weights[name] = torch.zeros_like(changed.weights[name])
        elif kind == "tensors":
            keys = [key for key in changed.resume.tensors if key.startswith(name)]
            assert keys, name
            for key in keys:
                changed.resume.tensors[key] = torch.zeros_like(changed.resume.tensors[key])
        else:
            fresh = {"epoch": 0, "batch": 0, "step": 0, "best_step": 0, "best_metrics": {}, "metrics": {}}
            fresh["best"] = {"value": None, "epoch": 0, "waited": 0}
            changed.resume.values["progress"][name] = fresh[name]
        return changed

    return change


ITEMS = [
    "weights:0.weight",
    "weights:1.running_mean",
    "weights:1.running_var",
    "weights:1.num_batches_tracked",
    "tensors:optimizer.0.exp_avg",
    "tensors:optimizer.0.exp_avg_sq",
    "tensors:optimizer.0.step",
    "tensors:random.cpu",
    "tensors:running",
    "tensors:best.",
    "progress:epoch",
    "progress:batch",
    "progress:step",
    "progress:best",
    "progress:best_step",
    "progress:best_metrics",
]


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """An undisturbed run, and one stopped in the middle of an epoch, its best epoch behind it."""
    folder = tmp_path_factory.mktemp("halfway")
    whole = fits.run("layers-adam", folder)
    for step in range(35, 4, -1):
        half = fits.run("layers-adam", folder, stop=fits.after(step))
        checkpoint = load(Path(half["last"]))
        assert checkpoint.resume is not None
        carried = checkpoint.resume.values["best_weights"] == "own" and whole["end"]["best_epoch"] <= step // 4
        if step % 4 and carried:
            return {"whole": whole, "checkpoint": checkpoint}
    raise AssertionError("the case has no step in the middle of an epoch after the best one")


def resumed(halfway: dict[str, Any], checkpoint: Checkpoint, folder: Path) -> dict[str, Any]:
    return fits.run("layers-adam", folder, resume=checkpoint)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Metrics as far as both have them, the end, and both checkpoints."""
    count = len(one["metrics"])
    return (
        other["metrics"][-count:] == one["metrics"]
        and one["end"] == other["end"]
        and Path(one["last"]).name == Path(other["last"]).name
        and one["best"] == other["best"]
    )


def test_nothing_dropped_is_the_same(halfway: dict[str, Any], tmp_path: Path) -> None:
    assert same(resumed(halfway, halfway["checkpoint"], tmp_path), halfway["whole"])


@pytest.mark.parametrize("item", ITEMS)
def test_dropping_any_one_item_is_noticed(halfway: dict[str, Any], item: str, tmp_path: Path) -> None:
    """The test above would not see a forgotten item if this one passed without it."""
    try:
        outcome = resumed(halfway, dropped(item)(halfway["checkpoint"]), tmp_path)
    except (CheckpointError, RuntimeError, AssertionError, IndexError):
        return
    assert not same(outcome, halfway["whole"])


def test_what_is_restored_is_captured_again(halfway: dict[str, Any], tmp_path: Path) -> None:
    """Stopped at once after a resume, the checkpoint is the same one: nothing is lost, also what is read but rarely."""
    first = fits.run("layers-adam", tmp_path, stop=fits.after(21))
    again = fits.run("layers-adam", tmp_path, resume=load(Path(first["last"])), stop=lambda: True)
    assert again["last"] == first["last"]


def test_a_checkpoint_without_resume_part_or_of_another_network_is_refused(
    halfway: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match="no resume part"):
        resumed(halfway, replace(halfway["checkpoint"], resume=None), tmp_path)
    with pytest.raises(CheckpointError, match="does not belong"):
        fits.run("mlp-nesterov", tmp_path, resume=halfway["checkpoint"])
