"""Drawings of studies, in the look of the reports: colours that everyone can tell apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogFormatter, NullFormatter, NullLocator

from algorithms.report.figures import MUTED, STYLE, WIDTH, label_ends, look
from algorithms.studies.study import Estimate

Series = Mapping[str, tuple[Sequence[float], Sequence[Estimate]]]
"""By name: x, and the estimate at each x."""


def line_chart(
    series: Series,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    log_y: bool = False,
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    height: float = 3.6,
    on_axes: Callable[[Axes], object] | None = None,
) -> Figure:
    """Estimates over x, a line each with its intervals as a band; theory dashed.

    Args:
        series: what was measured; the order gives colours and markers.
        x_label, y_label: of the axes, with units.
        log_x, log_y: whether an axis is logarithmic.
        curves: theory: x and y by name.
        height: inches.
        on_axes: called with the axes before the names at the lines' ends are placed.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots()
        draw_lines(axes, series, x_label, y_label, log_x, log_y, curves or {})
        if on_axes is not None:
            on_axes(axes)
        _name_lines(axes, series, curves or {})
    return figure


def of_rates(axes: Axes) -> None:
    """For `on_axes`: win rates from 0 to 1, with a thin line where both win as often."""
    axes.set_ylim(-0.02, 1.02)
    mark(axes, 0.5)


def mark(axes: Axes, level: float) -> None:
    """A thin line at a height that means something."""
    axes.axhline(level, color=MUTED, lw=0.8, zorder=1)


def draw_lines(
    axes: Axes,
    series: Series,
    x_label: str,
    y_label: str,
    log_x: bool,
    log_y: bool,
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
) -> None:
    """What `line_chart` draws, on axes of one's own, without names at the lines' ends."""
    axes.set_xscale("log" if log_x else "linear")
    axes.set_yscale("log" if log_y else "linear")
    for x, y in curves.values():
        axes.plot(x, y, color=MUTED, lw=1.0, ls=(0, (4, 3)), zorder=1)
    for number, (x, estimates) in enumerate(series.values()):
        colour, marker = look(number)
        low = np.array([e.low if np.isfinite(e.low) else e.value for e in estimates])
        high = np.array([e.high if np.isfinite(e.high) else e.value for e in estimates])
        y = [e.value for e in estimates]
        axes.fill_between(x, low, high, color=colour, alpha=0.15, lw=0, zorder=2)
        axes.plot(x, y, color=colour, lw=1.8, marker=marker, ms=4.5, zorder=3)
    if log_x:
        ticks = sorted({float(at) for at_all, _ in series.values() for at in at_all})
        axes.set_xticks(ticks if len(ticks) <= 12 else ticks[:: len(ticks) // 8])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    if log_y:
        axes.yaxis.set_major_formatter(LogFormatter())
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)


def _name_lines(
    axes: Axes, series: Series, curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]
) -> None:
    labels = [
        (float(estimates[-1].value), name, look(number)[0])
        for number, (name, (_, estimates)) in enumerate(series.items())
        if len(estimates)
    ]
    label_ends(axes, labels + [(float(y[-1]), name, MUTED) for name, (_, y) in curves.items()])


def bar_chart(
    estimates: Mapping[str, Estimate], x_label: str, at: float | None = None, log_x: bool = False
) -> Figure:
    """An estimate a row, as dots with intervals, the first on top.

    Args:
        estimates: by name.
        x_label: of the axis, with units.
        at: a value marked by a dashed line, such as 0.
        log_x: whether the axis is logarithmic.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.7 + 0.3 * len(estimates)), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log" if log_x else "linear")
        if at is not None:
            axes.axvline(at, color=MUTED, lw=0.9, ls=(0, (4, 3)), zorder=1)
        for row, estimate in enumerate(estimates.values()):
            colour, marker = look(row)
            if np.isfinite([estimate.low, estimate.high]).all():
                axes.plot([estimate.low, estimate.high], [row, row], color=colour, lw=1.6)
            axes.plot(estimate.value, row, marker=marker, ms=6, color=colour)
            axes.annotate(
                f"{estimate.value:.3g}", xy=(1.015, row), xycoords=("axes fraction", "data"),
                va="center", fontsize=8, annotation_clip=False,
            )  # fmt: skip
        axes.set_yticks(range(len(estimates)), list(estimates))
        axes.set_ylim(len(estimates) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.set_xlabel(x_label)
    return figure


def rows_of(series: Series, x_name: str, y_name: str) -> list[dict[str, Any]]:
    """What a `line_chart` shows, as rows for `Picture.rows`."""
    return [
        {"series": name, x_name: at, y_name: e.value, "low": e.low, "high": e.high}
        for name, (x, estimates) in series.items()
        for at, e in zip(x, estimates, strict=True)
    ]
