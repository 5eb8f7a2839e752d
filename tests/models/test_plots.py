"""Pictures of curves."""

from __future__ import annotations

import io
from xml.etree import ElementTree

from PIL import Image

from models.plots import Curve, characters, picture

CURVES = [
    Curve("train.loss", [1, 2, 3], [1.0, 0.5, 0.25]),
    Curve("validation.loss", [1, 2, 3], [1.1, None, 0.6]),
]


def test_svg_is_well_formed_names_the_curves_and_is_the_same_every_time() -> None:
    svg = picture(CURVES, "epoch", "svg")
    texts = {element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}
    assert {"train.loss", "validation.loss", "epoch"} <= texts
    assert svg == picture(CURVES, "epoch", "svg")


def test_png_is_a_picture() -> None:
    with Image.open(io.BytesIO(picture(CURVES, "epoch", "png"))) as image:
        assert image.size == (800, 450)


def test_characters_keep_to_the_size_without_colours() -> None:
    lines = characters(CURVES, "epoch", 60, 12).splitlines()
    assert len(lines) == 12
    assert max(map(len, lines)) == 60
    assert "\x1b" not in "".join(lines)
    assert any("train.loss" in line for line in lines)


def test_nothing_measured_yet_is_an_empty_picture() -> None:
    assert b"<svg" in picture([], "epoch", "svg")
    assert characters([], "epoch", 40, 10)
