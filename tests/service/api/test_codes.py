"""Every code that the sources can answer is documented, and nothing else is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.api.codes import CODES
from service.errors import ServiceError

ROOT = Path(__file__).parents[3]
SLUG = re.compile(r"[a-z]+(-[a-z0-9]+)+")
PLACES = {"Detail": 0, "Fault": 1, "PydanticCustomError": 0, "Failed": 0, "_error": 0, "_bad": 0, "_fault": 0}
"""Calls that make a fault, and which argument is its code."""
NAMED = {f"unknown-{name}" for name in ("optimizer", "loss", "schedule", "split", "task", "activation")}
"""Codes that `validation` makes of the name of a field."""


def classes(parent: type[ServiceError]) -> Iterator[type[ServiceError]]:
    for child in parent.__subclasses__():
        yield child
        yield from classes(child)


def codes_in(file: Path) -> set[str]:
    """Codes of the faults that the file makes."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        given = node.args[PLACES[name]] if name in PLACES and len(node.args) > PLACES[name] else None
        for argument in (given, *(keyword.value for keyword in node.keywords if keyword.arg == "code")):
            if (
                isinstance(argument, ast.Constant)
                and isinstance(argument.value, str)
                and SLUG.fullmatch(argument.value)
            ):
                found.add(argument.value)
    return found


SOURCES = sorted(file for room in ("models", "service", "workers") for file in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_code_of_a_file_is_documented(file: Path) -> None:
    assert codes_in(file) <= CODES.keys()


def test_every_class_of_errors_is_documented() -> None:
    assert {kind.code for kind in classes(ServiceError)} <= CODES.keys()


def test_no_code_is_documented_that_nothing_says() -> None:
    text = "\n".join(file.read_text() for file in SOURCES if file.name != "codes.py")
    assert {code for code in CODES if f'"{code}"' not in text} <= NAMED
