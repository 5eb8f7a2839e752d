"""IDX, the format of MNIST: pictures (N, height, width) and labels (N,), each one array of bytes behind a short header.

An upload is a pair, or a pair for train and one for test: in a zip (raw or gzipped, the part in the name:
train-images..., t10k-labels...), or one behind the other in one body (`cat images.gz labels.gz | curl -T - ...`).
Source of the format: http://yann.lecun.com/exdb/mnist/, section "the IDX file format".
"""

from __future__ import annotations

import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.data.archive import Entry
from models.data.canonical import Content, Pictures, Workplace
from models.data.connectors.folders import files_of
from models.data.connectors.tables import part_of_path
from models.data.connectors.text import unzipped
from models.data.description import ImageInfo
from models.data.infer import Typed
from models.data.options import IngestOptions
from models.data.store import PARTS
from models.errors import DataError, Detail

BYTES_MAX = 2 << 30
BLOCK = 1 << 20
MAGIC = re.compile(rb"\0\0[\x08\x09\x0b-\x0e][\x01-\x04]")
DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class Array(NamedTuple):
    """The header of an array whose data come next in the file."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]


class _Found:
    """Pictures go straight to disk, labels are small."""

    def __init__(self, at: Workplace) -> None:
        self.file = at.folder / "image-0.bin"
        self.counts: list[int] = []
        self.labels: list[NDArray[np.int64]] = []
        self.size: tuple[int, int] | None = None

    def take(self, file: IO[bytes], label: str) -> None:
        """All arrays that lie one behind the other in the file."""
        with self.file.open("ab") as sink:
            for array in _arrays(file, label):
                if len(array.shape) == 1:
                    self.labels.append(_labels(file, array, label))
                else:
                    self._check(array, label)
                    _copy(file, sink, math.prod(array.shape), label)
                    self.counts.append(array.shape[0])

    def _check(self, array: Array, label: str) -> None:
        if len(array.shape) != 3 or array.dtype.str != "|u1" or (self.size or array.shape[1:]) != array.shape[1:]:
            raise _corrupt(label, f"pictures must be bytes (N, height, width) of one size, not {array.shape}")
        if min(array.shape) == 0:
            raise DataError(Detail("dataset-empty", f"{label}: no pictures"))
        self.size = (array.shape[1], array.shape[2])


def read_idx(upload: Path, options: IngestOptions, at: Workplace) -> Content:
    """One body: pictures, labels, and the same again for the test part."""
    found = _Found(at)
    with upload.open("rb") as file:
        found.take(unzipped(file), options.filename or "the upload")
    parts = ["train", "test"] if len(found.counts) == 2 else [""] * len(found.counts)
    return _content(found, parts, options, "idx")


def read_idx_zip(archive: zipfile.ZipFile, entries: Sequence[Entry], options: IngestOptions, at: Workplace) -> Content:
    """The files of a zip, their parts by name."""
    files, notices = files_of(entries)
    found = _Found(at)
    named = sorted(((part_of_path(file.path) or "", file) for file in files), key=lambda pair: _place(*pair))
    parts: list[str] = []
    for part, file in named:
        with archive.open(file.name) as stream:
            found.take(unzipped(stream), file.path)
        parts.extend([part] * (len(found.counts) - len(parts)))
    content = _content(found, parts, options, "idx")
    return Content(content.source, content.columns, content.parts, notices)


def is_idx_zip(archive: zipfile.ZipFile, files: Sequence[Entry]) -> bool:
    """Whether the files of an archive are a few IDX arrays, by their first bytes."""
    if not 1 <= len(files) <= 2 * len(PARTS):
        return False
    for file in files:
        with archive.open(file.name) as stream:
            try:
                if not MAGIC.match(unzipped(stream).read(4)):
                    return False
            except (OSError, EOFError, zlib.error):
                return False
    return True


def _content(found: _Found, parts: Sequence[str], options: IngestOptions, source: str) -> Content:
    if found.size is None:
        raise _corrupt("the upload", "there are labels but no pictures")
    if found.labels and [len(labels) for labels in found.labels] != found.counts:
        counts = f"{found.counts} pictures, {[len(labels) for labels in found.labels]} labels"
        raise _corrupt("the upload", f"pictures and labels differ in number: {counts}")
    if len(set(parts)) < len(parts) or ("" in parts and len(parts) > 1):
        raise DataError(Detail("parts-unclear", "several pairs: their names must say train, validation or test"))
    rows, (height, width) = sum(found.counts), found.size
    info = ImageInfo(height=height, width=width, channels=1, uniform=True)
    ends = np.arange(1, rows + 1, dtype=np.int64) * (height * width)
    image = Pictures("image", found.file, ends, info, (1, height, width))
    codes = None if "" in parts else np.repeat([PARTS.index(p) for p in parts], found.counts).astype(np.int8)
    return Content(source, [image, *_label_column(found.labels, options)], codes)


def _label_column(found: Sequence[NDArray[np.int64]], options: IngestOptions) -> list[Typed]:
    if not found:
        return []
    labels = np.concatenate(found)
    if options.classes is None:
        return [Typed("label", "number", pa.array(labels.astype(np.float64)))]
    if labels.min() < 0 or labels.max() >= len(options.classes):
        message = f"the labels go from {labels.min()} to {labels.max()}, but {len(options.classes)} classes are named"
        raise DataError(Detail("out-of-range", message, pointer="/classes", given=list(options.classes)))
    names = pa.array(options.classes, pa.string())
    return [Typed("label", "category", pa.DictionaryArray.from_arrays(pa.array(labels, pa.int32()), names))]


def _arrays(file: IO[bytes], label: str) -> Iterator[Array]:
    """The header of each array; its data must be taken from the file before the next is asked for."""
    while magic := _read(file, 4, label, allow_end=True):
        if not MAGIC.match(magic):
            raise _corrupt(label, "this is not an IDX array")
        sizes = _read(file, 4 * magic[3], label)
        shape = struct.unpack(f">{magic[3]}I", sizes)
        dtype = np.dtype(DTYPES[magic[2]])
        if math.prod(shape) * dtype.itemsize > BYTES_MAX:
            raise DataError(Detail("archive-too-large", f"{label}: {shape} is more than {BYTES_MAX >> 30} GiB"))
        yield Array(dtype, shape)


def _labels(file: IO[bytes], array: Array, label: str) -> NDArray[np.int64]:
    if array.dtype.kind not in "ui":
        raise _corrupt(label, "labels must be whole numbers")
    data = _read(file, array.shape[0] * array.dtype.itemsize, label)
    return np.frombuffer(data, dtype=array.dtype).astype(np.int64)


def _copy(file: IO[bytes], sink: IO[bytes], size: int, label: str) -> None:
    while size:
        size -= sink.write(_read(file, min(size, BLOCK), label))


def _read(file: IO[bytes], size: int, label: str, allow_end: bool = False) -> bytes:
    try:
        data = file.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise _corrupt(label, f"the compressed file is damaged ({error})") from None
    if len(data) < size and (data or not allow_end):
        raise _corrupt(label, "the file ends too early")
    return data


def _place(part: str, file: Entry) -> tuple[int, str]:
    return PARTS.index(part) if part else 0, file.path


def _corrupt(label: str, message: str) -> DataError:
    return DataError(Detail(code="idx-corrupt", message=f"{label}: {message}", pointer=label))
