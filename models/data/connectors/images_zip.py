"""A zip of class folders (or of pictures without labels) -> columns `image` and `label`, and given parts."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.data.archive import Entry
from models.data.canonical import Content, Workplace
from models.data.connectors.folders import Layout, layout_of
from models.data.connectors.picture_writer import Picture, write_pictures
from models.data.infer import CATEGORIES_MAX, Typed, coded
from models.data.options import IngestOptions
from models.data.store import PARTS
from models.errors import DataError, Detail

FILE_MAX = 100_000_000
"""Bytes of one picture file: it is decoded in memory."""

AUDIO = ((b"RIFF", b"WAVE"), (b"ID3", b""), (b"fLaC", b""), (b"OggS", b""), (b"\xff\xfb", b""))


def read_images_zip(
    archive: zipfile.ZipFile, entries: Sequence[Entry], options: IngestOptions, at: Workplace
) -> Content:
    """The pictures of the archive. Raises image codes naming the file, class-empty, folders-unclear, dataset-empty."""
    layout = layout_of(entries)
    if not layout.pictures:
        raise DataError(Detail("dataset-empty", "the archive has no files"))
    if len(layout.classes) > CATEGORIES_MAX:
        message = f"{len(layout.classes):,} class folders; at most {CATEGORIES_MAX:,} are read"
        raise DataError(Detail("too-many-classes", message, given=len(layout.classes), allowed=CATEGORIES_MAX))
    pictures = [Picture(placed.entry.path, partial(_read, archive, placed.entry)) for placed in layout.pictures]
    image = write_pictures("image", pictures, options.channels, at.folder / "image-0.bin")
    return Content("zip-images", [image, *_labels(layout)], _parts(layout), layout.notices)


def _read(archive: zipfile.ZipFile, entry: Entry) -> bytes:
    if entry.bytes > FILE_MAX:
        raise DataError(Detail("image-too-large", f"the file has {entry.bytes:,} bytes", allowed=FILE_MAX))
    data = archive.read(entry.name)
    if any(data.startswith(start) and data[8:].startswith(then) for start, then in AUDIO):
        raise DataError(Detail("audio-format-unsupported", "this is sound, which is not read yet"))
    return data


def _labels(layout: Layout) -> list[Typed]:
    if not layout.classes:
        return []
    labels = pa.array([placed.label for placed in layout.pictures], pa.string())
    return [Typed("label", "category", coded(labels, list(layout.classes)))]


def _parts(layout: Layout) -> NDArray[np.int8] | None:
    if not layout.pictures[0].part:
        return None
    return np.array([PARTS.index(placed.part) for placed in layout.pictures], dtype=np.int8)
