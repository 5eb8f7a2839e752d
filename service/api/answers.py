"""JSON answers: numbers that are not finite become null with a flag beside them, text is always valid UTF-8."""

from __future__ import annotations

import json
import math
from typing import Any

from fastapi import Response


class Answer(Response):
    """A JSON body."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes of `content`."""
        return to_json(content)


def to_json(content: Any) -> bytes:
    """`content` as JSON. `{"value": nan}` becomes `{"value": null, "nonfinite": "nan"}`; where the number has another
    name, `nonfinite` is an object from that name to `nan`, `inf` or `-inf`."""
    try:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return (text + "\n").encode("utf-8", "backslashreplace")  # so that a shell's prompt stands on its own line


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        lost = {name: str(item) for name, item in value.items() if _is_lost(item)}
        plain = {name: _finite(item) for name, item in value.items()}
        if lost:
            plain["nonfinite"] = lost["value"] if [*lost] == ["value"] else lost
        return plain
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if _is_lost(value) else value


def _is_lost(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
