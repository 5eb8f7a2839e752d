"""Weights given by the user: from numbers in JSON to the parameters and buffers of a network."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from torch import Tensor, nn

from models.errors import Detail, SpecError

_DEEPEST = 8

_WHOLE_MAX = 2**53
"""Whole numbers below it are the same in JSON as they were meant."""


def _numbers(value: Any, depth: int = 0) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise PydanticCustomError("value-not-finite", "weights must be finite numbers")
        return float(value)
    if not isinstance(value, list | tuple) or depth == _DEEPEST:
        raise PydanticCustomError("value-not-number", "weights are a number or nested lists of numbers")
    items = tuple(_numbers(item, depth + 1) for item in value)
    if len({_outline(item) for item in items}) > 1:
        raise PydanticCustomError("shape-mismatch", "the lists of weights at one depth must be equally long")
    return items


def _outline(item: Any) -> tuple[int, ...]:
    """The shape of nested tuples that are known to be even."""
    return (len(item), *(_outline(item[0]) if item else ())) if isinstance(item, tuple) else ()


Weights = Annotated[
    Any,
    PlainValidator(_numbers),
    WithJsonSchema({"type": ["number", "array"], "description": "a number or nested lists of numbers"}),
]
"""A number, or nested lists of numbers that form an even block."""


def load(network: nn.Module, given: Mapping[str, Any]) -> None:
    """Put the given numbers into the network's parameters and buffers; those that are not given stay.

    Raises SpecError for a name that the network does not have, for another shape and for numbers that do not fit.
    """
    state = network.state_dict()
    problems = [detail for name, value in given.items() if (detail := _problem(state, name, value))]
    if problems:
        raise SpecError(problems)
    with torch.no_grad():
        for name, value in given.items():
            # built on the CPU by name: under a meta device only the shape matters
            state[name].copy_(torch.tensor(value, dtype=state[name].dtype))


def _problem(state: Mapping[str, Tensor], name: str, value: Any) -> Detail | None:
    pointer = "/network/initial/" + name.replace("~", "~0").replace("/", "~1")
    if name not in state:
        near = difflib.get_close_matches(name, state, 1)
        fix = f"did you mean {near[0]}?" if near else None
        return Detail("unknown-field", f"the network has no weights called {name}", pointer, name, list(state), fix)
    given, needed = _outline(value), tuple(state[name].shape)
    if given != needed:
        message = f"the weights {name} have the shape {given}, the network's have {needed}"
        return Detail("shape-mismatch", message, pointer, list(given), list(needed))
    return _misfit(name, torch.tensor(value, dtype=torch.float64, device="cpu"), state[name].dtype, pointer)


def _misfit(name: str, numbers: Tensor, dtype: torch.dtype, pointer: str) -> Detail | None:
    """What is wrong with numbers that this type cannot hold."""
    if dtype.is_floating_point:
        if torch.isfinite(numbers.to(dtype)).all():
            return None
        return Detail("value-not-finite", f"a number of {name} is too large for float32 arithmetic", pointer)
    if ((numbers == numbers.round()) & (numbers.abs() < _WHOLE_MAX)).all():
        return None
    return Detail("out-of-range", f"{name} holds whole numbers below 2^53", pointer)
