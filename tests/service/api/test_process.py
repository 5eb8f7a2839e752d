"""The API as a process of its own: what only a real server and real sockets show."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from service.cli.processes import api_command
from service.settings import Settings
from service.store.engine import Store
from tests.databases import add_run
from tests.processes import free_port


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Settings:
    home = tmp_path_factory.mktemp("process")
    shutil.copy(sqlite_template, home / "fitserve.db")
    return Settings(home=home, port=free_port())


@pytest.fixture(scope="module")
def job(settings: Settings) -> str:
    """A job that nobody takes."""
    store = Store(settings.database)
    with store.begin() as session:
        job_id = str(add_run(session).job_id)
    store.close()
    return job_id


@pytest.fixture(scope="module")
def server(settings: Settings, job: str) -> Iterator[subprocess.Popen[bytes]]:
    own = {"FITSERVE_HOME": str(settings.home), "FITSERVE_PORT": str(settings.port)}
    with (settings.home / "api.log").open("wb") as log:
        process = subprocess.Popen(api_command(settings), env={**os.environ, **own}, stderr=log)
        _until_ready(settings)
        yield process
        process.kill()
        process.wait()


def _until_ready(settings: Settings) -> None:
    for _ in range(600):
        try:
            if httpx2.get(f"http://127.0.0.1:{settings.port}/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError("the API did not get ready")


def _exchange(settings: Settings, request: str) -> bytes:
    with socket.create_connection(("127.0.0.1", settings.port), timeout=5) as connection:
        connection.sendall(request.format(host=f"127.0.0.1:{settings.port}").encode("latin-1"))
        connection.settimeout(2)
        received = b""
        try:
            while data := connection.recv(65_536):
                received += data
        except TimeoutError:
            pass
        return received


@pytest.mark.parametrize(
    ("request_text", "statuses"),
    [
        ("GET @evil.example HTTP/1.1\r\nHost: {host}\r\n\r\n", (400, 404)),
        (
            "POST /v1/jobs HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
            (400, 415),
        ),
        ("GET /v1/jobs HTTP/1.1\r\nHost: {host}\r\nX-A: " + "a" * 200_000 + "\r\n\r\n", (400, 431)),
        ("GET /v1/jobs HTTP/1.1\r\nHost: evil.example\r\n\r\n", (400,)),
        ("GET /v1/jobs HTTP/1.1\r\n\r\n", (400,)),
        ("BREW / HTTP/1.1\r\nHost: {host}\r\n\r\n", (400, 404, 405)),
    ],
)
def test_requests_that_are_none_are_refused_and_nothing_is_smuggled(
    server: subprocess.Popen[bytes], settings: Settings, request_text: str, statuses: tuple[int, ...]
) -> None:
    received = _exchange(settings, request_text)
    assert int(received.split(b" ", 2)[1]) in statuses, received[:500]
    assert b"smuggled" not in received
    assert httpx2.get(f"http://127.0.0.1:{settings.port}/healthz").status_code == 200


def test_an_upload_that_is_cut_off_leaves_nothing_behind(server: subprocess.Popen[bytes], settings: Settings) -> None:
    head = f"PUT /v1/datasets/cut HTTP/1.1\r\nHost: 127.0.0.1:{settings.port}\r\nContent-Length: 9000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", settings.port), timeout=5) as connection:
        connection.sendall(head.encode() + b"a,b\n" * 500_000)
        _until(lambda: any(settings.temporary.glob("upload-*")))
    _until(lambda: not any(settings.temporary.glob("upload-*")))
    log = (settings.home / "api.log").read_text()
    assert "client-left" in log
    assert "Traceback" not in log
    assert httpx2.get(f"http://127.0.0.1:{settings.port}/v1/datasets/cut").status_code == 404


def _until(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to pass in 10 s")


def test_open_streams_and_long_polls_do_not_hold_up_the_end(
    server: subprocess.Popen[bytes], settings: Settings, job: str
) -> None:
    # The last test of this file: it ends the server.
    url = f"http://127.0.0.1:{settings.port}/v1/jobs/{job}"
    answers: list[httpx2.Response] = []
    sse = {"Accept": "text/event-stream"}
    waiting = [
        threading.Thread(target=lambda: answers.append(httpx2.get(f"{url}/events", headers=sse, timeout=60))),
        threading.Thread(target=lambda: answers.append(httpx2.get(f"{url}?wait=50", timeout=60))),
    ]
    for thread in waiting:
        thread.start()
    time.sleep(1)
    started = time.monotonic()
    server.send_signal(signal.SIGTERM)
    server.wait(30)
    assert time.monotonic() - started < 4
    for thread in waiting:
        thread.join()
    assert [answer.status_code for answer in answers] == [200, 200]
