"""What pydantic says, in the words of JSON; and where a field that stands in the wrong place belongs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_SENTENCES = {
    "dict_type": "An object is needed here.",
    "model_type": "An object is needed here.",
    "model_attributes_type": "An object is needed here.",
    "tuple_type": "A list is needed here.",
    "list_type": "A list is needed here.",
    "extra_forbidden": "There is no such parameter.",
}
_FIELDS = {
    "device": 'A device is "auto", "cpu", "cuda" or "cuda:0".',
    "publish_as": "A model's name has 1 to 100 of a-z 0-9 . _ - and begins with a letter or a digit.",
    "name": "A model's name has 1 to 100 of a-z 0-9 . _ - and begins with a letter or a digit.",
    "alias": "An alias has 1 to 100 of a-z 0-9 . _ - and begins with a letter.",
}
"""Of a text that has to match a pattern, by its field."""

_HOMES: Mapping[str, Sequence[tuple[str, str]]] = {
    "optimizer": [(name, name) for name in ("lr", "momentum", "weight_decay", "nesterov", "betas", "eps")]
    + [("learning_rate", "lr")],
    "network": [("layers", "layers"), ("hidden", "hidden"), ("dropout", "dropout"), ("activation", "activation")],
    "target": [("task", "task")],
}
_KINDS = {"momentum": "sgd", "nesterov": "sgd", "layers": "layers"}


def message_of(item: Mapping[str, Any]) -> str:
    """The sentence of one of pydantic's errors."""
    kind, field = str(item["type"]), str(item["loc"][-1]) if item.get("loc") else ""
    if kind == "string_pattern_mismatch" and field in _FIELDS:
        return _FIELDS[field]
    if kind == "literal_error" and item["loc"][0] == "batch_size":
        return 'A batch size is a whole number of at least 1, or "full".'
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    return str(item["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ") + "."


def fix_of_pattern(item: Mapping[str, Any]) -> str | None:
    """What to write instead of a text that does not match its pattern."""
    kind, field, given = str(item["type"]), str(item["loc"][-1]) if item.get("loc") else "", item["input"]
    if kind != "string_pattern_mismatch" or not isinstance(given, str):
        return None
    if field == "device":
        return 'Write "cuda".' if given.lower() in ("gpu", "cuda", "nvidia") else 'Write "auto".'
    plain = re.sub(r"[^a-z0-9._-]+", "-", given.lower()).strip("._-")[:100]
    return f'Write "{plain}".' if field == "publish_as" and plain else None


def home_of(name: str, given: Any) -> str | None:
    """The right place of a field that was written at the top of a spec."""
    for family, fields in _HOMES.items():
        for written, inner in fields:
            if written == name:
                return _member(family, inner, given)
    return None


def _member(family: str, inner: str, given: Any) -> str:
    first = {
        "optimizer": {"kind": _KINDS.get(inner, "adam")},
        "network": {"kind": _KINDS.get(inner, "mlp")},
        "target": {"column": "..."},
    }[family]
    text = json.dumps({family: {**first, inner: given}}, default=str)
    return text if len(text) <= 200 else json.dumps({family: {**first, inner: "..."}})
