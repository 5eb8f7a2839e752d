"""Fewer points of a curve: of each stretch its lowest and its highest, so that no spike is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from service.store.rows import MetricRow


def thin(points: Sequence[MetricRow], most: int) -> list[MetricRow]:
    """At most `most` (at least 4) of the points of one series, in order; the first and the last are among them."""
    if len(points) <= most:
        return list(points)
    stretches = (most - 2) // 2
    inner = points[1:-1]
    bounds = [len(inner) * place // stretches for place in range(stretches + 1)]
    kept = [point for start, end in pairwise(bounds) for point in _extremes(inner[start:end])]
    return [points[0], *kept, points[-1]]


def _extremes(points: Sequence[MetricRow]) -> Iterator[MetricRow]:
    finite = [point for point in points if point.value is not None] or list(points)
    chosen = {id(point): point for point in (min(finite, key=_value), max(finite, key=_value))}
    yield from sorted(chosen.values(), key=lambda point: point.step)


def _value(point: MetricRow) -> float:
    return point.value or 0.0
