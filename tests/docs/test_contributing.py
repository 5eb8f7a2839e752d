"""The kind that CONTRIBUTING.md adds in ten lines works as it stands there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import torch
from torch import nn

REPOSITORY = Path(__file__).parents[2]
HEADER = """
from typing import Literal
from torch import nn
from models.networks.layers.activations import Activation
from models.networks.shapes import Shape
"""


def test_the_example_of_a_new_kind_works(tmp_path: Path) -> None:
    block = re.search(r"```python\n(.+?)```", (REPOSITORY / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert block is not None
    module_file = tmp_path / "softsign.py"
    module_file.write_text(HEADER + block[1])
    spec = importlib.util.spec_from_file_location("softsign", module_file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    layer = module.Softsign.model_validate({"kind": "softsign"})
    values = torch.linspace(-3, 3, 7)
    assert torch.equal(layer.build((7,))(values), nn.functional.softsign(values))
