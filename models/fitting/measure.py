"""What a network does on a part of the data: in eval mode, without gradients, part by part."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from models.fitting.state import Fitting, not_finite
from models.spec import task_of

VALUES = 2**20
"""About so many input values go through the network at once."""


def measure(fitting: Fitting, part: str) -> tuple[dict[str, float], dict[str, Any]]:
    """Metrics by their plain names, `loss` among them, and the report. The part must have rows.

    Metrics that are not finite are left out. Raises FitError loss-not-finite where the loss is not.
    """
    prepared, task = fitting.prepared, task_of(fitting.spec)
    rows = prepared.parts[part]
    outputs, targets = _outputs(fitting, rows), prepared.y[rows]
    with torch.inference_mode():
        loss = fitting.loss(outputs, targets.to(fitting.device)).item()
    if not math.isfinite(loss):
        raise not_finite(fitting.progress.step, f"the {part} loss")
    metrics, report = task.score(outputs.cpu(), targets, prepared.task_state)
    told = {"loss": loss, **metrics}
    return {name: value for name, value in told.items() if math.isfinite(value)}, report


def measure_all(fitting: Fitting) -> tuple[dict[str, float], dict[str, Any]]:
    """The present network over every part: metrics as `part.metric`, and by part the report with its baseline."""
    metrics: dict[str, float] = {}
    reports: dict[str, Any] = {}
    prepared, task = fitting.prepared, task_of(fitting.spec)
    train = prepared.y[prepared.parts["train"]]
    for part, rows in prepared.parts.items():
        if len(rows):
            told, report = measure(fitting, part)
            metrics |= {f"{part}.{name}": value for name, value in told.items()}
            baseline = task.baseline(train, prepared.y[rows], prepared.task_state)
            reports[part] = {"rows": len(rows), "metrics": told, "baseline": baseline, **report}
    return metrics, reports


def _outputs(fitting: Fitting, rows: Tensor) -> Tensor:
    """Raw outputs (rows, width) on the fit's device."""
    size = max(1, VALUES // max(1, fitting.prepared.x[0].numel()))
    fitting.network.eval()
    try:
        with torch.inference_mode():
            batches = [
                fitting.network(fitting.prepared.x[chunk].to(fitting.device)) for chunk in torch.split(rows, size)
            ]
            return torch.cat(batches)
    finally:
        fitting.network.train()
