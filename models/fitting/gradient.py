"""Fitting by gradient: the loop in the open.

    for event in fit(resolved_spec, prepared, folder):
        ...

The generator reads `stop` before every update. What it yields as CheckpointSaved is complete on disk, and a later
`fit(..., resume=load(folder))` goes on from there with the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from models.checkpoint import Checkpoint, save
from models.devices import choose, make_repeatable, use_threads
from models.events import (
    CheckpointSaved,
    EpochEnded,
    Event,
    Finished,
    Progressed,
    Resolved,
    Started,
    Stopped,
    Warned,
)
from models.faults import failpoint
from models.features import Prepared
from models.fitting.measure import measure, measure_all
from models.fitting.resume import capture, capture_best, restore
from models.fitting.state import Fitting
from models.fitting.watch import Limits, Watch
from models.spec import TrainingSpec

Ending = Literal["epochs_done", "early_stopping", "max_seconds"]


def never() -> bool:
    """The `stop` of a fit that nobody stops."""
    return False


def fit(
    spec: TrainingSpec,
    prepared: Prepared,
    folder: Path,
    resume: Checkpoint | None = None,
    stop: Callable[[], bool] = never,
    limits: Limits | None = None,
) -> Iterator[Event]:
    """Fit the spec's network; checkpoints go into `folder`. Ends with Finished or, asked by `stop`, with Stopped.

    `spec.threads` is set for the whole process; torch's global generator is seeded.
    Raises FitError (loss-not-finite, device-unavailable), SpecError, CheckpointError, OSError (disk full).
    """
    device = choose(spec.device)
    make_repeatable(device)
    settled = spec.model_copy(update={"device": device.type, "threads": use_threads(spec.threads)})
    fitting = Fitting(settled, prepared, device)
    if resume is not None:
        restore(fitting, resume)
    watch = Watch(limits or Limits(), resume.seconds if resume else 0.0, spec.max_seconds)
    yield from _opening(fitting)
    while (ending := _ending(fitting, watch)) is None:
        began = watch.used()
        for x, y in fitting.feed.batches(fitting.progress.epoch, fitting.progress.batch):
            if stop():
                yield _save(fitting, watch, folder, "last")
                yield Stopped(fitting.progress.epoch, fitting.progress.step)
                return
            if watch.time_is_up():
                break
            failpoint("train.step")
            fitting.update(x, y)
            watch.stepped()
            if watch.report_due():
                yield _progressed(fitting, watch)
            if watch.save_due() and fitting.progress.batch < fitting.updates:
                yield _save(fitting, watch, folder, "last")
        else:
            yield _end_epoch(fitting, watch.used() - began)
            if watch.save_due():
                yield from _save_both(fitting, watch, folder, once=True)
    yield from _save_both(fitting, watch, folder)
    if stop():
        yield Stopped(fitting.progress.epoch, fitting.progress.step)
        return
    yield from _finish(fitting, ending)


def _opening(fitting: Fitting) -> Iterator[Event]:
    spec, parts = fitting.spec, fitting.prepared.parts
    yield Resolved(
        spec=spec.model_dump(mode="json"),
        parameters=sum(parameter.numel() for parameter in fitting.network.parameters()),
        device=str(fitting.device),
        rows={part: len(rows) for part, rows in parts.items()},
        updates_per_epoch=fitting.updates,
    )
    if fitting.prepared.dropped:
        message = f"{fitting.prepared.dropped} rows have no {spec.target.column} and are left out"
        yield Warned("target-missing", message, "/target")
    yield Started(fitting.progress.epoch, fitting.progress.step, fitting.epochs)


def _ending(fitting: Fitting, watch: Watch) -> Ending | None:
    """Why the fit is over, read from its state alone (and the clock): a resumed fit sees the same."""
    stopping = fitting.spec.early_stopping
    if stopping is not None and stopping.due(fitting.progress.best):
        return "early_stopping"
    if fitting.progress.epoch >= fitting.epochs:
        return "epochs_done"
    return "max_seconds" if watch.time_is_up() else None


def _progressed(fitting: Fitting, watch: Watch) -> Progressed:
    progress, updates = fitting.progress, fitting.updates
    done = progress.epoch * updates + progress.batch
    total = fitting.epochs * updates
    left = watch.seconds_left(total - done)
    return Progressed(progress.epoch, progress.step, done / total, left, fitting.running_loss())


def _end_epoch(fitting: Fitting, seconds: float) -> EpochEnded:
    metrics = {"train.loss": fitting.running_loss()}
    fitting.check_weights()
    if len(fitting.prepared.parts["validation"]):
        told, _ = measure(fitting, "validation")
        metrics |= {f"validation.{name}": value for name, value in told.items()}
    fitting.end_epoch(metrics)
    return EpochEnded(fitting.progress.epoch, fitting.progress.step, seconds, metrics)


def _save(fitting: Fitting, watch: Watch, folder: Path, *reasons: str) -> CheckpointSaved:
    fitting.check_weights()
    saved = save(capture(fitting, watch.used()), folder)
    watch.saved()
    progress = fitting.progress
    told = (saved.sha256, saved.bytes, progress.epoch, progress.step)
    return CheckpointSaved(str(saved.folder), *told, reasons, progress.metrics)


def _save_both(fitting: Fitting, watch: Watch, folder: Path, once: bool = False) -> Iterator[CheckpointSaved]:
    """The present state, from which one can go on, and the best network where that is another one.

    With `once`, a best network that was saved before is not saved again.
    """
    progress, best = fitting.progress, fitting.progress.best.epoch
    if fitting.is_best():
        yield _save(fitting, watch, folder, "best", "last")
    else:
        yield _save(fitting, watch, folder, "last")
        if once and fitting.saved_best == best:
            return
        saved = save(capture_best(fitting, watch.used()), folder)
        told = (saved.sha256, saved.bytes, best, progress.best_step)
        yield CheckpointSaved(str(saved.folder), *told, ("best",), progress.best_metrics)
    fitting.saved_best = best


def _finish(fitting: Fitting, ending: Ending) -> Iterator[Event]:
    """Measure the best network over every part; the test part is touched here, once."""
    if fitting.best_weights is not None:
        fitting.network.load_state_dict(fitting.best_weights)
    best = fitting.progress.best.epoch
    metrics, reports = measure_all(fitting)
    yield Finished(ending, _message(fitting, ending), best, metrics, {"parts": reports})


def _message(fitting: Fitting, ending: Ending) -> str:
    progress, watched = fitting.progress, fitting.watched()
    if ending == "early_stopping" and watched is not None:
        return (
            f"{watched[0]} has not improved for {progress.best.waited} epochs; the best was epoch {progress.best.epoch}"
        )
    if ending == "max_seconds":
        return f"{fitting.spec.max_seconds:g} seconds were used, after {progress.epoch} of {fitting.epochs} epochs"
    return f"all {fitting.epochs} epochs are done"
