"""A column of categories on its way into a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Value = str | int | float


@dataclass(frozen=True)
class Categories:
    """Codes int64 (rows,) into `names`; -1 = missing."""

    codes: Tensor
    names: tuple[Value, ...]

    @classmethod
    def of(cls, values: Sequence[Value | None]) -> Categories:
        """From plain values, None = missing; the names in order of first appearance."""
        names = {name: code for code, name in enumerate(dict.fromkeys(v for v in values if v is not None))}
        codes = [-1 if value is None else names[value] for value in values]
        return cls(torch.tensor(codes, dtype=torch.int64), tuple(names))

    def __len__(self) -> int:
        return len(self.codes)

    def rows(self, index: Tensor) -> Categories:
        """The rows of these indices."""
        return Categories(self.codes[index], self.names)
