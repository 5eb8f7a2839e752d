"""A Celery broker that is a folder: one folder for each queue, one file for each message.

A message is written under a temporary name, fsynced and renamed: nobody ever reads half of it. Several workers may
read the same message, but only one of them succeeds in deleting it: that one has it. So nothing is lost between two
steps, and nothing is left behind.
"""

# mypy: allow-untyped-calls
# (kombu has few types)

from __future__ import annotations

import json
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import virtual

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._@-]{0,199}")
"""What a queue may be called: it becomes the name of a folder."""

LOOK_UP_SECONDS = 0.2

TEMPORARY = ".tmp-"
TEMPORARY_SECONDS = 60.0
"""A half-written message of a process that died is deleted after this time."""


class QoS(virtual.QoS):
    """Takes no message that nobody has time for: another worker may have."""

    def can_consume(self) -> bool:
        """Whether the next message may be taken."""
        has_time: Callable[[], bool] = self.channel.options.get("has_time", _always)
        return bool(super().can_consume()) and has_time()


class Channel(virtual.Channel):
    """Messages as files."""

    QoS = QoS

    @property
    def options(self) -> dict[str, Any]:
        """`folder`, `polling_interval`, and `has_time`: asked before a message is taken."""
        options: dict[str, Any] = self.connection.client.transport_options
        return options

    def _folder(self, queue: str) -> Path:
        if not NAME.fullmatch(queue):
            raise ValueError(f"{queue!r} cannot be the name of a queue")
        return Path(self.options["folder"]) / queue

    def _new_queue(self, queue: str, **_: Any) -> None:
        self._folder(queue).mkdir(parents=True, exist_ok=True)
        _sweep(self._folder(queue))

    def _has_queue(self, queue: str, **_: Any) -> bool:
        return self._folder(queue).is_dir()

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        folder = self._folder(queue)
        folder.mkdir(parents=True, exist_ok=True)
        name = uuid.uuid4().hex
        temporary = folder / f"{TEMPORARY}{name}"
        try:
            _write(temporary, json.dumps(message).encode())
            temporary.rename(folder / f"{time.time_ns():020d}-{name}.json")
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _fsync(folder)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002  kombu's signature
        for file in _messages(self._folder(queue)):
            with suppress(OSError, ValueError):
                data = file.read_bytes()
                file.unlink()  # FileNotFoundError: another worker was faster
                message: dict[str, Any] = json.loads(data)
                return message
        raise Empty

    def _size(self, queue: str) -> int:
        return sum(1 for _ in _messages(self._folder(queue)))

    def _purge(self, queue: str) -> int:
        count = 0
        for file in _messages(self._folder(queue)):
            with suppress(FileNotFoundError):
                file.unlink()
                count += 1
        return count

    def _delete(self, queue: str, *_: Any, **__: Any) -> None:
        self._purge(queue)


class Transport(virtual.Transport):
    """Of `broker_transport = "service.queue.filesystem:Transport"`."""

    Channel = Channel
    driver_type = driver_name = "filesystem"
    implements = virtual.Transport.implements.extend(asynchronous=False, exchange_type=frozenset({"direct"}))
    global_state = virtual.BrokerState()

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)
        self.state = self.global_state

    def drain_events(self, connection: Any, timeout: Any = None, **_: Any) -> None:
        """Wait for a message, but not so long that a worker that is asked to end would not notice."""
        super().drain_events(connection, timeout=min(timeout or LOOK_UP_SECONDS, LOOK_UP_SECONDS))

    @property
    def default_connection_params(self) -> dict[str, Any]:
        """There is no host to connect to."""
        return {}

    def driver_version(self) -> str:
        """Of the format of the folder."""
        return "1"


def _always() -> bool:
    return True


def _messages(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _sweep(folder: Path) -> None:
    for file in folder.glob(f"{TEMPORARY}*"):
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > TEMPORARY_SECONDS:
                file.unlink()


def _write(file: Path, data: bytes) -> None:
    with file.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
