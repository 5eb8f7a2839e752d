"""What an upload is: by its first bytes, else by its Content-Type, else by its file name. Pure: the API asks early."""

from __future__ import annotations

import zlib
from typing import Literal

from models.data.connectors.idx import MAGIC
from models.data.options import Format
from models.errors import DataError, Detail

Sniffed = Literal["csv", "tsv", "jsonl", "zip", "idx"]

UNREAD = (
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"\x89HDF", "HDF5"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"SQLite format 3", "SQLite"),
    (b"\x93NUMPY", "NPY"),
    (b"\x89PNG", "a single picture"),
    (b"\xff\xd8\xff", "a single picture"),
    (b"GIF8", "a single picture"),
    (b"%PDF", "PDF"),
    (b"\x80\x04", "a pickle"),
    (b"<", "HTML or XML"),
)
ARCHIVES = (
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)

TYPES: dict[str, Sniffed] = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/jsonlines": "jsonl",
}
SUFFIXES: dict[str, Sniffed] = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}

READ = ["csv", "tsv", "jsonl", "zip", "idx"]


def sniff(head: bytes, content_type: str | None = None, filename: str | None = None, given: Format = "auto") -> Sniffed:
    """The format of an upload that begins with `head` (4 KiB are enough, 512 bytes for a tar); `given` decides if set.

    Raises DataError: dataset-empty, archive-unsupported-entry for other archives, unsupported-media-type for what is
    known but not read.
    """
    if not head:
        raise DataError(Detail("dataset-empty", "the upload is empty"))
    if given != "auto":
        return given
    _refuse_known(head)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    plain = _unpacked(head) if head.startswith(b"\x1f\x8b") else head
    if MAGIC.match(plain):
        return "idx"
    return _text(plain, content_type, filename)


def _text(head: bytes, content_type: str | None, filename: str | None) -> Sniffed:
    bare = (content_type or "").partition(";")[0].strip().lower()
    name = (filename or "").lower().removesuffix(".gz")
    by_name = next((form for suffix, form in SUFFIXES.items() if name.endswith(suffix)), None)
    found = TYPES.get(bare) or by_name
    if found is None and bare in ("application/zip", "application/x-zip-compressed"):
        raise DataError(Detail("archive-corrupt", "this is no zip archive"))
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if found is None and (bare == "application/json" or start[:1] + start[1:].lstrip()[:1] == b"[{"):
        fix = "one object per line: jq -c '.[]' data.json > data.jsonl"
        message = "a JSON document is not read as a dataset, JSON lines are"
        raise DataError(Detail("unsupported-media-type", message, given="JSON", allowed=READ, fix=fix))
    if found is None and start.startswith(b"{"):
        return "jsonl"
    return found or "csv"


def _refuse_known(head: bytes) -> None:
    archive = next((name for magic, name in ARCHIVES if head.startswith(magic)), None)
    if head[257:262] == b"ustar":
        archive = "tar"
    if archive:
        message = f"{archive} archives are not read"
        raise DataError(Detail("archive-unsupported-entry", message, given=archive, allowed=READ, fix="send a zip"))
    known = next((name for magic, name in UNREAD if head.startswith(magic)), None)
    if known:
        message = f"this is {known}, which is not read as a dataset"
        raise DataError(Detail("unsupported-media-type", message, given=known, allowed=READ))


def _unpacked(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(head, 4096)
    except zlib.error:
        raise DataError(Detail("archive-corrupt", "the gzip file is damaged")) from None
