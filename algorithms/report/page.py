"""The page of a report, filled into `templates/report.html`.

Without its script the page shows everything at once.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from algorithms.compare_config import CompareConfig
from algorithms.config import dump_config
from algorithms.judging import Player
from algorithms.report import figures
from algorithms.report.baseline import baseline_section
from algorithms.report.crossplay import (
    colour_sentence,
    crossplay_section,
    superiority_section,
)
from algorithms.report.curves import curves_section, training_section
from algorithms.report.exact import Judged, exact_section
from algorithms.report.games import choose_games, game_fields
from algorithms.report.headline import make_headline
from algorithms.report.markup import colour_key, place_figure, table
from algorithms.report.standings import Match, Standing, make_standings
from algorithms.report.tables import match_rows, write_tables
from algorithms.report.words import CURRENCY_NAMES, amount, budget_text, percent, plural, signed
from baselines.arena import GameRecord
from baselines.groups import GroupRatings
from baselines.transitivity import Transitivity


def write_report(
    config: CompareConfig,
    folder: Path,
    players: list[Player],
    records: list[GameRecord],
    ratings: GroupRatings,
    transitivity: Transitivity | None,
    matches: list[Match],
    machine: dict[str, str],
    judged: Sequence[Judged] = (),
) -> Path:
    """Write the report of a comparison into ``folder/report``, over an older one.

    Args:
        config: of the comparison.
        folder: of the comparison; the runs' metrics are read from ``folder/runs``.
        players: all who were judged.
        records: all games that count for the ratings.
        ratings: of the groups of players.
        transitivity: whether one strength a player explains the games; None if unknown.
        matches: extra matches: a learner's final player, its opponent's name, the games.
        machine: facts about the machine, shown as they are.
        judged: players held against the exact truth, where the board is small enough.

    Returns:
        The page, ``folder/report/index.html``.
    """
    report = folder / "report"
    standings = make_standings(config, players, records, ratings.groups)
    write_tables(folder, players, records, standings, ratings, matches)
    headline, remark = make_headline(config, standings, records, players, ratings)
    game = config.game
    forfeits = sum(record.forfeited for record in records)
    fields = {
        "name": escape(config.name),
        "eyebrow": f"{game.size}×{game.size} · komi {game.komi:g} · "
        + f"{plural(len(config.learners), 'learner')} · {plural(len(config.seeds), 'seed')} · "
        + plural(len(records), "rated game")
        + (f", {forfeits:,} of them forfeited" if forfeits else ""),
        "headline": escape(headline),
        "remark": escape(remark),
        "ranking_figure": _ranking_figure(config, standings, report),
        "ranking": _ranking_table(config, standings),
        "baseline": baseline_section(config, standings, ratings, report),
        "anchor": escape(config.judge.anchor),
        "repeats": f"{config.judge.bootstrap:,}",
        "curves": curves_section(config, players, ratings.groups, report),
        "exact": exact_section(config, judged, report),
        "exact_link": '<a href="#exact">Exact truth</a>' if judged else "",
        "matches": _match_table(matches),
        "crossplay": crossplay_section(players, records, standings, ratings, transitivity),
        "superiority": superiority_section(standings, ratings),
        "colour": escape(colour_sentence(ratings)),
        "training": training_section(config, folder, report),
        **game_fields(choose_games(standings, players, records, matches)),
        "machine": _facts(machine),
        "budget": escape(budget_text(config)),
        "seeds": escape(", ".join(map(str, config.seeds))),
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        # Into another folder: this one holds the comparison already.
        "command": escape(f"gozoo compare {shlex.quote(str(folder / 'config.yaml'))} --runs again"),
        "config": escape(dump_config(config)),
    }
    templates = resources.files("algorithms.report") / "templates"
    for part in ("report.css", "report.js"):
        fields[part.replace(".", "_")] = (templates / part).read_text(encoding="utf-8")
    page = Template((templates / "report.html").read_text(encoding="utf-8")).substitute(fields)
    path = report / "index.html"
    beside = path.with_suffix(".partial")
    beside.write_text(page, encoding="utf-8")
    beside.replace(path)
    return path


def _ranking_figure(config: CompareConfig, standings: Sequence[Standing], report: Path) -> str:
    shown = [standing for standing in standings if standing.kind != "snapshot"]
    path = report / "figures" / "ranking.svg"
    told = "; ".join(f"{standing.rating.name} {signed(standing.rating.elo)}" for standing in shown)
    figure = figures.ranking_figure(shown, config.judge.anchor)
    return place_figure(figure, path, f"Elo with intervals: {told}", png=True)


def _ranking_table(config: CompareConfig, standings: Sequence[Standing]) -> str:
    anchor = config.judge.anchor
    header = ["", "player", "Elo", "95 % interval", f"% against {escape(anchor)}", "% against all",
              "seeds", "games", "FLOPs", "env. steps", "seconds", "evalu&shy;ations",
              "training samples"]  # fmt: skip
    rows = []
    for standing in standings:
        rating = standing.rating
        rates = standing.against_anchor.rate, standing.against_all.rate
        interval = f"[{signed(rating.low)}, {signed(rating.high)}]"
        rows.append((standing.kind, [
            str(standing.rank or ""), colour_key(standing.learner) + escape(rating.name),
            signed(rating.elo), "zero" if rating.name == anchor else interval,
            *(percent(rate, "") for rate in rates),
            str(standing.seeds or "–"), f"{rating.games:,}",
            *(amount(standing.spent.get(name)) for name in CURRENCY_NAMES),
        ]))  # fmt: skip
    return table(header, rows, name_column=1)


def _match_table(matches: Sequence[Match]) -> str:
    if not matches:
        return "<p>None were asked for.</p>"
    header = ["player", "opponent", "games", "wins", "draws", "losses", "% won", "95 % interval",
              "0 – 100 %", "% as Black", "% as White", "mean score",
              "forfeits"]  # fmt: skip
    rows = []
    for pooled, row in match_rows(matches):
        score = row["mean_score"]
        rows.append(("pooled" if pooled else "", [
            escape(row["player"]), escape(row["opponent"]),
            *(f"{row[name]:,}" for name in ("games", "wins", "draws", "losses")),
            percent(row["rate"], ""), f"[{100 * row['low']:.1f}, {100 * row['high']:.1f}]",
            _strip(row["low"], row["rate"], row["high"]),
            *(percent(row[name], "") for name in ("as_black", "as_white")),
            "–" if score is None else f"{score:+.1f}".replace("-", "−"), f"{row['forfeits']:,}",
        ]))  # fmt: skip
    return table(header, rows)


def _strip(low: float, rate: float | None, high: float) -> str:
    """A rate with its interval on a line from 0 to 1, with a tick at one half."""
    dot = "" if rate is None else f'<circle cx="{100 * rate:.1f}" cy="6" r="3.2"/>'
    return (
        '<svg class="strip" viewBox="-4 0 108 12" aria-hidden="true"><path class="axis" '
        f'd="M0 6H100M50 2V10"/><path class="span" d="M{100 * low:.1f} 6H{100 * high:.1f}"/>{dot}'
        "</svg>"
    )


def _facts(facts: Mapping[str, str]) -> str:
    return "".join(
        f"<div><dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd></div>"
        for name, value in facts.items()
    )
