"""The curve of one run: its snapshots against fixed opponents, by what they had cost."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from algorithms.config import ConfigError
from algorithms.display import Display, rate_text
from algorithms.matches import MatchPlan, play_match
from algorithms.registry import make_agent
from algorithms.report import figures
from algorithms.run import list_snapshots, load_run_config


@dataclass(frozen=True)
class Conditions:
    """How a snapshot meets an opponent.

    Attributes:
        opponent: an agent's text form.
        play: settings of play of the snapshot, such as ``simulations=200``; empty: the run's own.
        komi: points for White.
        max_moves: after which a game is cut off and scored as it stands.
        games: how many.
        opening_moves: random moves that open each pair of games.
        seed: of openings and players.
        colour: of the snapshot: both, black or white.
    """

    opponent: str
    play: str
    komi: float
    max_moves: int
    games: int
    opening_moves: int
    seed: int
    colour: str


@dataclass(frozen=True)
class Meeting(Conditions):
    """What came of it.

    Attributes:
        step: of the snapshot.
        seconds: that training had taken until then.
        wins, draws, losses: of the snapshot.
        rate: win rate, a draw counting half; `low` and `high` are the ends of its 95 % interval.
        as_black, as_white: win rate with that colour.
    """

    step: int
    seconds: float
    wins: int
    draws: int
    losses: int
    rate: float
    low: float
    high: float
    as_black: float
    as_white: float

    def conditions(self) -> Conditions:
        """Under which it came about."""
        return Conditions(**{f.name: getattr(self, f.name) for f in fields(Conditions)})


def measure_progress(
    folder: Path,
    conditions: Sequence[Conditions],
    last: int | None,
    display: Display,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Meeting]:
    """Let the snapshots of a run meet opponents; what was played before is not played again.

    The result is also stored in the run, ``curve/curve.csv`` and a figure of it.

    Args:
        folder: of the run.
        conditions: the opponents, and how to meet them.
        last: only so many snapshots, the latest; None: all.
        display: shows how far it is.
        should_stop: asked between matches.

    Raises:
        ConfigError: the folder holds no run, or what is stored there is damaged.
        AgentError: an opponent is none.
    """
    config = load_run_config(folder)
    snapshots = list_snapshots(folder)
    if not snapshots:
        raise ConfigError(f"{folder} has no snapshot yet")
    file = folder / "curve" / "curve.csv"
    known = {(m.step, m.conditions()): m for m in _read(file)} if file.exists() else {}
    # The last first: whether it is any good is what one wants to know.
    wanted = [
        (snapshot, each)
        for snapshot in reversed(snapshots[-last:] if last else snapshots)
        for each in conditions
    ]
    for each in conditions:
        make_agent(each.opponent)  # what is wrong is told before any game
    for index, (snapshot, each) in enumerate(wanted):
        if should_stop():
            break
        if (snapshot.step, each) in known:
            continue
        rules = config.game.model_copy(
            update={"komi": each.komi, "max_moves": each.max_moves}
        ).rules()
        text = f"step {snapshot.step} against {each.opponent}, komi {each.komi:g}"
        display.update("matches", index / len(wanted), text)
        plan = MatchPlan(
            f"{snapshot.path}?{each.play}" if each.play else str(snapshot.path),
            each.opponent, rules, each.games, each.opening_moves, each.seed, each.colour,
        )  # fmt: skip
        summary = play_match(plan, display).summary
        known[snapshot.step, each] = Meeting(
            **asdict(each),
            step=snapshot.step,
            seconds=snapshot.spent["seconds"],
            wins=summary.wins,
            draws=summary.draws,
            losses=summary.losses,
            rate=summary.rate,
            low=summary.interval[0],
            high=summary.interval[1],
            as_black=summary.as_black,
            as_white=summary.as_white,
        )
        _write(file, sorted(known.values(), key=lambda m: (m.opponent, m.komi, m.step)))
    else:
        display.update("matches", 1.0, "done")
    found = [known[s.step, each] for s, each in wanted if (s.step, each) in known]
    found.sort(key=lambda meeting: meeting.step)
    lines = {
        f"{each.opponent}, komi {each.komi:g}": [m for m in found if m.conditions() == each]
        for each in conditions
    }
    if found:
        figure = figures.win_rates_figure(
            {
                name: ([m.seconds for m in line], [(m.rate, m.low, m.high) for m in line])
                for name, line in lines.items()
            },
            "seconds of training",
        )
        figures.save(figure, folder / "curve" / "curve", png=True)
    return found


def print_progress(meetings: Sequence[Meeting], console: Console) -> None:
    """A table with a row a match."""
    table = Table(title="win rate of the snapshots", box=None, pad_edge=False)  # 80 columns do
    headings = (
        "step",
        "seconds",
        "opponent",
        "komi",
        "games",
        "win rate",
        "95 %",
        "Black",
        "White",
    )
    for heading in headings:
        if heading == "opponent":  # a long path is folded, numbers are not
            table.add_column(heading, overflow="fold", min_width=9)
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for m in meetings:
        table.add_row(
            str(m.step), f"{m.seconds:.0f}", m.opponent, f"{m.komi:g}", str(m.games),
            f"{m.rate:.3f}", f"{m.low:.2f} - {m.high:.2f}", rate_text(m.as_black),
            rate_text(m.as_white),
        )  # fmt: skip
    console.print(table)


def _read(file: Path) -> list[Meeting]:
    kinds = {f.name: {"int": int, "float": float, "str": str}[str(f.type)] for f in fields(Meeting)}
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            return [
                Meeting(**{name: kind(row[name]) for name, kind in kinds.items()})
                for row in csv.DictReader(lines)
            ]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file} is damaged ({error}); delete it to play anew") from None


def _write(file: Path, meetings: Sequence[Meeting]) -> None:
    file.parent.mkdir(exist_ok=True)
    beside = file.with_suffix(".partial")
    with beside.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, [f.name for f in fields(Meeting)])
        writer.writeheader()
        writer.writerows(asdict(meeting) for meeting in meetings)
    beside.replace(file)
