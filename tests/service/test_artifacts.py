"""Artifacts: whole or absent, by the hash of their content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.artifacts import Artifacts
from service.settings import Settings

HASH = "ab" * 32
OTHER = "cd" * 32


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(Settings(home=tmp_path))


def folder(tmp_path: Path, text: str = "x") -> Path:
    made = tmp_path / "made"
    made.mkdir()
    (made / "file").write_text(text)
    return made


def test_keep_moves_a_folder_to_its_place(artifacts: Artifacts, tmp_path: Path) -> None:
    made = folder(tmp_path)
    place = artifacts.keep("datasets", made, HASH)
    assert place == artifacts.local("datasets", HASH)
    assert (place / "file").read_text() == "x"
    assert not made.exists()
    assert not artifacts.local("checkpoints", HASH).exists()


def test_keep_leaves_the_first_of_two_equal_contents_alone(artifacts: Artifacts, tmp_path: Path) -> None:
    first = artifacts.keep("datasets", folder(tmp_path, "first"), HASH)
    second = folder(tmp_path, "second")
    assert artifacts.keep("datasets", second, HASH) == first
    assert (first / "file").read_text() == "first"
    assert not second.exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
def test_local_takes_hashes_only(artifacts: Artifacts, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        artifacts.local("uploads", name)


def test_unused_names_what_is_old_and_not_referenced(artifacts: Artifacts, tmp_path: Path) -> None:
    for sha256 in (HASH, OTHER):
        file = tmp_path / "upload"
        file.write_text(sha256)
        artifacts.keep("uploads", file, sha256)
    assert not artifacts.unused("uploads", lambda: {HASH}, 60)
    os.utime(artifacts.local("uploads", OTHER), (0, 0))
    os.utime(artifacts.local("uploads", HASH), (0, 0))
    assert [place.name for place in artifacts.unused("uploads", lambda: {HASH}, 60)] == [OTHER]


def test_discard_leaves_nothing(artifacts: Artifacts, tmp_path: Path) -> None:
    place = artifacts.keep("checkpoints", folder(tmp_path), HASH)
    artifacts.discard(place)
    assert not place.exists()
    assert not list(artifacts.temporary.iterdir())
