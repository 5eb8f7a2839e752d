"""The known name that an unknown one was perhaps meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

CUTOFF = 0.7
"""Likeness (difflib's ratio) below which a guess would rather mislead."""
SHORTEST = 3
"""A name with fewer letters is a part of too many others."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that holds `name`, or is held by it, in any case of letters; else the most alike, if it is alike."""
    known = {each.lower(): each for each in names}
    asked = name[:200].lower()
    parts = [each for each in known if min(len(each), len(asked)) >= SHORTEST and (asked in each or each in asked)]
    close = difflib.get_close_matches(asked, parts, n=1, cutoff=0.0) or difflib.get_close_matches(
        asked, known, n=1, cutoff=CUTOFF
    )
    return known[close[0]] if close else None


def told(meant: str | None) -> str:
    """The end of a sentence that may go on with a guess."""
    return f'; did you mean "{meant}"?' if meant else "."


def fix_of(meant: str | None, given: object = None) -> str | None:
    """What to write instead, where that is another thing than what was written."""
    return f'Write "{meant}".' if meant and meant != given else None


def listing(names: Sequence[object], most: int = 10) -> str:
    """`a, b, c`, the first few."""
    return ", ".join(str(each) for each in names[:most]) + (", ..." if len(names) > most else "")
