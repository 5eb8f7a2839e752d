"""TrainingSpec as JSON: strict, bounded, forgiving only about bare names."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from models.spec import TrainingSpec


def spec(**fields: Any) -> TrainingSpec:
    return TrainingSpec.model_validate({"dataset": "d", "target": "y", **fields})


def test_bare_names_stand_for_kinds_inputs_and_targets() -> None:
    made = spec(inputs=["a"], network="mlp", loss="mse", optimizer="sgd", schedule="cosine", split="none")
    assert made.inputs is not None
    assert made.inputs[0].column == "a"
    assert made.target.column == "y"
    assert made.network is not None
    assert made.network.kind == "mlp"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("epochs", 10**9),
        ("epochs", True),
        ("epochs", 3.5),
        ("batch_size", 2**31),
        ("batch_size", "half"),
        ("seed", -1),
        ("max_seconds", float("inf")),
        ("max_seconds", 0),
        ("device", "cuda:x"),
        ("device", "tpu"),
        ("name", "a" * 10_000),
        ("name", "a\x00b"),
        ("name", ""),
        ("tags", ["x"] * 21),
        ("publish_as", "../etc"),
        ("threads", 0),
        ("unknown", 1),
        ("inputs", []),
        ("optimizer", "lbfgs2"),
        ("network", "__class__.__mro__"),
    ],
)
def test_what_is_out_of_bounds_or_unknown_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        spec(**{field: value})


def test_the_schema_tells_that_a_bare_name_will_do() -> None:
    target = TrainingSpec.model_json_schema()["properties"]["target"]
    assert {"type": "string"} in target["anyOf"]
