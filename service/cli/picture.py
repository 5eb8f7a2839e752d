"""A picture out of a dataset, as a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models.data.store import PARTS, Dataset
from service.artifacts import Artifacts
from service.settings import Settings


def save_picture(settings: Settings, version: dict[str, Any], into: Path) -> tuple[Path, str]:
    """Write the first picture of the test part, or of the whole where no parts are given, as PNG; and tell its label.

    `version` is the dataset as the API tells it: its pictures are in `image`, its classes in `label`.
    """
    dataset = Dataset.open(Artifacts(settings).local("datasets", version["sha256"]))
    parts = dataset.part_codes()
    row = 0 if parts is None else int(np.flatnonzero(parts == PARTS.index("test"))[0])
    codes, labels = dataset.values("label")
    pixels = dataset.images("image")[row]  # (height, width, channels)
    into.mkdir(parents=True, exist_ok=True)
    file = into / f"{version['name']}.png"
    Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(file)
    return file, str(labels[codes[row]])
