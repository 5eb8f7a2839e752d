"""A dataset from the text of a CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models.data.ingest import ingest
from models.data.options import IngestOptions
from models.data.store import Dataset

MakeDataset = Callable[[str], Dataset]


@pytest.fixture
def table(tmp_path: Path) -> MakeDataset:
    """Write the text, ingest it, open it."""

    def make(text: str) -> Dataset:
        upload = tmp_path / "upload.csv"
        upload.write_text(text, encoding="utf-8")
        return Dataset.open(Path(ingest(upload, IngestOptions(), tmp_path / "datasets").folder))

    return make
