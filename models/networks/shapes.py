"""Shapes of one example (without the batch), and the errors of what does not fit them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from models.errors import Detail, SpecError

Shape = tuple[int, ...]
"""(features,) for tables, (channels, height, width) for pictures."""


def misfit(
    message: str,
    field: str = "",
    *,
    code: str = "shape-mismatch",
    given: Any = None,
    allowed: Any = None,
    fix: str | None = None,
) -> SpecError:
    """The error of a layer that cannot stand where it is; `field` is a JSON pointer relative to the layer."""
    return SpecError(Detail(code, message, field, given, allowed, fix))


def moved(error: SpecError, pointer: Callable[[str], str], who: str = "") -> SpecError:
    """The error as seen from outside: its pointers go through `pointer`, its messages begin with `who`."""
    return SpecError(
        [
            replace(detail, pointer=pointer(detail.pointer or ""), message=f"{who}{detail.message}")
            for detail in error.details
        ]
    )
