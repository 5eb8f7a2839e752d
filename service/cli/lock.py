"""One service per home: a locked file that tells who holds it; the kernel takes the lock back whatever happens."""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO


@dataclass(frozen=True)
class Holder:
    """The service that holds a home: its process, and where its API listens."""

    pid: int
    url: str


class AlreadyRunning(Exception):  # noqa: N818  a state to report, not a mishap
    """Another service holds this home."""

    def __init__(self, home: Path, holder: Holder) -> None:
        super().__init__(f"A service already runs on {home} (process {holder.pid}, {holder.url}); make stop ends it.")


class HomeUnusable(Exception):  # noqa: N818  a state to report, not a mishap
    """The home's folder cannot be made or written to."""

    def __init__(self, home: Path, error: OSError) -> None:
        super().__init__(f"FITSERVE_HOME={home} cannot be used: {error.strerror}.")


class HomeLock:
    """Holds `home/fitserve.pid` from entering to leaving; raises AlreadyRunning where another process does."""

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        self.url = url
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            file = _path(self.home).open("a+")
        except OSError as error:
            raise HomeUnusable(self.home, error) from error
        if not _lock(file):
            file.close()
            raise AlreadyRunning(self.home, _read(self.home))
        file.truncate(0)
        file.write(f"{os.getpid()} {self.url}\n")
        file.flush()
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


def _lock(file: TextIO) -> bool:
    """Take the lock. A look by `holder` takes it for an instant, so a second try is worth it."""
    for _ in range(20):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def holder(home: Path) -> Holder | None:
    """The service that runs on this home; None when none does."""
    try:
        with _path(home).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except BlockingIOError:
        return _read(home)
    return None


def _read(home: Path) -> Holder:
    """What the holder wrote. It locks first and writes a moment later."""
    for _ in range(100):
        if (text := _path(home).read_text()).endswith("\n"):
            pid, url = text.split()
            return Holder(int(pid), url)
        time.sleep(0.01)
    return Holder(0, "not listening yet")


def _path(home: Path) -> Path:
    return home / "fitserve.pid"
