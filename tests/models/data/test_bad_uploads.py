"""The corpus of bad uploads: each is refused with its code, or accepted as it says, and nothing is left behind."""

from __future__ import annotations

import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from models.data.ingest import ingest
from models.data.options import IngestOptions
from models.data.store import Dataset
from models.errors import DataError

yaml = pytest.importorskip("yaml")

SHARED = Path(os.environ.get("FITSERVE_SHARED", Path(__file__).parents[4] / "shared"))
CORPUS = SHARED / "bad_inputs" / "bad_inputs.yaml"
FAMILIES = ("archive", "upload", "image", "labels", "table", "audio")

BY_THE_API = {
    "gzip_content_encoding_bomb",
    "upload_chunked_too_big",
    "upload_name_traversal",
    "upload_multipart_boundary_10kB",
    "upload_checksum_mismatch",
    "upload_disk_full",
}
"""Refused before the body is a file."""

SOUND_IS_NOT_READ = {"audio-corrupt", "value-not-finite"}
"""Codes of damaged sound: until sound is read, each is audio-format-unsupported."""


def cases() -> list[dict[str, Any]]:
    if not CORPUS.exists():
        return []
    found = yaml.safe_load(CORPUS.read_text())["cases"]
    return [case for case in found if case["family"] in FAMILIES and case["name"] not in BY_THE_API]


@cache
def builders() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bad_inputs_lib", SHARED / "bad_inputs" / "bad_inputs_lib.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bad_inputs_lib"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of bad inputs is not beside the repository")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_a_bad_upload_has_its_code(case: dict[str, Any], tmp_path: Path) -> None:
    request = eval(case["build"], vars(builders()))
    upload = tmp_path / "upload"
    upload.write_bytes(request.body)
    allowed = {case["problem"]} | ({None} if {201, 202} & set(case["status"]) else set())
    if case["family"] == "audio" and allowed & SOUND_IS_NOT_READ:
        allowed = {"audio-format-unsupported"}
    assert outcome(upload, tmp_path / "datasets", request.headers["content-type"]) in allowed


def outcome(upload: Path, into: Path, content_type: str) -> str | None:
    """The code of the refusal, after which nothing may be left, or None for a dataset."""
    try:
        ingested = ingest(upload, IngestOptions(), into, content_type)
    except DataError as error:
        refusal = error
    else:
        return None if Dataset.open(Path(ingested.folder)).rows else "no rows"
    assert not into.exists() or not list(into.iterdir())
    assert str(upload.parent) not in str(refusal)
    return refusal.code
