"""A sheet of sample pictures, one row a class."""

from __future__ import annotations

import io
from itertools import cycle, islice

import numpy as np
from PIL import Image

from models.data.channels import Pixels, to_channels
from models.data.store import Dataset

TILE = 64
GAP = 2
COLUMNS = 10


def sample_sheet(dataset: Dataset, column: str, count: int = 60, label: str | None = None, seed: int = 0) -> bytes:
    """A PNG of `count` pictures drawn at random; with `label`, class after class, alike many of each as far as they go.

    Every picture is fitted into 64 x 64 pixels on white, ten to a line. Raises KeyError, TypeError for a wrong column.
    """
    images = dataset.images(column)
    chosen = _chosen(dataset, label, count, seed)
    lines = -(-len(chosen) // COLUMNS)
    step = TILE + GAP
    sheet = Image.new("RGB", (min(COLUMNS, len(chosen)) * step + GAP, lines * step + GAP), "white")
    for place, row in enumerate(chosen):
        line, left = divmod(place, COLUMNS)
        tile = _tile(images[row])
        sheet.paste(tile, (GAP + left * step + (TILE - tile.width) // 2, GAP + line * step + (TILE - tile.height) // 2))
    sink = io.BytesIO()
    sheet.save(sink, "PNG")
    return sink.getvalue()


def _chosen(dataset: Dataset, label: str | None, count: int, seed: int) -> list[int]:
    order = np.random.default_rng(seed).permutation(dataset.rows)
    if label is None:
        return [int(row) for row in np.sort(order[:count])]
    codes, _ = dataset.values(label)
    classes = [list(order[codes[order] == code]) for code in np.unique(codes)]
    turns = (rows.pop() for rows in islice(cycle(classes), count * (len(classes) + 1)) if rows)
    chosen = [int(row) for row in islice(turns, count)]
    return sorted(chosen, key=lambda row: (codes[row], row))


def _tile(pixels: Pixels) -> Image.Image:
    picture = Image.fromarray(to_channels(pixels, 3))
    scale = TILE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX)
