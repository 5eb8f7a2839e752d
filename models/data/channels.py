"""Pictures with another number of channels: one rule for ingestion and for prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def to_channels(pixels: Pixels, channels: int) -> Pixels:
    """A picture (height, width, c) as (height, width, channels), both of 1 grey, 3 RGB, 4 RGBA.

    Grey becomes RGB by repetition, RGB becomes grey by ITU-R 601-2 (0.299 R + 0.587 G + 0.114 B, in Pillow's 16-bit
    fixed point), missing alpha is 255, and alpha that is not wanted is composited over white.
    """
    if pixels.shape[2] == channels:
        return pixels
    if pixels.shape[2] == 4:
        return to_channels(_over_white(pixels), channels)
    if channels == 1:
        return _luma(pixels)
    colour = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    if channels == 3:
        return colour
    return np.concatenate([colour, np.full_like(colour[:, :, :1], 255)], axis=2)


def _over_white(pixels: NDArray[Any]) -> Pixels:
    alpha = pixels[:, :, 3:].astype(np.uint32)
    blended = pixels[:, :, :3].astype(np.uint32) * alpha + 255 * (255 - alpha)
    return ((blended + 127) // 255).astype(np.uint8)


def _luma(pixels: NDArray[Any]) -> Pixels:
    weighed = pixels.astype(np.uint32) @ np.array([19595, 38470, 7471], dtype=np.uint32)
    return ((weighed + 0x8000) >> 16).astype(np.uint8)[:, :, None]
