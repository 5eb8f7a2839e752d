"""A multipart body, piece by piece, with limits: file parts go on as bytes, text parts are options."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.errors import MalformedMultipart

HEADER_BYTES = 16 * 1024
VALUE_BYTES = 64 * 1024
PARTS = 64

_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{1,70}")


@dataclass(eq=False)
class Part:
    """One part: a file where it has a file name, else a text field."""

    name: str = ""
    filename: str | None = None
    content_type: str | None = None
    value: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


Piece = tuple[Part, bytes]
"""Bytes of a file part; the first piece of a part is empty."""


async def read_parts(body: AsyncIterator[bytes], content_type: str) -> AsyncIterator[Piece]:
    """Pieces of the parts in order; a text part comes as one piece, with its `value`. Raises MalformedMultipart."""
    reader = _Reader(content_type)
    async for chunk in body:
        for piece in reader.feed(chunk):
            yield piece
    reader.finish()


class _Reader:
    """python-multipart's callbacks, collected."""

    def __init__(self, content_type: str) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not _BOUNDARY.fullmatch(boundary):
            raise MalformedMultipart("The boundary has 1 to 70 characters.")
        self._pieces: list[Piece] = []
        self._part = Part()
        self._parts = 0
        self._header = [b"", b""]
        self._ended = False
        self._parser = MultipartParser(boundary, self._callbacks())  # type: ignore[arg-type]

    def _callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._extend(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._extend(1, data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": lambda data, start, end: self._data(data[start:end]),
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def feed(self, chunk: bytes) -> list[Piece]:
        """The pieces that this chunk completes."""
        self._pieces = []
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise MalformedMultipart from error
        return self._pieces

    def finish(self) -> None:
        """Raises MalformedMultipart where the closing boundary is missing."""
        if not self._ended:
            raise MalformedMultipart("The multipart body ends too early.")

    def _begin(self) -> None:
        self._part = Part()
        self._parts += 1
        if self._parts > PARTS:
            raise MalformedMultipart(f"A body has at most {PARTS} parts.")

    def _extend(self, place: int, data: bytes) -> None:
        self._header[place] += data
        if len(self._header[place]) > HEADER_BYTES:
            raise MalformedMultipart("The header of a part is too long.")

    def _end_header(self) -> None:
        self._part.headers.append((self._header[0].lower(), self._header[1]))
        self._header = [b"", b""]
        if len(self._part.headers) > 16:
            raise MalformedMultipart("A part has too many headers.")

    def _end_headers(self) -> None:
        part, headers = self._part, dict(self._part.headers)
        _, options = parse_options_header(headers.get(b"content-disposition", b""))
        part.name = _text(options.get(b"name", b""))
        part.filename = _text(options[b"filename"]) if b"filename" in options else None
        part.content_type = _text(headers[b"content-type"]) if b"content-type" in headers else None
        if part.filename is not None:
            self._pieces.append((part, b""))

    def _data(self, data: bytes) -> None:
        part = self._part
        if part.filename is not None:
            self._pieces.append((part, data))
            return
        part.value += data
        if len(part.value) > VALUE_BYTES:
            raise MalformedMultipart(f"The field {part.name[:80]!r} is too long; a file part has a filename.")

    def _end_part(self) -> None:
        if self._part.filename is None:
            self._pieces.append((self._part, b""))

    def _end(self) -> None:
        self._ended = True


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\0", "")
