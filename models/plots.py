"""Pictures of curves: SVG and PNG by matplotlib, characters for a terminal by plotext; both imported when asked for."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

_TERMINAL = threading.Lock()
"""plotext draws on one canvas that belongs to the process."""

_MARKERS = "•+xo*"
"""Curves without colours are told apart by these."""


@dataclass(frozen=True)
class Curve:
    """Points of one name; `ys` may hold None where a number was not finite."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float | None]


def picture(curves: Sequence[Curve], x_label: str, form: Literal["svg", "png"]) -> bytes:
    """The curves over a common x axis; equal curves give equal bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "fitserve", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        for curve in curves:
            ys = [float("nan") if y is None else y for y in curve.ys]
            axes.plot(curve.xs, ys, label=curve.name, marker="." if len(curve.xs) < 50 else None)
        axes.set_xlabel(x_label)
        axes.grid(visible=True, alpha=0.3)
        if curves:
            axes.legend()
        out = io.BytesIO()
        figure.savefig(out, format=form, metadata={"Date": None} if form == "svg" else None)
    return out.getvalue()


def characters(curves: Sequence[Curve], x_label: str, width: int, height: int) -> str:
    """The curves in Unicode characters, without colours."""
    import plotext

    with _TERMINAL:
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.limit_size(False, False)
        plotext.plotsize(width, height)
        for curve, marker in zip(curves, cycle(_MARKERS), strict=False):
            points = [(x, y) for x, y in zip(curve.xs, curve.ys, strict=True) if y is not None]
            if points:
                plotext.plot(*map(list, zip(*points, strict=True)), label=curve.name, marker=marker)
        plotext.xlabel(x_label)
        drawn: str = plotext.uncolorize(plotext.build())
    return drawn
