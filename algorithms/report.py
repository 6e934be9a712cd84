"""The report of a comparison: one page, its figures and its tables, from players and games.

    report/
      index.html       self-contained: figures, styles and script are inside
      figures/*.svg    the same figures for papers, the main ones as .png too
      tables/*.csv     every number that the page shows, and more

The page is filled into `templates/report.html`; without its script everything is shown at once.
"""

from __future__ import annotations

import base64
import csv
import itertools
import json
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from algorithms import figures
from algorithms.budget import CURRENCIES
from algorithms.config import CompareConfig, dump_config
from algorithms.judging import RUNS, Player
from algorithms.tracking import read_metrics
from baselines.arena import GameRecord, positions
from baselines.ratings import GroupRating, wilson_interval
from baselines.sgf import result_text, to_sgf
from goenv.render import action_name

Match = tuple[Player, str, list[GameRecord]]

CURRENCY_NAMES = {
    "flops": "FLOPs",
    "env_steps": "environment steps",
    "seconds": "seconds",
    "evaluations": "network evaluations",
    "samples": "training samples",
}
# Metrics that say most come first; others follow in alphabetical order.
MAIN_METRICS = ("policy_loss", "value_loss", "policy_entropy", "target_entropy", "length", "moves",
                "black_wins", "win_rate")  # fmt: skip
MOST_METRICS, MOST_POINTS, MOST_GAMES = 12, 300, 8


def write_report(
    config: CompareConfig,
    folder: Path,
    players: list[Player],
    records: list[GameRecord],
    ratings: list[GroupRating],
    matches: list[Match],
    machine: dict[str, str],
) -> Path:
    """Write the report of a comparison into ``folder/report``, over an older one.

    Args:
        config: of the comparison.
        folder: of the comparison; the runs' metrics are read from ``folder/runs``.
        players: all who were judged.
        records: all games that count for the ratings.
        ratings: of the groups of players.
        matches: extra matches: a learner's final player, its opponent's name, the games.
        machine: facts about the machine, shown as they are.

    Returns:
        The page, ``folder/report/index.html``.
    """
    report = folder / "report"
    standings = make_standings(config, players, records, ratings)
    write_tables(report / "tables", players, records, standings, matches)
    headline, remark = make_headline(config, standings, records, players)
    game = config.game
    fields = {
        "name": escape(config.name),
        "eyebrow": f"{game.size}×{game.size} · komi {game.komi:g} · "
        + f"{_plural(len(config.learners), 'learner')} · {_plural(len(config.seeds), 'seed')} · "
        + _plural(len(records), "rated game"),
        "headline": escape(headline),
        "remark": escape(remark),
        "ranking_figure": _ranking_figure(config, standings, report),
        "ranking": _ranking_table(config, standings),
        "anchor": escape(config.judge.anchor),
        "repeats": f"{config.judge.bootstrap:,}",
        "curves": _curve_figures(config, players, ratings, report),
        "matches": _match_table(matches),
        "crossplay": _crossplay(players, records, standings),
        "training": _training_figures(config, folder, report),
        **_game_fields(choose_games(standings, players, records, matches)),
        "machine": _facts(machine),
        "budget": escape(_budget_text(config)),
        "seeds": escape(", ".join(map(str, config.seeds))),
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        # Into another folder: this one holds the comparison already.
        "command": escape(f"gozoo compare {shlex.quote(str(folder / 'config.yaml'))} --runs again"),
        "config": escape(dump_config(config)),
    }
    templates = resources.files("algorithms") / "templates"
    for part in ("report.css", "report.js"):
        fields[part.replace(".", "_")] = (templates / part).read_text(encoding="utf-8")
    page = Template((templates / "report.html").read_text(encoding="utf-8")).substitute(fields)
    path = report / "index.html"
    beside = path.with_suffix(".partial")
    beside.write_text(page, encoding="utf-8")
    beside.replace(path)
    return path


# The numbers -------------------------------------------------------------------------------------


@dataclass
class Tally:
    """Games of one side: wins, draws, losses."""

    wins: int = 0
    draws: int = 0
    losses: int = 0

    def add(self, outcome: float) -> None:
        """Count one game: 1 a win, 0.5 a draw, 0 a loss."""
        self.wins += outcome == 1
        self.draws += outcome == 0.5
        self.losses += outcome == 0

    @property
    def games(self) -> int:
        """Number of games."""
        return self.wins + self.draws + self.losses

    @property
    def rate(self) -> float | None:
        """Win rate, a draw counting half; None without games."""
        return (self.wins + 0.5 * self.draws) / self.games if self.games else None


@dataclass(frozen=True)
class Standing:
    """A rated group, with what it won and what its training spent.

    Attributes:
        rating: of the group.
        kind: ``"final"`` for a learner, ``"raw"`` for its network without search, ``"snapshot"``
            for an earlier one, ``"anchor"``.
        learner: number of the learner in the configuration; None for anchors.
        rank: among all but earlier snapshots, from 1.
        against_anchor, against_all: games with others than the group itself.
        seeds: number of training seeds; 0 for anchors.
        spent: by currency, the median over seeds.
    """

    rating: GroupRating
    kind: str
    learner: int | None
    rank: int | None
    against_anchor: Tally
    against_all: Tally
    seeds: int
    spent: dict[str, float]


def count_results(
    records: Iterable[GameRecord], side: Mapping[str, str]
) -> dict[tuple[str, str], Tally]:
    """Games of each side against each other side.

    Args:
        records: the games.
        side: player's name to side, itself or its group; games of others, and games of a side
            against itself, are left out.
    """
    found: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for record in records:
        black, white = side.get(record.black), side.get(record.white)
        if black is not None and white is not None and black != white:
            outcome = record.outcome(record.black)
            found[black, white].add(outcome)
            found[white, black].add(1 - outcome)
    return dict(found)


def _total(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.wins += tally.wins
        total.draws += tally.draws
        total.losses += tally.losses
    return total


def make_standings(
    config: CompareConfig,
    players: Sequence[Player],
    records: Sequence[GameRecord],
    ratings: Sequence[GroupRating],
) -> list[Standing]:
    """All rated groups, the strongest first."""
    results = count_results(records, {player.name: player.group for player in players})
    members: dict[str, list[Player]] = defaultdict(list)
    for player in players:
        members[player.group].append(player)
    standings: list[Standing] = []
    rank = 0
    for rating in sorted(ratings, key=lambda rating: -rating.elo):
        group = members[rating.name]
        kind = _kind(group[0]) if group else "anchor"
        learner = group[0].learner if group else None
        rank += kind != "snapshot"
        spent = [player.spent for player in group if player.spent is not None]
        standings.append(
            Standing(
                rating=rating,
                kind=kind,
                learner=None if learner is None else list(config.learners).index(learner),
                rank=None if kind == "snapshot" else rank,
                against_anchor=results.get((rating.name, config.judge.anchor), Tally()),
                against_all=_total(
                    tally for (name, _), tally in results.items() if name == rating.name
                ),
                seeds=len({player.seed for player in group if player.seed is not None}),
                spent={
                    name: float(np.median([counts.get(name, 0) for counts in spent]))
                    for name in CURRENCIES
                    if spent
                },
            )
        )
    return standings


def _kind(player: Player) -> str:
    if player.learner is None:
        return "anchor"
    if player.final:
        return "final"
    return "raw" if player.group == f"{player.learner} (raw policy)" else "snapshot"


def make_headline(
    config: CompareConfig,
    standings: Sequence[Standing],
    records: Sequence[GameRecord],
    players: Sequence[Player],
) -> tuple[str, str]:
    """The result in a sentence, and a remark that says how far to trust it."""
    finals = [standing.rating for standing in standings if standing.kind == "final"]
    size = config.game.size
    if not finals:
        return f"No trained player was rated on {size}×{size}.", ""
    best = finals[0]
    shares = [_share_of_budget(config, player) for player in players if player.final]
    short = [share for share in shares if share < 1]
    start = f"After {'at most ' if short else ''}{_budget_text(config)} a run on {size}×{size}, "
    remarks = []
    if len(finals) == 1:
        headline = f"{start}{best.name} rates {_interval(best.elo, best.low, best.high)} "
        headline += f"against {config.judge.anchor}, the anchor"
        known = best.low > 0 or best.high < 0
        headline += "." if known else ": the interval holds 0, so neither is shown to be stronger."
    else:
        second = finals[1]
        difference = best.elo - second.elo
        # The ends of a difference from those of its parts, taken as independent (Zou and Donner
        # 2008, "Construction of confidence limits about effect measures", the MOVER rule).
        low = difference - float(np.hypot(best.elo - best.low, second.high - second.elo))
        high = difference + float(np.hypot(best.high - best.elo, second.elo - second.low))
        headline = f"{start}{best.name} rates {_interval(difference, low, high)} above "
        headline += f"{second.name}; their 95 % intervals "
        if best.low > second.high:
            headline += "do not overlap."
        elif low > 0:
            headline += "overlap, but that of the difference excludes 0."
        else:
            headline += "overlap: the order is open."
        remarks.append(
            f"With {config.judge.anchor} at 0, {best.name} stands at "
            f"{_interval(best.elo, best.low, best.high)} and {second.name} at "
            f"{_interval(second.elo, second.low, second.high)}."
        )
        side = {player.name: player.group for player in players}
        direct = count_results(records, side).get((best.name, second.name))
        if direct is not None:
            remarks.append(
                f"In direct games {best.name} won {_percent(direct.rate)} of {direct.games} "
                "(a draw counts half)."
            )
    if short:
        remarks.append(
            f"{_plural(len(short), 'run')} of {len(shares)} stopped before the budget was spent, "
            f"at {int(100 * max(short))} % of it or less."
        )
    if len(config.seeds) == 1:
        remarks.append("With one seed a learner the intervals speak of these networks only.")
    elif len(config.seeds) < 5:
        remarks.append(
            f"With {len(config.seeds)} seeds a learner the intervals are likely too narrow."
        )
    return headline, " ".join(remarks)


def _interval(elo: float, low: float, high: float) -> str:
    return f"{figures.signed(elo)} Elo [{figures.signed(low)}, {figures.signed(high)}]"


def _share_of_budget(config: CompareConfig, player: Player) -> float:
    limits, spent = config.budget.limits(), player.spent or {}
    return max(spent.get(name, 0) / limit for name, limit in limits.items())


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
            if _kind(player) != "raw":
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
        end = None if raw is None else (last, _mark(raw, number, True))
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


def _mark(rating: GroupRating, learner: int | None, hollow: bool) -> figures.Mark:
    return figures.Mark(
        rating.name, rating.elo, rating.low, rating.high, rating.player_elo, learner, hollow
    )


def write_tables(
    folder: Path,
    players: Sequence[Player],
    records: Sequence[GameRecord],
    standings: Sequence[Standing],
    matches: Sequence[Match],
) -> None:
    """All numbers as CSV files; what is not known is left empty."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, header: str, rows: Iterable[dict[str, Any]]) -> None:
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, header.split(), extrasaction="ignore")
            table.writeheader()
            table.writerows(rows)

    spent = " ".join(CURRENCIES)
    counts = "games wins draws losses rate"
    ranking = (
        {"rank": standing.rank, "name": standing.rating.name, "kind": standing.kind,
         "elo": standing.rating.elo, "low": standing.rating.low, "high": standing.rating.high,
         "against_anchor": standing.against_anchor.rate, "against_all": standing.against_all.rate,
         "seeds": standing.seeds, "games": standing.rating.games, **standing.spent}
        for standing in standings
    )  # fmt: skip
    rank_header = "rank name kind elo low high against_anchor against_all seeds games "
    write("ranking.csv", rank_header + spent, ranking)

    pairs = count_results(records, {player.name: player.name for player in players})
    cells = ({"player": name, "opponent": opponent, **_counts(tally)}
             for (name, opponent), tally in pairs.items())  # fmt: skip
    write("crossplay.csv", f"player opponent {counts}", cells)

    rated = {
        name: (standing.rating, elo)
        for standing in standings
        for name, elo in zip(standing.rating.players, standing.rating.player_elo, strict=True)
    }
    rows = []
    for player in players:
        rating, elo = rated.get(player.name, (None, None))
        rows.append({
            "name": player.name, "group": player.group, "kind": _kind(player),
            "learner": player.learner, "seed": player.seed, "share": player.share,
            "agent": player.agent, "elo": elo, **(player.spent or {}),
            "group_elo": rating and rating.elo, "group_low": rating and rating.low,
            "group_high": rating and rating.high,
            **_counts(_total(tally for (name, _), tally in pairs.items() if name == player.name)),
        })  # fmt: skip
    player_header = f"name group kind learner seed share agent elo {counts} "
    write("players.csv", player_header + spent, rows)
    curve_header = "learner seed share name group elo group_elo group_low group_high "
    curves = (row for row in rows if row["kind"] in ("final", "snapshot"))
    write("curves.csv", curve_header + spent, curves)

    match_header = f"player opponent {counts} low high as_black as_white mean_score"
    write("matches.csv", match_header, (row for _, row in _match_rows(matches)))


def _counts(tally: Tally) -> dict[str, Any]:
    return {"games": tally.games, "wins": tally.wins, "draws": tally.draws,
            "losses": tally.losses, "rate": tally.rate}  # fmt: skip


def _match_rows(matches: Sequence[Match]) -> Iterator[tuple[bool, dict[str, Any]]]:
    """Rows for single players, and (pooled, True) for learners with several seeds."""
    pools: dict[tuple[str | None, str], list[Match]] = defaultdict(list)
    for match in matches:
        pools[match[0].learner, match[1]].append(match)
    for (learner, opponent), pool in pools.items():
        for player, _, records in pool:
            yield False, _match_row(player.name, opponent, [(player.name, r) for r in records])
        if len(pool) > 1:
            together = [(player.name, record) for player, _, records in pool for record in records]
            yield True, _match_row(f"{learner}, all seeds", opponent, together)


def _match_row(name: str, opponent: str, games: Sequence[tuple[str, GameRecord]]) -> dict[str, Any]:
    """Sums of games, each given with the player from whose side it is seen."""
    black, white = Tally(), Tally()
    points = []
    for player, record in games:
        is_black = record.black == player
        (black if is_black else white).add(record.outcome(player))
        points.append(record.score if is_black else -record.score)
    total = _total((black, white))
    low, high = wilson_interval(total.wins + 0.5 * total.draws, total.games)
    return {"player": name, "opponent": opponent, **_counts(total), "low": low, "high": high,
            "as_black": black.rate, "as_white": white.rate,
            "mean_score": float(np.mean(points)) if points else None}  # fmt: skip


def choose_games(
    standings: Sequence[Standing],
    players: Sequence[Player],
    records: Sequence[GameRecord],
    matches: Sequence[Match],
) -> list[GameRecord]:
    """A few games worth looking at: of the best learner, won and lost, with both colours."""
    group = {player.name: player.group for player in players}
    extra = [record for _, _, games in matches for record in games]
    for _, opponent, _ in matches:
        group.setdefault(opponent, opponent)
    finals = [standing.rating.name for standing in standings if standing.kind == "final"]
    anchors = [standing.rating.name for standing in standings if standing.kind == "anchor"]
    if not finals:
        finals, anchors = anchors[:1], anchors[1:]
    best = finals[0] if finals else ""
    strong = list(dict.fromkeys([opponent for _, opponent, _ in matches] + anchors))
    # Opponent, colour of the best, outcome for the best; the most telling first.
    wanted: list[tuple[str, bool, float]] = []
    for outcomes in ((1, 0), (0, 1)):
        for other in finals[1:2] + strong[:1]:
            wanted += [(other, True, outcomes[0]), (other, False, outcomes[1])]
        wanted += [(best, True, outcomes[0])] + [(other, False, 1) for other in anchors[-1:]]
    wanted += [(other, side, 1) for other in strong + finals[2:] for side in (True, False)]
    wanted += [(other, True, 0.5) for other in finals[1:] + anchors]
    buckets: dict[tuple[str, bool, float], list[GameRecord]] = defaultdict(list)
    for record in extra + list(records):
        black, white = group.get(record.black, ""), group.get(record.white, "")
        outcome = record.outcome(record.black)
        if black == best:
            buckets[white, True, outcome].append(record)
        if white == best:
            buckets[black, False, 1 - outcome].append(record)
    chosen: list[GameRecord] = []
    for key in dict.fromkeys(wanted):
        bucket = buckets[key]
        if bucket and len(chosen) < MOST_GAMES:
            middle = float(np.median([len(record.moves) for record in bucket]))
            unusual = [(record.truncated, abs(len(record.moves) - middle)) for record in bucket]
            chosen.append(bucket[unusual.index(min(unusual))])
    return chosen or list(records[:1])


# The page ----------------------------------------------------------------------------------------


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def _percent(rate: float | None, unit: str = " %") -> str:
    return "–" if rate is None else f"{100 * rate:.1f}{unit}"


def _amount(value: float | None) -> str:
    """A count that people can read: 48,200 or 2.4 × 10¹³."""
    if value is None:
        return "–"
    if abs(value) < 1e6:
        return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"
    digits, exponent = f"{value:.1e}".split("e")
    power = str(int(exponent)).translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))
    return f"{digits} × 10{power}"


def _budget_text(config: CompareConfig) -> str:
    limits = config.budget.limits().items()
    return " or ".join(f"{_amount(value)} {CURRENCY_NAMES[name]}" for name, value in limits)


def _table(
    header: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], name_column: int = 0
) -> str:
    """A table in which all columns but that of the names hold numbers; cells are markup."""

    def cell(tag: str, column: int, text: str, scope: str) -> str:
        kind = "name" if column == name_column else "number"
        return f'<{tag} class="{kind}"{scope}>{text}</{tag}>'

    head = "".join(cell("th", c, text, ' scope="col"') for c, text in enumerate(header))
    body = "\n".join(
        f'<tr class="{row_class}">'
        + "".join(
            cell("th", c, text, ' scope="row"') if c == name_column else cell("td", c, text, "")
            for c, text in enumerate(cells)
        )
        + "</tr>"
        for row_class, cells in rows
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="table"><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def _key(learner: int | None) -> str:
    """The learner's colour as a small square before its name."""
    colour = "var(--muted)" if learner is None else f"var(--series-{learner % len(figures.SERIES)})"
    return f'<span class="key" style="background:{colour}"></span>'


def _ranking_table(config: CompareConfig, standings: Sequence[Standing]) -> str:
    anchor = config.judge.anchor
    header = ["", "player", "Elo", "95 % interval", f"% against {escape(anchor)}", "% against all",
              "seeds", "games", "FLOPs", "env. steps", "seconds", "evalu&shy;ations",
              "training samples"]  # fmt: skip
    rows = []
    for standing in standings:
        rating = standing.rating
        rates = standing.against_anchor.rate, standing.against_all.rate
        interval = f"[{figures.signed(rating.low)}, {figures.signed(rating.high)}]"
        rows.append((standing.kind, [
            str(standing.rank or ""), _key(standing.learner) + escape(rating.name),
            figures.signed(rating.elo), "zero" if rating.name == anchor else interval,
            *(_percent(rate, "") for rate in rates),
            str(standing.seeds or "–"), f"{rating.games:,}",
            *(_amount(standing.spent.get(name)) for name in CURRENCY_NAMES),
        ]))  # fmt: skip
    return _table(header, rows, name_column=1)


def _figure(
    figure: Figure, path: Path, description: str, png: bool = False, attributes: str = ""
) -> str:
    """Store a figure and give its markup, with links to the files."""
    figures.save(figure, path, png)
    files = f'<a href="figures/{path.name}">SVG</a>'
    files += f' <a href="figures/{path.stem}.png">PNG</a>' if png else ""
    return (
        f'<div class="figure"{attributes}><div class="scroll" tabindex="0" role="region" '
        f'aria-label="figure">{figures.inline(path, description)}</div>'
        f'<p class="files">{files}</p></div>'
    )


def _ranking_figure(config: CompareConfig, standings: Sequence[Standing], report: Path) -> str:
    marks = [_mark(s.rating, s.learner, s.kind == "raw") for s in standings if s.kind != "snapshot"]
    path = report / "figures" / "ranking.svg"
    told = "; ".join(f"{mark.name} {figures.signed(mark.elo)}" for mark in marks)
    figure = figures.ranking_figure(marks, config.judge.anchor)
    return _figure(figure, path, f"Elo with intervals: {told}", png=True)


def _curve_figures(
    config: CompareConfig,
    players: Sequence[Player],
    ratings: Sequence[GroupRating],
    report: Path,
) -> str:
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
        parts.append(_figure(figure, path, f"Elo over {name}", not parts, mark))
        checked = "" if choices else " checked"
        choices.append(f'<label><input type="radio" name="currency" value="{currency}"{checked}>'
                       f" {name}</label>")  # fmt: skip
    if not parts:
        return "<p>No run has spent anything: there is nothing to draw.</p>"
    return (
        '<fieldset class="choices"><legend>Elo against</legend>' + "".join(choices) + "</fieldset>"
        + "".join(parts)
    )  # fmt: skip


def _match_table(matches: Sequence[Match]) -> str:
    if not matches:
        return "<p>None were asked for.</p>"
    header = ["player", "opponent", "games", "wins", "draws", "losses", "% won", "95 % interval",
              "0 – 100 %", "% as Black", "% as White", "mean score"]  # fmt: skip
    rows = []
    for pooled, row in _match_rows(matches):
        score = row["mean_score"]
        rows.append(("pooled" if pooled else "", [
            escape(row["player"]), escape(row["opponent"]),
            *(f"{row[name]:,}" for name in ("games", "wins", "draws", "losses")),
            _percent(row["rate"], ""), f"[{100 * row['low']:.1f}, {100 * row['high']:.1f}]",
            _strip(row["low"], row["rate"], row["high"]),
            *(_percent(row[name], "") for name in ("as_black", "as_white")),
            "–" if score is None else f"{score:+.1f}".replace("-", "−"),
        ]))  # fmt: skip
    return _table(header, rows)


def _strip(low: float, rate: float | None, high: float) -> str:
    """A rate with its interval on a line from 0 to 1, with a tick at one half."""
    dot = "" if rate is None else f'<circle cx="{100 * rate:.1f}" cy="6" r="3.2"/>'
    return (
        '<svg class="strip" viewBox="-4 0 108 12" aria-hidden="true"><path class="axis" '
        f'd="M0 6H100M50 2V10"/><path class="span" d="M{100 * low:.1f} 6H{100 * high:.1f}"/>{dot}'
        "</svg>"
    )


def _crossplay(
    players: Sequence[Player], records: Sequence[GameRecord], standings: Sequence[Standing]
) -> str:
    pairs = count_results(records, {player.name: player.group for player in players})
    main = [standing for standing in standings if standing.kind != "snapshot"]
    parts = [_matrix(main, pairs)]
    if len(main) < len(standings):
        parts.append("<details><summary>With the earlier snapshots</summary>"
                     + _matrix(standings, pairs) + "</details>")  # fmt: skip
    return "".join(parts)


def _matrix(shown: Sequence[Standing], pairs: Mapping[tuple[str, str], Tally]) -> str:
    """Win rates of rows against columns, as coloured cells."""
    names = [standing.rating.name for standing in shown]
    head = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in names)
    rows = []
    for standing in shown:
        name = standing.rating.name
        cells = []
        for other in names:
            tally = pairs.get((name, other))
            if tally is None or tally.rate is None:
                cells.append('<td class="none">·</td>')
                continue
            title = f"{name} against {other}: {_plural(tally.games, 'game')}, "
            title += f"{tally.wins} won, {tally.draws} drawn, {tally.losses} lost"
            side, strength = ("win", 2 * tally.rate - 1) if tally.rate >= 0.5 else (
                "loss", 1 - 2 * tally.rate)  # fmt: skip
            cells.append(
                f'<td class="{side}" style="--strength:{85 * strength:.0f}%" '
                f'title="{escape(title)}">{100 * tally.rate:.0f}</td>'
            )
        label = _key(standing.learner) + escape(name)
        rows.append(f'<tr><th scope="row">{label}</th>{"".join(cells)}</tr>')
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="cross-play"><table '
        f'class="matrix"><thead><tr><td></td>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        "</table></div>"
    )


def _training_figures(config: CompareConfig, folder: Path, report: Path) -> str:
    parts = []
    for number, learner in enumerate(config.learners):
        panels: dict[str, list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
        for seed in config.seeds:
            history = read_metrics(folder / RUNS / f"{learner}-seed{seed}" / "metrics.jsonl")
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
        if not moving:
            continue
        order = [name for name in MAIN_METRICS if name in moving]
        order += [name for name in moving if name not in MAIN_METRICS]
        chosen = {name: panels[name] for name in order[:MOST_METRICS]}
        path = report / "figures" / f"training-{learner}.svg"
        figure = figures.training_figure(chosen, number)
        is_open = " open" if number == 0 else ""
        parts.append(
            f"<details{is_open}><summary>{_key(number)}{escape(learner)}</summary>"
            + _figure(figure, path, f"Training metrics of {learner}: {', '.join(chosen)}")
            + "</details>"
        )
    return "".join(parts) or "<p>No metrics were found.</p>"


def thin(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values [K, 2] as at most 300 means over neighbouring steps."""
    parts = np.array_split(points, min(len(points), MOST_POINTS))
    steps, values = np.array([part.mean(axis=0) for part in parts]).T
    return steps, values


def game_data(record: GameRecord) -> dict[str, Any]:
    """A game as the page's script wants it.

    ``changes`` has one list for each move, of points and their new contents in turn, ``[12, 1, 7,
    0]``: captures, suicide and passes are worked out here, by the engine that played the game.
    """
    boards = [batch.boards()[0].ravel() for batch in positions(record)]
    changes = []
    for before, after in itertools.pairwise(boards):
        points = np.flatnonzero(before != after)
        changes.append([int(number) for point in points for number in (point, after[point])])
    notes = [f"{record.opening_moves} random opening moves"] if record.opening_moves else []
    notes += [f"cut off after {len(record.moves)} moves"] if record.truncated else []
    size = record.rules.size
    return {
        "black": record.black,
        "white": record.white,
        "komi": f"{record.rules.komi:g}",
        "result": result_text(record),
        "note": ", ".join(notes),
        "size": size,
        "opening": record.opening_moves,
        "points": list(record.moves),
        "moves": [action_name(move, size) for move in record.moves],
        "changes": changes,
        "sgf": base64.b64encode(to_sgf(record)).decode("ascii"),
    }


def _game_fields(chosen: Sequence[GameRecord]) -> dict[str, str]:
    """Fields of the page for the game viewer; without script it shows the first game's end."""
    data = [game_data(record) for record in chosen]
    # "<" would let a name end the script element.
    fields = {"data": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")}
    texts = ("black", "white", "komi", "result", "note", "sgf")
    if not data:
        nothing = {"games_hidden": " hidden", "games_caption": "No games were played."}
        others = ("board", "moves", "options", "count")
        return fields | nothing | dict.fromkeys(texts + others, "")
    first, record = data[0], chosen[0]
    *_, end = positions(record)
    told = f"Final position: {record.black} against {record.white}, {first['result']}"
    return fields | {
        **{name: escape(str(first[name])) for name in texts},
        "games_hidden": "",
        "games_caption": "Chosen by rule: the best learner against the second, against the "
        "opponents of the extra matches, the anchors and itself, won and lost, with both colours; "
        "of each kind the game of the most usual length.",
        "board": figures.board_svg(end.boards()[0], record.moves[-1] if record.moves else -1, told),
        "moves": "".join(
            f'<li class="opening">{name}</li>' if ply < record.opening_moves else f"<li>{name}</li>"
            for ply, name in enumerate(first["moves"])
        ),
        "options": "".join(
            f'<option value="{number}">{escape(_game_title(game))}</option>'
            for number, game in enumerate(data)
        ),
        "count": str(len(record.moves)),
    }


def _game_title(game: Mapping[str, Any]) -> str:
    return f"{game['black']} – {game['white']}, {game['result']}"


def _facts(facts: Mapping[str, str]) -> str:
    return "".join(
        f"<div><dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd></div>"
        for name, value in facts.items()
    )
