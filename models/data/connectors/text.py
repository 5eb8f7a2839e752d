"""Bytes -> lines of text, strictly UTF-8, with the byte offset of what is not."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from models.errors import DataError, Detail

BLOCK = 1 << 20
BYTES_MAX = 2 << 30
LINE_MAX = 16 << 20
"""Bytes of one line; a row of 10,000 numbers has a hundredth of this."""

BOM = b"\xef\xbb\xbf"
UTF16 = (b"\xff\xfe", b"\xfe\xff")


def unzipped(file: IO[bytes]) -> IO[bytes]:
    """The file itself, or what is in it where it is gzipped. The file must stand at its beginning and can seek."""
    gzipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if gzipped else file  # type: ignore[return-value]


def lines(file: IO[bytes]) -> Iterator[str]:
    """Lines with their ends (LF, CR LF or CR), without a byte order mark.

    Raises DataError: text-not-utf8 (also for NUL, which UTF-16 is full of), field-too-long for a line over 16 MiB.
    """
    offset, rest = 0, b""
    while block := _read(file):
        data = rest + block
        # what has a NUL in it is no text, however far the next line end may be
        cut = len(data) if b"\0" in block else _last_end(data)
        if offset > BYTES_MAX:
            raise DataError(Detail("archive-too-large", f"the text is longer than {BYTES_MAX >> 30} GiB when unpacked"))
        if cut == 0 and len(data) > LINE_MAX:
            raise too_long(f"a line is longer than {LINE_MAX >> 20} MiB (at byte {offset:,})")
        yield from _decoded(data[:cut], offset)
        offset, rest = offset + cut, data[cut:]
    yield from _decoded(rest, offset)


def _read(file: IO[bytes]) -> bytes:
    try:
        return file.read(BLOCK)
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(Detail("archive-corrupt", f"the compressed file is damaged: {error}")) from None


def too_long(message: str) -> DataError:
    """The error for a cell or a line that is too long."""
    return DataError(Detail(code="field-too-long", message=message, fix="look for a quote that is not closed"))


def _last_end(data: bytes) -> int:
    """Where the last complete line ends. A CR at the very end may be half of a CR LF."""
    return data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, -1) + 1


def _decoded(data: bytes, offset: int) -> Iterator[str]:
    start = len(BOM) if offset == 0 and data.startswith(BOM) else 0
    nul = data.find(b"\0")
    if offset == 0 and data.startswith(UTF16):
        raise _not_utf8(0, "it begins as UTF-16 does", "iconv -f UTF-16 -t UTF-8")
    try:
        text = data[start : nul if nul >= 0 else None].decode("utf-8")
    except UnicodeDecodeError as error:
        if nul >= 0:
            raise _no_text(offset + nul) from None
        place = offset + start + error.start
        raise _not_utf8(place, "most likely it is Windows-1252", "iconv -f WINDOWS-1252 -t UTF-8") from None
    if nul >= 0:
        raise _no_text(offset + nul)
    return iter(io.StringIO(text, newline=""))


def _not_utf8(offset: int, guess: str, command: str) -> DataError:
    message = f"the text is not UTF-8 at byte {offset:,}: {guess}"
    fix = f"save it as UTF-8, for example: {command}"
    return DataError(Detail(code="text-not-utf8", message=message, given=offset, fix=fix))


def _no_text(offset: int) -> DataError:
    message = f"this is no text: byte {offset:,} is NUL"
    return DataError(Detail(code="text-not-utf8", message=message, given=offset, fix="save the table as CSV in UTF-8"))
