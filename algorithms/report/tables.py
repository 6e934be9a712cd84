"""The numbers of a report as CSV files."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from algorithms.budget import CURRENCIES
from algorithms.judging import Player
from algorithms.report.crossplay import meetings_between
from algorithms.report.standings import Match, Standing, Tally, add_up
from baselines.arena import GameRecord
from baselines.groups import GroupRatings
from baselines.ratings import wilson_interval


def write_tables(
    folder: Path,
    players: Sequence[Player],
    records: Sequence[GameRecord],
    standings: Sequence[Standing],
    ratings: GroupRatings,
    matches: Sequence[Match],
) -> None:
    """All numbers as CSV files; what is not known is left empty.

    Args:
        folder: of the comparison; the files go to ``report/tables`` in it, and its own networks
            are named by their place in it, as it may be moved.
        players: all who were judged.
        records: all games that count for the ratings.
        standings: of the ranking.
        ratings: of the groups of players.
        matches: extra matches.
    """
    tables = folder / "report" / "tables"
    tables.mkdir(parents=True, exist_ok=True)

    def write(name: str, header: str | list[str], rows: Iterable[dict[str, Any]]) -> None:
        with (tables / name).open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(
                file, header.split() if isinstance(header, str) else header, extrasaction="ignore"
            )
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

    pairs = meetings_between(
        records, {player.name: player.name for player in players}, ratings.players
    )
    cells = ({"player": name, "opponent": opponent, **_counts(meeting.tally),
              "expected": meeting.expected, "surplus": meeting.surplus}
             for (name, opponent), meeting in pairs.items())  # fmt: skip
    write("crossplay.csv", f"player opponent {counts} expected surplus", cells)

    names = [rating.name for rating in ratings.groups]
    likelihood = zip(itertools.product(names, repeat=2), ratings.superiority().flat, strict=True)
    superior = (
        {"player": name, "opponent": opponent, "likelihood": share, "difference": gap.value,
         "low": gap.low, "high": gap.high}
        for (name, opponent), share in likelihood
        if name != opponent
        for gap in [ratings.difference(name, opponent)]
    )  # fmt: skip
    write("superiority.csv", "player opponent likelihood difference low high", superior)

    draws = (dict(zip(names, draw, strict=True)) for draw in ratings.draws.tolist())
    write("draws.csv", names, draws)

    rated = {
        name: (standing.rating, elo)
        for standing in standings
        for name, elo in zip(standing.rating.players, standing.rating.player_elo, strict=True)
    }
    rows = []
    for player in players:
        rating, elo = rated.get(player.name, (None, None))
        rows.append({
            "name": player.name, "group": player.group, "kind": player.kind,
            "learner": player.learner, "seed": player.seed, "share": player.share,
            "agent": player.agent.removeprefix(f"{folder}/"), "elo": elo, **(player.spent or {}),
            "group_elo": rating and rating.elo, "group_low": rating and rating.low,
            "group_high": rating and rating.high,
            **_counts(add_up(met.tally for (name, _), met in pairs.items() if name == player.name)),
        })  # fmt: skip
    player_header = f"name group kind learner seed share agent elo {counts} "
    write("players.csv", player_header + spent, rows)
    curve_header = "learner seed share name group elo group_elo group_low group_high "
    curves = (row for row in rows if row["kind"] in ("final", "snapshot"))
    write("curves.csv", curve_header + spent, curves)

    match_header = f"player opponent {counts} low high as_black as_white mean_score forfeits"
    write("matches.csv", match_header, (row for _, row in match_rows(matches)))


def _counts(tally: Tally) -> dict[str, Any]:
    return {"games": tally.games, "wins": tally.wins, "draws": tally.draws,
            "losses": tally.losses, "rate": tally.rate}  # fmt: skip


def match_rows(matches: Sequence[Match]) -> Iterator[tuple[bool, dict[str, Any]]]:
    """Rows of extra matches, after False for one player, after True for all seeds of a learner."""
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
        if not record.gave_up:
            points.append(record.score if is_black else -record.score)
    total = add_up((black, white))
    low, high = wilson_interval(total.wins + 0.5 * total.draws, total.games)
    return {"player": name, "opponent": opponent, **_counts(total), "low": low, "high": high,
            "as_black": black.rate, "as_white": white.rate,
            "mean_score": float(np.mean(points)) if points else None,
            "forfeits": sum(record.forfeited for _, record in games)}  # fmt: skip
