"""What a zip archive says about itself, checked before anything in it is read.

`check_archive` looks at the central directory only, so the API can call it while nothing is unpacked; the child calls
it again. Codes: archive-corrupt, archive-too-many-entries, archive-too-large, archive-overlap, archive-unsafe-path,
archive-duplicate-entry, archive-unsupported-entry, archive-encrypted.

CPython's zipfile reads overlapping entries (CVE-2024-0450) and cuts names at a NUL, so both are looked for here.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.errors import DataError, Detail


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may hold."""

    entries: int = 50_000
    unpacked_bytes: int = 2 << 30
    ratio: int = 100
    """Unpacked bytes to packed bytes, asked of archives that unpack to over `ratio_from_bytes`."""
    ratio_from_bytes: int = 64 << 20
    directory_bytes: int = 12 << 20
    path_length: int = 1000
    depth: int = 20


LIMITS = ArchiveLimits()


@dataclass(frozen=True)
class Entry:
    """A file or folder of the archive; `path` uses `/`, in Unicode's composed form, and ends in `/` for a folder."""

    path: str
    name: str
    """The name by which zipfile knows it."""
    bytes: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder that the archive names."""
        return self.path.endswith("/")


def check_archive(path: Path, limits: ArchiveLimits = LIMITS) -> list[Entry]:
    """The entries of the archive, in its order, after all checks. Raises DataError."""
    with open_archive(path, limits) as archive:
        infos = archive.infolist()
        _check_count(infos, limits)
        entries = [_checked_entry(info, limits) for info in infos]
        _check_overlap(infos, archive.start_dir)
        _check_sizes(infos, path.stat().st_size, limits)
        _check_twins(entries)
        return entries


@contextmanager
def open_archive(path: Path, limits: ArchiveLimits = LIMITS) -> Iterator[zipfile.ZipFile]:
    """The archive, open for reading. What zipfile raises, also while entries are read, becomes archive-corrupt."""
    try:
        with _Guarded(path, limits.directory_bytes) as file, zipfile.ZipFile(file) as archive:
            file.guarded = False
            yield archive
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        struct.error,
        NotImplementedError,
        EOFError,
        zlib.error,
    ) as error:
        raise _error("archive-corrupt", f"the zip archive is damaged: {error}") from None


class _Guarded(io.FileIO):
    """zipfile reads the whole central directory in one call, however large: refuse that call while `guarded`."""

    def __init__(self, path: Path, limit: int) -> None:
        super().__init__(path)
        self.guarded = True
        self._limit = limit

    def read(self, size: int = -1, /) -> bytes:  # type: ignore[override]
        wanted = size if size >= 0 else os.fstat(self.fileno()).st_size - self.tell()
        if self.guarded and wanted > self._limit:
            raise _error("archive-too-many-entries", "the archive's directory is too long", allowed=LIMITS.entries)
        return super().read(size) or b""


def _check_count(infos: Sequence[zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    if len(infos) > limits.entries:
        message = f"{len(infos):,} entries; at most {limits.entries:,} are read"
        raise _error("archive-too-many-entries", message, given=len(infos), allowed=limits.entries)


def _check_sizes(infos: Sequence[zipfile.ZipInfo], packed: int, limits: ArchiveLimits) -> None:
    unpacked = sum(info.file_size for info in infos)
    bomb = unpacked > limits.ratio_from_bytes and unpacked > limits.ratio * packed
    if unpacked > limits.unpacked_bytes or bomb:
        message = f"{unpacked:,} bytes when unpacked, from {packed:,}"
        raise _error("archive-too-large", message, given=unpacked, allowed=limits.unpacked_bytes)


def _checked_entry(info: zipfile.ZipInfo, limits: ArchiveLimits) -> Entry:
    name = info.orig_filename
    path = unicodedata.normalize("NFC", name.replace("\\", "/"))
    parts = path.rstrip("/").split("/")
    absolute = path.startswith("/") or re.match(r"[A-Za-z]:", path) is not None
    odd = any(part in ("", ".", "..") for part in parts) or not path.isprintable()
    if absolute or odd or len(path) > limits.path_length or len(parts) > limits.depth:
        raise _error("archive-unsafe-path", f"the entry {name[:200]!r} has an unsafe path", given=name[:200])
    if info.flag_bits & 0x1:
        raise _error("archive-encrypted", f"the entry {name!r} is encrypted", given=name)
    kind = stat.S_IFMT(info.external_attr >> 16)
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or info.compress_type not in methods:
        message = f"the entry {name!r} is a link, a device, or compressed in another way than deflate"
        raise _error("archive-unsupported-entry", message, given=name)
    return Entry(path, info.filename, info.file_size)


def _check_overlap(infos: Sequence[zipfile.ZipInfo], directory: int) -> None:
    """Each entry must end before the next begins; its local header has 30 bytes and the name at least."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    if ordered and ordered[0].header_offset < 0:
        raise _error("archive-corrupt", "the archive is cut off at its beginning")
    starts = [info.header_offset for info in ordered[1:]] + [directory]
    for info, next_start in zip(ordered, starts, strict=False):
        if info.header_offset + 30 + len(info.orig_filename) + info.compress_size > next_start:
            raise _error(
                "archive-overlap", f"the entry {info.filename[:200]!r} overlaps another", given=info.filename[:200]
            )


def _check_twins(entries: Sequence[Entry]) -> None:
    """No two entries may be the same file for some file system: same path, other case, or other Unicode form."""
    seen: dict[str, str] = {}
    for entry in entries:
        key = unicodedata.normalize("NFC", entry.path.rstrip("/").casefold())
        if key in seen:
            message = f"{entry.path[:200]!r} is in the archive twice (as {seen[key][:200]!r})"
            raise _error("archive-duplicate-entry", message, given=entry.path[:200])
        seen[key] = entry.path


def _error(code: str, message: str, given: object = None, allowed: object = None) -> DataError:
    return DataError(Detail(code=code, message=message, given=given, allowed=allowed))
