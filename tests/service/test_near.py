"""Guesses at what was meant."""

from __future__ import annotations

import pytest

from service.near import fix_of, nearest


@pytest.mark.parametrize(
    ("name", "names", "meant"),
    [
        ("resnet", ["lenet", "mlp", "small_resnet"], "small_resnet"),
        ("ReLU", ["gelu", "relu"], "relu"),
        ("epoch", ["epochs", "seed"], "epochs"),
        ("irs", ["iris", "wine"], "iris"),
        ("species", ["Größe", "Preis", "Ort"], None),
        ("lr", ["lenet", "layers"], None),
        ("x" * 10_000, ["iris"], None),
    ],
)
def test_a_name_that_holds_it_goes_before_one_that_is_spelled_alike(
    name: str, names: list[str], meant: str | None
) -> None:
    assert nearest(name, names) == meant


def test_what_was_written_already_is_no_fix() -> None:
    assert fix_of("iris", "iris") is None
    assert fix_of("iris", "irs") == 'Write "iris".'
