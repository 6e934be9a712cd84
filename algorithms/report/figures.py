"""Figures of a report: the ranking, learning curves, training metrics.

They are drawn for paper, in light colours, and stored as they are. In the markup for a page every
colour becomes a CSS variable, so that one drawing serves the light and the dark page.

The colours are Okabe and Ito's, which people with any kind of colour vision tell apart
(https://jfly.uni-koeln.de/color/); learners differ in their markers as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator, PercentFormatter

from algorithms.report.standings import Standing
from algorithms.report.words import signed
from baselines.groups import Estimate

INK, MUTED, RULE, PAPER = "#1c2126", "#667080", "#d5dae0", "#fdfdfc"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
MARKERS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚"}
"""With the signs that stand for them in text."""
_VARIABLES = {INK: "ink", MUTED: "muted", RULE: "rule", PAPER: "paper"} | {
    colour: f"series-{number}" for number, colour in enumerate(SERIES)
}
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "font.family": "sans-serif",
    "svg.fonttype": "none",  # text stays text: searchable, and in the page's own font
    "svg.hashsalt": "gozoo",  # the same figure gives the same file
    "text.parse_math": False,  # a name may hold dollar signs
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.formatter.use_mathtext": False,
    "figure.facecolor": PAPER,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}
WIDTH = 6.5
"""Width of a figure, inches."""
_WIDE_SPREAD = 8.0  # learners whose spending differs more than so many times get a log axis


@dataclass(frozen=True, eq=False)
class Curve:
    """Ratings of a learner over what was spent in one currency.

    Attributes:
        name: of the learner.
        learner: its number, which gives colour and marker.
        seeds: spending [K] and Elo [K] of each seed's snapshots.
        mean: spending, Elo, and the interval's ends, [4, M], NaN where there is no interval.
        raw: spending and Elo of the last network without search, if it plays with search.
    """

    name: str
    learner: int
    seeds: list[tuple[np.ndarray, np.ndarray]]
    mean: np.ndarray
    raw: tuple[float, float] | None = None


def look(learner: int | None) -> tuple[str, str]:
    """Colour and marker of the learner with this number; of an anchor for None."""
    if learner is None:
        return MUTED, "s"
    # Learners that share a colour, where there are many, differ in their markers.
    marker = (learner + learner // len(SERIES)) % len(MARKERS)
    return SERIES[learner % len(SERIES)], list(MARKERS)[marker]


def ranking_figure(standings: Sequence[Standing], anchor: str) -> Figure:
    """Ratings as dots with intervals, one row each, the first on top; hollow without search."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.62 + 0.27 * len(standings)), layout="constrained")
        axes = figure.subplots()
        for row, standing in enumerate(standings):
            rating, (colour, marker) = standing.rating, look(standing.learner)
            axes.plot([rating.low, rating.high], [row, row], color=colour, lw=1.6, zorder=2)
            if len(rating.player_elo) > 1:
                rows = [row] * len(rating.player_elo)
                axes.plot(rating.player_elo, rows, "|", color=colour, ms=9, mew=0.9, alpha=0.7)
            axes.plot(
                rating.elo, row, marker=marker, ms=6.5, color=colour,
                mfc=PAPER if standing.kind == "raw" else colour, mew=1.4, zorder=3,
            )  # fmt: skip
            interval = f"  [{signed(rating.low)}, {signed(rating.high)}]"
            told = interval if rating.high > rating.low else "  (anchor)"
            _write_beside(axes, row, signed(rating.elo) + told)
        _name_rows(axes, [standing.rating.name for standing in standings])
        axes.set_xlabel(f"Elo ({anchor} = 0), 95 % interval")
    return figure


def differences_figure(differences: Sequence[tuple[str, Estimate]], baseline: str) -> Figure:
    """How far learners stand above one of them, a row each; hollow where zero is not excluded."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.62 + 0.27 * len(differences)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0, color=MUTED, lw=0.8, ls=(0, (4, 3)), zorder=1)
        for row, (_, gap) in enumerate(differences):
            axes.plot([gap.low, gap.high], [row, row], color=SERIES[0], lw=1.6, zorder=2)
            axes.plot(
                gap.value, row, marker="o", ms=6.5, color=SERIES[0], mew=1.4, zorder=3,
                mfc=PAPER if gap.low <= 0 <= gap.high else SERIES[0],
            )  # fmt: skip
            told = f"  [{signed(gap.low)}, {signed(gap.high)}]"
            _write_beside(axes, row, signed(gap.value) + told)
        _name_rows(axes, [name for name, _ in differences])
        axes.set_xlabel(f"Elo above {baseline}, 95 % interval")
    return figure


def _write_beside(axes: Axes, row: int, text: str) -> None:
    """Text to the right of a row."""
    axes.annotate(
        text, xy=(1.015, row), xycoords=("axes fraction", "data"), va="center", fontsize=8,
        annotation_clip=False,
    )  # fmt: skip


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Axes with one named row each, the first on top, and Elo along them."""
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: signed(value))
    axes.grid(axis="x")
    axes.set_axisbelow(True)


def curves_figure(curves: Sequence[Curve], levels: dict[str, float], spent: str) -> Figure:
    """Rating over spending.

    Args:
        curves: of the learners.
        levels: Elo of the anchors, drawn as horizontal lines.
        spent: name of the currency.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
        axes = figure.subplots()
        for level in levels.values():
            axes.axhline(level, color=MUTED, lw=0.8, ls=(0, (4, 3)), zorder=1)
        for curve in curves:
            colour, marker = look(curve.learner)
            for spending, elo in curve.seeds:
                axes.plot(spending, elo, color=colour, lw=0.8, alpha=0.55, zorder=2)
            spending, elo, low, high = curve.mean
            known = np.isfinite(low) & np.isfinite(high)
            axes.fill_between(
                spending, low, high, where=known.tolist(), color=colour, alpha=0.14, lw=0, zorder=1
            )
            axes.plot(spending, elo, color=colour, lw=2.2, marker=marker, ms=5, zorder=4)
            if curve.raw is not None:
                axes.plot(
                    *curve.raw, marker=marker, ms=5.5, color=colour, mfc=PAPER, mew=1.3, zorder=4
                )
        _scale_spending(axes, curves)
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        axes.margins(y=0.06)
        axes.set_xlabel(f"{spent} a run")
        axes.set_ylabel("Elo")
        axes.yaxis.set_major_formatter(lambda value, _: signed(value))
        labels: list[tuple[float, str, int | None]] = [
            (float(curve.mean[1, -1]), curve.name, curve.learner)
            for curve in curves
            if curve.mean.shape[1]
        ]
        label_ends(axes, labels + [(elo, name, None) for name, elo in levels.items()])
    return figure


def exact_figure(curves: Sequence[Curve], levels: dict[str, float], measure: str) -> Figure:
    """A measure of the exact truth over the share of the budget; see `curves_figure`."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.5), layout="constrained")
        axes = figure.subplots()
        ends: list[tuple[float, str, int | None]] = []
        for level in levels.values():
            axes.axhline(level, color=MUTED, lw=0.8, ls=(0, (4, 3)), zorder=1)
        drawn: set[int] = set()
        for curve in curves:
            colour, marker = look(curve.learner)
            is_companion = curve.learner in drawn  # the learner's own line comes first
            drawn.add(curve.learner)
            style: Any = (0, (2, 1.5)) if is_companion else "-"
            for share, values in curve.seeds:
                axes.plot(share, values, color=colour, lw=0.7, alpha=0.5, ls=style)
            share, mean, low, high = curve.mean
            axes.fill_between(share, low, high, color=colour, alpha=0.1, lw=0)
            face = PAPER if is_companion else colour
            axes.plot(share, mean, color=colour, lw=1.9, marker=marker, ms=4.5, ls=style, mfc=face)
            ends.append((float(mean[-1]), curve.name, curve.learner))
        highest = [float(values.max()) for curve in curves for _, values in curve.seeds]
        axes.set_ylim(0, 1.06 * max([*highest, *levels.values(), 1e-6]))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        axes.set_xlabel("share of the budget")
        axes.set_ylabel(measure)
        label_ends(axes, ends + [(level, name, None) for name, level in levels.items()])
    return figure


def win_rates_figure(
    lines: dict[str, tuple[list[float], list[tuple[float, float, float]]]], spent: str
) -> Figure:
    """Win rates of one run over spending, a line an opponent.

    Args:
        lines: by name, spending [K] and win rates with the ends of their intervals [K].
        spent: name of the currency.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
        axes = figure.subplots()
        ends: list[tuple[float, str, int | None]] = []
        for number, (name, (spending, rates)) in enumerate(lines.items()):
            if not rates:
                continue
            colour, marker = look(number)
            rate, low, high = np.array(rates).T
            axes.fill_between(spending, low, high, color=colour, alpha=0.14, lw=0)
            axes.plot(spending, rate, color=colour, lw=1.8, marker=marker, ms=4.5)
            ends.append((float(rate[-1]), name, number))
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlim(left=0)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.xaxis.set_major_locator(MaxNLocator(7))
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        axes.set_xlabel(spent)
        axes.set_ylabel("games won")
        label_ends(axes, ends)
    return figure


def _scale_spending(axes: Axes, curves: Sequence[Curve]) -> None:
    """A linear axis, or one logarithmic beyond the first snapshots if learners differ widely."""
    seeds = [spending for curve in curves for spending, _ in curve.seeds]
    ends = [spending.max() for spending in seeds if spending.max() > 0]
    if ends and max(ends) > _WIDE_SPREAD * min(ends):
        # The untrained players stand at zero, where a plain logarithm has no place.
        first = min(spending[spending > 0].min() for spending in seeds if spending.max() > 0)
        axes.set_xscale("symlog", linthresh=first, linscale=0.4)
        axes.set_xlim(left=0)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def label_ends(axes: Axes, labels: Sequence[tuple[float, str, int | None]]) -> None:
    """Names at the right margin beside the ends of lines, pushed apart where they would touch.

    Args:
        axes: whose.
        labels: height of the line's end, name, and number for its `look`, whose marker stands
            before the name; None for lines without one.
    """
    if not labels:
        return
    labels = sorted(labels, key=lambda label: label[:2])
    # By the axes' own scale, which may be logarithmic.
    low, high = axes.transScale.transform([(1, end) for end in axes.get_ylim()])[:, 1]
    heights = axes.transScale.transform([(1, value) for value, _, _ in labels])[:, 1]
    wanted = (heights - low) / (high - low)
    gap = 0.062  # of the axes' height: a line of text
    # Place upwards, then push back what went past the top; the order never changes.
    placed = wanted.copy()
    for index in range(1, len(placed)):
        placed[index] = max(placed[index], placed[index - 1] + gap)
    placed[-1] = min(placed[-1], max(1.0, wanted[-1]))
    for index in range(len(placed) - 2, -1, -1):
        placed[index] = min(placed[index], placed[index + 1] - gap)
    for (_, name, number), at, height in zip(labels, wanted, placed, strict=True):
        colour, marker = look(number)
        text = name if number is None else f"{MARKERS[marker]} {name}"
        axes.annotate(
            text, xy=(1, at), xytext=(1.035, height), xycoords="axes fraction", color=colour,
            textcoords="axes fraction", va="center", fontsize=8.5, annotation_clip=False,
            fontweight="normal" if number is None else "bold",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "shrinkA": 1, "shrinkB": 2,
                        "relpos": (0, 0.5)},  # to where the name begins, not across others
        )  # fmt: skip


def training_figure(panels: dict[str, list[tuple[np.ndarray, np.ndarray]]], learner: int) -> Figure:
    """Small multiples: a panel per metric, a line per seed, over steps of the learner."""
    columns = 3
    rows = -(-len(panels) // columns)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.25 + 1.35 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
        colour, _ = look(learner)
        for number, (axes, (name, lines)) in enumerate(
            zip(grid.flat, panels.items(), strict=False)
        ):
            for seed, (steps, values) in enumerate(lines):
                alpha = 0.95 - 0.6 * seed / max(1, len(lines))
                axes.plot(steps, values, color=colour, lw=1.0, alpha=alpha)
            axes.set_title(name.replace("_", " "), fontsize=8.5)
            axes.grid(axis="y")
            axes.set_axisbelow(True)
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.yaxis.set_major_formatter(EngFormatter(sep="") if _large(lines) else "{x:g}")
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
            axes.tick_params(labelsize=7.5, labelbottom=number + columns >= len(panels))
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_visible(False)
        figure.supxlabel("steps", fontsize=8.5)
    return figure


def _large(lines: list[tuple[np.ndarray, np.ndarray]]) -> bool:
    return any(values.size and np.nanmax(np.abs(values)) >= 10_000 for _, values in lines)


def save(figure: Figure, path: Path, png: bool = False) -> None:
    """Store a figure as ``.svg``, and as ``.png`` beside it if asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        # Without the date and the maker, the same figure gives the same file.
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(path.with_suffix(".svg"), metadata=nothing)
        if png:
            figure.savefig(path.with_suffix(".png"), dpi=200)
    # Hundredths of a point are fine enough; matplotlib's six decimals make the page twice as heavy.
    text = path.with_suffix(".svg").read_text(encoding="utf-8")
    text = re.sub(r' d="[^"]*"', lambda d: re.sub(r"(\.\d\d)\d+", r"\1", d[0]), text)
    path.with_suffix(".svg").write_text(text, encoding="utf-8")


def inline(figure_file: Path, description: str) -> str:
    """Markup of a stored figure for a page that defines ``--ink``, ``--series-0`` and so on.

    Args:
        figure_file: the SVG file that `save` wrote; its stem keeps ids apart on the page.
        description: read out in place of the picture.
    """
    text = figure_file.read_text(encoding="utf-8")
    text = text[text.index("<svg") :]
    opening, rest = text.split(">", 1)
    box = re.search(r'viewBox="([^"]*)"', opening)
    for colour, name in _VARIABLES.items():
        rest = rest.replace(colour, f"var(--{name})")
    prefix = re.sub(r"[^A-Za-z0-9_-]", "-", figure_file.stem)
    rest = re.sub(r'\bid="', f'id="{prefix}-', rest)
    rest = re.sub(r'xlink:href="#', f'href="#{prefix}-', rest)
    rest = rest.replace("url(#", f"url(#{prefix}-")
    label = escape(description)
    return f'<svg viewBox="{box[1] if box else ""}" role="img" aria-label="{label}">{rest.strip()}'
