"""Where a fit stands: all that changes from update to update, and nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from models.batches import seed_for
from models.errors import Detail, FitError
from models.features import Prepared
from models.fitting.feed import Feed
from models.objectives.metrics import Goal
from models.optimization import Best
from models.spec import TrainingSpec, task_of
from models.tasks import goals


class Running:
    """The loss of the running epoch, summed over rows in float64.

    On the CPU each batch is checked as it comes; on other devices reading the loss would stall them, so that the sum is
    kept there and checked whenever it is read.
    """

    def __init__(self, device: torch.device) -> None:
        self.total = torch.zeros((), dtype=torch.float64, device=device)

    def add(self, loss: Tensor, rows: int, step: int) -> None:
        """Add a batch's mean loss. Raises FitError loss-not-finite, on the CPU at once."""
        if self.total.device.type != "cpu":
            self.add_on_device(loss, rows, step)
            return
        value = loss.item()
        if not math.isfinite(value):
            raise not_finite(step)
        self.total += value * rows

    def add_on_device(self, loss: Tensor, rows: int, step: int) -> None:  # noqa: ARG002  the signature of `add`
        """Add a batch's mean loss without waiting for it."""
        self.total += loss.detach().double() * rows

    def mean(self, rows: int, step: int) -> float:
        """Mean over the rows so far. Raises FitError loss-not-finite."""
        value = self.total.item() / rows
        if not math.isfinite(value):
            raise not_finite(step)
        return value


def not_finite(step: int, what: str = "the loss") -> FitError:
    """The error of a fit that has left the finite numbers."""
    message = f"{what} is not finite at step {step}"
    fix = "a smaller learning rate, standardised inputs, or clean targets"
    return FitError(Detail("loss-not-finite", message, "/optimizer/lr", given=step, fix=fix))


@dataclass
class Progress:
    """Epochs and updates that are done, and batches of the epoch that is running."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best: Best = field(default_factory=Best)
    best_step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    """What was measured after the last full epoch."""
    best_metrics: dict[str, float] = field(default_factory=dict)


class Fitting:
    """A network on its way: built from the spec and its seed, changed by updates, captured into checkpoints."""

    def __init__(self, spec: TrainingSpec, prepared: Prepared, device: torch.device) -> None:
        assert spec.network is not None
        assert spec.loss is not None
        assert spec.optimizer is not None
        self.spec, self.prepared, self.device = spec, prepared, device
        self.outputs = task_of(spec).outputs(prepared.task_state, spec.loss)
        torch.manual_seed(seed_for(spec.seed, "start"))
        self.network: nn.Module = spec.network.build(prepared.shape, self.outputs).to(device)
        self.loss: nn.Module = spec.loss.build(prepared.task_state.counts).to(device)
        self.penalties = [regularizer.build(self.network) for regularizer in spec.regularization]
        self.optimizer = spec.optimizer.build(self.network.parameters())
        self.feed = Feed(prepared.x, prepared.y, prepared.parts["train"], spec.batch_size, spec.seed, device)
        self.progress = Progress()
        self.running = Running(device)
        self.best_weights: dict[str, Tensor] | None = None
        self.saved_best = 0
        """The epoch whose network this process saved as the best; not part of the state."""

    @property
    def epochs(self) -> int:
        """Epochs to do, at most."""
        assert self.spec.epochs is not None
        return self.spec.epochs

    @property
    def updates(self) -> int:
        """Updates in an epoch."""
        return len(self.feed.bounds)

    def watched(self) -> tuple[str, Goal] | None:
        """The metric that decides which epoch is the best; None where nothing is held out: then the last one is."""
        stopping = self.spec.early_stopping
        if stopping is not None:
            name = stopping.metric.partition(".")[2]
            known: dict[str, Goal] = {"loss": "min", **goals(task_of(self.spec), self.prepared.task_state)}
            return stopping.metric, known[name]
        return ("validation.loss", "min") if len(self.prepared.parts["validation"]) else None

    def update(self, x: Tensor, y: Tensor) -> None:
        """One step: x (batch, *shape), y (batch, ...). A loss that is not finite is a FitError, before the update."""
        self._set_rate()
        loss = self.loss(self.network(x), y)
        self.running.add(loss, len(x), self.progress.step + 1)
        self.optimizer.zero_grad(set_to_none=True)
        sum((penalty() for penalty in self.penalties), start=loss).backward()
        self.optimizer.step()
        self.progress.step += 1
        self.progress.batch += 1

    def _set_rate(self) -> None:
        assert self.spec.schedule is not None
        assert self.spec.optimizer is not None
        factor = self.spec.schedule.factor(self.progress.step, self.updates, self.epochs)
        for group in self.optimizer.param_groups:
            group["lr"] = self.spec.optimizer.lr * factor

    def running_loss(self) -> float:
        """Mean loss of the running epoch so far."""
        return self.running.mean(self.feed.bounds[self.progress.batch - 1][1], self.progress.step)

    def end_epoch(self, metrics: dict[str, float]) -> None:
        """Close the running epoch with what was measured after it; remember it where it is the best."""
        progress, watched = self.progress, self.watched()
        progress.epoch, progress.batch, progress.metrics = progress.epoch + 1, 0, metrics
        self.running = Running(self.device)
        if watched is None:
            progress.best = Best(epoch=progress.epoch)
        else:
            name, goal = watched
            delta = self.spec.early_stopping.min_delta if self.spec.early_stopping else 0.0
            progress.best = progress.best.after(metrics.get(name, math.nan), progress.epoch, goal, delta)
            self._keep_best()

    def _keep_best(self) -> None:
        progress = self.progress
        if progress.best.epoch == progress.epoch:
            progress.best_step, progress.best_metrics = progress.step, progress.metrics
            self.best_weights = {name: value.detach().clone() for name, value in self.network.state_dict().items()}

    def is_best(self) -> bool:
        """Whether the present weights are the best (also where nothing can tell)."""
        progress = self.progress
        return self.best_weights is None or (progress.best.epoch == progress.epoch and progress.batch == 0)

    def check_weights(self) -> None:
        """Raises FitError loss-not-finite where a weight is no finite number."""
        if not all(bool(torch.isfinite(value).all()) for value in self.network.state_dict().values()):
            raise not_finite(self.progress.step, "a weight")
