"""Pictures for prediction: decoded, brought to the channels of training, transformed by the same code."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from models.errors import InputError
from models.features import encode_images


@pytest.fixture
def trained(make: Any, features: Any, picture: Any) -> Any:
    """Spec and features of 30 colour pictures 6 x 5."""
    return features(make({f"{'ab'[i % 2]}/{i:02}.png": picture(i, channels=3) for i in range(30)}), target="label")


def encode(trained: Any, *pictures: bytes) -> torch.Tensor:
    spec, prepared = trained
    return encode_images(spec.inputs[0], prepared.states[0], prepared.shape, prepared.channels, pictures, "/pictures")


def test_a_picture_of_the_dataset_becomes_what_training_saw(trained: Any, picture: Any) -> None:
    encoded = encode(trained, picture(0, channels=3), picture(1, channels=3))
    _, prepared = trained
    for row in encoded:
        assert any(torch.equal(row, seen) for seen in prepared.x)


def test_grey_pictures_of_another_size_are_converted(trained: Any, picture: Any) -> None:
    assert encode(trained, picture(5, 20, 31)).shape == (1, 3, 6, 5)


def test_damaged_pictures_are_told_by_their_place(trained: Any, picture: Any) -> None:
    with pytest.raises(InputError) as caught:
        encode(trained, picture(0), b"<svg onload='x'/>")
    assert caught.value.code in ("image-corrupt", "image-format-unsupported")
    assert caught.value.details[0].pointer == "/pictures/1"


def test_another_size_without_resize_is_refused_with_both_shapes(make: Any, features: Any, picture: Any) -> None:
    dataset = make({f"{'ab'[i % 2]}/{i}.png": picture(i) for i in range(30)})
    trained = features(dataset, target="label", inputs=[{"column": "image", "transforms": ["to_unit"]}])
    with pytest.raises(InputError) as caught:
        encode(trained, picture(0, 9, 9))
    detail = caught.value.details[0]
    assert (detail.code, detail.given, detail.allowed) == ("shape-mismatch", [1, 9, 9], [1, 6, 5])


def test_no_pictures_are_refused(trained: Any) -> None:
    with pytest.raises(InputError):
        encode(trained)
