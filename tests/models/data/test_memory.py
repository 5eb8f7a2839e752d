"""Ingestion of what wants to be large stays small: below 512 MiB, imports included."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

CHILD = """
import json, resource, sys
from pathlib import Path
from models.data.ingest import ingest
from models.data.options import IngestOptions
from models.errors import DataError
codes = []
for upload in sys.argv[2:]:
    try:
        ingest(Path(upload), IngestOptions(), Path(sys.argv[1]))
        codes.append(None)
    except DataError as error:
        codes.append(error.code)
print(json.dumps([codes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10]))
"""


def bomb(mib: int) -> bytes:
    """A picture whose zTXt chunk unpacks to so many MiB."""
    sink = io.BytesIO()
    Image.new("L", (8, 8)).save(sink, "PNG")
    chunk = b"zTXtk\0\0" + zlib.compress(bytes(mib << 20), 9)
    framed = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return sink.getvalue()[:33] + framed + sink.getvalue()[33:]


def large_pictures(count: int) -> bytes:
    sink, picture = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.zeros((2000, 2000, 3), np.uint8)).save(picture, "PNG")
    with zipfile.ZipFile(sink, "w") as archive:
        for i in range(count):
            archive.writestr(f"a/{i}.png", picture.getvalue())
    return sink.getvalue()


def test_bombs_wide_tables_and_long_lines_stay_below_512_mib(tmp_path: Path) -> None:
    wide = ",".join(f"c{i}" for i in range(9999))
    uploads = {
        "pictures": large_pictures(60),
        "text-chunk": b"",
        "wide": (wide + "\n" + "\n".join(",".join("1" * 9999) for _ in range(300)) + "\n").encode(),
        "long": b'{"text":"' + b"a" * 64_000_000 + b'"}\n',
        "zeros": bytes(64 << 20),
        "classes": b"x,y\n" + b"".join(b"1,c%d\n" % i for i in range(300_000)),
    }
    with zipfile.ZipFile(tmp_path / "text-chunk", "w") as archive:
        archive.writestr("a/1.png", bomb(100))
    for name, body in uploads.items():
        if body:
            (tmp_path / name).write_bytes(body)
    paths = [str(tmp_path / name) for name in uploads]
    command = [sys.executable, "-c", CHILD, str(tmp_path / "datasets"), *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    codes, mib = json.loads(done.stdout)
    assert codes == [None, "image-corrupt", None, "field-too-long", "text-not-utf8", None]
    assert mib < 512
