"""Bytes of pictures to tensors, decoded and transformed exactly as in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from models.data.channels import to_channels
from models.data.decode import decode_image
from models.errors import DataError, Detail, InputError
from models.features.encode import batch_of, encode_pictures
from models.spec import Input
from models.transforms import Shape, State


def encode_images(
    item: Input, states: Sequence[State], shape: Shape, channels: int, pictures: Sequence[bytes], pointer: str = ""
) -> Tensor:
    """Encoded pictures (or their bytes) as float32 (pictures, *shape); each gets `channels` before its transforms.

    Raises InputError: image-corrupt, image-too-large, image-format-unsupported, shape-mismatch.
    """
    if not pictures:
        raise InputError(Detail("shape-mismatch", "there are no pictures", pointer or None, 0, "at least 1"))
    places = [pointer if len(pictures) == 1 else f"{pointer}/{index}" for index in range(len(pictures))]
    batches = [_encode(data, item, states, channels, place) for data, place in zip(pictures, places, strict=True)]
    for batch, place in zip(batches, places, strict=True):
        _check_shape(tuple(batch.shape[1:]), shape, place)
    return torch.cat(batches)


def _encode(data: bytes, item: Input, states: Sequence[State], channels: int, place: str) -> Tensor:
    try:
        pixels = decode_image(data)
    except DataError as error:
        raise InputError([replace(detail, pointer=place or None) for detail in error.details]) from error
    return encode_pictures(batch_of(to_channels(pixels, channels)), item, states)


def _check_shape(given: Shape, wanted: Shape, place: str) -> None:
    if given != wanted:
        message = f"the picture becomes {given} (channels, height, width), the network was trained on {wanted}"
        fix = 'send a picture of that size, or train with {"kind": "resize"} among the transforms'
        raise InputError(Detail("shape-mismatch", message, place or None, list(given), list(wanted), fix))
