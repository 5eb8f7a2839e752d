"""Sizes in the plane: one number for both directions, or (height, width)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Strict, Tag

_Positive = Annotated[int, Field(ge=1, le=1024)]
_Natural = Annotated[int, Field(ge=0, le=1024)]
_PositivePair = Annotated[tuple[_Positive, _Positive], Strict(False)]
_NaturalPair = Annotated[tuple[_Natural, _Natural], Strict(False)]


def _tag(value: Any) -> str:
    if isinstance(value, str):
        return "word"
    return "pair" if isinstance(value, list | tuple) else "number"


# A discriminator reports the errors of the branch that was meant, where a plain union reports those of all.
Size = Annotated[Annotated[_Positive, Tag("number")] | Annotated[_PositivePair, Tag("pair")], Discriminator(_tag)]
"""A positive size: 3 or [3, 5]."""

Room = Annotated[Annotated[_Natural, Tag("number")] | Annotated[_NaturalPair, Tag("pair")], Discriminator(_tag)]
"""A size that may be 0."""

Padding = Annotated[
    Annotated[_Natural, Tag("number")] | Annotated[_NaturalPair, Tag("pair")] | Annotated[Literal["same"], Tag("word")],
    Discriminator(_tag),
]
"""A size that may be 0, or `same`: as much as keeps height and width."""


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a size."""
    return (size, size) if isinstance(size, int) else size


def written(size: int | tuple[int, int]) -> str:
    """A size as people write it: 3x5."""
    height, width = pair(size)
    return f"{height}x{width}"
