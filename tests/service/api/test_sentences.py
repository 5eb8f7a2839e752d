"""Faults of real specs, in words that need no knowledge of Python or patterns."""

from __future__ import annotations

from typing import Any

import pytest

from models.spec import TrainingSpec
from service.api.strict_json import parse
from service.api.validation import validate
from service.errors import Fault, Invalid, MalformedJson


def faults_of(**fields: Any) -> list[Fault]:
    with pytest.raises(Invalid) as caught:
        validate(TrainingSpec, {"dataset": "d", "target": "y", **fields})
    return list(caught.value.errors)


@pytest.mark.parametrize(
    ("fields", "fix"),
    [
        ({"lr": 0.1}, '{"optimizer": {"kind": "adam", "lr": 0.1}}'),
        ({"learning_rate": 0.1}, '{"optimizer": {"kind": "adam", "lr": 0.1}}'),
        ({"momentum": 0.9}, '{"optimizer": {"kind": "sgd", "momentum": 0.9}}'),
        ({"weight_decay": 0.1}, '{"optimizer": {"kind": "adam", "weight_decay": 0.1}}'),
        ({"layers": ["relu"]}, '{"network": {"kind": "layers", "layers": ["relu"]}}'),
        ({"hidden": [8]}, '{"network": {"kind": "mlp", "hidden": [8]}}'),
        ({"task": "regression"}, '{"target": {"column": "...", "task": "regression"}}'),
    ],
)
def test_a_field_in_the_wrong_place_is_told_the_right_one(fields: dict[str, Any], fix: str) -> None:
    (fault,) = faults_of(**fields)
    assert (fault.code, fault.pointer, fault.fix) == ("unknown-field", f"/{next(iter(fields))}", fix)


@pytest.mark.parametrize(
    ("fields", "message", "fix"),
    [
        ({"device": "gpu"}, 'A device is "auto", "cpu", "cuda" or "cuda:0".', 'Write "cuda".'),
        (
            {"publish_as": "My model"},
            "A model's name has 1 to 100 of a-z 0-9 . _ - and begins with a letter or a digit.",
            'Write "my-model".',
        ),
        ({"batch_size": "auto"}, 'A batch size is a whole number of at least 1, or "full".', None),
        ({"inputs": "size"}, "A list is needed here.", None),
    ],
)
def test_sentences_instead_of_patterns(fields: dict[str, Any], message: str, fix: str | None) -> None:
    (fault,) = faults_of(**fields)
    assert (fault.message, fault.fix) == (message, fix)


def test_a_list_whose_only_member_is_faulty_is_not_called_too_short() -> None:
    (fault,) = faults_of(inputs=[{"column": "a", "aument": []}])
    assert (fault.code, fault.pointer) == ("unknown-field", "/inputs/0/aument")
    (empty,) = faults_of(inputs=[])
    assert empty.code == "out-of-range"


def test_wrong_quotes_are_told_with_what_arrived() -> None:
    with pytest.raises(MalformedJson) as caught:
        parse(b"{'dataset': 'iris'}")
    (fault,) = caught.value.errors
    assert fault.given == "{'dataset': 'iris'}"
    assert fault.fix is not None
    assert "single quotes" in fault.fix
