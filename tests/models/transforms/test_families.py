"""Every transform of both families: documented, fitted into a state that can be saved, replayed alike."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor

from models.transforms import Categories, ImageTransform, TableTransform

NUMBERS = torch.tensor([[1.0], [float("nan")], [4.0]], dtype=torch.float64)
WORDS = Categories.of(["a", None, "b"])
PICTURES = torch.arange(2 * 3 * 4 * 4, dtype=torch.uint8).view(2, 3, 4, 4)
NEEDED: dict[str, dict[str, Any]] = {"resize": {"size": [2, 2]}}


def members(family: Any) -> list[Any]:
    return list(get_args(get_args(family)[0]))


@pytest.mark.parametrize("kind", members(TableTransform) + members(ImageTransform), ids=lambda kind: kind.__name__)
def test_a_transform_replays_from_its_saved_state(kind: Any) -> None:
    family = TableTransform if kind in members(TableTransform) else ImageTransform
    tag = kind.model_fields["kind"].default
    transform = TypeAdapter(family).validate_python({"kind": tag, **NEEDED.get(tag, {})})
    assert kind.__doc__
    x = PICTURES if family is ImageTransform else WORDS if tag == "one_hot" else NUMBERS
    state = transform.fit(x)
    saved = {
        name: value.clone() if isinstance(value, Tensor) else json.loads(json.dumps(value))
        for name, value in state.items()
    }
    first, again = transform.apply(x, state), kind.model_validate_json(transform.model_dump_json()).apply(x, saved)
    assert torch.equal(first.nan_to_num(7), again.nan_to_num(7))
    assert len(first) == len(x)
