"""One service per home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.cli.lock import AlreadyRunning, Holder, HomeLock, holder

URL = "http://127.0.0.1:1"

HOLD = """
import sys, pathlib
from service.cli.lock import HomeLock
with HomeLock(pathlib.Path(sys.argv[1]), "http://127.0.0.1:1"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_home_that_nobody_holds_has_no_holder(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with HomeLock(tmp_path, URL):
        pass
    assert holder(tmp_path) is None


def test_a_second_service_is_refused_with_the_process_id_of_the_first(tmp_path: Path) -> None:
    with HomeLock(tmp_path, URL):
        assert holder(tmp_path) == Holder(os.getpid(), URL)
        with pytest.raises(AlreadyRunning, match=str(os.getpid())), HomeLock(tmp_path, URL):
            pass
        assert holder(tmp_path) == Holder(os.getpid(), URL)


def test_a_killed_holder_leaves_the_home_free(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert holder(tmp_path) == Holder(process.pid, URL)
        process.kill()
        process.wait()
        assert holder(tmp_path) is None
        with HomeLock(tmp_path, URL):
            assert holder(tmp_path) == Holder(os.getpid(), URL)
