"""`fitserve serve`: the API and a worker as child processes, started again when one dies."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from service.auth import check_start
from service.settings import Settings
from service.store.engine import Store

from .lock import HomeLock
from .processes import api_command, migrate_command, worker_command

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds before a dead child is started again: doubled at every death, back to the first once it lived a while."""
LIVED = 20.0
GRACE = 20.0
"""Seconds that the children have to end by themselves: a worker saves a checkpoint first."""
LOG_BYTES = 10 * 1024 * 1024

Say = Callable[[str], None]


class PortTaken(Exception):  # noqa: N818  a state to report, not a mishap
    """Something else listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"Port {port} on {host} is taken; FITSERVE_PORT={port + 1} chooses another.")


class MigrationFailed(Exception):  # noqa: N818  a state to report, not a mishap
    """The database could not be brought up to date."""


@dataclass
class Part:
    """One child process: what starts it, where its output goes, and when it may be started again."""

    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay: float = FIRST_DELAY
    due: float = 0.0

    def start(self, environment: dict[str, str]) -> int:
        """Start the child in a session of its own, so that a Ctrl-C reaches it once, through us. Returns its id."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603  our own command lines
                self.command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self.started = time.monotonic()
        return self.process.pid

    def bury(self) -> int | None:
        """The exit code of a child that died just now, after which it is due again; None while it lives."""
        code = self.process.poll() if self.process else None
        if code is None:
            return None
        self.process = None
        lived = time.monotonic() - self.started
        self.delay = FIRST_DELAY if lived > LIVED else min(2 * self.delay, LONGEST_DELAY)
        self.due = time.monotonic() + self.delay
        return code


def serve(settings: Settings, say: Say) -> None:
    """Run until SIGTERM or SIGINT.

    Raises AlreadyRunning, PortTaken, MigrationFailed and RefusesToStart before anything is started.
    """
    home = settings.home.resolve()
    with HomeLock(home, url_of(settings)):
        _check_port(settings.host, settings.port)
        migrate()
        check_start(settings, Store(settings.database))
        logs = home / "logs"
        logs.mkdir(exist_ok=True)
        parts = [
            Part("api", api_command(settings), _fresh(logs / "api.log")),
            Part("worker", worker_command(settings), _fresh(logs / "worker.log")),
        ]
        say(f"fitserve on {home}; logs in {logs}")
        _look_after(parts, _signals(), _environment(settings, home), settings, say)


def _environment(settings: Settings, home: Path) -> dict[str, str]:
    """Of the child processes. Several API processes count together in a folder, which begins empty."""
    environment = {**os.environ, "FITSERVE_HOME": str(home)}
    if settings.api_processes > 1:
        counters = home / "counters"
        shutil.rmtree(counters, ignore_errors=True)
        counters.mkdir()
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(counters)
    return environment


def _look_after(
    parts: list[Part], signals: list[int], environment: dict[str, str], settings: Settings, say: Say
) -> None:
    ready = False
    try:
        while not signals:
            for part in parts:
                _tend(part, environment, say)
            if not ready and listens(settings.host, settings.port):
                ready = True
                say(f"ready: {url_of(settings)} (documentation at /docs)")
            time.sleep(0.1)
    finally:
        _end(parts, signals, say)


def _tend(part: Part, environment: dict[str, str], say: Say) -> None:
    code = part.bury()
    if code is not None:
        say(f"{part.name} ended (exit code {code}); starting it again in {part.delay:g} s, see {part.log}")
    if part.process is None and time.monotonic() >= part.due:
        say(f"{part.name} started (process {part.start(environment)})")


def _end(parts: list[Part], signals: list[int], say: Say) -> None:
    """Ask the children to end, and kill them where it takes too long or a second signal says that it does."""
    living = [part.process for part in parts if part.process and part.process.poll() is None]
    say("stopping: a run in progress saves a checkpoint first")
    for process in living:
        process.terminate()
    deadline = time.monotonic() + GRACE
    while any(process.poll() is None for process in living) and time.monotonic() < deadline and len(signals) < 2:
        time.sleep(0.05)
    for process in living:
        process.kill()
        process.wait()
    say("stopped")


def migrate() -> None:
    """Bring the database up to date. Raises MigrationFailed."""
    done = subprocess.run(migrate_command(), capture_output=True, text=True, check=False)  # noqa: S603  our own
    if done.returncode != 0:
        raise MigrationFailed(f"The database could not be brought up to date:\n{done.stderr.strip()}")


def url_of(settings: Settings) -> str:
    """Where somebody on this machine reaches the API."""
    host = _reachable(settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def listens(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((_reachable(host), port), timeout=1):
            return True
    except OSError:
        return False


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(host, port) from error


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  the address to ask, not to bind


def _signals() -> list[int]:
    """Grows with every SIGTERM and SIGINT that comes."""
    received: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: received.append(number))
    return received


def _fresh(log: Path) -> Path:
    """The log file, the old one put aside when it has grown large."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return log


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    """In the new child: be told to end when this process is killed (Linux).

    The signal comes when the starting *thread* ends; children are started by the main thread.
    """
    if _libc is not None:
        _libc.prctl(1, signal.SIGTERM)
