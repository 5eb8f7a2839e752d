"""`fitserve` as a person uses it: one service per home, plain refusals, keys; and its parts as containers run them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.processes import FITSERVE, PATIENCE, Service, free_port, running

LONG = {"dataset": "digits", "target": "label", "epochs": 40, "early_stopping": None}
SHORT = {"dataset": "iris", "target": "species", "network": "softmax", "epochs": 2}


def fitserve(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command on this home; settings by their names in lower case."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FITSERVE_")}
    environment |= {f"FITSERVE_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [FITSERVE, *arguments],
        env=environment | {"FITSERVE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_a_second_service_on_the_same_home_is_refused(service: Service) -> None:
    done = fitserve(service.home, "serve", port=str(free_port()))
    assert done.returncode == 1
    assert f"process {service.process.pid}" in done.stderr
    assert service.url in done.stderr


def test_a_port_that_is_taken_is_said_plainly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = fitserve(tmp_path, "serve", port=str(port))
    assert done.returncode == 1
    assert done.stderr == f"Port {port} on 127.0.0.1 is taken; FITSERVE_PORT={port + 1} chooses another.\n"


def test_a_wrong_setting_is_said_plainly(tmp_path: Path) -> None:
    done = fitserve(tmp_path, "serve", port="many")
    assert done.returncode == 1
    assert done.stderr.startswith("FITSERVE_PORT: ")
    assert "Traceback" not in done.stderr


def test_others_are_let_in_with_a_key_only(tmp_path: Path) -> None:
    refused = fitserve(tmp_path / "other", "serve", host="0.0.0.0", port=str(free_port()))
    assert refused.returncode == 1
    assert "fitserve key create" in refused.stderr
    made = fitserve(tmp_path, "key", "create", "me", "--scope", "read")
    key = made.stdout.strip()
    with running(tmp_path, host="0.0.0.0") as service:
        assert service.client.get("/v1/jobs").status_code == 401
        mine = {"Authorization": f"Bearer {key}"}
        assert service.client.get("/v1/jobs", headers=mine).status_code == 200
        assert service.client.post("/v1/jobs", headers=mine, json=SHORT).status_code == 403
        listed = fitserve(tmp_path, "key", "list").stdout
        assert key not in listed
        identity = listed.split()[0]
        assert fitserve(tmp_path, "key", "revoke", identity).stdout == f"{identity} is revoked.\n"
        time.sleep(1.5)
        assert service.client.get("/v1/jobs", headers=mine).status_code == 401


def test_a_run_that_is_stopped_goes_on_at_the_next_start(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        job = service.post_job(LONG)
        while service.client.get(job).json()["progress"]["epoch"] < 2:
            time.sleep(0.05)
        family = psutil.Process(service.process.pid).children(recursive=True)
        done = fitserve(tmp_path, "stop")
        assert done.stdout == f"The service on {tmp_path} has ended.\n"
        assert not any(process.is_running() for process in family)
    assert fitserve(tmp_path, "stop").stdout == f"No service runs on {tmp_path}.\n"
    with running(tmp_path) as service:
        body = service.wait_ended(job)
        assert body["status"] == "succeeded"
        assert body["claims"] == 2
        assert body["attempt"] == 1


def test_nothing_is_left_when_the_service_itself_is_killed(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        family = psutil.Process(service.process.pid).children(recursive=True)
        service.process.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(family, timeout=PATIENCE)
        assert not alive
    with running(tmp_path) as service:
        service.run_job(SHORT)


def test_the_parts_run_alone_as_in_containers(tmp_path: Path) -> None:
    assert fitserve(tmp_path, "migrate").stdout == "The database is up to date.\n"
    environment = {**os.environ, "FITSERVE_HOME": str(tmp_path), "FITSERVE_PORT": str(free_port())}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    parts = [subprocess.Popen([FITSERVE, name], env=environment, **quiet) for name in ("api", "worker")]
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{environment['FITSERVE_PORT']}", timeout=90) as client:
            wait_ready(client)
            job = client.post("/v1/jobs", json=SHORT).headers["location"]
            assert client.get(job, params={"wait": 60}).json()["status"] == "succeeded"
    finally:
        for part in parts:
            part.terminate()
        codes = [part.wait(timeout=PATIENCE) for part in parts]
    assert codes == [-signal.SIGTERM, 0]  # uvicorn ends in order, then by the signal that it got


def wait_ready(client: httpx2.Client) -> None:
    """Until the API answers."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    pytest.fail("the API was not ready in time")


def test_quickstart_works_twice_and_the_second_time_is_quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the built-in digits: Fashion-MNIST is made unreachable."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    settings = {"fashion_mnist": str(tmp_path / "nowhere"), "port": str(free_port())}
    try:
        first = fitserve(tmp_path, "quickstart", **settings)
        started = time.monotonic()
        second = fitserve(tmp_path, "quickstart", **settings)
        seconds = time.monotonic() - started
    finally:
        fitserve(tmp_path, "stop")
    assert first.returncode == second.returncode == 0, first.stdout + first.stderr + second.stderr
    assert '$ curl --json \'{"dataset": "digits"' in first.stdout
    assert "epoch 20/20" in first.stdout
    assert '"label": 0' in first.stdout
    assert "$ curl -T" in second.stdout
    assert "--json" not in second.stdout
    assert seconds < 30
