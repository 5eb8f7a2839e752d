"""JSON lines: one object of plain values a line. Keys are columns, first come first; a key left out is missing.

Values become cells as in a CSV (`true` and `false` are categories, `null` is missing), so types are inferred alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from models.data.cells import COLUMNS_MAX, Row, check_names
from models.data.connectors.csv import Open, empty
from models.data.connectors.text import lines, too_long, unzipped
from models.errors import DataError, Detail

FIELD_MAX = 131_072


@dataclass(frozen=True)
class Lines:
    """A file of JSON lines and the union of its keys."""

    names: tuple[str, ...]
    open: Open

    def rows(self) -> Iterator[Row]:
        """The objects as rows of cells, None where a key is left out or null."""
        with self.open() as file:
            for line, record in _records(lines(unzipped(file))):
                yield Row(line, [record.get(name) for name in self.names])


def open_lines(open_file: Open) -> Lines:
    """The table in a file, after one pass for its keys."""
    names: dict[str, None] = {}
    with open_file() as file:
        for _, record in _records(lines(unzipped(file))):
            names.update(dict.fromkeys(record))
            if len(names) > COLUMNS_MAX:
                check_names(list(names))
    if not names:
        raise empty("the file has no objects")
    return Lines(tuple(names), open_file)


def _records(text: Iterable[str]) -> Iterator[tuple[int, dict[str, str | None]]]:
    for line, content in enumerate(text, 1):
        if content.strip():
            yield line, _record(content, line)


def _record(content: str, line: int) -> dict[str, str | None]:
    try:
        # numbers stay as written: a number of 5,000 digits is refused by the column that it stands in
        value = json.loads(
            content,
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            object_pairs_hook=lambda pairs: _once(pairs, line),
        )
    except json.JSONDecodeError as error:
        raise _error("malformed-json", line, f"column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise _error("json-too-deep", line, "objects within objects within objects") from None
    if not isinstance(value, dict):
        raise _error("invalid-type", line, "each line must be an object")
    return {name: _cell(name, cell, line) for name, cell in value.items()}


def _once(pairs: list[tuple[str, Any]], line: int) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _error("duplicate-key", line, "a key stands twice in the same object")
    return found


def _cell(name: str, value: Any, line: int) -> str | None:
    if value is None or isinstance(value, bool):
        return {None: None, True: "true", False: "false"}[value]
    if not isinstance(value, str):
        raise _error("invalid-type", line, f"{name} is a list or an object, not a plain value")
    if len(value) > FIELD_MAX:
        raise too_long(f"line {line}: {name} has more than {FIELD_MAX:,} characters")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise _error("text-not-allowed", line, f"{name} has a NUL or half of a surrogate pair")
    return value


def _error(code: str, line: int, message: str) -> DataError:
    return DataError(Detail(code=code, message=f"line {line}: {message}", pointer=f"line {line}"))
