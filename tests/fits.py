"""Small fits without a dataset, and the two halves of a resume in processes of their own.

python -m tests.fits stop CASE FOLDER       an undisturbed run, and others stopped before its updates
python -m tests.fits resume CASE FOLDER     in a new process: each of those goes on to the end
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from models.checkpoint import load
from models.data.description import Column, Description, ImageInfo, ValueCount
from models.events import Event
from models.features import Prepared
from models.fitting import Limits, fit
from models.spec import TrainingSpec, resolve
from models.tasks import TaskState

ROWS, TRAIN, CLASSES = 40, 27, 3
QUIET = Limits(checkpoint_seconds=1e9, progress_seconds=1e9)

BASE: dict[str, Any] = {
    "batch_size": 8,  # 27 rows: 4 updates an epoch, the last of 3 rows
    "epochs": 9,
    "device": "cpu",
    "threads": 1,
    "early_stopping": {"patience": 9},
}
LAYERS = {
    "kind": "layers",
    "layers": [{"kind": "dense", "units": 6}, "batch_norm", "relu", {"kind": "dropout", "p": 0.4}],
}

CASES: dict[str, dict[str, Any]] = {
    "layers-adam": {"network": LAYERS, "optimizer": {"kind": "adam", "lr": 0.05}, "schedule": "cosine"},
    "layers-sgd": {"network": LAYERS, "optimizer": {"kind": "sgd", "lr": 0.2}},
    "mlp-nesterov": {
        "network": {"kind": "mlp", "hidden": [5], "dropout": 0.3, "batch_norm": True},
        "optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True},
        "schedule": {"kind": "step", "every": 2, "warmup": 1.5},
        "regularization": ["l1"],
    },
    "resnet-adam": {"pictures": True, "network": {"kind": "small_resnet", "width": 4}, "optimizer": "adam"},
    "lenet-momentum": {
        "pictures": True,
        "network": "lenet",
        "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9},
        "schedule": "constant",
    },
}


def describe(pictures: bool) -> Description:
    classes = tuple(ValueCount(value=name, count=13) for name in "abc")
    image = Column(name="x", type="image", image=ImageInfo(height=14, width=14, channels=3, uniform=True))
    inputs = (image,) if pictures else tuple(Column(name=f"x{i}", type="number", distinct=40) for i in range(4))
    target = Column(name="y", type="category", distinct=CLASSES, values=classes)
    return Description(rows=ROWS, source="csv", columns=(*inputs, target))


def features(pictures: bool) -> Prepared:
    """Noise with a class in it: enough to learn, too little to learn fast."""
    generator = torch.Generator().manual_seed(5)
    y = torch.arange(ROWS) % CLASSES
    shape = (3, 14, 14) if pictures else (4,)
    x = torch.randn((ROWS, *shape), generator=generator)
    x += y.view(-1, *[1] * len(shape)) * 0.3
    parts = torch.randperm(ROWS, generator=generator).sort().values.split([TRAIN, 8, 5])
    states: Any = [[{}, {}]] if pictures else [[{}]] * 4
    names = ("train", "validation", "test")
    state = TaskState(classes=("a", "b", "c"), counts=(9, 9, 9))
    return Prepared(x, y, dict(zip(names, parts, strict=True)), states, state, 3 if pictures else None, 0)


def spec_of(**fields: Any) -> tuple[TrainingSpec, Prepared]:
    """A resolved spec over BASE, and its features."""
    pictures = bool(fields.pop("pictures", False))
    asked = TrainingSpec.model_validate({"dataset": "d", "target": "y", **BASE, **fields})
    return resolve(asked, describe(pictures)), features(pictures)


def after(steps: int) -> Callable[[], bool]:
    """A `stop` that lets so many updates happen."""
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


def told(events: Iterator[Event]) -> dict[str, Any]:
    """What a run is compared by: its metrics, its end, the names of the checkpoints that it ended with."""
    listed = [event.to_json() for event in events]
    saved = [event for event in listed if event["kind"] == "checkpoint_saved"]
    return {
        "metrics": [
            [event["epoch"], event["step"], event["metrics"]] for event in listed if event["kind"] == "epoch_ended"
        ],
        "end": listed[-1],
        "last": next((event["folder"] for event in reversed(saved) if "last" in event["reasons"]), None),
        "best": next((event["sha256"] for event in reversed(saved) if "best" in event["reasons"]), None),
    }


def run(case: str, folder: Path, **more: Any) -> dict[str, Any]:
    spec, prepared = spec_of(**CASES[case])
    return told(fit(spec, prepared, folder, limits=QUIET, **more))


def stop_everywhere(case: str, folder: Path) -> dict[str, Any]:
    whole = run(case, folder / "whole")
    steps = range(0, whole["metrics"][-1][1], 3 if CASES[case].get("pictures") else 1)
    return {"whole": whole, "halves": [[step, run(case, folder / "halves", stop=after(step))] for step in steps]}


def resume_everywhere(case: str, folder: Path) -> list[dict[str, Any]]:
    halves = json.loads((folder / "stop.json").read_text())["halves"]
    return [run(case, folder / "resumed", resume=load(Path(half["last"]))) for _, half in halves]


if __name__ == "__main__":
    torch.manual_seed(hash(sys.argv[1]) % 1000)  # what came before must not matter
    work = stop_everywhere if sys.argv[1] == "stop" else resume_everywhere
    place = Path(sys.argv[3])
    (place / f"{sys.argv[1]}.json").write_text(json.dumps(work(sys.argv[2], place)))
