"""Bytes of a picture -> pixels, the same for ingestion and for prediction.

Pillow decodes, and only after our own look at the header: at most 25 million pixels and 100 MB decoded, six formats,
the first frame of a GIF. Grey stays grey, palettes become RGB, transparency becomes a fourth channel, 16-bit values
keep their high byte; orientation tags and colour profiles are not applied.
"""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from models.data.channels import Pixels
from models.data.picture_header import corrupt, read_header
from models.errors import DataError, Detail

PIXELS_MAX = 25_000_000
BYTES_MAX = 100_000_000

_GREY = ("1", "L", "I", "I;16", "I;16B", "I;16L", "I;16N")


class Look(NamedTuple):
    """What a picture will be once decoded."""

    height: int
    width: int
    channels: int


def look(data: bytes) -> Look:
    """Size and channels without decoding. Raises like `decode_image`, but does not see damage behind the header."""
    with _open(data) as picture:
        return _look(picture)


def decode_image(data: bytes) -> Pixels:
    """Pixels uint8 (height, width, channels); channels 1 grey, 3 RGB, 4 RGBA.

    Raises DataError: image-corrupt, image-too-large, image-format-unsupported.
    """
    with _open(data) as picture:
        channels = _look(picture).channels
        try:
            pixels = _pixels(picture, channels)
        except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError) as error:
            # Pillow's decoders raise any of these on damaged data
            raise corrupt(f"the picture cannot be decoded: {_plain(error)}") from None
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _open(data: bytes) -> Image.Image:
    name, (width, height) = read_header(data)
    _check_size(width, height)
    try:
        picture = Image.open(io.BytesIO(data), formats=[name])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large("the picture is larger than its header says") from None
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        IndexError,
        KeyError,
        TypeError,
    ) as error:
        raise corrupt(f"the picture cannot be read: {_plain(error)}") from None
    _check_size(*picture.size)
    return picture


def _look(picture: Image.Image) -> Look:
    channels = 4 if picture.has_transparency_data else 1 if picture.mode in _GREY else 3
    return Look(picture.height, picture.width, channels)


def _pixels(picture: Image.Image, channels: int) -> Pixels:
    if picture.mode in _GREY[2:]:
        return (np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8)
    return np.array(picture.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels]))


def _check_size(width: int, height: int) -> None:
    if width * height > PIXELS_MAX or width * height * 4 > BYTES_MAX:
        raise _too_large(f"the picture is {width} x {height} pixels")


def _too_large(message: str) -> DataError:
    message = f"{message}; at most {PIXELS_MAX:,} pixels are read"
    return DataError(Detail(code="image-too-large", message=message, allowed=PIXELS_MAX, fix="reduce the picture"))


def _plain(error: Exception) -> str:
    """Pillow's words; where they carry the address of a buffer, or there are none, ours."""
    return "its data is damaged" if "<" in str(error) or not str(error) else str(error)
