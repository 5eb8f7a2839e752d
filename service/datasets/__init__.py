"""Datasets: uploads, the versions that they become, the built-in sets, the way out."""

from service.datasets.export import csv_lines
from service.datasets.uploads import Upload, label_of
from service.datasets.versions import (
    Version,
    builtins,
    check_name,
    failure,
    fashion_folders,
    find,
    find_or_make,
    is_name,
    known_names,
    open_version,
    options_of,
    put,
)

__all__ = [
    "Upload",
    "Version",
    "builtins",
    "check_name",
    "csv_lines",
    "failure",
    "fashion_folders",
    "find",
    "find_or_make",
    "is_name",
    "known_names",
    "label_of",
    "open_version",
    "options_of",
    "put",
]
