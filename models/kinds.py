"""Kind: the only machinery. A kind is a frozen, strict pydantic class with a `kind` tag, its fields and its `build`."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict

T = TypeVar("T")

Many = Annotated[tuple[T, ...], Strict(False)]
"""A JSON array as a tuple; its elements stay strict."""

Pair = Annotated[tuple[int, int], Strict(False)]
"""Two whole numbers: (height, width)."""


class Kind(BaseModel):
    """One named building block: its JSON fields, its docstring and its `build()` in one class.

    Fields are documented by the string under them. A concrete kind has `kind: Literal["name"] = "name"`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def _expand(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


ByName = BeforeValidator(_expand)
"""In `Annotated[union, Field(discriminator="kind"), ByName]`: a bare name stands for the kind with its defaults."""
