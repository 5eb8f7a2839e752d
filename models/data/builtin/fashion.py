"""Fashion-MNIST (Zalando Research, MIT licence): 60,000 + 10,000 grey pictures of clothes, 28 x 28, ten classes.

Its four files come from Debian's package dataset-fashion-mnist, from any folder that holds them, or from its public
home. Debian leaves name and time out of the gzip headers, so the published MD5 sums hold for downloads only; SHA-256 is
of what is in them, and holds for both.
Source: https://github.com/zalandoresearch/fashion-mnist
"""

from __future__ import annotations

import gzip
import hashlib
import urllib.request
import zlib
from collections.abc import Sequence
from pathlib import Path

from models.errors import DataError, Detail

CLASSES = ("t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")

FOLDERS = (Path("/usr/share/dataset-fashion-mnist"), Path("/usr/share/datasets/fashion-mnist"))
"""Where Debian's package puts them."""

HOME = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"

FILES = (
    (
        "train-images-idx3-ubyte.gz",
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    (
        "train-labels-idx1-ubyte.gz",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    (
        "t10k-images-idx3-ubyte.gz",
        "bef4ecab320f06d8554ea6380940ec79",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        "bb300cfdad3c16e7a12a480ee83cd310",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)
"""(name, MD5 of the file as published, SHA-256 of what is in it), in the order in which an upload holds them."""


def find(folders: Sequence[Path]) -> Path | None:
    """The first folder that has all four files."""
    return next((folder for folder in folders if all((folder / name).is_file() for name, _, _ in FILES)), None)


def one_upload(folder: Path, into: Path) -> Path:
    """The four files one behind the other as `into`/fashion-mnist.idx.gz. Raises checksum-mismatch."""
    upload = into / "fashion-mnist.idx.gz"
    with upload.open("wb") as sink:
        for name, _, sha256 in FILES:
            data = (folder / name).read_bytes()
            if _unpacked_sha256(data) != sha256:
                raise _mismatch(name)
            sink.write(data)
    return upload


def fetch(into: Path, home: str = HOME) -> Path:
    """Download what `into` lacks, checked by the published sums. Raises OSError without a network."""
    into.mkdir(parents=True, exist_ok=True)
    for name, md5, _ in FILES:
        if not (into / name).exists():
            with urllib.request.urlopen(f"{home}/{name}", timeout=60) as answer:  # noqa: S310 - a constant address
                data = answer.read()
            if hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
                raise _mismatch(name)
            (into / f"{name}.part").write_bytes(data)
            (into / f"{name}.part").rename(into / name)
    return into


def _unpacked_sha256(data: bytes) -> str:
    try:
        return hashlib.sha256(gzip.decompress(data)).hexdigest()
    except (OSError, EOFError, zlib.error):
        return "damaged"


def _mismatch(name: str) -> DataError:
    return DataError(Detail("checksum-mismatch", f"{name} is not the file that was published", pointer=name))
