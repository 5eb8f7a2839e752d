"""Lists in pages: a keyset cursor, which is the id of the last row that was given out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from service.api.answers import Answer
from service.errors import Fault, Invalid

KINDS = {"jobs": "job", "runs": "run", "datasets": "ds", "models": "mdl"}
"""What the ids of each list begin with."""

_CURSOR = re.compile(r"[a-z]{2,5}_[0-9A-HJKMNP-TV-Z]{26}")


def _cursor(text: str) -> str:
    if not _CURSOR.fullmatch(text):
        raise PydanticCustomError("invalid-cursor", "This is no cursor; take it from `next` of the page before")
    return text


class PageQuery(BaseModel):
    """What every list may be asked; other parameters are refused."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    limit: int = Field(default=50, ge=1, le=1000)
    """Rows of a page."""
    after: Annotated[str, AfterValidator(_cursor)] | None = None
    """The cursor `next` of the page before."""
    order: Literal["newest", "oldest"] = "newest"
    """Which come first."""

    @property
    def newest_first(self) -> bool:
        """Whether the newest come first."""
        return self.order == "newest"


Page = Annotated[PageQuery, Query()]


def page(request: Request, query: PageQuery, found: Sequence[Any], bodies: Sequence[Any], **more: Any) -> Answer:
    """A page of `found`, of which the store was asked for one more than the limit; `bodies` stand for the rows."""
    _check_kind(request, query.after)
    has_more = len(found) > query.limit
    last = found[query.limit - 1].id if has_more else None
    body = {"data": list(bodies[: query.limit]), "has_more": has_more, "next": last, **more}
    return Answer(body, headers={"Link": f'<{_next(request, last)}>; rel="next"'} if last else None)


def _check_kind(request: Request, cursor: str | None) -> None:
    """Raises Invalid for the cursor of another list, which would lead nowhere."""
    kind = KINDS[request.url.path.rpartition("/")[2]]
    if cursor is not None and not cursor.startswith(f"{kind}_"):
        raise Invalid(Fault(f"A cursor of this list begins with {kind}_.", "invalid-cursor", parameter="after"))


def whole(bodies: Sequence[Any]) -> Answer:
    """A list that is short by nature, in the shape of a page."""
    return Answer({"data": list(bodies), "has_more": False, "next": None})


def _next(request: Request, last: str) -> str:
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return f"{request.url.path}?{urlencode([*pairs, ('after', last)])}"
