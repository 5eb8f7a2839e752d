"""Pictures on their way to disk: one picture in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import numpy as np

from models.data.canonical import Pictures
from models.data.channels import to_channels
from models.data.decode import Look, decode_image, look
from models.data.description import ImageInfo
from models.errors import DataError, Detail

T = TypeVar("T")

RAW_MAX = 2 << 30
"""Bytes of raw pixels; beyond, and where sizes differ, the files are kept as they were uploaded."""
PIXELS_MAX = 20_000_000_000
"""Pixels of all pictures together: an archive of 2 GB can hold decompression bombs, each below the limit of one."""


class Picture(NamedTuple):
    """A picture of the upload: what to call it in messages, and how to get its bytes."""

    label: str
    read: Callable[[], bytes]


def write_pictures(name: str, pictures: Sequence[Picture], channels: Literal["auto", 1, 3, 4], file: Path) -> Pictures:
    """Look at every picture, decide how to store them, decode each once and store it.

    Raises DataError with the code of decode_image, the message naming the picture.
    """
    looks = [_named(picture, look) for picture in pictures]
    if sum(one.height * one.width for one in looks) > PIXELS_MAX:
        raise DataError(Detail("image-too-large", f"the pictures have more than {PIXELS_MAX:,} pixels together"))
    info = _info(looks, channels)
    size = info.channels * info.height * info.width
    raw = info.uniform and size * len(looks) <= RAW_MAX
    ends = np.empty(len(pictures), dtype=np.int64)
    with file.open("wb") as sink:
        for index, picture in enumerate(pictures):
            sink.write(_named(picture, lambda data: _stored(data, info.channels, raw)))
            ends[index] = sink.tell()
    return Pictures(name, file, ends, info, (info.channels, info.height, info.width) if raw else None)


def _stored(data: bytes, channels: int, raw: bool) -> bytes:
    pixels = decode_image(data)
    return to_channels(pixels, channels).transpose(2, 0, 1).tobytes() if raw else data


def _named(picture: Picture, step: Callable[[bytes], T]) -> T:
    try:
        return step(picture.read())
    except DataError as error:
        raise DataError([_placed(detail, picture.label) for detail in error.details]) from None


def _placed(detail: Detail, label: str) -> Detail:
    return Detail(detail.code, f"{label}: {detail.message}", label, detail.given, detail.allowed, detail.fix)


def _info(looks: Sequence[Look], channels: Literal["auto", 1, 3, 4]) -> ImageInfo:
    heights, widths = (np.array([one[axis] for one in looks]) for axis in (0, 1))
    found = {one.channels for one in looks}
    most = 4 if found == {4} else min(3, max(found))
    return ImageInfo(
        height=int(np.median(heights)),
        width=int(np.median(widths)),
        channels=most if channels == "auto" else channels,
        uniform=len({(one.height, one.width) for one in looks}) == 1,
    )
