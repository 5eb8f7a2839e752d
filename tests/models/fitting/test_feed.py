"""Batches of an epoch: the same rows in the same order, whether they are copied at once or taken one by one."""

from __future__ import annotations

import pytest
import torch

from models.batches import order
from models.fitting import feed
from models.fitting.feed import Feed

X = torch.arange(20.0).view(10, 2)
Y = torch.arange(10)
ROWS = torch.tensor([1, 3, 4, 6, 7, 8, 9])


def taken(batch_size: int | str, epoch: int = 0, first: int = 0) -> list[list[int]]:
    batches = Feed(X, Y, ROWS, batch_size, 5, torch.device("cpu")).batches(epoch, first)
    return [y.tolist() for x, y in batches if torch.equal(x[:, 0], y * 2.0)]


@pytest.mark.parametrize("resident", [2**30, 0])
def test_an_epoch_is_the_permuted_training_part(resident: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "RESIDENT_BYTES", resident)
    expected = ROWS[order(5, 2, 7)].tolist()
    assert taken(3, epoch=2) == [expected[:3], expected[3:]]  # the last one of a single row has joined
    assert taken(2, epoch=2)[1] == expected[2:4]
    assert taken(2, epoch=2, first=1) == taken(2, epoch=2)[1:]


def test_the_full_batch_keeps_the_datasets_order() -> None:
    assert taken("full") == taken(100) == [ROWS.tolist()]


def test_the_copy_of_an_epoch_is_used_again_for_the_next() -> None:
    made = Feed(X, Y, ROWS, 2, 5, torch.device("cpu"))
    first = [y.tolist() for _, y in made.batches(0, 0)]
    second = [y.tolist() for _, y in made.batches(1, 0)]
    assert first == taken(2, 0)
    assert second == taken(2, 1)
    assert first != second
