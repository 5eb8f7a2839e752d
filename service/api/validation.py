"""What pydantic found wrong, as faults: our codes, true JSON pointers, what is allowed, "did you mean".

pydantic's `loc` holds the tags of unions among the keys; walking the model's JSON schema along `loc` tells them apart
(and tells what would have been allowed at that place).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from service.api.sentences import fix_of_pattern, home_of, message_of
from service.api.strict_json import pointer
from service.errors import Fault, Invalid
from service.near import fix_of, nearest, told

M = TypeVar("M", bound=BaseModel)

_UNKNOWN = {
    "layers": "unknown-layer",
    "body": "unknown-layer",
    "network": "unknown-architecture",
    "transforms": "unknown-transform",
    "augment": "unknown-transform",
    "regularization": "unknown-regularizer",
}
_OUT_OF_RANGE = {
    "literal_error",
    "enum",
    "string_pattern_mismatch",
    "multiple_of",
    "too_long",
    "too_short",
    "string_too_long",
    "string_too_short",
}
_RANGE = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
)


def validate(model: type[M], document: Any) -> M:
    """The document as a `model`. Raises Invalid (422) with every fault at once."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise Invalid(faults(error, model)) from error


def faults(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """What is wrong, one fault a place; what is missing comes last: what is there is the better clue."""
    schema = _schema(model)
    items = error.errors(include_url=False)
    found = [_fault(item, schema) for item in items if not _follows(item, items)]
    return sorted(_without_branches(found), key=lambda fault: fault.code == "missing-field")


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


class _Walk:
    """The places of a schema that one `loc` leads through."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self.nodes = list(self._open(schema))
        self.parents: list[dict[str, Any]] = []
        self.parts: list[str | int] = []

    def follow(self, loc: Sequence[str | int], *, names_a_field: bool) -> None:
        """Go along `loc`; the last element of a missing or unknown field is a name, whatever the schema says."""
        for position, part in enumerate(loc):
            is_last = position == len(loc) - 1
            if isinstance(part, int) or (is_last and names_a_field):
                self._step(part)
            else:
                self._tag_or_step(part)

    def properties(self) -> dict[str, Any]:
        """The fields that may stand here."""
        return {name: node for here in self.nodes for name, node in here.get("properties", {}).items()}

    def _tag_or_step(self, part: str) -> None:
        tagged = [node for node in self.nodes if part in node.get("discriminator", {}).get("mapping", {})]
        if tagged:
            self.nodes = list(self._open({"$ref": tagged[0]["discriminator"]["mapping"][part]}))
        elif part in self.properties() or any(isinstance(n.get("additionalProperties"), dict) for n in self.nodes):
            self._step(part)

    def _step(self, part: str | int) -> None:
        self.parts.append(part)
        self.parents = self.nodes
        self.nodes = [opened for node in self.nodes for child in _children(node, part) for opened in self._open(child)]

    def _open(self, node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        while "$ref" in node:
            node = self.schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        yield dict(node)
        if "discriminator" not in node:
            for branch in (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
                yield from self._open(branch)


def _children(node: Mapping[str, Any], part: str | int) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, int):
        fixed = node.get("prefixItems", [])
        items = fixed[part] if part < len(fixed) else node.get("items")
        if isinstance(items, dict):
            yield items
    elif part in node.get("properties", {}):
        yield node["properties"][part]
    elif isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]


def _fault(item: Mapping[str, Any], schema: dict[str, Any]) -> Fault:
    walk = _Walk(schema)
    kind = item["type"]
    walk.follow(item["loc"], names_a_field=kind in ("missing", "extra_forbidden"))
    where = pointer(*walk.parts)
    if kind == "extra_forbidden":
        return _unknown_field(walk, where, str(item["loc"][-1]), item["input"])
    if kind in ("missing", "union_tag_not_found"):
        name = walk.parts[-1] if kind == "missing" and walk.parts else "kind"
        return Fault(f'The field "{name}" is missing.', code="missing-field", pointer=where or None)
    if kind == "union_tag_invalid":
        return _unknown_kind(item, walk, where)
    return Fault(
        message_of(item),
        code=code_of(item),
        pointer=where,
        given=short(item["input"]),
        allowed=_allowed(walk, item),
        fix=fix_of_pattern(item),
    )


def _follows(item: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a list is too short only because pydantic left its faulty members out."""
    loc = item["loc"]
    return item["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in items
    )


def _unknown_field(walk: _Walk, where: str, name: str, given: Any) -> Fault:
    allowed = sorted({field for node in walk.parents for field in node.get("properties", {})})
    meant = nearest(name, allowed)
    message = f'There is no field "{name[:80]}" here' + told(meant)
    home = home_of(name, given) if len(walk.parts) == 1 and "optimizer" in allowed else None
    if home:
        message = f'There is no field "{name[:80]}" here; it has another place.'
        return Fault(message, code="unknown-field", pointer=where, given=short(given), allowed=allowed, fix=home)
    fix = fix_of(meant) or f'Leave "{name[:80]}" out.'
    return Fault(message, code="unknown-field", pointer=where, given=short(given), allowed=allowed, fix=fix)


def _unknown_kind(item: Mapping[str, Any], walk: _Walk, where: str) -> Fault:
    kinds = sorted({kind for node in walk.nodes for kind in node.get("discriminator", {}).get("mapping", {})})
    given = str(item["ctx"]["tag"])[:80]
    field = next((part for part in reversed(walk.parts) if isinstance(part, str)), "kind")
    code = _UNKNOWN.get(field, f"unknown-{field.replace('_', '-')}")
    meant = nearest(given, kinds)
    message = f'"{given}" is no {code.removeprefix("unknown-")} that is known' + told(meant)
    return Fault(message, code=code, pointer=f"{where}/kind", given=given, allowed=kinds, fix=fix_of(meant))


def code_of(item: Mapping[str, Any]) -> str:
    """Our code for one of pydantic's errors."""
    kind = str(item["type"])
    if "-" in kind:  # a validator of ours named its own code
        return kind
    named = {"extra_forbidden": "unknown-field", "missing": "missing-field", "finite_number": "value-not-finite"}
    if kind in named:
        return named[kind]
    if kind == "literal_error" and not isinstance(item["input"], str):
        return "invalid-type"
    if kind in _OUT_OF_RANGE or kind.startswith(("greater_than", "less_than")):
        return "out-of-range"
    return "invalid-value" if kind in ("value_error", "assertion_error") else "invalid-type"


def _allowed(walk: _Walk, item: Mapping[str, Any]) -> Any:
    values = [value for node in walk.nodes for value in node.get("enum", [node["const"]] if "const" in node else [])]
    ranges = {name: node[name] for node in walk.nodes for name in _RANGE if name in node}
    types = [node["type"] for node in walk.nodes if isinstance(node.get("type"), str)]
    if code_of(item) == "out-of-range":
        return ranges or values or None
    return [*dict.fromkeys(types), *values] or None


def short(value: Any) -> Any:
    """`value` if it is small enough to be shown in an answer."""
    if isinstance(value, str):
        return value if len(value) <= 200 else value[:200] + "..."
    text = json.dumps(value, default=lambda _: "...")
    return value if len(text) <= 200 and json.loads(text) == value else None


def _without_branches(found: list[Fault]) -> Iterator[Fault]:
    """Of the branches of a plain union, pydantic tells each: keep the one that came furthest."""
    best: dict[str | None, Fault] = {}
    for fault in found:
        if fault.pointer not in best or best[fault.pointer].code == "invalid-type":
            best[fault.pointer] = fault
    for where, fault in best.items():
        deeper = any(other and other.startswith(f"{where}/") for other in best)
        if not (deeper and fault.code == "invalid-type"):
            yield fault
