"""Drawings of studies, in the look of the reports: colours that everyone can tell apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, LogLocator, NullFormatter, NullLocator

from algorithms.report.figures import MUTED, STYLE, WIDTH, label_ends, look
from algorithms.studies.study import Estimate
from algorithms.studies.thirds import THIRDS

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
        log_x, log_y: whether an axis is logarithmic; the line has a gap at what it cannot show.
        curves: theory: x and y by name.
        height: inches.
        on_axes: called with the axes before the names at the lines' ends are placed.
    """
    series = _positive(series) if log_y else series
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


def of_thirds(axes: Axes) -> None:
    """For `on_axes`: squared errors by `THIRDS` of a game, with a line where nothing is known."""
    mark(axes, 0.25)
    axes.set_ylim(0, max(0.3, axes.get_ylim()[1]))
    axes.set_xticks([1, 2, 3], list(THIRDS))


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
        _log_ticks(axes.xaxis, {float(at) for at_all, _ in series.values() for at in at_all})
        axes.xaxis.set_minor_locator(NullLocator())
    if log_y:
        _log_ticks(axes.yaxis, set())
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)


def _positive(series: Series) -> Series:
    """What a logarithmic axis can show, with intervals that end on it; no rounding errors."""
    largest = max(
        (e.value for _, es in series.values() for e in es if np.isfinite(e.value)), default=1.0
    )
    gap = Estimate(np.nan, np.nan, np.nan)

    def shown(e: Estimate) -> Estimate:
        if not (np.isfinite(e.value) and e.value > 1e-9 * largest):
            return gap
        return Estimate(e.value, max(e.low, 0.1 * e.value) if e.low == e.low else e.low, e.high)

    found = {name: (x, [shown(e) for e in estimates]) for name, (x, estimates) in series.items()}
    return {name: line for name, line in found.items() if any(e is not gap for e in line[1])}


def _log_ticks(axis: Axis, wanted: set[float]) -> None:
    """Ticks of a logarithmic axis: where they are wanted if there is room, or at round numbers."""
    low, high = sorted(axis.get_view_interval())
    decades = np.log10(high / low)
    ticks = np.array(sorted(wanted))
    if 0 < len(ticks) <= 12 and (np.diff(np.log10(ticks)) > 0.06 * decades).all():
        axis.set_major_locator(FixedLocator(list(ticks)))
    else:
        axis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2 else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(EngFormatter(sep="") if high >= 1e5 else "{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _name_lines(
    axes: Axes, series: Series, curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]
) -> None:
    labels: list[tuple[float, str, int | None]] = []
    for number, (name, (_, estimates)) in enumerate(series.items()):
        drawn = [e.value for e in estimates if not np.isnan(e.value)]
        if drawn:
            labels.append((float(drawn[-1]), name, number))
    label_ends(axes, labels + [(float(y[-1]), name, None) for name, (_, y) in curves.items()])


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
