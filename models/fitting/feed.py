"""Batches of an epoch, as fast as the memory allows: one permuted copy, then slices (measured fastest)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from models.batches import bounds, order

RESIDENT_BYTES = 2**30
"""Up to this size the training part is copied into memory in the epoch's order; above, batch by batch."""

Batch = tuple[Tensor, Tensor]


class Feed:
    """The training rows of x (rows, ...) and y (rows, ...) on `device`, in batches of `batch_size`."""

    def __init__(
        self, x: Tensor, y: Tensor, rows: Tensor, batch_size: int | str | None, seed: int, device: torch.device
    ) -> None:
        self._x, self._y, self._rows = x, y, rows
        self._seed, self._device = seed, device
        size = batch_size if isinstance(batch_size, int) else len(rows)
        self.bounds = bounds(len(rows), size)
        self._resident = x[0].numel() * 4 * len(rows) <= RESIDENT_BYTES
        self._copy: Batch | None = None
        if device.type != "cpu" and self._resident:  # to the device once, permuted there
            self._x, self._y, self._rows = x[rows].to(device), y[rows].to(device), torch.arange(len(rows))

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch from number `first` on. A single batch of all rows keeps the dataset's order."""
        rows = self._rows if len(self.bounds) == 1 else self._rows[order(self._seed, epoch, len(self._rows))]
        if self._resident:
            x, y = self._permuted(rows)
            for start, stop in self.bounds[first:]:
                yield x[start:stop], y[start:stop]
        else:
            for start, stop in self.bounds[first:]:
                yield self._taken(rows[start:stop])

    def _taken(self, rows: Tensor) -> Batch:
        return self._x[rows].to(self._device), self._y[rows].to(self._device)

    def _permuted(self, rows: Tensor) -> Batch:
        """All rows in this order; the memory of the last epoch's copy is used again."""
        index = rows.to(self._x.device)
        if self._copy is None:
            self._copy = self._x[index], self._y[index]
        elif len(self.bounds) > 1:
            torch.index_select(self._x, 0, index, out=self._copy[0])
            torch.index_select(self._y, 0, index, out=self._copy[1])
        return self._copy
