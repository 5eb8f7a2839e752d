"""The real service as processes, for the tests that need one: started on a free port with a home of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil

FITSERVE = Path(sys.executable).with_name("fitserve")
PATIENCE = 120.0
"""Seconds that something may take on a busy machine before a test gives up."""


@dataclass
class Service:
    """`fitserve serve` on its own home and port."""

    home: Path
    port: int
    settings: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)
    client: httpx2.Client = field(init=False)

    @property
    def url(self) -> str:
        """Where the API listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment with the settings of this service and no others."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("FITSERVE_")}
        own = {"FITSERVE_HOME": str(self.home), "FITSERVE_PORT": str(self.port), "FITSERVE_URL": self.url}
        return plain | own | self.settings

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with (self.home / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [FITSERVE, "serve"], env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        self.client = httpx2.Client(base_url=self.url, timeout=90)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until the API answers that it is ready."""
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            assert self.process.poll() is None, self.logs()
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as `make stop` does."""
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=PATIENCE)

    def logs(self) -> str:
        """All logs, for the message of a test that failed."""
        files = [self.home / "serve.log", *sorted((self.home / "logs").glob("*.log"))]
        return "\n".join(f"--- {file.name}\n{file.read_text()[-4000:]}" for file in files if file.exists())

    def processes(self, word: str) -> list[psutil.Process]:
        """The descendants whose command line holds the word: `uvicorn`, `celery`, `workers.child`."""
        descendants = psutil.Process(self.process.pid).children(recursive=True)
        return [process for process in descendants if any(word in part for part in _command(process))]

    def curl(self, *arguments: str | Path) -> str:
        """What curl prints; a problem as answer fails the test with the problem."""
        done = subprocess.run(
            ["curl", "-sS", "--fail-with-body", *map(str, arguments)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def post_job(self, spec: dict[str, Any]) -> str:
        """The path of the new job."""
        answer = self.client.post("/v1/jobs", json=spec)
        assert answer.status_code == 202, answer.text
        return answer.headers["location"]

    def wait_ended(self, job: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The job's body once it is terminal; the API may be away for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                body = self.client.get(job, params={"wait": 10}).raise_for_status().json()
            except httpx2.TransportError:
                time.sleep(0.1)
                continue
            if body["terminal"]:
                return body
        raise AssertionError(f"{job} did not end in {seconds} s\n{self.logs()}")

    def run_job(self, spec: dict[str, Any], seconds: float = PATIENCE) -> dict[str, Any]:
        """POST and wait for success."""
        body = self.wait_ended(self.post_job(spec), seconds)
        assert body["status"] == "succeeded", body
        return body

    def _is_ready(self) -> bool:
        try:
            return self.client.get("/readyz", timeout=2).status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def running(home: Path, **settings: str) -> Iterator[Service]:
    """A service for the time of a `with`; settings by their names in lower case."""
    home.mkdir(parents=True, exist_ok=True)
    own = {f"FITSERVE_{name.upper()}": value for name, value in {"threads": "1", **settings}.items()}
    service = Service(home, free_port(), own)
    try:
        service.start()
        yield service
    finally:
        service.stop()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
