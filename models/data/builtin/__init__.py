"""Datasets that can be had by name, as uploads that are read like any other.

Shipped beside this file, with the values of scikit-learn's copies (BSD licence): iris, wine, breast-cancer and diabetes
(unscaled) as CSV; digits as an IDX pair, its 8 x 8 pictures of 0..16 times 15. linear-15 are the 15 points of a
well-known introduction to linear regression in PyTorch. fashion-mnist is found in a folder (see `fashion.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from models.data.builtin import fashion
from models.data.options import IngestOptions
from models.errors import DataError, Detail


class Builtin(NamedTuple):
    """A set, what it is about, and the column that is learned as a rule."""

    name: str
    about: str
    target: str


BUILTINS = (
    Builtin("iris", "150 flowers of three species, four lengths each (Fisher 1936)", "species"),
    Builtin("wine", "178 wines of three cultivars, 13 chemical measures (UCI)", "cultivar"),
    Builtin("digits", "1,797 handwritten digits, 8 x 8 grey pictures (UCI)", "label"),
    Builtin("breast-cancer", "569 tumours, malignant or benign, 30 measures (UCI)", "diagnosis"),
    Builtin("diabetes", "442 patients, ten measures, progression after a year (Efron et al. 2004)", "progression"),
    Builtin("linear-15", "15 points near a line", "y"),
    Builtin("fashion-mnist", "70,000 grey pictures of clothes, 28 x 28, ten classes, given parts", "label"),
)

_FILES = {"digits": "digits.idx.gz", "fashion-mnist": ""}


def builtin_names() -> tuple[str, ...]:
    """Names of the sets."""
    return tuple(builtin.name for builtin in BUILTINS)


def builtin_upload(name: str, folders: Sequence[Path], scratch: Path) -> tuple[Path, IngestOptions]:
    """The upload and its options. fashion-mnist is looked for in `folders`, and put together in `scratch`.

    Raises KeyError for another name, DataError dataset-not-found where fashion-mnist's files are in no folder.
    """
    if name not in builtin_names():
        raise KeyError(name)
    if name == "fashion-mnist":
        return _fashion(folders, scratch)
    file = Path(__file__).with_name(_FILES.get(name, f"{name}.csv.gz"))
    return file, IngestOptions(filename=file.name)


def _fashion(folders: Sequence[Path], scratch: Path) -> tuple[Path, IngestOptions]:
    folder = fashion.find(folders)
    if folder is None:
        message = f"the four files of fashion-mnist are in none of {len(folders)} folders"
        fix = "install Debian's package dataset-fashion-mnist, or download them (models.data.builtin.fashion.fetch)"
        raise DataError(Detail("dataset-not-found", message, given="fashion-mnist", fix=fix))
    upload = fashion.one_upload(folder, scratch)
    return upload, IngestOptions(format="idx", classes=fashion.CLASSES, filename=upload.name)
