"""Tables of text -> typed columns: one file, or several in a zip as given parts."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.data.archive import Entry
from models.data.canonical import Content, Workplace
from models.data.cells import Row, Spool
from models.data.connectors import csv, jsonl
from models.data.connectors.csv import Open, Table
from models.data.connectors.folders import files_of
from models.data.description import Reading
from models.data.infer import Typed, typed
from models.data.options import IngestOptions
from models.data.splits import part_name
from models.data.store import PARTS
from models.errors import DataError, Detail

SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson")


class Part(NamedTuple):
    """One table of an upload: its part ("" without given parts) and its label in messages."""

    part: str
    label: str
    table: Table | jsonl.Lines


def read_table(upload: Path, options: IngestOptions, form: str, at: Workplace) -> Content:
    """The table in a single file; `form` is csv, tsv or jsonl."""
    return _content(form, [Part("", "", _opened(partial(_file, upload), options, form))], options, at)


def read_tables_zip(
    archive: zipfile.ZipFile, entries: Sequence[Entry], options: IngestOptions, at: Workplace
) -> Content:
    """The tables of a zip. Several are the given parts that their names say: train, validation (valid, val, dev), test.

    The first (train) says how the rows are written; the others must have the same columns, in any order where they
    have headers. Raises parts-unclear, columns-differ.
    """
    files, notices = files_of(entries)
    named = sorted(((_part(file.path, len(files) == 1), file) for file in files), key=lambda pair: _place(*pair))
    parts: list[Part] = []
    for part, file in named:
        fixed = options if not parts else _like(parts[0].table, options)
        parts.append(Part(part, file.path, _opened(partial(_open, archive, file), fixed, _form(file.path))))
    content = _content("zip-tables", parts, options, at)
    return replace(content, notices=(*notices, *content.notices))


def is_table(path: str) -> bool:
    """Whether a file of an archive is a table, by its name."""
    return path.lower().removesuffix(".gz").endswith(SUFFIXES)


def _content(source: str, parts: Sequence[Part], options: IngestOptions, at: Workplace) -> Content:
    names = parts[0].table.names
    spool = Spool(at.scratch / "cells.arrow", names)
    _check_types(names, options)
    spool.write((part.part, part.label, _rows(part, names)) for part in parts)
    if not spool.rows:
        raise csv.empty("there is no row below the header")
    comma = isinstance(parts[0].table, Table) and parts[0].table.dialect.delimiter == ";"
    columns = [typed(name, spool.column(name), options, spool.place, comma) for name in names]
    return Content(source, columns, _part_codes(spool), reading=_reading(parts[0].table, columns, options))


def _reading(table: Table | jsonl.Lines, columns: Sequence[Typed], options: IngestOptions) -> Reading | None:
    if not isinstance(table, Table):
        return None
    dialect = table.dialect
    commas = tuple(column.name for column in columns if column.comma)
    return Reading(
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        header=dialect.header,
        missing=options.missing,
        comma_columns=commas,
    )


def _opened(open_file: Open, options: IngestOptions, form: str) -> Table | jsonl.Lines:
    return jsonl.open_lines(open_file) if form == "jsonl" else csv.open_table(open_file, options, tabs=form == "tsv")


def _file(upload: Path) -> IO[bytes]:
    return upload.open("rb")


def _open(archive: zipfile.ZipFile, entry: Entry) -> IO[bytes]:
    return archive.open(entry.name)


def _form(path: str) -> str:
    plain = path.lower().removesuffix(".gz")
    return "jsonl" if plain.endswith(SUFFIXES[3:]) else "tsv" if plain.endswith(SUFFIXES[1:3]) else "csv"


def part_of_path(path: str) -> str | None:
    """The part that a file's name, or else a folder above it, has among its words (`adult-test.csv`, `valid/a.csv`)."""
    for step in reversed(PurePosixPath(path).parts):
        for word in re.split(r"[^a-z0-9]+", step.lower()):
            if word == "t10k" or part_name(word):
                return part_name(word) or "test"
    return None


def _part(path: str, alone: bool) -> str:
    part = "" if alone else part_of_path(path)
    if part is None:
        message = f"{path}: with several tables in a zip, each name must say train, validation or test"
        raise DataError(Detail("parts-unclear", message, pointer=path, fix="rename it to train.csv, for example"))
    return part


def _place(part: str, file: Entry) -> tuple[int, str]:
    return PARTS.index(part) if part else 0, file.path


def _like(first: Table | jsonl.Lines, options: IngestOptions) -> IngestOptions:
    """The options that read a further table as the first one was read."""
    if not isinstance(first, Table):
        return options
    dialect = first.dialect
    names = options.names or (None if dialect.header else first.names)
    known = {"delimiter": dialect.delimiter, "quote": dialect.quote, "header": dialect.header, "names": names}
    return options.model_copy(update=known)


def _rows(part: Part, names: Sequence[str]) -> Iterator[Row]:
    """The rows of a part, their cells in the order of `names`."""
    own = part.table.names
    if sorted(own) != sorted(names):
        odd = min(set(own) ^ set(names))
        message = f"{part.label} has other columns than the first table: {odd}"
        raise DataError(Detail("columns-differ", message, pointer=part.label, allowed=list(names)[:50]))
    order = [own.index(name) for name in names]
    for row in part.table.rows():
        # a row of the wrong length goes on as it is: the spool refuses it
        yield Row(row.line, [row.cells[i] for i in order]) if own != names and len(row.cells) == len(own) else row


def _check_types(names: Sequence[str], options: IngestOptions) -> None:
    unknown = [name for name in options.types if name not in names]
    if unknown:
        message = f"types names {unknown[0]!r}, which is no column"
        raise DataError(Detail("invalid-option", message, pointer="/types", given=unknown[0], allowed=list(names)[:50]))


def _part_codes(spool: Spool) -> NDArray[np.int8] | None:
    if not spool.tables[0][0]:
        return None
    codes = np.empty(spool.rows, dtype=np.int8)
    for part, _, first in spool.tables:
        codes[first:] = PARTS.index(part)
    return codes
