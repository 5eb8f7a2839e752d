"""Devices: what is asked for is there, or refused with what is."""

from __future__ import annotations

import pytest
import torch

from models.devices import choose, use_threads
from models.errors import FitError


def test_cpu_is_always_there() -> None:
    assert choose("cpu") == torch.device("cpu")


def test_auto_takes_a_gpu_where_there_is_one() -> None:
    assert choose("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(FitError) as caught:
        choose("cuda:99")
    detail = caught.value.details[0]
    assert (detail.code, detail.pointer, detail.given) == ("device-unavailable", "/device", "cuda:99")
    assert "cpu" in detail.allowed


def test_threads_are_set_or_left_as_they_are() -> None:
    before = torch.get_num_threads()
    assert use_threads(None) == before
    assert use_threads(before) == before
