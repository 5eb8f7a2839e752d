"""Fitting by gradient: events in order, the best network at the end, and reasons for stopping."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.checkpoint import load
from models.data.description import Column, Description
from models.errors import FitError
from models.events import CheckpointSaved, EpochEnded, Event, Finished, Resolved, Started
from models.faults import arm
from models.features import Prepared
from models.fitting import Limits, fit
from models.fitting.state import Running
from models.spec import TrainingSpec, resolve
from models.tasks import TaskState
from tests import fits


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm("")


def events_of(folder: Path, limits: Limits = fits.QUIET, **fields: Any) -> list[Event]:
    more = {name: fields.pop(name) for name in ("stop", "resume") if name in fields}
    spec, prepared = fits.spec_of(**fields)
    return list(fit(spec, prepared, folder, limits=limits, **more))


def only(events: list[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_the_fifteen_points_give_the_losses_of_the_plain_script_to_the_last_bit(shared: Path, tmp_path: Path) -> None:
    script = shared / "data" / "linear-15" / "reference.py"
    said = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout.splitlines()
    _, weight, _, bias = said[0].split()
    rows = list(csv.DictReader(script.with_name("linear-15.csv").read_text().splitlines()))
    x, y = (torch.tensor([[float(row[name])] for row in rows]) for name in "xy")
    columns = tuple(Column(name=name, type="number", distinct=15) for name in "xy")
    asked = {
        "dataset": "linear-15",
        "inputs": [{"column": "x", "transforms": []}],
        "target": {"column": "y", "task": {"kind": "regression", "scale": "none"}},
        "split": "none",
        "network": {
            "kind": "linear",
            "initial": {"weight": [[float.fromhex(weight)]], "bias": [float.fromhex(bias)]},
        },
        "optimizer": {"kind": "sgd", "lr": 0.01},
        "schedule": "constant",
        "epochs": 100,
        "batch_size": "full",
    }
    spec = resolve(TrainingSpec.model_validate(asked), Description(rows=15, source="csv", columns=columns))
    none = torch.empty(0, dtype=torch.int64)
    parts = {"train": torch.arange(15), "validation": none, "test": none}
    prepared = Prepared(x, y, parts, [[]], TaskState(), None, 0)
    losses = [event.metrics["train.loss"].hex() for event in only(list(fit(spec, prepared, tmp_path)), EpochEnded)]
    assert losses == [line.split()[1] for line in said[1:]]


def test_events_come_in_order(tmp_path: Path) -> None:
    events = events_of(tmp_path, epochs=2, early_stopping=None)
    assert [event.kind for event in events][:4] == ["resolved", "started", "epoch_ended", "epoch_ended"]
    assert isinstance(events[-1], Finished)
    resolved, started = events[0], events[1]
    assert isinstance(resolved, Resolved)
    assert (resolved.rows, resolved.updates_per_epoch) == ({"train": 27, "validation": 8, "test": 5}, 4)
    assert (resolved.spec["device"], resolved.spec["threads"]) == ("cpu", 1)
    assert started == Started(epoch=0, step=0, epochs=2)
    assert [(event.epoch, event.step) for event in only(events, EpochEnded)] == [(1, 4), (2, 8)]


def test_the_same_spec_gives_the_same_bits_and_another_seed_others(tmp_path: Path) -> None:
    torch.manual_seed(1)
    first = fits.run("layers-adam", tmp_path / "a")
    torch.manual_seed(2)
    second = fits.run("layers-adam", tmp_path / "b")
    assert first["metrics"] == second["metrics"]
    assert Path(first["last"]).name == Path(second["last"]).name
    other = fits.told(iter(events_of(tmp_path / "c", **fits.CASES["layers-adam"], seed=1)))
    assert other["metrics"] != first["metrics"]


def test_python_and_numpy_are_left_alone(tmp_path: Path) -> None:
    """Their random states are not saved, so that nothing in a fit may draw from them."""
    before = random.getstate(), np.random.get_state()[1].tolist()
    events_of(tmp_path, epochs=1)
    assert before == (random.getstate(), np.random.get_state()[1].tolist())


def test_early_stopping_ends_the_fit_and_the_best_network_is_the_one_kept(tmp_path: Path) -> None:
    optimizer = {"kind": "adam", "lr": 0.05}
    events = events_of(tmp_path, optimizer=optimizer, epochs=200, early_stopping={"patience": 3})
    ended, finished = only(events, EpochEnded), events[-1]
    assert isinstance(finished, Finished)
    losses = [event.metrics["validation.loss"] for event in ended]
    assert finished.reason == "early_stopping"
    assert finished.best_epoch == losses.index(min(losses)) + 1 == len(losses) - 3
    assert finished.metrics["validation.loss"] == min(losses)
    best = next(event for event in only(events, CheckpointSaved) if "best" in event.reasons)
    assert (best.epoch, best.step, best.metrics) == (
        finished.best_epoch,
        4 * finished.best_epoch,
        ended[finished.best_epoch - 1].metrics,
    )


def test_a_metric_that_should_grow_is_watched_upwards(tmp_path: Path) -> None:
    events = events_of(tmp_path, epochs=6, early_stopping={"metric": "validation.accuracy", "patience": 6})
    scores = [event.metrics["validation.accuracy"] for event in only(events, EpochEnded)]
    assert events[-1].best_epoch == scores.index(max(scores)) + 1  # type: ignore[attr-defined]


def test_without_validation_the_last_network_is_the_best(tmp_path: Path) -> None:
    spec, prepared = fits.spec_of(epochs=3, split="none", early_stopping=None)
    none = torch.empty(0, dtype=torch.int64)
    whole = replace(prepared, parts={"train": torch.arange(40), "validation": none, "test": none})
    events = list(fit(spec, whole, tmp_path, limits=fits.QUIET))
    assert events[-1].best_epoch == 3  # type: ignore[attr-defined]
    assert [event.reasons for event in only(events, CheckpointSaved)] == [("best", "last")]
    assert set(events[-1].report["parts"]) == {"train"}  # type: ignore[attr-defined]


def test_the_end_tells_every_part_with_baseline_classes_and_confusion(tmp_path: Path) -> None:
    finished = events_of(tmp_path, epochs=1)[-1]
    assert isinstance(finished, Finished)
    for part, rows in (("train", 27), ("validation", 8), ("test", 5)):
        told = finished.report["parts"][part]
        assert told["rows"] == rows
        assert finished.metrics[f"{part}.accuracy"] == told["metrics"]["accuracy"]
        assert 0 <= told["baseline"]["accuracy"] <= 1
        assert sum(map(sum, told["confusion"]["counts"])) == rows
        assert [row["label"] for row in told["per_class"]] == ["a", "b", "c"]


def test_time_is_up_between_two_updates_and_counts_over_resumes(tmp_path: Path) -> None:
    stopped = fits.run("layers-adam", tmp_path, stop=fits.after(6))
    checkpoint = load(Path(stopped["last"]))
    assert checkpoint.seconds > 0
    used = replace(checkpoint, seconds=100.0)
    events = events_of(tmp_path, **fits.CASES["layers-adam"], max_seconds=50.0, resume=used)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert (finished.reason, finished.best_epoch) == ("max_seconds", 1)
    assert only(events, EpochEnded) == []


def test_time_that_is_up_before_the_first_epoch_still_gives_a_network(tmp_path: Path) -> None:
    events = events_of(tmp_path, max_seconds=1e-9)
    assert [event.reasons for event in only(events, CheckpointSaved)] == [("best", "last")]
    assert events[-1].reason == "max_seconds"  # type: ignore[attr-defined]


@pytest.mark.parametrize("device_total", [False, True])
def test_a_loss_that_is_not_finite_ends_the_fit_and_the_last_finite_checkpoint_stays(
    tmp_path: Path, device_total: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the loss is summed on a device and read only now and then."""
    if device_total:
        monkeypatch.setattr(Running, "add", Running.add_on_device)
    spec, prepared = fits.spec_of(optimizer={"kind": "sgd", "lr": 1e6}, network="mlp", epochs=50)
    events = []
    with pytest.raises(FitError) as caught:
        events.extend(fit(spec, prepared, tmp_path, limits=Limits(0.0, 0.0)))
    assert caught.value.code == "loss-not-finite"
    assert caught.value.details[0].given >= 1
    for folder in tmp_path.iterdir():
        assert all(torch.isfinite(weight).all() for weight in load(folder).weights.values())


@pytest.mark.parametrize(("rows", "size"), [(9, 8), (1, 8), (5, 1)])
def test_a_lonely_last_row_does_not_break_batch_normalisation(tmp_path: Path, rows: int, size: int) -> None:
    spec, prepared = fits.spec_of(network=fits.LAYERS, batch_size=size, epochs=2)
    parts = {**prepared.parts, "train": prepared.parts["train"][:rows]}
    few = replace(prepared, parts=parts)
    assert isinstance(list(fit(spec, few, tmp_path))[-1], Finished)


def test_checkpoints_come_as_often_as_asked_and_each_can_go_on(tmp_path: Path) -> None:
    spec, prepared = fits.spec_of(**fits.CASES["layers-adam"])
    events = list(fit(spec, prepared, tmp_path, limits=Limits(0.0, 0.0)))
    saved = only(events, CheckpointSaved)
    assert {event.step for event in saved if "last" in event.reasons} == set(range(1, 37))
    assert len(only(events, EpochEnded)) == 9
    assert [event.kind for event in events].count("progressed") == 36
    whole = fits.run("layers-adam", tmp_path / "whole")
    assert saved[-1].sha256 == whole["best"]


def test_a_best_network_is_saved_once_on_the_way(tmp_path: Path) -> None:
    spec, prepared = fits.spec_of(optimizer={"kind": "adam", "lr": 0.3}, epochs=12, early_stopping={"patience": 12})
    events = list(fit(spec, prepared, tmp_path, limits=Limits(0.0, 1e9)))
    best_only = [event.epoch for event in only(events, CheckpointSaved)[:-1] if event.reasons == ("best",)]
    assert len(best_only) == len(set(best_only))


def test_weights_move_by_the_schedule(tmp_path: Path) -> None:
    """With a rate that has come to zero, nothing changes any more."""
    spec, prepared = fits.spec_of(
        network="softmax",
        optimizer={"kind": "sgd", "lr": 0.1},
        schedule={"kind": "step", "every": 1, "drop": 1e-30},
        epochs=4,
    )
    losses = [event.metrics["validation.loss"] for event in only(list(fit(spec, prepared, tmp_path)), EpochEnded)]
    assert losses[0] == losses[1] == losses[3]


def test_a_penalty_makes_weights_small_and_is_not_in_the_loss(tmp_path: Path) -> None:
    norms, losses = [], []
    for strength in (0.0, 5.0):
        events = events_of(
            tmp_path,
            network="softmax",
            optimizer={"kind": "sgd", "lr": 0.05},
            regularization=[{"kind": "l2", "weight": strength}],
            epochs=5,
            early_stopping=None,
        )
        last = next(event for event in only(events, CheckpointSaved) if "last" in event.reasons)
        norms.append(float(load(Path(last.folder)).weights["weight"].norm()))
        losses.append(only(events, EpochEnded)[0].metrics["train.loss"])
    assert norms[1] < norms[0] / 2
    assert losses[1] < 5


def test_a_failpoint_in_the_loop_can_be_armed(tmp_path: Path) -> None:
    arm("train.step:raise:3")
    with pytest.raises(RuntimeError, match="failpoint"):
        events_of(tmp_path)
