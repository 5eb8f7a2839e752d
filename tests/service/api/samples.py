"""Small uploads."""

from __future__ import annotations

import io
import zipfile

from PIL import Image

CSV = b"size,colour,label\n" + b"".join(b"%d.5,%s,%d\n" % (i, [b"red", b"blue"][i % 2], i % 2) for i in range(20))


def picture(value: int) -> bytes:
    sink = io.BytesIO()
    Image.new("L", (8, 8), value).save(sink, "PNG")
    return sink.getvalue()


def folders(**classes: int) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, value in classes.items():
            for index in range(4):
                archive.writestr(f"{name}/{index}.png", picture(value + index))
    return sink.getvalue()
