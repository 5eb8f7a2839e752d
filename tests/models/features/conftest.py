"""Datasets out of a few lines, and their features."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.data.ingest import ingest
from models.data.options import IngestOptions
from models.data.store import Dataset
from models.features import Prepared, prepare
from models.spec import TrainingSpec, resolve

Make = Callable[..., Dataset]
Features = Callable[..., tuple[TrainingSpec, Prepared]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make(body, **options) -> the ingested Dataset; a dict of files becomes a zip."""

    def made(body: str | Mapping[str, bytes], **options: Any) -> Dataset:
        upload = tmp_path / "upload"
        upload.write_bytes(body.encode() if isinstance(body, str) else _zipped(body))
        return Dataset.open(Path(ingest(upload, IngestOptions(**options), tmp_path / "datasets").folder))

    return made


def _zipped(files: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


@pytest.fixture
def features(tmp_path: Path) -> Features:
    """features(dataset, **spec) -> the resolved spec and what was prepared."""

    def made(dataset: Dataset, **spec: Any) -> tuple[TrainingSpec, Prepared]:
        resolved = resolve(TrainingSpec.model_validate({"dataset": "d", **spec}), dataset.description)
        return resolved, prepare(resolved, dataset, tmp_path / "cache")

    return made


@pytest.fixture
def people() -> str:
    """40 rows: numbers with gaps, categories with a gap, a number to tell."""
    lines = [
        f"{20 + i},{'' if i % 7 == 3 else i * 10},{'' if i == 11 else ['Bonn', 'Köln', 'Ulm'][i % 3]},{i * 1.5}"
        for i in range(40)
    ]
    return "age,income,city,score\n" + "\n".join(lines) + "\n"


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """picture(seed, height, width, channels) -> a PNG of noise."""

    def made(seed: int, height: int = 6, width: int = 5, channels: int = 1) -> bytes:
        pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
        sink = io.BytesIO()
        Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(sink, "PNG")
        return sink.getvalue()

    return made
