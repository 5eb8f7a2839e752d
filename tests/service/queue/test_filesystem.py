from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue

from service.queue.filesystem import TEMPORARY_SECONDS
from service.queue.producer import Doorbell
from service.settings import Settings
from tests.brokers import messages

PRODUCER = """
import sys
from service.queue import Doorbell
from service.settings import Settings

bell = Doorbell(Settings(home=sys.argv[1]))
for number in range(100):
    assert bell.ring(f"{sys.argv[2]}-{number}", "any")
"""
CONSUMER = """
import sys, time
from queue import Empty
from service.queue import celery_app
from service.settings import Settings

silent_since = time.monotonic()
with celery_app(Settings(home=sys.argv[1])).connection_for_read() as connection:
    channel = connection.default_channel
    while time.monotonic() - silent_since < 3:
        try:
            print(channel._get("any")["headers"]["argsrepr"], flush=True)
            silent_since = time.monotonic()
        except Empty:
            time.sleep(0.002)
"""


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Any]:
    options = {"folder": str(tmp_path / "broker"), "polling_interval": 0.01}
    with Connection(transport="service.queue.filesystem:Transport", transport_options=options) as connection:
        yield connection.default_channel


def test_every_message_is_read_once_by_one_of_many(tmp_path: Path) -> None:
    """The stock transport loses messages when several processes write and read at the same time."""
    start = [sys.executable, "-c"]
    readers = [subprocess.Popen([*start, CONSUMER, tmp_path], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    writers = [subprocess.Popen([*start, PRODUCER, tmp_path, f"w{number}"]) for number in range(3)]
    assert [writer.wait() for writer in writers] == [0] * 3
    read = [line for reader in readers for line in reader.communicate()[0].splitlines()]
    assert sorted(read) == sorted(f"['w{writer}-{number}']" for writer in range(3) for number in range(100))
    assert messages(tmp_path) == []


def test_half_written_message_is_not_read(tmp_path: Path, channel: Any) -> None:
    folder = tmp_path / "broker" / "any"
    folder.mkdir(parents=True)
    (folder / ".tmp-half").write_text('{"body"')
    with pytest.raises(Empty):
        channel._get("any")


def test_half_written_message_of_a_dead_process_is_deleted(tmp_path: Path, channel: Any) -> None:
    folder = tmp_path / "broker" / "any"
    folder.mkdir(parents=True)
    old, fresh = folder / ".tmp-old", folder / ".tmp-fresh"
    old.touch()
    fresh.touch()
    os.utime(old, (time.time() - 2 * TEMPORARY_SECONDS,) * 2)
    channel._new_queue("any")
    assert messages(tmp_path) == [fresh]


def test_message_that_cannot_be_read_is_dropped(tmp_path: Path, channel: Any) -> None:
    channel._put("any", {"body": 1})
    (tmp_path / "broker" / "any" / "0-first.json").write_text("no JSON")
    assert channel._get("any") == {"body": 1}
    assert messages(tmp_path) == []


def test_message_is_durable_before_it_is_seen(channel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary file, fsync, rename, fsync of the folder: in this order."""
    seen: list[str] = []
    fsync, rename = os.fsync, Path.rename
    monkeypatch.setattr(os, "fsync", lambda descriptor: (seen.append("fsync"), fsync(descriptor)))
    monkeypatch.setattr(Path, "rename", lambda path, to: (seen.append("rename"), rename(path, to)))
    channel._put("any", {"body": 1})
    assert seen == ["fsync", "rename", "fsync"]


def test_name_of_a_queue_cannot_leave_the_folder(channel: Any) -> None:
    for name in ("..", "../x", "/tmp", "", ".hidden", "a/b"):
        with pytest.raises(ValueError, match="cannot be the name"):
            channel._put(name, {})


def test_queue_can_be_counted_and_emptied(channel: Any) -> None:
    for _ in range(3):
        channel._put("any", {})
    assert channel._size("any") == 3
    assert channel._purge("any") == 3
    assert channel._size("any") == 0


def test_message_waits_while_nobody_has_time(tmp_path: Path) -> None:
    options = {"folder": str(tmp_path / "broker"), "has_time": lambda: has_time}
    bell = Doorbell(Settings(home=tmp_path))
    bell.ring("run_1", "any")
    bell.close()
    read: list[object] = []
    with Connection(transport="service.queue.filesystem:Transport", transport_options=options) as connection:
        queue = Queue("any", Exchange(""), routing_key="any")
        consumer = connection.Consumer([queue], callbacks=[lambda body, _: read.append(body[0])], accept=["json"])
        with consumer:
            has_time = False
            with pytest.raises(TimeoutError):
                connection.drain_events(timeout=0.1)
            assert len(messages(tmp_path)) == 1
            has_time = True
            connection.drain_events(timeout=1)
    assert read == [["run_1"]]
