"""CSV and TSV: strict rows by Python's csv module, which names the line of everything that is wrong.

What is not said in the options is read off the first 256 KiB: the delimiter that makes the rows even, and whether the
first row holds names. Blanks around a cell and empty lines do not count.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from models.data.cells import Row
from models.data.connectors.text import lines, too_long, unzipped
from models.data.options import IngestOptions
from models.errors import DataError, Detail

Open = Callable[[], IO[bytes]]
"""Opens the same file anew each time it is called."""

HEAD = 256 << 10
DELIMITERS = (",", "\t", ";", "|")

_NUMBER_OR_TIME = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?|\d{4}-\d\d(-\d\d.*)?")


@dataclass(frozen=True)
class Dialect:
    """How the rows of a file are written; `quote` "" = quotes are ordinary characters."""

    delimiter: str
    quote: str
    header: bool


@dataclass(frozen=True)
class Table:
    """One file of rows: the names of its columns and a way to read its rows (again and again)."""

    names: tuple[str, ...]
    dialect: Dialect
    open: Open

    def rows(self) -> Iterator[Row]:
        """The rows after the header. Raises DataError: row codes are checked by the spool, the rest here."""
        with self.open() as file:
            rows = read_rows(lines(unzipped(file)), self.dialect)
            yield from itertools.islice(rows, int(self.dialect.header), None)


def open_table(open_file: Open, options: IngestOptions, tabs: bool) -> Table:
    """The table in a file. Raises dataset-empty when there is no row below the header."""
    with open_file() as file:
        head = _head(unzipped(file))
    dialect = _dialect(head, options, tabs, open_file)
    rows = [row.cells for row in _some_rows(head, dialect)]
    if not rows:
        raise empty("the file has no rows")
    header = _is_header(rows, options) if options.header == "auto" else options.header
    first = [(cell or "").strip() for cell in rows[0]]
    if options.names and len(options.names) != len(first):
        message = f"{len(options.names)} names are given, the first row has {len(first)} cells"
        raise DataError(Detail("row-length", message, pointer="/names", given=len(options.names), allowed=len(first)))
    names = options.names or _named(first if header else [""] * len(first))
    return Table(tuple(names), Dialect(dialect.delimiter, dialect.quote, header), open_file)


def read_rows(text: Iterable[str], dialect: Dialect) -> Iterator[Row]:
    """Strict rows with the line each begins on. Raises field-too-long and quotes-unbalanced."""
    reader = csv.reader(
        text,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        skipinitialspace=dialect.delimiter != " ",
        strict=True,
    )
    line = 1
    try:
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield Row(line, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _not_csv(str(error), line) from None


def empty(message: str) -> DataError:
    """The error for a table without rows."""
    return DataError(Detail(code="dataset-empty", message=message))


def _head(file: IO[bytes]) -> list[str]:
    """Complete lines of the first 256 KiB; at least one where there is one."""
    found: list[str] = []
    size = 0
    for line in lines(file):
        found.append(line)
        size += len(line)
        if size > HEAD:
            break
    return found


def _dialect(head: list[str], options: IngestOptions, tabs: bool, open_file: Open) -> Dialect:
    quote = '"' if options.quote == "auto" else options.quote
    delimiter = options.delimiter or ("\t" if tabs else sniffed_delimiter(head, quote))
    if options.quote == "auto" and delimiter == "\t" and not _quotes_pair_up(open_file):
        quote = ""
    return Dialect(delimiter, quote, header=False)


def sniffed_delimiter(head: list[str], quote: str) -> str:
    """The delimiter under which most rows of the head are alike, and then the one that gives the most cells."""

    def evenness(delimiter: str) -> tuple[float, int]:
        try:
            widths = Counter(len(row.cells) for row in _some_rows(head, Dialect(delimiter, quote, header=False)))
        except DataError:
            return 0.0, 0
        width, rows = max(widths.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        return (rows / widths.total(), width) if width > 1 else (0.0, 0)

    best = max(DELIMITERS, key=evenness)
    return best if evenness(best)[0] > 0.5 else ","


def _some_rows(head: list[str], dialect: Dialect) -> list[Row]:
    """Up to 1,000 rows; the last may be cut where the head ends within quotes, so an error there ends the list."""
    found: list[Row] = []
    try:
        for row in itertools.islice(read_rows(head, dialect), 1000):
            found.append(row)  # noqa: PERF402 - what was read before the error is kept
    except DataError:
        if not found:
            raise
    return found


def _quotes_pair_up(open_file: Open) -> bool:
    """Whether each tab-separated cell that begins with a quote also ends with one, on its own line."""
    with open_file() as file:
        for line in lines(unzipped(file)):
            if '"' in line and any(_torn(cell) for cell in line.rstrip("\r\n").split("\t")):
                return False
    return True


def _torn(cell: str) -> bool:
    if not cell.startswith('"'):
        return False
    inner = cell[1:-1]
    return len(cell) < 2 or not cell.endswith('"') or '"' in inner.replace('""', "")


def _is_header(rows: list[Sequence[str | None]], options: IngestOptions) -> bool:
    """Names are no numbers and differ; and below them are numbers, or nothing that says the same as they do."""
    first = [(cell or "").strip() for cell in rows[0]]
    if options.names is not None and [name.lower() for name in options.names] == [cell.lower() for cell in first]:
        return True
    filled = [cell for cell in first if cell]
    if not filled or any(_NUMBER_OR_TIME.fullmatch(cell) for cell in filled):
        return False
    body = rows[1:]
    columns = [[(row[i] or "").strip() for row in body if i < len(row)] for i in range(len(first))]
    if any(_all_numbers(column, options) for column in columns):
        return True  # also where a name comes twice: that is a fault of the header, not a row of data
    repeated = any(name in column for name, column in zip(first, columns, strict=True) if name)
    return len(set(filled)) == len(filled) and not repeated


def _all_numbers(column: list[str], options: IngestOptions) -> bool:
    known = [cell for cell in column if cell not in options.missing]
    return bool(known) and all(_NUMBER_OR_TIME.fullmatch(cell) for cell in known)


def _named(cells: list[str]) -> list[str]:
    """The header's names; a column without one is called column_1, column_2 ... by its place."""
    return [cell or f"column_{place}" for place, cell in enumerate(cells, 1)]


def _not_csv(message: str, line: int) -> DataError:
    if "field limit" in message:
        return too_long(f"line {line} has a cell of more than {csv.field_size_limit():,} characters")
    message = f"line {line}: the quotes do not pair up ({message})"
    return DataError(
        Detail(code="quotes-unbalanced", message=message, pointer=f"line {line}", fix="double a quote inside quotes")
    )
