"""The section of a report that holds players against the exact truth of a small board."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path

import numpy as np
from scipy import stats

from algorithms.compare_config import CompareConfig
from algorithms.judging import Player
from algorithms.report import figures
from algorithms.report.markup import colour_key, place_figure, table
from baselines.exact_judge import ExactJudgement

Judged = tuple[Player, ExactJudgement]
"""A player held against the exact truth."""

MEASURES = tuple(field.name for field in fields(ExactJudgement))
_TITLES = {
    "mistake_rate": "mistake rate",
    "score_regret": "score regret",
    "blunder_rate": "blunder rate",
    "score_exploitability": "score exploitability",
    "outcome_exploitability": "outcome exploitability",
}

_CAPTION = """<p class="caption">Mistake rate: share of the positions a player visits against
itself, after two random moves, in which its move gives up points; score regret: points given up a
move; blunder rate: share of those positions in which its move gives up outcome, a win or a draw.
Score exploitability: points that a player who knows it takes beyond the minimax value, the
mean of both colours; outcome exploitability the same in wins. Means over seeds with 95 % intervals
(Student’s t). Dashed and hollow: another network of the same learner.</p>"""


@dataclass(frozen=True)
class ExactRow:
    """Players that are the same but for the seed.

    Attributes:
        group: their name.
        learner: number of the learner; None for anchors.
        kind: final, raw, companion or anchor.
        mean: of each measure over the seeds.
        low, high: 95 % interval of that mean (Student's t); the mean itself for one seed.
        seeds: how many.
    """

    group: str
    learner: int | None
    kind: str
    mean: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    seeds: int


def exact_rows(config: CompareConfig, judged: Sequence[Judged]) -> list[ExactRow]:
    """All groups but earlier snapshots, the least mistaken first."""
    numbers = {name: number for number, name in enumerate(config.learners)}
    groups: dict[str, list[Judged]] = defaultdict(list)
    for player, judgement in judged:
        if player.share is None or player.share == 1:
            groups[player.group].append((player, judgement))
    rows = []
    for group, members in groups.items():
        first, _ = members[0]
        measures = {
            name: interval_of_mean([getattr(judgement, name) for _, judgement in members])
            for name in MEASURES
        }
        rows.append(
            ExactRow(
                group=group,
                learner=None if first.learner is None else numbers[first.learner],
                kind=first.kind,
                mean={name: mean for name, (mean, _, _) in measures.items()},
                low={name: low for name, (_, low, _) in measures.items()},
                high={name: high for name, (_, _, high) in measures.items()},
                seeds=len(members),
            )
        )
    return sorted(rows, key=lambda row: row.mean["mistake_rate"])


def interval_of_mean(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and its 95 % interval over seeds by Student's t, (mean, low, high)."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, mean, mean
    spread = float(stats.sem(values)) * float(stats.t.ppf(0.975, len(values) - 1))
    return mean, mean - spread, mean + spread


def exact_curves(
    config: CompareConfig, judged: Sequence[Judged], measure: str
) -> list[figures.Curve]:
    """A measure of the learners' snapshots over the share of the budget that was spent."""
    curves = []
    for number, learner in enumerate(config.learners):
        lines: dict[str, dict[int | None, dict[float, float]]] = {}
        for player, judgement in judged:
            if player.learner != learner or player.kind == "raw" or player.share is None:
                continue
            # A group is called by its share of the budget; the line goes through all shares.
            name = player.group.replace(f"@{round(100 * player.share)}%", "")
            runs = lines.setdefault(name, defaultdict(dict))
            runs[player.seed][player.share] = getattr(judgement, measure)
        for name, runs in lines.items():
            seeds = [np.array(sorted(run.items()), float).T for run in runs.values()]
            shares = sorted(set.intersection(*(set(run) for run in runs.values())))
            mean = [
                (share, *interval_of_mean([run[share] for run in runs.values()]))
                for share in shares
            ]
            curves.append(figures.Curve(name, number, [(x, y) for x, y in seeds], np.array(mean).T))
    return curves


def exact_section(config: CompareConfig, judged: Sequence[Judged], report: Path) -> str:
    """The section; empty where nobody was judged."""
    if not judged:
        return ""
    rows = exact_rows(config, judged)
    anchors = {row.group: row for row in rows if row.kind == "anchor"}
    parts = []
    for measure in ("mistake_rate", "blunder_rate", "score_exploitability"):
        curves = exact_curves(config, judged, measure)
        levels = {name: row.mean[measure] for name, row in anchors.items()}
        figure = figures.exact_figure(curves, levels, _TITLES[measure])
        path = report / "figures" / f"exact-{measure.replace('_', '-')}.svg"
        parts.append(place_figure(figure, path, f"{_TITLES[measure]} over the budget", True))
    header = ["player", *(_TITLES[name] for name in MEASURES), "seeds"]
    cells = [
        (row.kind, [
            colour_key(row.learner) + escape(row.group),
            *(_cell(row, name) for name in MEASURES),
            str(row.seeds) if row.learner is not None else "–",
        ])
        for row in rows
    ]  # fmt: skip
    write_exact_table(report / "tables" / "exact.csv", judged)
    return (
        '<section id="exact"><h2>Exact truth</h2>' + "".join(parts) + table(header, cells)
        + _CAPTION + '<p class="files"><a href="tables/exact.csv">exact.csv</a></p></section>'
    )  # fmt: skip


def write_exact_table(path: Path, judged: Sequence[Judged]) -> None:
    """All judgements as a CSV file, earlier snapshots included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        header = ["name", "group", "kind", "learner", "seed", "share", *MEASURES]
        lines = csv.DictWriter(file, header, extrasaction="ignore")
        lines.writeheader()
        lines.writerows({**vars(player), **vars(judgement)} for player, judgement in judged)


def _cell(row: ExactRow, measure: str) -> str:
    mean = f"{row.mean[measure]:.3f}"
    if row.seeds < 2:
        return mean
    half = row.high[measure] - row.mean[measure]
    return f"{mean} ± {half:.3f}"
