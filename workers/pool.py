"""Child processes: warm ones that wait with torch imported, and the pipe to one that works."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from service.telemetry import logger

COMMAND = (sys.executable, "-m", "workers.child")
CHUNK = 1 << 20
LONGEST_PAUSE = 30.0
"""Seconds before a standby is started again, where they keep dying."""

Message = dict[str, Any]


class Child:
    """One process in a session of its own: messages in, events out, each a JSON line. It ends when we do."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._process = subprocess.Popen(  # noqa: S603  the command is ours
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        self._rest = b""
        self.born = time.monotonic()
        self.ready = False

    @property
    def pid(self) -> int:
        """The process's id, which is its group's too."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def send(self, message: Message) -> None:
        """Write a line; a child that has ended is not told anything."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    def read(self, seconds: float) -> list[Message] | None:
        """What the child has told, after waiting for so long at most; None when it has ended."""
        if not select.select([self._output], [], [], seconds)[0]:
            return []
        data = os.read(self._output, CHUNK)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        messages = [message for line in lines if (message := _parsed(line)) is not None]
        self.ready = self.ready or any(message["kind"] == "ready" for message in messages)
        return [message for message in messages if message["kind"] != "ready"]

    def ask_to_stop(self) -> None:
        """SIGTERM: the child saves a checkpoint and ends."""
        if self.alive():
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to all of its processes."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def end(self) -> int:
        """Make sure that it has ended and close the pipes. Returns the exit code, negative for a signal."""
        self.kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()
        return code

    def wait(self, seconds: float) -> int | None:
        """The exit code, None where it has not ended within this time."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


class Pool:
    """Keeps a number of warm children; each gets its share of cores, and a GPU in turn."""

    def __init__(
        self, standby: int, threads: int, devices: Sequence[str] = (), command: Sequence[str] = COMMAND
    ) -> None:
        self._standby, self._threads, self._devices, self._command = standby, threads, list(devices), command
        self._warm: list[Child] = []
        self._busy: list[Child] = []
        self._lock = threading.Lock()
        self._closed = False
        self._pause, self._not_before = 0.0, 0.0

    def refresh(self) -> None:
        """Replace standbys that died, start missing ones. Called every now and then."""
        with self._lock:
            died = [child for child in self._warm if not child.alive()]
            for child in died:
                self._warm.remove(child)
                self._mourn(child)
            for child in self._warm:
                child.read(0)
            while not self._closed and len(self._warm) < self._standby and time.monotonic() >= self._not_before:
                self._warm.append(self._spawn())

    def ready(self) -> int:
        """How many standbys have torch imported."""
        with self._lock:
            return sum(child.ready for child in self._warm)

    def take(self) -> Child:
        """A child to work with, warm where there is one; give it back to `part` when it is done."""
        with self._lock:
            warm = [child for child in self._warm if child.alive()]
            chosen = next((child for child in warm if child.ready), warm[0] if warm else None)
            child = chosen or self._spawn()
            self._warm = [each for each in self._warm if each is not child]
            self._busy.append(child)
        return child

    def part(self, child: Child) -> int:
        """The child's work is over: nothing of it stays. Returns its exit code."""
        code = child.end()
        with self._lock:
            self._busy.remove(child)
        return code

    def close(self) -> None:
        """End all standbys."""
        with self._lock:
            self._closed = True
            warm, self._warm = self._warm, []
        for child in warm:
            child.end()

    def _spawn(self) -> Child:
        environment = {
            "OMP_NUM_THREADS": str(self._threads),
            # Threads that wait by spinning starve each other as soon as anything else wants the cores.
            "OMP_WAIT_POLICY": "passive",
            "CUDA_VISIBLE_DEVICES": self._device(),
        }
        return Child(self._command, environment)

    def _device(self) -> str:
        """The GPU that the fewest children have; none where the worker has none."""
        taken = [child.environment["CUDA_VISIBLE_DEVICES"] for child in (*self._warm, *self._busy)]
        return min(self._devices, key=taken.count, default="")

    def _mourn(self, child: Child) -> None:
        code = child.end()
        logger(__name__).warning("standby-died", pid=child.pid, exit_code=code)
        lived = time.monotonic() - child.born > LONGEST_PAUSE
        self._pause = 0.0 if lived else min(max(1.0, 2 * self._pause), LONGEST_PAUSE)
        self._not_before = time.monotonic() + self._pause


def _parsed(line: bytes) -> Message | None:
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict) or "kind" not in message:
        logger(__name__).warning("child-line-unreadable", line=line[:200].decode(errors="replace"))
        return None
    return message
