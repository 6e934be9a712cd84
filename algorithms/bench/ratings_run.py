"""`gozoo bench ratings`: do intervals cover the truth, and does the test for cycles tell them?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from algorithms.bench.tournaments import COVERAGE, RINGS, Scenario, play
from algorithms.compare import describe_machine
from algorithms.display import Display
from baselines.groups import rate_groups
from baselines.transitivity import check_transitivity

DRAWS = 1000  # of each posterior, as in a comparison
_REPEATS = 99  # simulated results behind each p
_LEVEL = 0.05

Seen = Callable[[Scenario, np.random.Generator], list[float]]


@dataclass(frozen=True)
class Row:
    """What came of the tournaments of one scenario.

    Attributes:
        name: of the scenario.
        tournaments: how many were played.
        share: of intervals that hold the truth, over all players but the anchor; or of tournaments
            in which the test finds a ring.
        error: its Monte-Carlo standard error; the players of a tournament count together.
        too_high, too_low: shares of intervals that lie above and below the truth.
        width: mean over tournaments of the median width, Elo.
    """

    name: str
    tournaments: int
    share: float
    error: float
    too_high: float = 0.0
    too_low: float = 0.0
    width: float = 0.0


@dataclass
class Report:
    """All rows, those of intervals and those of rings, and the seconds that they took."""

    coverage: list[Row]
    rings: list[Row]
    seconds: float

    def together(self) -> tuple[float, float]:
        """Coverage over all scenarios, each counted alike, and its Monte-Carlo standard error."""
        errors = [row.error**2 for row in self.coverage]
        share = float(np.mean([row.share for row in self.coverage]))
        return share, float(np.sqrt(sum(errors)) / len(errors))


def cover(scenario: Scenario, rng: np.random.Generator) -> list[float]:
    """Play a tournament: shares of intervals that hold the truth, too high, too low; the width."""
    results, truth = play(scenario, rng)
    members = {name: [n for n in results.names if n.split("-")[0] == name] for name in truth}
    rated = rate_groups(results, members, "anchor", DRAWS, rng=rng).groups
    too_high = float(np.mean([group.low > truth[group.name] for group in rated]))
    too_low = float(np.mean([group.high < truth[group.name] for group in rated]))
    width = float(np.median([group.high - group.low for group in rated]))
    return [1 - too_high - too_low, too_high, too_low, width]


def find_ring(scenario: Scenario, rng: np.random.Generator) -> list[float]:
    """Play a tournament: 1 if the test finds a ring, else 0."""
    test = check_transitivity(play(scenario, rng)[0], _REPEATS, rng)
    return [float(test is not None and test.p_value <= _LEVEL)]


def measure(
    scenario: Scenario,
    tournaments: int,
    seed: int,
    see: Seen,
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Row:
    """Play tournaments of one scenario.

    Args:
        scenario: what is played.
        tournaments: how many, at least 1.
        seed: every scenario and tournament has its own random stream from it.
        see: plays one and says what came of it, `cover` or `find_ring`.
        stop: asked before each tournament but the first.
        on_progress: called with the share that is done.
    """
    seen: list[list[float]] = []
    while len(seen) < tournaments and not (seen and stop()):
        rng = np.random.default_rng([seed, len(seen), *scenario.name.encode()])
        seen.append(see(scenario, rng))
        on_progress(len(seen) / tournaments)
    means = np.mean(seen, axis=0).tolist()
    error = float(np.std(seen, axis=0)[0] / np.sqrt(len(seen)))
    return Row(scenario.name, len(seen), means[0], error, *means[1:])


def bench_ratings(
    tournaments: int,
    seed: int,
    display: Display,
    stop: Callable[[], bool],
    coverage: Sequence[Scenario] = COVERAGE,
    rings: Sequence[Scenario] = RINGS,
) -> Report:
    """Play tournaments of all scenarios, as far as it was not stopped."""
    report, began = Report([], [], 0.0), time.monotonic()
    jobs: list[tuple[Scenario, Seen, list[Row]]] = []
    jobs += [(scenario, cover, report.coverage) for scenario in coverage]
    jobs += [(scenario, find_ring, report.rings) for scenario in rings]
    for number, (scenario, see, rows) in enumerate(jobs):
        if stop():
            break

        def on_progress(share: float, number: int = number, name: str = scenario.name) -> None:
            display.update("tournaments", min(0.999, (number + share) / len(jobs)), name)

        rows.append(measure(scenario, tournaments, seed, see, stop, on_progress))
    else:
        display.update("tournaments", 1.0, "done")
    report.seconds = time.monotonic() - began
    return report


def print_report(report: Report, console: Console) -> None:
    """A table of coverage, one of the test for rings."""

    def show(title: str, headings: Sequence[str], rows: Sequence[Row]) -> None:
        table = Table(title=title, title_justify="left", box=box.SIMPLE)
        table.add_column("players, games of a pair; Elo", no_wrap=True)
        for heading in headings:
            table.add_column(heading, justify="right", no_wrap=True)
        for row in rows:
            missed = f"{100 * row.too_high:.1f}", f"{100 * row.too_low:.1f}", f"{row.width:.0f}"
            cells = [f"{100 * row.share:.1f} ±{100 * row.error:.1f}", *missed]
            table.add_row(row.name, *cells[: len(headings) if row.tournaments else 1])
        console.print(table)

    if report.coverage:
        title = "Intervals of 95 %: per cent that hold the truth, are too high, too low"
        rows = [*report.coverage, Row("all scenarios", 0, *report.together())]
        show(title, ("hold", "high", "low", "width"), rows)
    if report.rings:
        title = "Test for rings at 5 %: per cent of tournaments in which it finds one"
        show(title, ("found",), report.rings)
    played = sum(row.tournaments for row in report.coverage + report.rings)
    console.print(
        f"{played:,} tournaments in {report.seconds:,.0f} s; ± is the Monte-Carlo standard error.",
        soft_wrap=True,
    )


def store_report(report: Report, seed: int, path: Path) -> None:
    """The tables as JSON, with the machine and the seed."""
    data = {"machine": describe_machine(), "seed": seed, "draws": DRAWS, **asdict(report)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
