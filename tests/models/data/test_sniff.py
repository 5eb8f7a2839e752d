"""What an upload is, from its first bytes, its type, its name."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from models.data.sniff import sniff
from models.errors import DataError

IDX = b"\0\0\x08\x03" + bytes(12)


@pytest.mark.parametrize(
    ("head", "content_type", "filename", "expected"),
    [
        (b"PK\3\4....", None, None, "zip"),
        (b"PK\5\6" + bytes(18), "text/csv", None, "zip"),
        (IDX, None, None, "idx"),
        (gzip.compress(IDX, mtime=0), "application/gzip", None, "idx"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), None, "x.tsv.gz", "tsv"),
        (b"a\tb\n", None, None, "csv"),
        (b"a\tb\n", "text/tab-separated-values; charset=utf-8", None, "tsv"),
        (b"a,b\n", None, "x.TSV", "tsv"),
        (b'{"a":1}\n', None, None, "jsonl"),
        (b'{"a":1}\n', "text/csv", None, "csv"),
        (b"anything", "application/octet-stream", None, "csv"),
    ],
)
def test_the_bytes_speak_first(head: bytes, content_type: str | None, filename: str | None, expected: str) -> None:
    assert sniff(head, content_type, filename) == expected


def test_a_given_format_decides() -> None:
    assert sniff(b"PK\3\4", given="csv") == "csv"


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "dataset-empty"),
        (b"Rar!\x1a\7", "archive-unsupported-entry"),
        (b"PAR1....", "unsupported-media-type"),
        (b"\x89PNG\r\n\x1a\n", "unsupported-media-type"),
        (b"<html>", "unsupported-media-type"),
        (b"\x1f\x8b\x08\xff\xff\xff", "archive-corrupt"),
    ],
)
def test_what_is_not_read_is_named(head: bytes, code: str) -> None:
    with pytest.raises(DataError) as caught:
        sniff(head)
    assert caught.value.code == code


def test_a_tar_archive_is_known_by_its_header() -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    with pytest.raises(DataError, match="tar archives are not read"):
        sniff(sink.getvalue()[:512])


def test_bytes_sent_as_a_zip_must_be_one() -> None:
    with pytest.raises(DataError) as caught:
        sniff(b"hello", "application/zip")
    assert caught.value.code == "archive-corrupt"


@pytest.mark.parametrize(
    ("head", "kind"), [(b'[{"x": 1}]', None), (b' [ {"x": 1}]', "text/plain"), (b"{}", "application/json")]
)
def test_a_json_document_is_refused_with_the_way_to_json_lines(head: bytes, kind: str | None) -> None:
    with pytest.raises(DataError) as caught:
        sniff(head, kind)
    assert caught.value.code == "unsupported-media-type"
    assert "jq" in (caught.value.details[0].fix or "")
