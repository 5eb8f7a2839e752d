"""What to train: the spec, its defaults and the rules between its parts.

spec = TrainingSpec.model_validate({"dataset": "iris", "target": "species"})
resolved = resolve(spec, description)       # everything written out; SpecError with every fault at once
"""

from models.spec.defaults import resolve
from models.spec.shapes import input_shape
from models.spec.training import AnyTransform, Input, Target, TrainingSpec, split_of, task_of

__all__ = ["AnyTransform", "Input", "Target", "TrainingSpec", "input_shape", "resolve", "split_of", "task_of"]
