"""Decoding: the reference decoder's bits, and no decoding of what should not be."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from models.data.channels import to_channels
from models.data.decode import decode_image, look
from models.errors import DataError

GENERATOR = np.random.default_rng(0)
COLOUR = GENERATOR.integers(0, 256, (13, 17, 3), dtype=np.uint8)
ALPHA = GENERATOR.integers(0, 256, (13, 17, 4), dtype=np.uint8)


def saved(picture: Image.Image, form: str, **options) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, form, **options)
    return sink.getvalue()


def pictures() -> dict[str, tuple[bytes, int]]:
    """Name -> (file, channels)."""
    colour, alpha = Image.fromarray(COLOUR), Image.fromarray(ALPHA)
    grey = colour.convert("L")
    clear = alpha.quantize(16)
    return {
        **{f"grey {form}": (saved(grey, form), 1) for form in ("PNG", "JPEG", "BMP", "PPM")},
        **{f"colour {form}": (saved(colour, form), 3) for form in ("PNG", "JPEG", "BMP", "PPM", "WEBP", "GIF")},
        "lossless webp": (saved(alpha, "WEBP", lossless=True), 4),
        "grey gif": (saved(grey, "GIF"), 1),
        "bits": (saved(grey.convert("1"), "PNG"), 1),
        "bits ppm": (saved(grey.convert("1"), "PPM"), 1),
        "grey and alpha": (saved(alpha.convert("LA"), "PNG"), 4),
        "alpha": (saved(alpha, "PNG"), 4),
        "palette": (saved(colour.quantize(16), "PNG"), 3),
        "palette with alpha": (saved(clear, "PNG"), 4),
        "progressive": (saved(colour, "JPEG", progressive=True), 3),
        "cmyk": (saved(colour.convert("CMYK"), "JPEG"), 3),
        "interlaced gif": (saved(colour, "GIF", interlace=1), 3),
        "several frames": (saved(colour, "GIF", save_all=True, append_images=[grey]), 3),
    }


@pytest.mark.parametrize("name", pictures())
def test_pixels_equal_the_reference_decoders(name: str) -> None:
    data, channels = pictures()[name]
    pixels = decode_image(data)
    reference = Image.open(io.BytesIO(data)).convert({1: "L", 3: "RGB", 4: "RGBA"}[pixels.shape[2]])
    assert pixels.tobytes() == reference.tobytes()
    assert pixels.dtype == np.uint8
    assert look(data) == pixels.shape
    if "gif" not in name.lower():
        assert pixels.shape == (13, 17, channels)


def test_lossless_pixels_are_the_ones_that_were_saved() -> None:
    assert (decode_image(saved(Image.fromarray(COLOUR), "PNG")) == COLOUR).all()
    assert (decode_image(saved(Image.fromarray(ALPHA), "PNG")) == ALPHA).all()


def test_sixteen_bits_keep_their_high_byte() -> None:
    deep = np.array([[0, 255, 256, 65535]], dtype=np.uint16)
    assert decode_image(saved(Image.fromarray(deep), "PNG"))[0, :, 0].tolist() == [0, 0, 1, 255]


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def code(data: bytes) -> str:
    with pytest.raises(DataError) as caught:
        decode_image(data)
    return caught.value.code


@pytest.mark.parametrize(
    "data",
    [
        png_header(5001, 5000),
        png_header(2**31 - 1, 2**31 - 1),
        b"P6 99999 99999 255\n",
        b"GIF89a\xff\xff\xff\xff" + bytes(20),
        b"BM" + bytes(12) + struct.pack("<Iii", 40, 30_000, -30_000) + bytes(30),
        b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0" + b"\xff\xff\xff" * 2 + bytes(20),
        b"\xff\xd8\xff\xc0" + struct.pack(">HBHH", 17, 8, 65535, 65535) + bytes(20),
    ],
)
def test_a_header_that_promises_too_much_is_refused(data: bytes) -> None:
    assert code(data) == "image-too-large"


def test_the_largest_picture_that_is_allowed_is_read() -> None:
    assert decode_image(saved(Image.new("1", (5000, 5000)), "PNG")).shape == (5000, 5000, 1)


def test_a_gif_frame_larger_than_its_screen_is_refused() -> None:
    data = bytearray(saved(Image.new("L", (4, 4)), "GIF"))
    place = data.index(b"\x2c")
    struct.pack_into("<HH", data, place + 5, 60_000, 60_000)
    assert code(bytes(data)) == "image-too-large"


@pytest.mark.parametrize(
    "data",
    [
        b"<?xml version='1.0'?><svg/>",
        b"  <svg xmlns='x'/>",
        b"%!PS-Adobe",
        b"%PDF-1.4",
        b"II*\0" + bytes(20),
        b"8BPS",
        b"\0\0\0\x1cftypheic",
        b"Pf\n2 2\n-1.0\n" + bytes(16),
        b"PK\3\4",
    ],
)
def test_formats_that_are_known_but_not_read_are_named(data: bytes) -> None:
    assert code(data) == "image-format-unsupported"


@pytest.mark.parametrize(
    "data", [b"", b"hello", png_header(0, 4), b"P6 x", b"\xff\xd8\xff", png_header(4, 4), b"BM" + bytes(40)]
)
def test_what_is_no_picture_is_corrupt(data: bytes) -> None:
    assert code(data) == "image-corrupt"


@pytest.mark.parametrize("name", pictures())
def test_a_cut_or_altered_file_is_read_or_refused_but_never_crashes(name: str) -> None:
    data, _ = pictures()[name]
    places = GENERATOR.integers(0, len(data), 60)
    for place in places:
        altered = data[:place] + bytes([data[place] ^ int(GENERATOR.integers(1, 256))]) + data[place + 1 :]
        for damaged in (data[:place], altered):
            assert all(code.startswith("image-") for code in decode_codes(damaged))


def decode_codes(data: bytes) -> list[str]:
    """The codes with which decoding is refused; none when there are pixels."""
    try:
        assert decode_image(data).dtype == np.uint8
    except DataError as error:
        return [detail.code for detail in error.details]
    return []


@pytest.mark.parametrize("wanted", [1, 3])
def test_fewer_channels_equal_the_reference_conversion(wanted: int) -> None:
    reference = np.asarray(Image.fromarray(COLOUR).convert({1: "L", 3: "RGB"}[wanted])).reshape(13, 17, wanted)
    assert (to_channels(COLOUR, wanted) == reference).all()


def test_alpha_is_composited_over_white() -> None:
    white = Image.new("RGBA", (17, 13), "white")
    reference = np.asarray(Image.alpha_composite(white, Image.fromarray(ALPHA)).convert("RGB"))
    assert np.abs(to_channels(ALPHA, 3).astype(int) - reference).max() <= 1
    opaque, clear = np.array([[[10, 20, 30, 255]]], np.uint8), np.array([[[10, 20, 30, 0]]], np.uint8)
    assert to_channels(opaque, 3).tolist() == [[[10, 20, 30]]]
    assert to_channels(clear, 3).tolist() == [[[255, 255, 255]]]


def test_more_channels_repeat_grey_and_are_opaque() -> None:
    grey = np.array([[[7]]], np.uint8)
    assert to_channels(grey, 3).tolist() == [[[7, 7, 7]]]
    assert to_channels(grey, 4).tolist() == [[[7, 7, 7, 255]]]
    assert to_channels(COLOUR, 4)[:, :, 3].min() == 255
