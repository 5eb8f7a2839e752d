"""The library alone: a network is fitted and asked, with no service, no database and no queue around it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from models.data.builtin import builtin_upload
from models.data.ingest import ingest
from models.data.store import Dataset
from models.events import CheckpointSaved, EpochEnded, Finished
from models.features import prepare
from models.fitting import fit
from models.predictor import Predictor
from models.spec import TrainingSpec, resolve


def main(folder: Path) -> None:
    """Everything that is written goes into `folder`."""
    upload, options = builtin_upload("iris", (), folder)
    dataset = Dataset.open(Path(ingest(upload, options, folder).folder))
    spec = TrainingSpec.model_validate({"dataset": "iris", "target": "species", "epochs": 30})
    spec = resolve(spec, dataset.description)  # every default filled in
    prepared = prepare(spec, dataset, folder / "cache")

    best = folder
    for event in fit(spec, prepared, folder / "checkpoints"):
        if isinstance(event, EpochEnded) and event.epoch % 10 == 0:
            print(f"epoch {event.epoch}: loss {event.metrics['train.loss']:.3f}")
        elif isinstance(event, CheckpointSaved) and "best" in event.reasons:
            best = Path(event.folder)
        elif isinstance(event, Finished):
            print(f"{event.message}; test accuracy {event.metrics['test.accuracy']:.3f}")

    row = {"sepal_length": 6.1, "sepal_width": 2.8, "petal_length": 4.7, "petal_width": 1.2}
    print(Predictor.load(best).predict_rows([row])[0])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(temporary))
