"""What ingestion learned about a dataset version. Stored as JSON, read by whoever resolves a spec."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

ColumnType = Literal["number", "category", "text", "image", "time"]
"""boolean columns are categories with the two values as written."""

Value = str | int | float
"""A class as the dataset writes it: text for categories, a number for number columns."""


class _Record(BaseModel):
    # Extra fields are left: a description that a newer worker wrote must not stop an older API.
    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class ValueCount(_Record):
    """A distinct value and how many rows have it."""

    value: Value
    count: int


class ImageInfo(_Record):
    """Sizes of the pictures of a column; `channels` is the largest number found (1 grey, 3 RGB, 4 with alpha)."""

    height: int
    width: int
    channels: int
    uniform: bool
    """True when all pictures have this height and width; else height and width are medians."""


class Column(_Record):
    """One typed column. Moments leave missing values out; `std` is the population's (divides by n)."""

    name: str
    type: ColumnType
    missing: int = 0
    distinct: int | None = None
    whole: bool = False
    """A number column whose values are all whole."""
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    values: tuple[ValueCount, ...] | None = None
    """The distinct values with their counts, in the order of `Dataset.values` (ascending, or as class names were
    given): all of a category column (up to 10,000), those of a whole number column with at most 1,000."""
    values_by_part: dict[str, dict[str, int]] | None = None
    """Where the upload has given parts: part -> str(value) -> count, for columns with `values`."""
    image: ImageInfo | None = None


class Notice(_Record):
    """Something noticed that does not forbid learning."""

    code: str
    message: str
    column: str | None = None


class Reading(_Record):
    """How a table of text was read: what was given, and what was found where nothing was."""

    delimiter: str
    quote: str
    """`""` where quotes are ordinary characters."""
    header: bool
    missing: tuple[str, ...]
    """Cells that mean "no value"."""
    comma_columns: tuple[str, ...] = ()
    """Columns whose numbers have a decimal comma."""


class Description(_Record):
    """A dataset version at a glance."""

    rows: int
    columns: tuple[Column, ...]
    parts: dict[str, int] | None = None
    """Rows per given part (`train`, `validation`, `test`) where the upload has them, in this order."""
    source: str
    """What was uploaded: csv, zip-images, zip-tables, idx, npz, built-in."""
    warnings: tuple[Notice, ...] = ()
    reading: Reading | None = None
    """How the rows were read, where they came as CSV or TSV; so is a CSV read that asks for predictions."""

    def column(self, name: str) -> Column | None:
        """The column of this name."""
        return next((column for column in self.columns if column.name == name), None)
