"""A checkpoint made ready to answer: raw input -> tensors -> network -> answer, with the preprocessing of training.

    predictor = Predictor.load(folder)
    predictor.predict_rows([{"age": 39, "job": "nurse"}])       # [{"label": ..., "probability": ..., ...}]
    predictor.predict_images([png_bytes])

A predictor never changes after loading; any number of threads may ask at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from models.checkpoint import Checkpoint, load
from models.data.description import Reading
from models.devices import choose
from models.errors import CheckpointError, Detail, InputError, SpecError
from models.features import States, encode_images, encode_rows
from models.features.csv_rows import Sheet, csv_rows
from models.features.encode import reads_categories
from models.features.rows import Unseen
from models.spec import TrainingSpec, task_of
from models.tasks import TaskState
from models.transforms import Shape

VALUES = 2**20
"""About so many input values go through the network at once."""


@dataclass(frozen=True)
class Predictor:
    """A network with what is needed around it."""

    spec: TrainingSpec
    network: nn.Module
    states: States
    task_state: TaskState
    shape: Shape
    """Shape of one encoded row."""
    channels: int | None
    """Channels of pictures before their transforms; None for tables."""
    device: torch.device
    columns: tuple[str, ...] = ()
    """All columns of the dataset, where the checkpoint knows them."""
    reading: Reading | None = None
    """How the dataset's text was read."""

    @classmethod
    def load(cls, folder: Path, device: str = "cpu", sha256: str | None = None) -> Predictor:
        """Read and verify the bundle, and build its network.

        Raises CheckpointError (checkpoint-not-found, checkpoint-corrupt, checkpoint-format-unsupported) and FitError
        (device-unavailable).
        """
        place = choose(device)
        checkpoint = load(folder, sha256, resume=False)
        try:
            return cls._of(checkpoint, place)
        except (ValidationError, SpecError, KeyError, TypeError, ValueError, RuntimeError) as error:
            message = f"the checkpoint does not fit together: {type(error).__name__}"
            raise CheckpointError(Detail("checkpoint-corrupt", message)) from error

    @classmethod
    def _of(cls, checkpoint: Checkpoint, device: torch.device) -> Predictor:
        spec = TrainingSpec.model_validate(checkpoint.spec)
        assert spec.network is not None
        state = checkpoint.state
        shape = tuple(state["shape"])
        network = spec.network.build(shape, state["outputs"])
        network.load_state_dict(checkpoint.weights)
        network.to(device).eval().requires_grad_(False)
        task_state = TaskState.model_validate(state["task"])
        reading = Reading.model_validate(state["reading"]) if state.get("reading") else None
        columns = tuple(state.get("columns", ()))
        return cls(spec, network, state["inputs"], task_state, shape, state["channels"], device, columns, reading)

    def predict_rows(
        self, rows: Sequence[dict[str, Any] | list[Any]], top: int = 3, pointer: str = "/rows"
    ) -> list[dict[str, Any]]:
        """An answer for each row: an object by column name, or a list in the order of the inputs.

        An answer has `warnings` where a category was never seen in training.

        Raises InputError: shape-mismatch, unknown-field, value-missing, value-not-number, value-not-finite, and
        output-not-finite where the network's answer is no number.
        """
        if self.channels is not None:
            raise InputError(Detail("shape-mismatch", "this model reads pictures, not rows", pointer))
        unseen: list[Unseen] = []
        x = encode_rows(self._inputs, self.states, rows, self.spec.target.column, pointer, self.columns, unseen)
        answers = self._answers(x, top, pointer)
        for each in unseen:
            answers[each.row].setdefault("warnings", []).append(each.to_json())
        return answers

    def read_csv(self, data: bytes, most: int, pointer: str = "/rows") -> list[dict[str, Any]]:
        """Rows for `predict_rows` out of a CSV, read as the dataset was; at most `most` and one more.

        Raises InputError: see `models.features.csv_rows`.
        """
        names = [item.column for item in self._inputs]
        numbers = [name for place, name in enumerate(names) if self._type(place) == "number"]
        others = self.columns or (self.spec.target.column,)
        return csv_rows(data, Sheet(names, numbers, others, self.reading), most, pointer)

    def predict_images(self, pictures: Sequence[bytes], top: int = 3, pointer: str = "") -> list[dict[str, Any]]:
        """An answer for each encoded picture (PNG, JPEG ...).

        Raises InputError: image-corrupt, image-too-large, image-format-unsupported, shape-mismatch, output-not-finite.
        """
        if self.channels is None:
            raise InputError(Detail("shape-mismatch", "this model reads rows, not pictures", pointer or None))
        item, states = self._inputs[0], self.states[0]
        x = encode_images(item, states, self.shape, self.channels, pictures, pointer)
        return self._answers(x, top, pointer)

    def outputs(self, x: Tensor) -> Tensor:
        """The network's raw outputs (rows, width) on the CPU for encoded rows (rows, *shape)."""
        size = max(1, VALUES // max(1, x[0].numel()))
        with torch.inference_mode():
            return torch.cat([self.network(batch.to(self.device)).cpu() for batch in torch.split(x, size)])

    def describe(self) -> dict[str, Any]:
        """What to send and what comes back: `inputs` [{column, type}], `task`, `classes` where there are."""
        told: dict[str, Any] = {
            "inputs": [{"column": item.column, "type": self._type(place)} for place, item in enumerate(self._inputs)],
            "target": self.spec.target.column,
            "task": task_of(self.spec).learns,
        }
        return told | ({"classes": list(self.task_state.classes)} if self.task_state.classes else {})

    @property
    def _inputs(self) -> Sequence[Any]:
        assert self.spec.inputs is not None
        return self.spec.inputs

    def _type(self, place: int) -> str:
        if self.channels is not None:
            return "image"
        return "category" if reads_categories(self._inputs[place]) else "number"

    def _answers(self, x: Tensor, top: int, pointer: str) -> list[dict[str, Any]]:
        outputs = self.outputs(x)
        bad = (~torch.isfinite(outputs)).any(dim=1).nonzero().flatten().tolist()
        if bad:
            message = "the network's answer to this input is not a finite number"
            raise InputError([Detail("output-not-finite", message, f"{pointer}/{row}") for row in bad[:20]])
        answer: Callable[..., list[dict[str, Any]]] = task_of(self.spec).answer
        return answer(outputs, self.task_state, top)
