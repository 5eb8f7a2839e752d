"""Features: columns to tensors, the same code for training (`prepare`) and for prediction (`encode_rows`).

prepared = prepare(resolved_spec, dataset, cache)       # fitted on the training part, cached, memory-mapped
x = encode_rows(spec.inputs, prepared.states, rows)     # JSON rows, as in training
"""

from models.features.encode import States
from models.features.prepare import Prepared, prepare
from models.features.rows import encode_rows
from models.features.uploads import encode_images
from models.spec import input_shape

__all__ = ["Prepared", "States", "encode_images", "encode_rows", "input_shape", "prepare"]
