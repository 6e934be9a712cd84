"""`gozoo bench rules`: random games with the slow reference and the peers, compared and shown."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.table import Table

from algorithms.bench.duel import Duel, Tally
from algorithms.bench.peer_referees import PEERS
from algorithms.bench.referees import Referee, SlowReferee
from algorithms.display import Display
from algorithms.machine import describe_machine
from goenv import Rules
from goenv.rules import Superko

PEERS_LARGEST = 19  # OpenSpiel has no larger board
MakeReferee = Callable[[Sequence[Rules]], Referee]


@dataclass
class Row:
    """What was compared with one referee under one kind of rules, over all sizes.

    Attributes:
        referee, superko, suicide: what was compared.
        sizes: sides of boards, in the order played.
        tally: the counts.
    """

    referee: str
    superko: str
    suicide: bool
    sizes: list[int] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    def add(self, size: int, tally: Tally) -> None:
        """Take over what was counted on one size."""
        own = self.tally
        self.sizes.append(size)
        own.plies += tally.plies
        own.games += tally.games
        own.departures += tally.departures
        own.unexplained += tally.unexplained
        own.examples += tally.examples
        own.longest = max(own.longest, tally.longest)


@dataclass
class RulesReport:
    """Everything that was compared.

    Attributes:
        rows: by referee and kind of rules.
        seconds: of the clock, for each referee.
        missing: peers that are not installed.
        stopped: whether it was stopped before its end.
    """

    rows: list[Row] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def unexplained(self) -> int:
        """Differences that nothing explains."""
        return sum(row.tally.unexplained for row in self.rows)

    def row(self, referee: str, superko: str, suicide: bool) -> Row:
        """The row of that name, made on its first mention."""
        for row in self.rows:
            if (row.referee, row.superko, row.suicide) == (referee, superko, suicide):
                return row
        self.rows.append(Row(referee, superko, suicide))
        return self.rows[-1]


def reference_rules(size: int) -> list[Rules]:
    """All kinds of superko, with and without suicide, first without and then with `max_moves`."""
    limits = (None, None, size * size, None, 3 * size)
    kinds = itertools.product(limits, get_args(Superko), (True, False))
    # Whole komis make draws.
    return [
        Rules(size, (index % 7 - 3) / 2, superko, suicide, limit)
        for index, (limit, superko, suicide) in enumerate(kinds)
    ]


def peer_rules(size: int) -> list[Rules]:
    """The rules that peers are compared under: those of goenv, and those next to theirs.

    The komi is whole on odd boards, where draws come of it.
    """
    komi = 1.0 if size % 2 else 6.5
    kinds: list[tuple[Superko, bool]] = [
        ("positional", True), ("positional", False), ("simple", False),
    ]  # fmt: skip
    return [Rules(size, komi, superko, suicide) for superko, suicide in kinds]


def shares(sizes: Sequence[int], plies: int) -> list[int]:
    """Plies for each size, `plies` in all or a few more: the smaller the board, the more."""
    total = sum(1 / size for size in sizes)
    return [max(1, -int(-plies / size // total)) for size in sizes]


def bench_rules(
    sizes: Sequence[int],
    plies: int,
    peer_plies: int,
    seed: int,
    display: Display,
    stop: Callable[[], bool],
) -> RulesReport:
    """Play and compare, until `plies` are compared with the slow reference and all is done.

    Args:
        sizes: sides of boards; peers play on those up to `PEERS_LARGEST`.
        plies: to compare with the slow reference.
        peer_plies: to compare with each peer that is installed; 0 for none.
        seed: of the players.
        display: for progress.
        stop: asked after every ply of a batch.
    """
    report = RulesReport()
    jobs: list[tuple[str, MakeReferee, int, Callable[[int], list[Rules]]]] = []
    if plies:
        jobs.append((SlowReferee.name, SlowReferee, plies, reference_rules))
    for module, referee in PEERS if peer_plies else ():
        if importlib.util.find_spec(module) is None:
            report.missing.append(referee.name)
        else:
            jobs.append((referee.name, referee, peer_plies, peer_rules))
    for name, make, goal, rules_of in jobs:
        began, done = time.monotonic(), 0
        sides = [size for size in sizes if size <= PEERS_LARGEST or make is SlowReferee]
        for size, share in zip(sides, shares(sides, goal), strict=True):
            # Few games of a large board, so that each becomes long.
            games = 24 if size <= 9 else 6
            display.update(name, done / goal, f"{size}x{size}  preparing")
            duel = Duel(make, rules_of(size), games, seed)
            played = 0
            while played < share and not stop():
                played += duel.step()
                spent = time.monotonic() - began
                text = f"{size}x{size}  {(done + played) / spent:,.0f} plies/s"
                # The last ply of a batch may overshoot; only the end of all is the end.
                display.update(name, min(0.999, (done + played) / goal), text)
            done += played
            for (superko, suicide), tally in duel.finish().items():
                report.row(name, superko, suicide).add(size, tally)
            if stop():
                report.stopped = True
                break
        report.seconds[name] = time.monotonic() - began
        if report.stopped:
            return report
        display.update(name, 1.0, f"{done / report.seconds[name]:,.0f} plies/s")
    return report


def print_report(report: RulesReport, console: Console) -> None:
    """A table with a row a referee and kind of rules, below it what differs, known or not."""
    table = Table(title="goenv and other referees, compared at every ply")
    table.add_column("referee")
    table.add_column("rules of goenv")
    for heading in ("games", "longest", "plies", "known", "unexplained"):
        table.add_column(heading, justify="right")
    for row in report.rows:
        tally = row.tally
        table.add_row(
            row.referee, f"{row.superko}, {'suicide' if row.suicide else 'no suicide'}",
            f"{tally.games:,}", f"{tally.longest:,}", f"{tally.plies:,}",
            f"{tally.departures.total():,}", f"{tally.unexplained:,}",
        )  # fmt: skip
    console.print(table)
    for name, seconds in report.seconds.items():
        rows = [row for row in report.rows if row.referee == name]
        plies = sum(row.tally.plies for row in rows)
        rate = plies / seconds
        sizes = _sizes(rows[0].sizes) if rows else "none"
        text = f"{name}, sizes {sizes}: {plies:,} plies in {seconds:,.0f} s, {rate:,.0f} a second"
        console.print(text, soft_wrap=True)
        known: Counter[str] = Counter()
        for row in rows:
            known += row.tally.departures
        for departure, count in known.most_common():
            console.print(f"  {departure}: {count:,} times")
    for name in report.missing:
        console.print(f"{name} is not installed: pip install 'gozoo[peers]' to compare with it")
    if report.unexplained:
        first = next(example for row in report.rows for example in row.tally.examples)
        console.print(first, highlight=False, soft_wrap=True)


def store_report(report: RulesReport, seed: int, path: Path) -> None:
    """The report as JSON, with the machine, the seed and the versions of the peers."""
    versions = {
        name: importlib.metadata.version(name)
        for name in ("pettingzoo", "open_spiel", "pgx", "numba")
        if importlib.util.find_spec("pyspiel" if name == "open_spiel" else name) is not None
    }
    data = {
        "machine": describe_machine(),
        "seed": seed,
        "versions": versions,
        "unexplained": report.unexplained,
        "stopped": report.stopped,
        "not_installed": report.missing,
        "seconds": report.seconds,
        # `asdict` cannot copy a Counter.
        "rows": [
            {**vars(row), "tally": {**vars(row.tally), "departures": dict(row.tally.departures)}}
            for row in report.rows
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _sizes(sizes: Sequence[int]) -> str:
    """`2-19` where they follow one another, else `2,5,9`."""
    if len(sizes) > 2 and list(sizes) == list(range(sizes[0], sizes[-1] + 1)):
        return f"{sizes[0]}-{sizes[-1]}"
    return ",".join(map(str, sizes))
