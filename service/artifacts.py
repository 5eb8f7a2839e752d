"""Files by the hash of their content: uploads, datasets, checkpoints. What a row points to is whole, or it is damage.

home/artifacts/uploads/<sha256>          what was uploaded, as it came
home/artifacts/datasets/<sha256>/        rows with typed columns
home/artifacts/checkpoints/<sha256>/     bundles
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from service.settings import Settings

Kind = Literal["uploads", "datasets", "checkpoints"]

KINDS: tuple[Kind, ...] = ("uploads", "datasets", "checkpoints")
SHA256 = re.compile(r"[0-9a-f]{64}")
TEMPORARY_SECONDS = 3600.0
"""Half-done files are left alone for so long after their last change."""


class Artifacts:
    """The files of one service."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home.resolve()
        self.temporary = settings.temporary
        self.cache = settings.cache

    def folder(self, kind: Kind) -> Path:
        """The folder of this kind, made where it is missing."""
        folder = self._home / "artifacts" / kind
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def local(self, kind: Kind, sha256: str) -> Path:
        """Where this content lies on this machine, whether it is there or not. Raises ValueError for no hash."""
        if not SHA256.fullmatch(sha256):
            raise ValueError("not a SHA-256 in lower-case hexadecimal digits")
        return self.folder(kind) / sha256

    def keep(self, kind: Kind, path: Path, sha256: str) -> Path:
        """Move a whole, fsynced file or folder to its place; content that is there already is kept once.

        It counts as used now: it is not `unused` until a row points to it.
        """
        place = self.local(kind, sha256)
        if place.exists():
            os.utime(place)
            if path.exists() and not path.samefile(place):
                _delete(path)
            return place
        path.rename(place)
        os.utime(place)
        _fsync(place.parent)
        return place

    def workspace(self, name: str) -> Path:
        """A folder for half-done files, on the file system of the artifacts."""
        folder = self.temporary / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def unused(self, kind: Kind, referenced: Callable[[], Collection[str]], seconds: float) -> list[Path]:
        """What is older than this and not referenced: to be discarded."""
        old = [path for path in self.folder(kind).iterdir() if SHA256.fullmatch(path.name) and _age(path) > seconds]
        kept = referenced() if old else ()  # asked after looking, so that a row written meanwhile counts
        return [path for path in old if path.name not in kept and _age(path) > seconds]

    def discard(self, path: Path) -> None:
        """Delete an artifact. Renamed first: a folder is there as a whole or not at all."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        grave = self.temporary / f"discarded-{path.name}-{time.time_ns()}"
        path.rename(grave)
        _delete(grave)

    def prune_temporary(self) -> None:
        """Delete half-done files that nobody has touched for long."""
        folders = [self.temporary, *(self.folder(kind) for kind in KINDS)]
        for path in (path for folder in folders if folder.is_dir() for path in folder.iterdir()):
            if not SHA256.fullmatch(path.name) and _age(path) > TEMPORARY_SECONDS:
                _delete(path)

    def prune_cache(self, limit_bytes: int) -> None:
        """Delete the longest unused parts of the cache until it is no larger than this."""
        parts = sorted(_cached(self.cache), key=lambda part: part[0], reverse=True)
        total = 0
        for _, size, path in parts:
            total += size
            if total > limit_bytes:
                _delete(path)


def _cached(cache: Path) -> Iterator[tuple[float, int, Path]]:
    """(time of the last use, bytes, path) of each part of the cache. A folder's own times tell of looks like this."""
    for path in cache.iterdir() if cache.is_dir() else ():
        with suppress(FileNotFoundError):
            files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
            facts = [file.stat() for file in files] or [path.stat()]
            yield max(max(fact.st_mtime, fact.st_atime) for fact in facts), sum(fact.st_size for fact in facts), path


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
