"""The corpus of bad inputs: its cases, its builders, and its aliases as this API spells them."""

from __future__ import annotations

import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SHARED = Path(os.environ.get("FITSERVE_SHARED", Path(__file__).parents[4] / "shared"))
CORPUS = SHARED / "bad_inputs" / "bad_inputs.yaml"

FOUR = {"dataset": "four", "target": "y", "epochs": 2}
"""The smallest job on four numeric features."""
PETS = {"dataset": "pets", "target": "label", "epochs": 2}
"""The smallest job on pictures."""

NOT_OFFERED = ("webhook_url", "resume_from", "init_from", "checkpoint_every", "tokenizer_regex")
"""Fields that are unknown here, and so are refused."""


def cases(*kinds: str) -> list[Any]:
    """The cases of these kinds as parameters; none where the corpus is absent."""
    if not CORPUS.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason=f"no corpus of bad inputs at {CORPUS}"))]
    yaml = pytest.importorskip("yaml")
    found = yaml.safe_load(CORPUS.read_text())["cases"]
    return [pytest.param(case, id=case["name"]) for case in found if case["kind"] in kinds]


@cache
def builders() -> ModuleType:
    """bad_inputs_lib.py as a module."""
    spec = importlib.util.spec_from_file_location("bad_inputs_lib", CORPUS.with_name("bad_inputs_lib.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bad_inputs_lib"] = module
    spec.loader.exec_module(module)
    return module


def build(case: dict[str, Any]) -> Any:
    """The request of a case."""
    return eval(case["build"], vars(builders()))


def spec_of(alias: dict[str, Any]) -> dict[str, Any]:
    """The smallest job with the fields that the case sets."""
    layers = alias.get("layers")
    pictures = "image_size" in alias or (isinstance(layers, list) and any("conv2d" in layer for layer in layers))
    spec: dict[str, Any] = dict(PETS if pictures else FOUR)
    for name, value in alias.items():
        spec.update(_FIELDS[name](value, alias) if name in _FIELDS else {name: value})
    return spec


def _optimizer(_: Any, alias: dict[str, Any]) -> dict[str, Any]:
    given = {name: alias[name] for name in ("lr", "momentum", "nesterov", "weight_decay", "betas") if name in alias}
    return {"optimizer": {"kind": alias.get("optimizer", "sgd"), **given}}


def _layers(value: Any, alias: dict[str, Any]) -> dict[str, Any]:
    layers = [_layer(each) for each in value] if isinstance(value, list) else value
    return {"network": {"kind": "layers", "layers": layers, "head": "task" not in alias}}


def _layer(given: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    if depth > 100:  # deep enough for any limit, and not too deep for Python's own writer
        return {"kind": "relu"}
    ((kind, value),) = given.items()
    if kind == "linear":
        return {"kind": "dense", "units": value}
    if kind == "conv2d":
        return {"kind": "conv2d", **{"channels" if name == "out" else name: each for name, each in value.items()}}
    if kind == "sequential":
        return {"kind": "residual", "body": [_layer(each, depth + 1) for each in value]}
    return {"kind": kind}


def _split(value: list[float], _: Any) -> dict[str, Any]:
    return {"split": {"kind": "random", **dict(zip(("train", "validation", "test"), value, strict=True))}}


def _resize(value: list[int], _: Any) -> dict[str, Any]:
    return {"inputs": [{"column": "image", "transforms": [{"kind": "resize", "size": value}]}]}


def _dropout(value: float, _: Any) -> dict[str, Any]:
    return {"network": {"kind": "layers", "layers": [{"kind": "dropout", "p": value}]}}


_FIELDS: dict[str, Any] = {
    **dict.fromkeys(("lr", "momentum", "nesterov", "weight_decay", "betas", "optimizer"), _optimizer),
    "layers": _layers,
    "dropout": _dropout,
    "split": _split,
    "image_size": _resize,
    "dataset_id": lambda value, _: {"dataset": value},
    "early_stop": lambda value, _: {"early_stopping": value},
    "architecture": lambda value, _: {"network": {"kind": value}},
    "task": lambda value, _: {"target": {"column": "a" if value == "regression" else "y", "task": value}},
}
