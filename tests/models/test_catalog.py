"""The catalogue: every kind of every family is documented, builds its example, and round-trips through JSON."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter

from models.catalog import FAMILIES, catalog, example, kinds
from models.kinds import Kind

EVERY = [
    pytest.param(family, name, kind, id=f"{family}-{name}")
    for family in FAMILIES
    for name, kind in kinds(family).items()
]


@pytest.mark.parametrize(("family", "name", "kind"), EVERY)
def test_every_kind_is_documented(family: str, name: str, kind: type[Kind]) -> None:
    """A docstring of its own, and one under every field but the tag."""
    entry = catalog()[family][name]
    assert kind.__doc__
    assert entry["summary"]
    fields = entry["schema"].get("properties", {})
    silent = [field for field, schema in fields.items() if field != "kind" and not schema.get("description")]
    assert silent == []


@pytest.mark.parametrize(("family", "name", "kind"), EVERY)
def test_every_example_validates_and_comes_back_from_json(family: str, name: str, kind: type[Kind]) -> None:
    reader = TypeAdapter(FAMILIES[family])
    built = reader.validate_python(json.loads(json.dumps(example(kind))))
    assert type(built) is kind
    assert reader.validate_python(json.loads(built.model_dump_json())) == built


@pytest.mark.parametrize(("family", "name", "kind"), EVERY)
def test_every_kind_is_frozen_strict_and_closed(family: str, name: str, kind: type[Kind]) -> None:
    config = kind.model_config
    assert config["frozen"]
    assert config["strict"]
    assert config["extra"] == "forbid"
    assert not config["allow_inf_nan"]


@pytest.mark.parametrize(("family", "name", "kind"), EVERY)
def test_every_number_has_its_bounds(family: str, name: str, kind: type[Kind]) -> None:
    """Without bounds a number of 300 digits would reach torch or the database."""
    schema = catalog()[family][name]["schema"]
    unbounded = [field for field, each in schema.get("properties", {}).items() if _unbounded(each)]
    assert unbounded == []


def _unbounded(schema: dict[str, object]) -> bool:
    branches = [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]  # type: ignore[misc]
    numbers = [each for each in branches if each.get("type") in ("integer", "number")]
    low, high = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")
    return any(not (any(key in each for key in low) and any(key in each for key in high)) for each in numbers)


def test_the_catalogue_is_json() -> None:
    assert json.loads(json.dumps(catalog())) == catalog()


def test_a_kind_that_may_hold_itself_shows_its_own_fields() -> None:
    assert set(catalog()["layers"]["residual"]["schema"]["properties"]) == {"kind", "body", "shortcut"}


def test_an_unknown_family_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        kinds("flavours")
