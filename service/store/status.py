"""The states of a run, and who may follow whom. The only place that knows; runs.py obeys it in every UPDATE."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Status(StrEnum):
    """The states of a run, and of a job, which has those of its runs."""

    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    CANCELLING = "cancelling"
    PAUSING = "pausing"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})
"""Nothing happens any more, unless somebody asks for a retry of a failed one."""

LEASED = frozenset({Status.PREPARING, Status.RUNNING, Status.CANCELLING, Status.PAUSING})
"""A worker holds the run."""

FOLLOWS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.PREPARING, Status.PAUSED, Status.CANCELLED}),
    Status.PREPARING: frozenset(
        {Status.RUNNING, Status.SUCCEEDED, Status.FAILED, Status.CANCELLING, Status.PAUSING, Status.QUEUED}
    ),
    Status.RUNNING: frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLING, Status.PAUSING, Status.QUEUED}),
    Status.PAUSING: frozenset({Status.PAUSED, Status.CANCELLING, Status.SUCCEEDED, Status.FAILED}),
    Status.CANCELLING: frozenset({Status.CANCELLED}),
    Status.PAUSED: frozenset({Status.QUEUED, Status.CANCELLED}),
    Status.FAILED: frozenset({Status.QUEUED}),
    Status.SUCCEEDED: frozenset(),
    Status.CANCELLED: frozenset(),
}
"""What may come after each state."""


def before(status: Status) -> frozenset[Status]:
    """The states from which this one can be reached: they go into WHERE."""
    return frozenset(old for old, new in FOLLOWS.items() if status in new)


def of_job(runs: Collection[Status]) -> Status:
    """A job's state from those of its runs, of which it has at least one."""
    for status in (Status.FAILED, Status.RUNNING, Status.PREPARING, Status.CANCELLING, Status.PAUSING):
        if status in runs:
            return status
    if Status.QUEUED in runs:
        return Status.RUNNING if Status.SUCCEEDED in runs else Status.QUEUED
    for status in (Status.PAUSED, Status.CANCELLED):
        if status in runs:
            return status
    return Status.SUCCEEDED
