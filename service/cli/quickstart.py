"""`fitserve quickstart`: a dataset, a job followed live, a prediction; every call shown as the curl line that it is."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
from rich.console import Console

from models.data.builtin import fashion
from service.datasets import fashion_folders
from service.settings import Settings

from .curl import Curl
from .follow import follow
from .lock import HomeUnusable, holder
from .picture import save_picture

START_SECONDS = 60.0
GOOD = ("queued", "preparing", "running", "succeeded")


class NotStarted(Exception):  # noqa: N818  a state to report, not a mishap
    """The service in the background ended or did not become ready."""


class NotTrained(Exception):  # noqa: N818  a state to report, not a mishap
    """The job ended without a network."""


class Choice(NamedTuple):
    """What is trained, in about half a minute on two cores; `network` None = what the service takes by itself."""

    dataset: str
    about: str
    network: str | None
    epochs: int


FASHION = Choice("fashion-mnist", "70,000 pictures of clothes in ten classes", "lenet", 3)
DIGITS = Choice("digits", "1,797 handwritten digits", None, 20)


def run_quickstart(settings: Settings, console: Console) -> None:
    """All of it. Raises NotStarted, NotTrained, CurlFailed."""
    home = settings.home.resolve()
    curl = Curl(_ensure_running(settings, console), console)
    choice = _choose(settings, console)
    _say(console, f"Train a network on {choice.dataset}, {choice.about}")
    with httpx2.Client(base_url=curl.url, timeout=120, trust_env=False) as client:
        job = _job(client, curl, choice)
        _say(console, f"Follow it live (curl -N -H 'Accept: text/event-stream' {curl.url}/v1/jobs/{job['id']}/events)")
        job = follow(client, job, console)
        dataset = client.get(f"/v1/datasets/{choice.dataset}").raise_for_status().json()
    if job["status"] != "succeeded":
        raise NotTrained(f"The job has {job['status']}: {job['reason']}")
    accuracy, guess = job["metrics"]["test.accuracy"], job["baseline"]["test.accuracy"]
    console.print(f"test accuracy {accuracy:.3f} (always saying the commonest class: {guess:.3f})", highlight=False)
    picture, truth = save_picture(settings, dataset, home / "quickstart")
    _say(console, f"Ask the network about a picture out of the dataset; it shows: {truth}")
    curl.send(f"/v1/models/{_model(choice)}/predict", picture)
    _say(console, f"The service goes on running: {curl.url}/docs. `make stop` ends it, `make run` starts it again.")


def _ensure_running(settings: Settings, console: Console) -> str:
    """The URL of the service on this home, started in the background where none runs."""
    home = settings.home.resolve()
    if (running := holder(home)) is None:
        _say(console, f"Start the service in the background (its files are in {home})")
        log = home / "logs" / "serve.log"
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HomeUnusable(home, error) from error
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _wait_ready(home, process, log)
    elif not _is_ready(running.url):
        raise NotStarted(f"The service on {home} (process {running.pid}) does not answer; see {home / 'logs'}.")
    running = holder(home)
    assert running is not None
    return running.url


def _wait_ready(home: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while (running := holder(home)) is None or not _is_ready(running.url):
        if process.poll() is not None:
            raise NotStarted(log.read_text().strip())
        if time.monotonic() > deadline:
            raise NotStarted(f"The service was not ready after {START_SECONDS:g} s; see {log.parent}.")
        time.sleep(0.1)


def _is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=2, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def _choose(settings: Settings, console: Console) -> Choice:
    """Fashion-MNIST where its files are here or can be fetched, else the digits, which are always here."""
    folders = fashion_folders(settings)
    if fashion.find(folders) is None:
        _say(console, "Fetch Fashion-MNIST from its public home (30 MB, once)")
        try:
            fashion.fetch(folders[-1])
        except OSError as error:
            console.print(f"It cannot be had here ({error}); the built-in digits are taken instead.")
            return DIGITS
    return FASHION


def _job(client: httpx2.Client, curl: Curl, choice: Choice) -> dict[str, Any]:
    """The job of an earlier quickstart, where one is on its way or has succeeded, else a new one."""
    wanted: dict[str, str | int | list[str]] = {
        "tag": "quickstart",
        "dataset": choice.dataset,
        "status": [*GOOD],
        "limit": 1,
    }
    if earlier := client.get("/v1/jobs", params=wanted).raise_for_status().json()["data"]:
        job: dict[str, Any] = curl.get(f"/v1/jobs/{earlier[0]['id']}")
        return job
    spec = {
        "dataset": choice.dataset,
        "target": "label",
        **({"network": choice.network} if choice.network else {}),
        "epochs": choice.epochs,
        "tags": ["quickstart"],
        "publish_as": _model(choice),
    }
    posted: dict[str, Any] = curl.post("/v1/jobs", spec)
    return posted


def _model(choice: Choice) -> str:
    return f"quickstart-{choice.dataset}"


def _say(console: Console, text: str) -> None:
    console.print(f"\n# {text}", style="bold green", highlight=False, soft_wrap=True)
