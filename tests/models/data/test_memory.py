"""Ingestion of what wants to be large stays small: below 512 MiB, imports included."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CHILD = """
import json, sys
from collections.abc import Callable
from pathlib import Path
from models.data.ingest import ingest
from models.data.options import IngestOptions
from models.errors import DataError
code = None
try:
    ingest(Path(sys.argv[1]), IngestOptions(), Path(sys.argv[2]))
except DataError as error:
    code = error.code
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps([code, int(status["VmHWM"].split()[0]) >> 10]))
"""


def bomb(mib: int) -> bytes:
    """A picture whose zTXt chunk unpacks to so many MiB."""
    sink = io.BytesIO()
    Image.new("L", (8, 8)).save(sink, "PNG")
    chunk = b"zTXtk\0\0" + zlib.compress(bytes(mib << 20), 9)
    framed = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return sink.getvalue()[:33] + framed + sink.getvalue()[33:]


def zip_of(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def large_pictures(count: int) -> bytes:
    """Pictures of 4 million pixels: 12 MB each when decoded, 50 kB in the archive."""
    sink = io.BytesIO()
    Image.fromarray(np.zeros((2000, 2000, 3), np.uint8)).save(sink, "PNG")
    return zip_of({f"a/{i}.png": sink.getvalue() for i in range(count)})


def wide_table() -> bytes:
    lines = [",".join(f"c{i}" for i in range(9999)), *[",".join("1" * 9999)] * 100]
    return ("\n".join(lines) + "\n").encode()


CASES: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "large pictures": (lambda: large_pictures(50), None),
    "a text chunk of 100 MiB": (lambda: zip_of({"a/1.png": bomb(100)}), "image-corrupt"),
    "ten thousand columns": (wide_table, None),
    "a line of 64 MB": (lambda: b'{"text":"' + b"a" * 64_000_000 + b'"}\n', "field-too-long"),
    "zeros": (lambda: bytes(64 << 20), "text-not-utf8"),
    "300,000 words": (lambda: b"x,y\n" + b"".join(b"1,c%d\n" % i for i in range(300_000)), None),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc, which is Linux's")
@pytest.mark.parametrize("name", CASES)
def test_peak_memory_of_the_process_stays_below_512_mib(name: str, tmp_path: Path) -> None:
    body, expected = CASES[name]
    (tmp_path / "upload").write_bytes(body())
    command = [sys.executable, "-c", CHILD, str(tmp_path / "upload"), str(tmp_path / "datasets")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    code, mib = json.loads(done.stdout)
    assert code == expected
    assert mib < 512
