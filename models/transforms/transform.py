"""What every transform is: fitted on the training part, its state kept in the checkpoint, replayed at prediction.

    state = transform.fit(x_train)          # dict of tensors and JSON lists; empty where there is nothing to learn
    y = transform.apply(x, state)           # the same code in training and in serving

Two families. Columns of tables: numbers are float64 tensors (rows, width), NaN = missing; categories are `Categories`
(models.transforms.categories). Pictures: tensors (batch, channels, height, width), uint8 or float32; the result is
float32.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

State = dict[str, Tensor | list[Any]]
"""What `fit` learned: tensors (saved as safetensors) and JSON lists (saved as JSON)."""

Shape = tuple[int, ...]
"""A shape without its batch dimension."""
