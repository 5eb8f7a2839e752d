"""Makes datasets out of what a test writes down."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.data.builtin import fashion
from models.data.ingest import ingest
from models.data.options import IngestOptions
from models.data.store import Dataset

Make = Callable[..., Dataset]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make(body, **options) -> the ingested Dataset. A str is encoded, a dict becomes a zip."""

    def made(body: str | bytes | Mapping[str, bytes], **options: Any) -> Dataset:
        upload = tmp_path / "upload"
        upload.write_bytes(
            body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else zipped(body)
        )
        return Dataset.open(Path(ingest(upload, IngestOptions(**options), tmp_path / "datasets").folder))

    return made


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of these files, in this order."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return sink.getvalue()


@pytest.fixture
def zip_of() -> Callable[[Mapping[str, bytes]], bytes]:
    """Files by name -> the bytes of a zip archive."""
    return zipped


@pytest.fixture
def png() -> Callable[..., bytes]:
    """png(value, height, width, mode) -> the bytes of a picture of one value."""

    def made(value: int = 0, height: int = 4, width: int = 6, mode: str = "L") -> bytes:
        channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
        sink = io.BytesIO()
        Image.fromarray(np.full((height, width, *channels), value, np.uint8)).save(sink, "PNG")
        return sink.getvalue()

    return made


@pytest.fixture(scope="session")
def fashion_files() -> Path:
    """A folder with Fashion-MNIST's four files."""
    folder = fashion.find(fashion.FOLDERS)
    if folder is None:
        pytest.skip("no Fashion-MNIST files here (Debian: apt install dataset-fashion-mnist)")
    return folder
