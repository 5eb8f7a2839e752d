"""What can go wrong in the library.

ModelsError
├── SpecError          the spec is understood but wrong: unknown, contradicting, impossible, too large
├── DataError          an uploaded file is wrong, or cannot be learned from
├── InputError         a row or picture sent for prediction is wrong
├── CheckpointError    a checkpoint is missing, damaged or of an unknown format
└── FitError           the fit went wrong: loss not finite, out of memory, disk full

Every error holds one or more details. A detail's `code` is stable and public; its `pointer` is a JSON pointer into
what the caller sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Detail:
    """One thing that is wrong, where it stands, and what to do about it."""

    code: str
    message: str
    pointer: str | None = None
    given: Any = None
    allowed: Any = None
    fix: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The detail as a JSON object, without its empty members."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class ModelsError(Exception):
    """Something is wrong."""

    def __init__(self, details: Detail | Sequence[Detail]) -> None:
        self.details: tuple[Detail, ...] = (details,) if isinstance(details, Detail) else tuple(details)
        super().__init__("; ".join(detail.message for detail in self.details))

    @property
    def code(self) -> str:
        """The code of the first detail."""
        return self.details[0].code


class SpecError(ModelsError):
    """The spec is understood but wrong."""


class DataError(ModelsError):
    """An uploaded file is wrong, or cannot be learned from."""


class InputError(ModelsError):
    """What was sent for prediction is wrong."""


class CheckpointError(ModelsError):
    """A checkpoint is missing, damaged or of an unknown format."""


class FitError(ModelsError):
    """The fit went wrong."""
