"""Batches: a pure function of the seed; every row once an epoch; no lonely last row."""

from __future__ import annotations

import pytest
import torch

from models.batches import bounds, order, seed_for, updates_per_epoch


def test_the_order_is_a_permutation_and_a_pure_function_of_seed_and_epoch() -> None:
    first = order(7, 3, 100)
    torch.manual_seed(1)
    assert torch.equal(first, order(7, 3, 100))
    assert torch.equal(first.sort().values, torch.arange(100))
    assert not torch.equal(first, order(7, 4, 100))
    assert not torch.equal(first, order(8, 3, 100))


def test_the_order_leaves_torchs_generator_alone() -> None:
    before = torch.get_rng_state()
    order(7, 3, 100)
    assert torch.equal(before, torch.get_rng_state())


def test_seeds_differ_by_purpose_and_fit_into_63_bits() -> None:
    seeds = {seed_for(seed, purpose, epoch) for seed in range(5) for purpose in ("a", "b") for epoch in range(5)}
    assert len(seeds) == 50
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize(("rows", "size"), [(10, 3), (9, 3), (1, 1), (1, 8), (33, 32), (5, 1), (10_000, 10)])
def test_batches_cover_every_row_once(rows: int, size: int) -> None:
    pieces = bounds(rows, size)
    assert [row for start, stop in pieces for row in range(start, stop)] == list(range(rows))
    assert updates_per_epoch(rows, size) == len(pieces)


def test_a_last_batch_of_one_joins_the_one_before() -> None:
    assert bounds(33, 32) == [(0, 33)]
    assert bounds(10, 3) == [(0, 3), (3, 6), (6, 10)]
    assert bounds(3, 1) == [(0, 1), (1, 2), (2, 3)]


def test_ten_thousand_rows_in_tens_are_a_thousand_updates() -> None:
    assert updates_per_epoch(10_000, 10) == 1_000
