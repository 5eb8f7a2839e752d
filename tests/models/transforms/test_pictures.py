"""Transforms of pictures: torch's own interpolation, moments by hand."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch.nn.functional import interpolate

from models.transforms import Normalize, Resize, ToUnit

PICTURES = torch.randint(0, 256, (5, 3, 7, 9), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "area"])
@pytest.mark.parametrize("size", [(14, 18), (3, 4), (7, 5), (7, 9)])
def test_resize_equals_torchs_interpolate(size: tuple[int, int], interpolation: str, antialias: bool) -> None:
    mine = Resize(size=size, interpolation=interpolation, antialias=antialias).apply(PICTURES, {})
    smooth = interpolation in ("bilinear", "bicubic")
    reference = interpolate(PICTURES.float(), size, mode=interpolation, antialias=antialias and smooth)
    assert torch.equal(mine, reference)
    assert mine.dtype == torch.float32


def test_to_unit_takes_bytes_to_zero_and_one() -> None:
    x = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 1, 1, 3)
    assert ToUnit().apply(x, {}).flatten().tolist() == pytest.approx([0, 0.2, 1])


def test_normalize_over_the_dataset_has_mean_0_and_std_1_per_channel() -> None:
    transform = Normalize()
    state = transform.fit(PICTURES)
    assert state["mean"].tolist() == pytest.approx(PICTURES.double().mean(dim=(0, 2, 3)).tolist())
    out = transform.apply(PICTURES, state).double()
    assert out.mean(dim=(0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert out.std(dim=(0, 2, 3), unbiased=False).tolist() == pytest.approx([1, 1, 1], abs=1e-6)


def test_normalize_over_the_dataset_replays_the_training_moments() -> None:
    train = torch.tensor([0.0, 2.0]).view(2, 1, 1, 1)
    assert Normalize().apply(torch.full((1, 1, 1, 1), 5.0), Normalize().fit(train)).item() == 4


def test_moments_do_not_depend_on_the_batches_they_are_taken_in() -> None:
    many = PICTURES.repeat(500, 1, 1, 1)
    state, once = Normalize().fit(many), Normalize().fit(PICTURES)
    for name in ("mean", "std"):
        assert state[name].tolist() == pytest.approx(once[name].tolist(), rel=1e-12)


def test_normalize_over_an_image_takes_each_one_alone() -> None:
    transform = Normalize(over="image")
    assert transform.fit(PICTURES) == {}
    out = transform.apply(PICTURES, {})
    assert out.mean(dim=(1, 2, 3)).tolist() == pytest.approx([0] * 5, abs=1e-6)
    assert out.std(dim=(1, 2, 3), unbiased=False).tolist() == pytest.approx([1] * 5, abs=1e-5)
    assert torch.equal(transform.apply(PICTURES[2:3], {}), out[2:3])


@pytest.mark.parametrize("over", ["image", "dataset"])
def test_a_picture_of_one_value_becomes_zero(over: str) -> None:
    flat = torch.full((2, 1, 4, 4), 77, dtype=torch.uint8)
    transform = Normalize(over=over)
    assert transform.apply(flat, transform.fit(flat)).abs().max() == 0


@pytest.mark.parametrize("transform", [ToUnit(), Resize(size=(4, 5)), Normalize(), Normalize(over="image")])
def test_the_shape_is_known_beforehand(transform) -> None:
    assert transform.apply(PICTURES, transform.fit(PICTURES)).shape[1:] == transform.shape((3, 7, 9))


@pytest.mark.parametrize("size", [(0, 0), (5,), (4, 5, 6), (4, 5000), (4.0, 4), "44"])
def test_impossible_sizes_are_refused(size: object) -> None:
    with pytest.raises(ValidationError):
        Resize.model_validate({"size": size})
