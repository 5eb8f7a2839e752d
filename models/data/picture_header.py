"""Format and size of a picture from its first bytes, before any decoder sees it.

A 20 kB file can decode to gigabytes, so nothing is decoded before its size is known. Six formats are allowed; others
are named where they can be recognised. Sources: the formats' specifications (PNG 3rd edition, ITU-T T.81, GIF89a,
RFC 9649, BITMAPINFOHEADER, netpbm).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from models.errors import DataError, Detail

Size = tuple[int, int]
"""(width, height)"""

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "PPM", "GIF")

UNSUPPORTED = (
    (b"<?xml", "XML or SVG"),
    (b"<svg", "SVG"),
    (b"<!DOCTYPE", "HTML or SVG"),
    (b"%!PS", "PostScript"),
    (b"%PDF", "PDF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"8BPS", "Photoshop"),
    (b"\0\0\1\0", "ICO"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"Pf", "portable float map"),
    (b"PF", "portable float map"),
    (b"P7", "PAM"),
    (b"PK\3\4", "an archive"),
)

# SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC), which share the range
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

_PPM = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")


def read_header(data: bytes) -> tuple[str, Size]:
    """The format, one of FORMATS, and (width, height).

    Raises DataError: image-format-unsupported for a format that is known but not read, else image-corrupt.
    """
    for name, magic, size in _READERS:
        if re.match(magic, data, re.DOTALL):
            return name, _size(name, size, data)
    raise _unknown(data)


def corrupt(message: str) -> DataError:
    """The error for bytes that are no whole picture."""
    return DataError(Detail(code="image-corrupt", message=message, allowed=list(FORMATS)))


def _size(name: str, reader: Callable[[bytes], Size], data: bytes) -> Size:
    try:
        width, height = reader(data)
    except (struct.error, IndexError, ValueError):
        raise corrupt(f"the picture's {name} header is cut off or damaged") from None
    if width < 1 or height < 1:
        raise corrupt(f"the picture says that it is {width} x {height} pixels")
    return width, height


def _unknown(data: bytes) -> DataError:
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    name = next((name for magic, name in UNSUPPORTED if start.startswith(magic)), None)
    if name is None and data[4:8] == b"ftyp":
        name = "HEIC, AVIF or a video"
    if name is None:
        return corrupt("these bytes are no picture")
    message = f"this is {name}, which is not read"
    fix = "convert the picture to PNG or JPEG"
    return DataError(Detail(code="image-format-unsupported", message=message, allowed=list(FORMATS), fix=fix))


def _png(data: bytes) -> Size:
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _gif(data: bytes) -> Size:
    width, height = struct.unpack("<HH", data[6:10])
    return width, height


def _bmp(data: bytes) -> Size:
    if struct.unpack("<I", data[14:18])[0] == 12:
        width, height = struct.unpack("<HH", data[18:22])
    else:
        width, height = struct.unpack("<ii", data[18:26])
    return width, abs(height)


def _ppm(data: bytes) -> Size:
    found = _PPM.match(data)
    if found is None:
        raise ValueError
    return int(found[1]), int(found[2])


def _webp(data: bytes) -> Size:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _jpeg(data: bytes) -> Size:
    position = 2
    while True:
        if data[position] != 0xFF:
            raise ValueError
        marker = data[position + 1]
        if marker in _START_OF_FRAME:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        # fill bytes and markers without a body have no length
        alone = marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8
        length = 0 if alone else struct.unpack(">H", data[position + 2 : position + 4])[0]
        position += 1 if marker == 0xFF else 2 + length


_READERS: tuple[tuple[str, bytes, Callable[[bytes], Size]], ...] = (
    ("PNG", rb"\x89PNG\r\n\x1a\n", _png),
    ("JPEG", rb"\xff\xd8\xff", _jpeg),
    ("GIF", rb"GIF8[79]a", _gif),
    ("BMP", rb"BM.{12}", _bmp),
    ("WEBP", rb"RIFF....WEBP", _webp),
    ("PPM", rb"P[1-6][\s#]", _ppm),
)
