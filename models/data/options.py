"""How an upload is to be read. Every option has a good default: an upload without any is read by what it looks like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from models.data.description import ColumnType
from models.errors import DataError, Detail
from models.kinds import Kind, Many

Format = Literal["auto", "csv", "tsv", "jsonl", "zip", "idx"]

Name = Annotated[str, Field(min_length=1, max_length=200)]

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "?")


class IngestOptions(Kind):
    """What the user knows about the upload; the same upload with the same options gives the same dataset version."""

    format: Format = "auto"
    """`auto` goes by the first bytes, then by the Content-Type, then by the file name."""
    delimiter: Annotated[str, Field(pattern=r"""^[^\w"'.\r\n\x00]$""")] | None = None
    """The character between two cells; without it the one of `,` tab `;` `|` that makes the rows even."""
    quote: Literal["auto", '"', "'", ""] = "auto"
    """`""` = quotes are ordinary characters. `auto` is `"`, and nothing in a TSV whose quotes do not pair up."""
    header: bool | Literal["auto"] = "auto"
    """Whether the first row holds the names of the columns."""
    names: Annotated[Many[Name], Field(min_length=1, max_length=10_000)] | None = None
    """Names of the columns, in order; a header, where there is one, is then passed over."""
    missing: Annotated[Many[Annotated[str, Field(max_length=100)]], Field(max_length=100)] = MISSING
    """Cells that mean "no value", compared after the blanks around a cell are gone."""
    decimal: Literal["auto", ".", ","] = "auto"
    """The decimal mark. `auto` takes a comma where the delimiter is `;` and every number of a column is written so."""
    types: Annotated[dict[Name, ColumnType], Field(max_length=10_000)] = Field(default_factory=dict)
    """Types that are given instead of inferred, by column name."""
    classes: Annotated[Many[Name], Field(min_length=1, max_length=10_000)] | None = None
    """Names for the labels 0, 1, 2 ... of an IDX pair, in this order."""
    channels: Literal["auto", 1, 3, 4] = "auto"
    """Channels that pictures are stored with. `auto`: the most that one has, 4 only where every picture has alpha."""
    filename: Annotated[str, Field(max_length=1000)] | None = None
    """The client's name for the file: a hint at its format, never a path."""

    @field_validator("names", "classes")
    @classmethod
    def _distinct(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None and len(set(names)) < len(names):
            raise PydanticCustomError("duplicate-column", "names must differ from each other")
        return names


def options_from_query(query: Mapping[str, str]) -> IngestOptions:
    """Options as they stand in a URL: `header=false&names=x,y&missing=?,NA&types=age:number,city:category`.

    Raises DataError with one detail per wrong option, its pointer `/name`.
    """
    try:
        return IngestOptions.model_validate({name: _value(name, text) for name, text in query.items()})
    except ValidationError as error:
        raise DataError([_detail(item) for item in error.errors()]) from None


def _value(name: str, text: str) -> Any:
    if name in ("names", "missing", "classes"):
        return _list(text)
    if name == "types":
        return {pair.rpartition(":")[0]: pair.rpartition(":")[2] for pair in text.split(",")}
    if name == "delimiter":
        return {"\\t": "\t", "tab": "\t"}.get(text, text)
    if name in ("header", "channels"):
        return {"true": True, "false": False, "1": 1, "3": 3, "4": 4}.get(text, text)
    return text


def _list(text: str) -> Any:
    if not text.startswith("["):
        return text.split(",")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text  # no list, which the model says


def _detail(item: Any) -> Detail:
    pointer = "/" + "/".join(str(part) for part in item["loc"][:1])
    unknown = item["type"] == "extra_forbidden"
    return Detail(
        code="unknown-field" if unknown else "invalid-option",
        message=f"{pointer[1:]}: {item['msg']}",
        pointer=pointer,
        given=str(item["input"])[:200],
        allowed=sorted(IngestOptions.model_fields) if unknown else None,
    )
