"""The catalogue: every kind of every family with its JSON schema, its documentation and an example that validates."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, get_args

from models.data.splits import Split
from models.kinds import Kind
from models.networks import AnyActivation, AnyLayer, AnyNetwork
from models.objectives import AnyLoss, AnyRegularizer
from models.optimization import AnyOptimizer, AnySchedule, EarlyStopping
from models.tasks import AnyTask
from models.transforms import ImageTransform, TableTransform

FAMILIES: dict[str, Any] = {
    "tasks": AnyTask,
    "splits": Split,
    "table_transforms": TableTransform,
    "image_transforms": ImageTransform,
    "networks": AnyNetwork,
    "layers": AnyLayer,
    "activations": AnyActivation,
    "losses": AnyLoss,
    "regularizers": AnyRegularizer,
    "optimizers": AnyOptimizer,
    "schedules": AnySchedule,
    "stopping": EarlyStopping,
}
"""Each family as the type that a spec's field has."""


@cache
def catalog() -> dict[str, dict[str, dict[str, Any]]]:
    """family -> kind -> `{"summary", "docs", "schema", "example"}`. Treat it as read-only: it is made once."""
    return {family: {name: _entry(kind) for name, kind in kinds(family).items()} for family in FAMILIES}


def kinds(family: str) -> dict[str, type[Kind]]:
    """The classes of a family by their names in JSON. Raises KeyError for an unknown family."""
    return {_name(kind): kind for kind in _members(FAMILIES[family])}


def example(kind: type[Kind]) -> dict[str, Any]:
    """The shortest spec fragment of this kind: its tag, and an example for each field that must be given."""
    tag = {"kind": _name(kind)} if "kind" in kind.model_fields else {}
    required = {name: field for name, field in kind.model_fields.items() if field.is_required() and name != "kind"}
    return tag | {name: field.examples[0] for name, field in required.items() if field.examples}


def _members(family: Any) -> tuple[type[Kind], ...]:
    """The classes of `Annotated[A | B, ...]`, of which a family of one kind is the plain class."""
    if isinstance(family, type):
        return (family,)
    union = get_args(family)[0]
    return (union,) if isinstance(union, type) else get_args(union)


def _name(kind: type[Kind]) -> str:
    tag = kind.model_fields.get("kind")
    return "early_stopping" if tag is None else str(tag.default)


def _entry(kind: type[Kind]) -> dict[str, Any]:
    docs = inspect.getdoc(kind) or ""
    summary = " ".join(docs.split("\n\n")[0].split())
    return {"summary": summary, "docs": docs, "schema": _schema(kind), "example": example(kind)}


def _schema(kind: type[Kind]) -> dict[str, Any]:
    """The JSON schema with the kind's own fields at the top, also where the kind may hold itself."""
    schema = kind.model_json_schema()
    own = schema.pop("$ref", None)
    return schema if own is None else {**schema["$defs"][own.rpartition("/")[2]], **schema}
