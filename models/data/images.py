"""The pictures of a column: a sequence of uint8 arrays (height, width, channels), read from the memory-mapped file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from models.data.channels import Pixels, to_channels
from models.data.decode import decode_image


class Images(Sequence[Pixels]):
    """Pictures as a sequence; `block` is uint8 (N, C, H, W), or None where they differ in size."""

    def __init__(self, file: Path, ends: NDArray[np.int64], channels: int, shape: tuple[int, int, int] | None) -> None:
        # "c" (copy on write) and not "r": torch.from_numpy warns about arrays that it must not write to
        self._bytes: NDArray[np.uint8] = np.memmap(file, dtype=np.uint8, mode="c")
        self._ends = ends
        self._channels = channels
        self.block: NDArray[np.uint8] | None = None if shape is None else self._bytes.reshape(len(ends), *shape)

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> Pixels: ...
    @overload
    def __getitem__(self, index: slice) -> list[Pixels]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index = int(index) % len(self)
        if self.block is not None:
            return self.block[index].transpose(1, 2, 0)
        return to_channels(decode_image(self._encoded(index)), self._channels)

    def __iter__(self) -> Iterator[Pixels]:
        return (self[i] for i in range(len(self)))

    def stored(self) -> Iterator[memoryview]:
        """The bytes of each picture as they are stored: raw (C, H, W) or the uploaded file."""
        return (self._bytes[slice(*self._span(i))].data for i in range(len(self)))

    def _encoded(self, index: int) -> bytes:
        return self._bytes[slice(*self._span(index))].tobytes()

    def _span(self, index: int) -> tuple[int, int]:
        return int(self._ends[index - 1]) if index else 0, int(self._ends[index])
