"""How far all learners stand above one of them, as an ablation asks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from algorithms.compare_config import CompareConfig
from algorithms.report import figures
from algorithms.report.markup import colour_key, place_figure, table
from algorithms.report.standings import Standing
from algorithms.report.words import signed
from baselines.groups import Estimate, GroupRatings

_CAPTION = """<p class="caption">Elo of a learner less that of {baseline}, with the 95 % interval of
the difference: openings and seeds are drawn anew for both at once. Filled: zero lies outside.
Nothing is corrected for the number of rows; of twenty that do not differ one lies outside by
chance.</p>
<p class="files"><a href="tables/superiority.csv">superiority.csv</a> (all pairs)</p>"""


def differences(
    baseline: str, standings: Sequence[Standing], ratings: GroupRatings
) -> list[tuple[Standing, Estimate]]:
    """Every other learner's final players, with their Elo above the baseline, the best first."""
    return [
        (standing, ratings.difference(standing.rating.name, baseline))
        for standing in standings
        if standing.kind == "final" and standing.rating.name != baseline
    ]


def baseline_section(
    config: CompareConfig, standings: Sequence[Standing], ratings: GroupRatings, report: Path
) -> str:
    """The page's figure and table of the differences; nothing without a baseline."""
    baseline = config.judge.baseline
    found = differences(baseline, standings, ratings) if baseline else []
    if baseline is None or not found:
        return ""
    named = [(standing.rating.name, gap) for standing, gap in found]
    told = "; ".join(f"{name} {signed(gap.value)}" for name, gap in named)
    figure = place_figure(
        figures.differences_figure(named, baseline), report / "figures" / "baseline.svg",
        f"Elo above {baseline} with intervals: {told}", png=True,
    )  # fmt: skip
    rows = [
        ("", [
            colour_key(standing.learner) + escape(standing.rating.name), signed(gap.value),
            f"[{signed(gap.low)}, {signed(gap.high)}]",
            "no" if gap.low <= 0 <= gap.high else "yes",
        ])
        for standing, gap in found
    ]  # fmt: skip
    header = ["learner", "Elo above", "95 % interval", "zero outside"]
    return (
        f"<h3>Against {escape(baseline)}</h3>\n{figure}\n"
        + table(header, rows, name_column=0)
        + _CAPTION.format(baseline=escape(baseline))
    )
