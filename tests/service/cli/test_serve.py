"""Children of `fitserve serve`: started, mourned, started again."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from service.cli import serve

SLEEP = [sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(60)"]


@pytest.fixture
def part(tmp_path: Path) -> serve.Part:
    return serve.Part("sleeper", SLEEP, tmp_path / "sleeper.log")


def test_a_dead_child_is_due_again_after_a_delay_that_doubles(part: serve.Part) -> None:
    said: list[str] = []
    serve._tend(part, dict(os.environ), said.append)
    assert part.process is not None
    first = part.process.pid
    os.kill(first, signal.SIGKILL)
    part.process.wait()
    serve._tend(part, dict(os.environ), said.append)
    assert part.process is None  # not before its delay is over
    assert part.delay == 2 * serve.FIRST_DELAY
    assert "exit code -9" in said[-1]
    part.due = time.monotonic()
    serve._tend(part, dict(os.environ), said.append)
    assert part.process is not None
    assert part.process.pid != first
    serve._end([part], [signal.SIGTERM], said.append)
    assert part.process.poll() == -signal.SIGTERM


def test_a_child_that_lived_long_starts_again_at_once(part: serve.Part) -> None:
    part.start(dict(os.environ))
    assert part.process is not None
    part.delay = 16.0
    part.started -= serve.LIVED + 1
    part.process.kill()
    part.process.wait()
    assert part.bury() == -signal.SIGKILL
    assert part.delay == serve.FIRST_DELAY


def test_the_log_holds_what_the_child_printed_and_is_put_aside_when_large(
    part: serve.Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    part.start(dict(os.environ))
    assert part.process is not None
    while part.log.read_bytes() != b"awake\n":
        time.sleep(0.02)
    part.process.kill()
    part.process.wait()
    monkeypatch.setattr(serve, "LOG_BYTES", 3)
    assert serve._fresh(part.log) == part.log
    assert not part.log.exists()
    assert part.log.with_suffix(".log.1").read_bytes() == b"awake\n"


def test_a_port_that_is_taken_is_said_plainly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(serve.PortTaken, match=rf"Port {port} on 127.0.0.1 is taken; FITSERVE_PORT={port + 1}"):
            serve._check_port("127.0.0.1", port)


STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('awake', flush=True); time.sleep(60)",
]


def test_a_second_signal_ends_at_once_what_does_not_end_by_itself(tmp_path: Path) -> None:
    part = serve.Part("stubborn", STUBBORN, tmp_path / "stubborn.log")
    part.start(dict(os.environ))
    while not part.log.read_bytes():
        time.sleep(0.02)
    started = time.monotonic()
    serve._end([part], [signal.SIGINT, signal.SIGINT], lambda _: None)
    assert time.monotonic() - started < serve.GRACE / 2
    assert part.process is not None
    assert part.process.poll() == -signal.SIGKILL
