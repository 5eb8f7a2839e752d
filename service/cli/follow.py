"""A job followed live: a bar on a terminal, and a line for each epoch that has ended."""

from __future__ import annotations

from typing import Any

import httpx2
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

LONGEST_WAIT = 10
"""Seconds that one look at the job waits for a change."""

SHOWN = ("train.loss", "validation.loss", "validation.accuracy")


def follow(client: httpx2.Client, job: dict[str, Any], console: Console) -> dict[str, Any]:
    """Show the job until it has ended; returns its last body."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(40), TextColumn("{task.percentage:3.0f}%"))
    told = TextColumn("{task.fields[told]}", style="dim")
    with Progress(*columns, told, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(job["status"], total=1.0, told="")
        etag, seen = "", 0
        while True:
            answer = client.get(f"/v1/jobs/{job['id']}", params={"wait": LONGEST_WAIT}, headers={"If-None-Match": etag})
            if answer.status_code == httpx2.codes.OK:
                job, etag = answer.json(), answer.headers["etag"]
                seen = _show_epochs(client, job, seen, console)
                progress.update(
                    bar, description=job["status"], completed=job["progress"]["fraction"], told=progress_text(job)
                )
            elif answer.status_code != httpx2.codes.NOT_MODIFIED:
                answer.raise_for_status()
            if job["terminal"]:
                return job


def _show_epochs(client: httpx2.Client, job: dict[str, Any], seen: int, console: Console) -> int:
    """A line for each epoch since the event `seen`; returns the last event."""
    answer = client.get(f"/v1/jobs/{job['id']}/events", params={"after": seen}).raise_for_status()
    for event in answer.json()["data"]:
        seen = event["seq"]
        if event["kind"] == "epoch_ended":
            console.print(epoch_text(event["data"], job["progress"]["epochs"]), highlight=False, soft_wrap=True)
    return seen


def epoch_text(data: dict[str, Any], epochs: int | None) -> str:
    """`epoch 2/3  loss 0.412  validation accuracy 0.851  (9.3 s)`, as far as the numbers are there."""
    shown = [name for name in SHOWN if data["metrics"].get(name) is not None]
    metrics = [f"{name.replace('.', ' ')} {data['metrics'][name]:.3f}" for name in shown]
    return "  ".join([f"epoch {data['epoch']}/{epochs}", *metrics, f"({data['seconds']:.1f} s)"])


def progress_text(job: dict[str, Any]) -> str:
    """`epoch 2/3, loss 0.412, 14 s left`, as far as it is known."""
    progress, eta = job["progress"], job["eta"]
    if progress["epochs"] is None or job["terminal"]:
        return ""
    parts = [f"epoch {min(progress['epoch'] + 1, progress['epochs'])}/{progress['epochs']}"]
    if progress["loss"] is not None:
        parts.append(f"loss {progress['loss']:.3f}")
    if eta is not None:
        parts.append(f"{eta['seconds']:.0f} s left")
    return ", ".join(parts)
