"""Faults: our codes, true pointers, what is allowed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from models.kinds import ByName, Kind, Many
from service.api.validation import validate
from service.errors import Fault, Invalid


class SGD(Kind):
    kind: Literal["sgd"] = "sgd"
    lr: float = Field(0.1, gt=0, le=100)


class Adam(Kind):
    kind: Literal["adam"] = "adam"
    lr: float = Field(0.1, gt=0, le=100)
    betas: float = 0.9


class Dense(Kind):
    kind: Literal["dense"] = "dense"
    width: int = Field(1, ge=1)


class Residual(Kind):
    kind: Literal["residual"] = "residual"
    body: Many[Annotated[Dense | Residual, Field(discriminator="kind"), ByName]] = ()


class Target(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    column: str
    task: str | None = None


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    dataset: str = Field(max_length=20)
    target: str | Target = "y"
    optimizer: Annotated[SGD | Adam, Field(discriminator="kind"), ByName] | None = None
    layers: Many[Annotated[Dense | Residual, Field(discriminator="kind"), ByName]] = ()
    batch_size: Annotated[int, Field(ge=1, le=1000)] | Literal["full"] = 32
    epochs: int = Field(1, ge=1, le=1000)


def faults_of(**fields: Any) -> list[Fault]:
    with pytest.raises(Invalid) as caught:
        validate(Spec, {"dataset": "d", **fields})
    return list(caught.value.errors)


@pytest.mark.parametrize(
    ("fields", "code", "where"),
    [
        ({"epochs": 0}, "out-of-range", "/epochs"),
        ({"epochs": 10**30}, "out-of-range", "/epochs"),
        ({"epochs": True}, "invalid-type", "/epochs"),
        ({"epochs": 3.5}, "invalid-type", "/epochs"),
        ({"dataset": "a" * 21}, "out-of-range", "/dataset"),
        ({"layers": {"a": 1}}, "invalid-type", "/layers"),
        ({"layers": [{"kind": "os.system"}]}, "unknown-layer", "/layers/0/kind"),
        ({"layers": ["os.system"]}, "unknown-layer", "/layers/0/kind"),
        ({"layers": [{"width": 3}]}, "missing-field", "/layers/0"),
        (
            {"layers": [{"kind": "residual", "body": [{"kind": "dense", "width": 0}]}]},
            "out-of-range",
            "/layers/0/body/0/width",
        ),
        ({"optimizer": {"kind": "adam", "lr": 0}}, "out-of-range", "/optimizer/lr"),
        ({"optimizer": {"kind": "adam", "adam": 1}}, "unknown-field", "/optimizer/adam"),
        ({"optimizer": "adma"}, "unknown-optimizer", "/optimizer/kind"),
        ({"target": {"column": "y", "tsk": "a"}}, "unknown-field", "/target/tsk"),
        ({"target": 3}, "invalid-type", "/target"),
        ({"batch_size": 2**31}, "out-of-range", "/batch_size"),
        ({"batch_size": "ful"}, "out-of-range", "/batch_size"),
        ({"batch_size": True}, "invalid-type", "/batch_size"),
        ({"a/b~c": 1}, "unknown-field", "/a~1b~0c"),
    ],
)
def test_each_fault_has_its_code_and_a_pointer_without_union_tags(
    fields: dict[str, Any], code: str, where: str
) -> None:
    assert [(fault.code, fault.pointer) for fault in faults_of(**fields)] == [(code, where)]


def test_an_unknown_field_lists_the_known_ones_and_says_which_was_meant() -> None:
    (fault,) = faults_of(optimizer={"kind": "adam", "beta": 0.9})
    assert fault.allowed == ["betas", "kind", "lr"]
    assert fault.fix == 'Write "betas".'


def test_an_unknown_kind_lists_the_known_ones_and_says_which_was_meant() -> None:
    (fault,) = faults_of(optimizer="adm")
    assert (fault.given, fault.allowed, fault.fix) == ("adm", ["adam", "sgd"], 'Write "adam".')


def test_a_number_out_of_range_is_told_the_range() -> None:
    (fault,) = faults_of(epochs=0)
    assert (fault.given, fault.allowed) == (0, {"minimum": 1, "maximum": 1000})


def test_all_faults_are_told_at_once() -> None:
    assert len(faults_of(epochs=0, layers=["x"], nonsense=1)) == 3
