"""Zip archives, checked by their directory before anything in them is read."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from models.data.archive import ArchiveLimits, check_archive, open_archive
from models.errors import DataError


def code(tmp_path: Path, data: bytes, limits: ArchiveLimits | None = None) -> str:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        check_archive(path, limits or ArchiveLimits())
    return caught.value.code


def with_entry(change) -> bytes:
    """An archive of one entry whose ZipInfo was changed before it was written."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        info = zipfile.ZipInfo("cat/a.png")
        change(info)
        archive.writestr(info, b"x")
    return sink.getvalue()


def test_entries_are_listed_in_order_with_composed_names(tmp_path: Path, zip_of) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of({"b/": b"", "b/cafe\u0301.png": b"123", "a\\x.png": b""}))
    entries = check_archive(tmp_path / "a.zip")
    assert [(entry.path, entry.bytes) for entry in entries] == [("b/", 0), ("b/caf\u00e9.png", 3), ("a/x.png", 0)]
    with open_archive(tmp_path / "a.zip") as archive:
        assert archive.read(entries[1].name) == b"123"


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../x",
        "a/../../x",
        "..\\x",
        "C:/x",
        "c:x",
        "\\\\host\\x",
        "a//x",
        "./x",
        "a/\x01x",
        "d/" * 21 + "x",
        "n" * 1001,
    ],
)
def test_a_path_that_leads_out_or_astray_is_refused(tmp_path: Path, zip_of, name: str) -> None:
    assert code(tmp_path, zip_of({name: b""})) == "archive-unsafe-path"


def test_a_nul_in_a_name_is_refused_and_not_cut_off(tmp_path: Path, zip_of) -> None:
    data = zip_of({"a.pngXevil": b""}).replace(b"a.pngX", b"a.png\0")
    assert code(tmp_path, data) == "archive-unsafe-path"


@pytest.mark.parametrize(
    "pair", [("a.png", "A.PNG"), ("caf\u00e9", "cafe\u0301"), ("a/b", "a\\b"), ("a", "a/"), ("straße", "STRASSE")]
)
def test_names_that_are_one_file_somewhere_are_refused(tmp_path: Path, zip_of, pair: tuple[str, str]) -> None:
    assert code(tmp_path, zip_of({pair[0]: b"1", pair[1]: b"2"})) == "archive-duplicate-entry"


def test_links_and_devices_are_refused(tmp_path: Path) -> None:
    def link(info: zipfile.ZipInfo) -> None:
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16

    assert code(tmp_path, with_entry(link)) == "archive-unsupported-entry"


def test_other_compressions_are_refused(tmp_path: Path) -> None:
    def lzma(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_LZMA

    assert code(tmp_path, with_entry(lzma)) == "archive-unsupported-entry"


def test_encrypted_entries_are_refused(tmp_path: Path, zip_of) -> None:
    data = bytearray(zip_of({"a.png": b"x"}))
    data[data.find(b"PK\1\2") + 8] |= 1
    assert code(tmp_path, bytes(data)) == "archive-encrypted"


def test_limits_on_count_size_and_ratio(tmp_path: Path, zip_of) -> None:
    many = zip_of({f"{i}": b"" for i in range(11)})
    assert code(tmp_path, many, ArchiveLimits(entries=10)) == "archive-too-many-entries"
    assert code(tmp_path, many, ArchiveLimits(directory_bytes=300)) == "archive-too-many-entries"
    zeros = zip_of({"a": bytes(1_000_000)})
    assert code(tmp_path, zeros, ArchiveLimits(unpacked_bytes=999_999)) == "archive-too-large"
    assert code(tmp_path, zeros, ArchiveLimits(ratio_from_bytes=10)) == "archive-too-large"
    check_archive(tmp_path / "a.zip")


def test_overlapping_entries_are_refused(tmp_path: Path, zip_of) -> None:
    """The second entry of the directory points to the first one's data."""
    data = bytearray(zip_of({"a": b"1" * 100, "b": b"2" * 100}))
    second = data.rfind(b"PK\1\2")
    struct.pack_into("<I", data, second + 42, 0)
    assert code(tmp_path, bytes(data)) == "archive-overlap"


@pytest.mark.parametrize("cut", [0, 10, 21, 50])
def test_a_damaged_archive_is_corrupt(tmp_path: Path, zip_of, cut: int) -> None:
    whole = zip_of({"a.csv": b"x,y\n1,2\n"})
    assert code(tmp_path, whole[:cut] + whole[cut + 30 :]) == "archive-corrupt"


def test_every_cut_and_every_flipped_byte_is_read_or_refused_but_never_crashes(tmp_path: Path, zip_of) -> None:
    whole = zip_of({"cat/a.png": b"123", "dog/b.png": b"4567"})
    path = tmp_path / "a.zip"
    for place in range(len(whole)):
        flipped = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        for data in (whole[:place], flipped):
            path.write_bytes(data)
            assert all(code.startswith("archive-") for code in read_codes(path))


def read_codes(path: Path) -> list[str]:
    """The codes with which reading the whole archive is refused; none when it can be read."""
    try:
        with open_archive(path) as archive:
            for entry in check_archive(path):
                archive.read(entry.name)
    except DataError as error:
        return [detail.code for detail in error.details]
    return []
