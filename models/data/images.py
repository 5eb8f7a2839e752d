"""The pictures of a column: a sequence of uint8 arrays (height, width, channels), read from the memory-mapped file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from models.data.channels import Pixels, to_channels
from models.data.decode import decode_image


class Images(Sequence[Pixels]):
    """Pictures as a sequence. The file is mapped when the first picture is asked for."""

    def __init__(self, file: Path, ends: NDArray[np.int64], channels: int, shape: tuple[int, int, int] | None) -> None:
        self._file = file
        self._ends = ends
        self._channels = channels
        self._shape = shape

    @property
    def block(self) -> NDArray[np.uint8] | None:
        """All pictures as uint8 (N, C, H, W), memory-mapped; None where they differ in size."""
        return None if self._shape is None else self._bytes.reshape(len(self), *self._shape)

    @cached_property
    def _bytes(self) -> NDArray[np.uint8]:
        # "c" (copy on write) and not "r": torch.from_numpy warns about arrays that it must not write to
        return np.asarray(np.memmap(self._file, dtype=np.uint8, mode="c"))

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
        block = self.block
        if block is not None:
            return block[index].transpose(1, 2, 0)
        return to_channels(decode_image(self._encoded(index)), self._channels)

    def __iter__(self) -> Iterator[Pixels]:
        return (self[i] for i in range(len(self)))

    def stored(self) -> Iterator[bytes]:
        """The bytes of each picture as they are stored, raw (C, H, W) or the uploaded file; read, not mapped."""
        with self._file.open("rb") as file:
            for size in np.diff(self._ends, prepend=0):
                yield file.read(int(size))

    def _encoded(self, index: int) -> bytes:
        start = int(self._ends[index - 1]) if index else 0
        return self._bytes[start : int(self._ends[index])].tobytes()
