"""The pool with children of ten lines instead of those with torch."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from workers import pool as pools
from workers.pool import Child, Message, Pool

ECHO = """
import json, os, sys
print(json.dumps({"kind": "ready"}), flush=True)
for line in sys.stdin:
    names = ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
    told = {"kind": "echo", "said": json.loads(line), **{name: os.environ[name] for name in names}}
    print(json.dumps(told), flush=True)
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@contextmanager
def pool(standby: int = 1, code: str = ECHO, **options: Any) -> Iterator[Pool]:
    made = Pool(standby, 3, command=python(code), **options)
    try:
        yield made
    finally:
        for child in list(made._busy):
            made.part(child)
        made.close()


@contextmanager
def child(code: str) -> Iterator[Child]:
    started = Child(python(code), {})
    try:
        yield started
    finally:
        started.end()


def until(done: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def until_ready(made: Pool, count: int = 1) -> None:
    until(lambda: (made.refresh(), made.ready() == count)[1])


def told(asked: Child, message: Message) -> Message:
    asked.send(message)
    events: list[Message] = []
    until(lambda: events.extend(asked.read(0.1) or []) or events)
    return events[0]


def test_standby_is_ready_before_the_first_job() -> None:
    with pool() as made:
        until_ready(made)
        taken = made.take()
        assert taken.ready
        assert told(taken, {"kind": "start"})["said"] == {"kind": "start"}


def test_child_has_its_share_of_cores_and_no_gpu_where_there_is_none() -> None:
    with pool() as made:
        answer = told(made.take(), {})
    assert (answer["OMP_NUM_THREADS"], answer["CUDA_VISIBLE_DEVICES"]) == ("3", "")


def test_gpus_are_dealt_to_those_at_work_evenly() -> None:
    with pool(0, devices=["0", "1"]) as made:
        children = [made.take() for _ in range(3)]
        assert [each.environment["CUDA_VISIBLE_DEVICES"] for each in children] == ["0", "1", "0"]
        made.part(children[1])
        assert made.take().environment["CUDA_VISIBLE_DEVICES"] == "1"


def test_child_has_a_session_of_its_own() -> None:
    """A Ctrl-C at the terminal reaches the worker, which then asks its children to stop."""
    with child(ECHO) as started:
        assert os.getsid(started.pid) == os.getpgid(started.pid) == started.pid


def test_child_without_standby_is_started_on_demand() -> None:
    with pool(0) as made:
        assert made.take().alive()


def test_taken_standby_is_replaced() -> None:
    with pool() as made:
        until_ready(made)
        made.take()
        assert made.ready() == 0
        until_ready(made)


def test_standby_that_died_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "LONGEST_PAUSE", 0.01)
    with pool() as made:
        until_ready(made)
        (standby,) = made._warm
        psutil.Process(standby.pid).kill()
        until(lambda: not standby.alive())
        until_ready(made)
        assert made.take() is not standby


def test_standbys_that_keep_dying_are_not_started_all_the_time() -> None:
    with pool(code="import sys; sys.exit(1)") as made:
        until(lambda: (made.refresh(), made._pause)[1])
        begun = time.monotonic()
        while time.monotonic() - begun < 0.5:
            made.refresh()
            assert not made._warm
        assert made._pause == 1.0


def test_nothing_of_a_child_is_left() -> None:
    with child(PARENT) as started:
        process = psutil.Process(started.pid)
        until(process.children)
        family = [process, *process.children(recursive=True)]
        assert started.end() == -9
        until(lambda: not [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE])


def test_end_of_the_pipe_is_the_end_of_the_child() -> None:
    with child('print(\'{"kind": "last"}\')') as started:
        events: list[Message] = []
        while (more := started.read(1)) is not None:
            events += more
        assert events == [{"kind": "last"}]
        assert started.wait(5) == 0


def test_line_in_pieces_is_put_together_and_noise_is_passed_over() -> None:
    pieces = ["", '{"kind": "a', '", "n": 1}\\nno', "ise\\n[1]\\n", '{"kind": "b"}\\n']
    code = f"import sys, time\nfor piece in {pieces}: sys.stdout.write(piece); sys.stdout.flush(); time.sleep(0.05)"
    with child(code.replace("\\\\n", "\\n")) as started:
        events: list[Message] = []
        while (more := started.read(1)) is not None:
            events += more
    assert events == [{"kind": "a", "n": 1}, {"kind": "b"}]


def test_child_that_has_ended_is_told_nothing() -> None:
    with child("pass") as started:
        until(lambda: not started.alive())
        started.send({"kind": "start"})
        started.ask_to_stop()
        started.kill()


def test_closed_pool_leaves_no_process() -> None:
    with pool(2) as made:
        until_ready(made, 2)
        pids = [standby.pid for standby in made._warm]
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
