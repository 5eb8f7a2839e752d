"""JSON read strictly: what other parsers let pass silently (the last of two equal keys, NaN, 1e400, NUL) is refused.

Order of the checks: encoding, depth (over the bytes, before anything is parsed), syntax, then every fault inside the
document at once, each with its pointer.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.errors import DuplicateKey, Fault, Invalid, JsonTooDeep, MalformedJson

MAX_DEPTH = 32
MAX_DIGITS = 40

_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % (MAX_DIGITS + 1))
_QUOTING = (
    "In a shell: the whole JSON in single quotes, its names and texts in double quotes, no comma before a bracket."
)
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)  # an open string runs to the end: no second look
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[]{}", b"\x01\xff\x01\xff")


@dataclass(frozen=True)
class _Bad:
    """Stands in the parsed document where something was refused; `_faults` finds it and its pointer."""

    code: str
    message: str
    given: str


class _Object(dict[str, Any]):
    """An object that held a key twice."""

    twice: tuple[str, ...] = ()


def parse(body: bytes) -> Any:
    """The document in `body`: dicts, lists, str, int, finite float, bool, None.

    Raises MalformedJson, JsonTooDeep, DuplicateKey (400) or Invalid (422: value-not-finite, out-of-range,
    text-not-allowed).
    """
    text = _decode(body)
    _check_depth(body)
    reader = _Reader()
    document = reader.load(text, body)
    escapes = b"\\u" in body
    if reader.refused or escapes:
        _refuse(list(_faults(document, "", text_too=escapes)))
    return document


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _decode(body: bytes) -> str:
    try:
        text = body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"JSON is UTF-8, but byte {error.start} is not.") from error
    if not text.strip():
        raise MalformedJson("The body is empty; a JSON document is needed.")
    return text


def _check_depth(body: bytes) -> None:
    brackets = _STRING.sub(b"", body).translate(_STEPS, _NOT_BRACKETS)
    depth = np.frombuffer(brackets, dtype=np.int8).cumsum(dtype=np.int64)
    if depth.size and depth.max() > MAX_DEPTH:
        raise JsonTooDeep(f"The JSON is nested more than {MAX_DEPTH} levels deep.")


class _Reader:
    """json.loads with hooks that mark what is refused; `refused` tells whether there is any mark."""

    def __init__(self) -> None:
        self.refused = False

    def load(self, text: str, body: bytes) -> Any:
        """The document. The hooks for numbers, a call for each, only where a number may be too large."""
        long = _LONG_NUMBER.search(body) is not None
        try:
            return json.loads(
                text,
                object_pairs_hook=self._object,
                parse_constant=self._constant,
                parse_float=self._float if long or b"e" in body or b"E" in body else None,
                parse_int=self._int if long else None,
            )
        except json.JSONDecodeError as error:
            message = f"{error.msg} at line {error.lineno}, column {error.colno}."
            raise MalformedJson(message, [Fault("This arrived.", given=text[:40], fix=_QUOTING)]) from error

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        plain = dict(pairs)
        if len(plain) == len(pairs):
            return plain
        self.refused = True
        marked = _Object(plain)
        marked.twice = tuple(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        return marked

    def _constant(self, text: str) -> _Bad:
        self.refused = True
        return _Bad("value-not-finite", f"{text} is not a number that JSON knows.", text)

    def _float(self, text: str) -> float | _Bad:
        number = float(text)
        if math.isfinite(number):
            return number
        self.refused = True
        return _Bad("value-not-finite", "This number is too large for a 64-bit float.", text[:MAX_DIGITS])

    def _int(self, text: str) -> int | _Bad:
        if len(text) <= MAX_DIGITS:
            return int(text)
        self.refused = True
        return _Bad("out-of-range", f"This whole number has {len(text)} digits.", text[:MAX_DIGITS] + "...")


def _faults(value: Any, where: str, *, text_too: bool) -> Iterator[Fault]:
    if isinstance(value, _Bad):
        yield Fault(value.message, code=value.code, pointer=where, given=value.given)
    elif isinstance(value, str):
        if text_too:
            yield from _text_faults(value, where)
    elif isinstance(value, dict):
        yield from _object_faults(value, where, text_too=text_too)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, (_Bad, str, dict, list)):
                yield from _faults(item, f"{where}/{index}", text_too=text_too)


def _object_faults(value: dict[str, Any], where: str, *, text_too: bool) -> Iterator[Fault]:
    for key in getattr(value, "twice", ()):
        yield Fault(f"The key {key!r} stands here twice.", code="duplicate-key", pointer=where + pointer(key))
    for key, item in value.items():
        if text_too:
            yield from _text_faults(key, where)
        if isinstance(item, (_Bad, str, dict, list)):
            yield from _faults(item, where + pointer(key), text_too=text_too)


def _text_faults(text: str, where: str) -> Iterator[Fault]:
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text):
        message = "Text must not hold NUL or half a surrogate pair."
        yield Fault(message, code="text-not-allowed", pointer=where, given=ascii(text)[:80])


def _refuse(faults: list[Fault]) -> None:
    if not faults:
        return
    if any(fault.code == "duplicate-key" for fault in faults):
        raise DuplicateKey(faults[0].message, faults)
    raise Invalid(faults)
