"""`fitserve ...`: everything that a person or a container starts."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from service.auth import RefusesToStart
from service.settings import Settings

from . import keys
from .curl import CurlFailed
from .lock import AlreadyRunning, HomeUnusable, holder
from .processes import api_command, worker_command
from .quickstart import NotStarted, NotTrained, run_quickstart
from .serve import MigrationFailed, PortTaken, serve
from .serve import migrate as bring_up_to_date

app = typer.Typer(
    help="Fits neural networks and serves them over REST. Settings are FITSERVE_... variables (README).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(keys.commands, name="key")

STOP_SECONDS = 40.0


@app.command("serve")
def serve_command() -> None:
    """Start the API and a worker here and keep them up, until Ctrl-C or `fitserve stop`."""
    settings = _settings()
    try:
        serve(settings, _say)
    except (AlreadyRunning, PortTaken, MigrationFailed, RefusesToStart, HomeUnusable) as error:
        _refuse(str(error))


@app.command()
def api() -> None:
    """Become the API alone (containers; `serve` starts this and a worker)."""
    _become(api_command(_settings()))


@app.command()
def worker() -> None:
    """Become a worker alone: FITSERVE_WORKER_DEVICE says which runs it takes, FITSERVE_SLOTS how many at a time."""
    _become(worker_command(_settings()))


@app.command()
def migrate() -> None:
    """Bring the database up to date; does nothing where it is."""
    _settings()
    try:
        bring_up_to_date()
    except MigrationFailed as error:
        _refuse(str(error))
    typer.echo("The database is up to date.")


@app.command()
def stop() -> None:
    """End the service that runs on this home; a run in progress saves a checkpoint and goes on at the next start."""
    home = _settings().home.resolve()
    running = holder(home)
    if running is None:
        typer.echo(f"No service runs on {home}.")
        return
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while holder(home) == running:
        if time.monotonic() > deadline:
            _refuse(f"Process {running.pid} has not ended in {STOP_SECONDS:g} s; see {home / 'logs'}.")
        time.sleep(0.05)
    typer.echo(f"The service on {home} has ended.")


@app.command()
def quickstart() -> None:
    """A dataset, a trained network and a prediction, with the curl lines for it; the service goes on running."""
    try:
        run_quickstart(_settings(), Console())
    except (NotStarted, NotTrained, CurlFailed, HomeUnusable) as error:
        _refuse(str(error))


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        faults = [f"FITSERVE_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors()]
        _refuse("\n".join(faults))


def _become(command: list[str]) -> NoReturn:
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606  our own command lines


def _say(text: str) -> None:
    typer.echo(f"{time.strftime('%H:%M:%S')} {text}")
    sys.stdout.flush()


def _refuse(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)
