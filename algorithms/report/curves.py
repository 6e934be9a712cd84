"""What happened over time: learning curves and training metrics, as numbers and on the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

from algorithms.compare_config import CompareConfig
from algorithms.judging import RUNS, Player
from algorithms.report import figures
from algorithms.report.markup import colour_key, place_figure
from algorithms.report.words import CURRENCY_NAMES
from algorithms.tracking import read_metrics
from baselines.groups import GroupRating

# Metrics that say most come first; others follow in alphabetical order.
MAIN_METRICS = ("won", "policy_loss", "q_loss", "average_policy_loss", "student_policy_loss",
                "value_loss", "td_error", "policy_entropy", "target_entropy", "length", "moves",
                "black_wins")  # fmt: skip
MOST_METRICS, MOST_POINTS = 12, 300


def learning_curves(
    config: CompareConfig,
    players: Sequence[Player],
    ratings: Sequence[GroupRating],
    currency: str,
) -> list[figures.Curve]:
    """Ratings of the learners' snapshots over what had been spent in one currency."""
    elo = dict(pair for r in ratings for pair in zip(r.players, r.player_elo, strict=True))
    groups = {rating.name: rating for rating in ratings}
    curves = []
    for number, learner in enumerate(config.learners):
        mine = [p for p in players if p.learner == learner and p.name in elo and p.spent]
        runs: dict[int | None, list[Player]] = defaultdict(list)
        for player in sorted(mine, key=lambda player: player.share or 0):
            if player.kind in ("snapshot", "final"):
                runs[player.seed].append(player)
        if not runs:
            continue
        seeds = [
            (
                np.array([(player.spent or {}).get(currency, 0) for player in run], float),
                np.array([elo[player.name] for player in run]),
            )
            for run in runs.values()
        ]
        mean = _mean_curve(list(runs.values()), seeds, groups)
        raw = groups.get(f"{learner} (raw policy)")
        last = float(np.mean([spending[-1] for spending, _ in seeds]))
        end = None if raw is None else (last, raw.elo)
        curves.append(figures.Curve(learner, number, seeds, mean, end))
    return curves


def _mean_curve(
    runs: Sequence[Sequence[Player]],
    seeds: Sequence[tuple[np.ndarray, np.ndarray]],
    groups: Mapping[str, GroupRating],
) -> np.ndarray:
    """Spending, mean Elo and its interval, [4, M]; NaN where the interval is not known."""
    if len({len(run) for run in runs}) > 1:
        # Runs cut short have other snapshots: the mean where all seeds have been.
        at = np.unique(np.concatenate([spending for spending, _ in seeds]))
        at = at[at <= min(spending.max() for spending, _ in seeds)]
        between = np.mean([np.interp(at, *seed) for seed in seeds], axis=0)
        return np.array([at, between, *np.full((2, len(at)), np.nan)])
    spending, elo = np.mean(seeds, axis=0)
    ends = np.full((2, len(elo)), np.nan)
    for index, snapshot in enumerate(zip(*runs, strict=True)):
        group = groups[snapshot[0].group]
        # The interval is the group's: it holds only if these are just its players.
        if set(group.players) == {player.name for player in snapshot}:
            ends[:, index] = group.low, group.high
    return np.array([spending, elo, *ends])


def curves_section(
    config: CompareConfig,
    players: Sequence[Player],
    ratings: Sequence[GroupRating],
    report: Path,
) -> str:
    """The page's section of learning curves, one figure for each currency that was spent."""
    groups = {player.group for player in players if player.learner is None}
    levels = {rating.name: rating.elo for rating in ratings if rating.name in groups}
    # First the currency in which the budget was given: there all learners end alike.
    limits = config.budget.limits()
    parts: list[str] = []
    choices: list[str] = []
    for currency in sorted(CURRENCY_NAMES, key=lambda name: name not in limits):
        curves = learning_curves(config, players, ratings, currency)
        if not any(spending.any() for curve in curves for spending, _ in curve.seeds):
            continue
        name = CURRENCY_NAMES[currency]
        path = report / "figures" / f"curves-{currency}.svg"
        figure = figures.curves_figure(curves, levels, name)
        mark = f' data-currency="{currency}"'
        parts.append(place_figure(figure, path, f"Elo over {name}", not parts, mark))
        checked = "" if choices else " checked"
        choices.append(f'<label><input type="radio" name="currency" value="{currency}"{checked}>'
                       f" {name}</label>")  # fmt: skip
    if not parts:
        return "<p>No run has spent anything: there is nothing to draw.</p>"
    return (
        '<fieldset class="choices"><legend>Elo against</legend>' + "".join(choices) + "</fieldset>"
        + "".join(parts)
    )  # fmt: skip


def training_section(config: CompareConfig, folder: Path, report: Path) -> str:
    """The page's section of training metrics, one figure for each learner."""
    parts = []
    for number, learner in enumerate(config.learners):
        panels = _training_panels(
            [folder / RUNS / f"{learner}-seed{seed}" / "metrics.jsonl" for seed in config.seeds]
        )
        if not panels:
            continue
        path = report / "figures" / f"training-{learner}.svg"
        figure = figures.training_figure(panels, number)
        is_open = " open" if number == 0 else ""
        parts.append(
            f"<details{is_open}><summary>{colour_key(number)}{escape(learner)}</summary>"
            + place_figure(figure, path, f"Training metrics of {learner}: {', '.join(panels)}")
            + "</details>"
        )
    return "".join(parts) or "<p>No metrics were found.</p>"


def _training_panels(files: Sequence[Path]) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    """Steps and values of each metric that ever changes, a pair for each file of metrics."""
    panels: dict[str, list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
    for file in files:
        history = read_metrics(file)
        for name in sorted({name for record in history for name in record["metrics"]}):
            values = [(r["step"], r["metrics"].get(name, np.nan)) for r in history]
            points = np.array(values, float)  # None, too, becomes NaN
            points = points[np.isfinite(points[:, 1])]
            if len(points):
                panels[name].append(thin(points))
    moving = [
        name
        for name in sorted(panels)
        if len({value for _, values in panels[name] for value in values.tolist()}) > 1
    ]
    order = [name for name in MAIN_METRICS if name in moving]
    order += [name for name in moving if name not in MAIN_METRICS]
    return {name: panels[name] for name in order[:MOST_METRICS]}


def thin(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values [K, 2] as at most 300 means over neighbouring steps."""
    parts = np.array_split(points, min(len(points), MOST_POINTS))
    steps, values = np.array([part.mean(axis=0) for part in parts]).T
    return steps, values
