"""`python -m workers.child`: the process in which torch fits and uploads are parsed. It knows no database, no network.

It warms up, writes {"kind": "ready"}, reads one start line from its standard input, and writes events as JSON lines.
The end of its input means that the supervisor is gone: it ends at once. SIGTERM asks for a stop with a checkpoint.
Exit code 0 after Finished, Stopped, Failed or Ingested was written; anything else means that it died.

    {"kind": "start", "work": "fit", "run": "run_...", "spec": {...}, "paths": {"dataset", "upload", "cache", "into"},
     "resume": null, "settings": {"checkpoint_seconds", "threads", "progress_seconds", "memory_bytes"}, "failpoint": ""}
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import torch
from pydantic import ValidationError

from models.checkpoint import load
from models.data.ingest import ingest
from models.data.options import IngestOptions
from models.data.store import Dataset
from models.errors import Detail, ModelsError
from models.events import Event, Failed, Stopped
from models.faults import arm
from models.features import prepare
from models.fitting import Limits, fit
from models.spec import TrainingSpec

Message = dict[str, Any]
CHUNK = 65_536


class Wish:
    """Whether somebody asked this process to stop."""

    def __init__(self) -> None:
        self._asked = False

    def ask(self, *_: object) -> None:
        """A signal handler."""
        self._asked = True

    def __call__(self) -> bool:
        """Read before every update."""
        return self._asked


def main() -> int:
    """Serve one start line."""
    events = _claim_stdout()
    stop = Wish()
    signal.signal(signal.SIGTERM, stop.ask)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to understand
    messages = _listen()
    _warm_up()
    _write(events, {"kind": "ready", "pid": os.getpid()})
    start = messages.get()
    for event in _guarded(start, stop):
        _write(events, event.to_json())
    return 0


def _claim_stdout() -> int:
    """The descriptor for events; a stray print goes to stderr from now on."""
    events = os.dup(1)
    os.set_inheritable(events, False)
    os.dup2(2, 1)
    return events


def _write(descriptor: int, message: Message) -> None:
    data = (json.dumps(message, allow_nan=False) + "\n").encode()
    while data:
        data = data[os.write(descriptor, data) :]


def _listen() -> SimpleQueue[Message]:
    messages: SimpleQueue[Message] = SimpleQueue()
    threading.Thread(target=_read_lines, args=(messages.put,), daemon=True).start()
    return messages


def _read_lines(put: Callable[[Message], None]) -> None:
    """os.read and not a buffered reader, whose lock would hang the interpreter's end."""
    waiting = b""
    while data := os.read(0, CHUNK):
        *lines, waiting = (waiting + data).split(b"\n")
        for line in filter(None, lines):
            put(json.loads(line))
    os._exit(3)


def _warm_up() -> None:
    """The first use of torch's kernels, autograd and optimizer costs a good part of a second: now, not at the start."""
    network = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    network(torch.zeros(2, 2)).sum().backward()
    optimizer.step()


def _guarded(start: Message, stop: Callable[[], bool]) -> Iterator[Event]:
    """The work's events; whatever goes wrong becomes a Failed that tells no path and no stack (they go to stderr)."""
    try:
        _prepare_process(start)
        work = _ingest if start["work"] == "ingest" else _fit
        yield from work(start, stop)
    except GeneratorExit:
        raise
    except BaseException as error:
        traceback.print_exc(file=sys.stderr)
        yield failure(error)


def failure(error: BaseException) -> Failed:
    """What a run is told about an error. Retryable are those that another time or another machine may not have."""
    if isinstance(error, ModelsError):
        retryable = error.code == "device-unavailable"
        return Failed(error.code, str(error), retryable, tuple(detail.to_json() for detail in error.details))
    if isinstance(error, ValidationError):
        return Failed("invalid-spec", f"the spec has {error.error_count()} faults", details=_faults(error))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failed("insufficient-storage", "the disk is full; the last checkpoint is kept", retryable=True)
    if _is_out_of_memory(error):
        return Failed("out-of-memory", "there is not enough memory: a smaller batch or a smaller network needs less")
    if "CUDA" in str(error) or isinstance(error, torch.AcceleratorError):
        return Failed("device-unavailable", "the GPU has failed", retryable=True)
    return Failed("internal-error", f"an unexpected {type(error).__name__} ended the run; the log has more")


def _is_out_of_memory(error: BaseException) -> bool:
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or (isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error))


def _faults(error: ValidationError) -> tuple[dict[str, Any], ...]:
    return tuple(
        Detail("invalid-spec", fault["msg"], "/" + "/".join(map(str, fault["loc"]))).to_json()
        for fault in error.errors(include_url=False, include_input=False)
    )


def _prepare_process(start: Message) -> None:
    settings = start.get("settings", {})
    arm(start.get("failpoint") or "")
    if settings.get("threads"):
        torch.set_num_threads(settings["threads"])
    if settings.get("memory_bytes"):
        resource.setrlimit(resource.RLIMIT_AS, (settings["memory_bytes"], resource.RLIM_INFINITY))


def _ingest(start: Message, stop: Callable[[], bool]) -> Iterator[Event]:  # noqa: ARG001  one signature for all work
    paths = start["paths"]
    options = IngestOptions.model_validate(start["spec"])
    yield ingest(Path(paths["upload"]), options, Path(paths["into"]), start.get("content_type"))


def _fit(start: Message, stop: Callable[[], bool]) -> Iterator[Event]:
    paths, settings = start["paths"], start.get("settings", {})
    spec = TrainingSpec.model_validate(start["spec"])
    prepared = prepare(spec, Dataset.open(Path(paths["dataset"])), Path(paths["cache"]))
    resume = load(Path(start["resume"])) if start.get("resume") else None
    if stop():
        epoch, step = (resume.metrics["epoch"], resume.metrics["step"]) if resume else (0, 0)
        yield Stopped(epoch, step)
        return
    limits = Limits(settings.get("checkpoint_seconds", 10.0), settings.get("progress_seconds", 0.5))
    yield from fit(spec, prepared, Path(paths["into"]), resume, stop, limits)


if __name__ == "__main__":
    sys.exit(main())
