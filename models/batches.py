"""Which rows come when: pure functions, so that a resumed fit sees the same batches without any saved state."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def seed_for(seed: int, *purpose: int | str) -> int:
    """A seed of 63 bits for one purpose (a name, an epoch ...), drawn from the run's seed by SHA-256."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def order(seed: int, epoch: int, rows: int) -> Tensor:
    """The order of the training rows in an epoch: a permutation, int64 (rows,); a pure function of its arguments."""
    generator = torch.Generator().manual_seed(seed_for(seed, "order", epoch))
    return torch.randperm(rows, generator=generator)


def bounds(rows: int, batch_size: int) -> list[tuple[int, int]]:
    """Start and stop of every batch of an epoch. A last batch of one row joins the batch before it.

    Batch normalisation cannot learn from a single row, and the gradient of one row among batches is mere noise.
    """
    starts = list(range(0, rows, batch_size))
    if len(starts) > 1 and batch_size > 1 and rows - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], rows], strict=True))


def updates_per_epoch(rows: int, batch_size: int) -> int:
    """Updates of the weights in one epoch."""
    return len(bounds(rows, batch_size))
