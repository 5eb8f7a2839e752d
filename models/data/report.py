"""The report of a dataset version: what a person looks at before training."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.data.description import Column
from models.data.information import information, leaks
from models.data.store import Dataset

BINS = 20
LONG = 50
"""Most frequent values that are listed of a column with many."""


def report(dataset: Dataset, target: str | None = None) -> dict[str, Any]:
    """Counts, moments, histograms, balance and notices as a JSON object; with a target also entropies, in bits.

    Raises KeyError for a target that is no column.
    """
    description = dataset.description.model_dump(mode="json")
    found = {**description, "columns": [_column(dataset, column) for column in dataset.description.columns]}
    if target is not None:
        known = {(notice["code"], notice["column"]) for notice in description["warnings"]}
        new = [notice.model_dump(mode="json") for notice in leaks(dataset, target)]
        found["warnings"] += [notice for notice in new if (notice["code"], notice["column"]) not in known]
        found["target"] = _against(dataset, target)
    return found


def _column(dataset: Dataset, column: Column) -> dict[str, Any]:
    found = column.model_dump(mode="json", exclude_none=True)
    found["missing_share"] = column.missing / dataset.rows
    if column.values:
        counts = [value.count for value in column.values]
        found["balance"] = {"largest_share": max(counts) / sum(counts), "smallest_share": min(counts) / sum(counts)}
        if column.type == "category":
            most = sorted(column.values, key=lambda value: -value.count)[:LONG]
            found["most_frequent"] = [value.model_dump() for value in most]
    if column.type == "number" and column.min is not None:
        found["histogram"] = _histogram(dataset, column)
        found["quantiles"] = _quantiles(dataset, column.name)
    return found


def _histogram(dataset: Dataset, column: Column) -> dict[str, Any]:
    numbers = dataset.numbers(column.name)
    with np.errstate(over="ignore"):
        wide = np.isfinite(np.nanmax(numbers) - np.nanmin(numbers))
    if not wide:
        return {"edges": [], "counts": []}
    counts, edges = np.histogram(numbers[~np.isnan(numbers)], bins=BINS)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def _quantiles(dataset: Dataset, name: str) -> dict[str, float]:
    points = (0.01, 0.25, 0.5, 0.75, 0.99)
    values = np.nanquantile(dataset.numbers(name), points, method="inverted_cdf")
    return {str(point): float(value) for point, value in zip(points, values, strict=True)}


def _against(dataset: Dataset, target: str) -> dict[str, Any]:
    """Entropies of every column against the target, the most telling column first."""
    if dataset.column(target).type == "image":
        return {"column": target, "columns": []}
    names = [column.name for column in dataset.description.columns if column.type != "image" and column.name != target]
    lines = sorted((information(dataset, name, target) for name in names), key=lambda one: -one.mutual)
    return {
        "column": target,
        "entropy": information(dataset, target, target).h_y,
        "columns": [
            {
                "column": one.column,
                "entropy": one.h_x,
                "joint_entropy": one.h_xy,
                "target_given_column": one.h_y_given_x,
                "mutual_information": one.mutual,
                "binned": one.binned,
            }
            for one in lines
        ],
    }
