"""A fit's state as a checkpoint, and back: going on from it gives the same bits as never having stopped.

Saved: weights and buffers, the optimizer's state, torch's random generators (CPU, and CUDA's where used), epoch, batch,
step, the running epoch's loss, the best value, its weights and metrics. Not saved, for they follow from the spec: the
order of rows (seed, epoch) and the learning rate (step). Nothing in a fit may draw from Python's or NumPy's global
generators, whose states are not saved.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from models.checkpoint import Checkpoint, Resume
from models.errors import CheckpointError, Detail
from models.fitting.state import Fitting, Progress
from models.optimization import Best


def capture(fitting: Fitting, seconds: float) -> Checkpoint:
    """The present state, with all that is needed to go on."""
    return Checkpoint(
        spec=fitting.spec.model_dump(mode="json"),
        state=_predicting(fitting),
        weights=dict(fitting.network.state_dict()),
        metrics=_told(fitting.progress.epoch, fitting.progress.step, fitting.progress.metrics),
        resume=Resume(_tensors(fitting), _values(fitting)),
        seconds=seconds,
    )


def capture_best(fitting: Fitting, seconds: float) -> Checkpoint:
    """The best weights so far, to predict with."""
    assert fitting.best_weights is not None
    progress = fitting.progress
    return Checkpoint(
        spec=fitting.spec.model_dump(mode="json"),
        state=_predicting(fitting),
        weights=fitting.best_weights,
        metrics=_told(progress.best.epoch, progress.best_step, progress.best_metrics),
        seconds=seconds,
    )


def restore(fitting: Fitting, checkpoint: Checkpoint) -> None:
    """Put a freshly built fit where the checkpoint was. Raises CheckpointError where it is not of this spec."""
    if checkpoint.resume is None:
        raise CheckpointError(Detail("checkpoint-not-resumable", "this checkpoint has no resume part"))
    tensors, values = checkpoint.resume.tensors, checkpoint.resume.values
    try:
        fitting.network.load_state_dict(checkpoint.weights)
        _restore_optimizer(fitting, tensors, values["optimizer"])
        fitting.progress = Progress(**{**values["progress"], "best": Best(**values["progress"]["best"])})
        fitting.running.total = tensors["running"].to(fitting.device)
        fitting.best_weights = _best_weights(fitting, tensors, values["best_weights"])
        _restore_random(fitting.device, tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        message = f"the checkpoint does not belong to this spec: {type(error).__name__}"
        raise CheckpointError(Detail("checkpoint-corrupt", message)) from error


def _told(epoch: int, step: int, metrics: dict[str, float]) -> dict[str, Any]:
    return {"epoch": epoch, "step": step, "metrics": metrics}


def _predicting(fitting: Fitting) -> dict[str, Any]:
    """What a predictor needs beside spec and weights."""
    prepared = fitting.prepared
    return {
        "inputs": prepared.states,
        "task": prepared.task_state.model_dump(mode="json"),
        "shape": list(prepared.shape),
        "outputs": fitting.outputs,
        "channels": prepared.channels,
        "columns": list(prepared.columns),
        "reading": prepared.reading.model_dump(mode="json") if prepared.reading else None,
    }


def _values(fitting: Fitting) -> dict[str, Any]:
    kept = "none" if fitting.best_weights is None else "present" if fitting.is_best() else "own"
    slots = fitting.optimizer.state_dict()["state"]
    plain = {
        str(index): {name: value for name, value in slot.items() if not isinstance(value, Tensor)}
        for index, slot in slots.items()
    }
    return {"progress": asdict(fitting.progress), "best_weights": kept, "optimizer": plain}


def _tensors(fitting: Fitting) -> dict[str, Tensor]:
    tensors = {"running": fitting.running.total, "random.cpu": torch.get_rng_state()}
    if fitting.device.type == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state(fitting.device)
    for index, slot in fitting.optimizer.state_dict()["state"].items():
        named = {name: value for name, value in slot.items() if isinstance(value, Tensor)}
        tensors |= {f"optimizer.{index}.{name}": value for name, value in named.items()}
    if fitting.best_weights is not None and not fitting.is_best():
        tensors |= {f"best.{name}": value for name, value in fitting.best_weights.items()}
    return tensors


def _restore_optimizer(fitting: Fitting, tensors: dict[str, Tensor], plain: dict[str, dict[str, Any]]) -> None:
    slots: dict[int, dict[str, Any]] = {int(index): dict(slot) for index, slot in plain.items()}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, index, name = key.split(".", 2)
            slots[int(index)][name] = value
    groups = fitting.optimizer.state_dict()["param_groups"]
    fitting.optimizer.load_state_dict({"state": slots, "param_groups": groups})


def _best_weights(fitting: Fitting, tensors: dict[str, Tensor], kept: str) -> dict[str, Tensor] | None:
    if kept == "none":
        return None
    weights = fitting.network.state_dict()
    if kept == "present":
        return {name: value.detach().clone() for name, value in weights.items()}
    return {name: tensors[f"best.{name}"].to(fitting.device) for name in weights}


def _restore_random(device: torch.device, tensors: dict[str, Tensor]) -> None:
    torch.set_rng_state(tensors["random.cpu"])
    if device.type == "cuda" and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"], device)
