"""Who won how often, and where everybody stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from algorithms.budget import CURRENCIES
from algorithms.compare_config import CompareConfig
from algorithms.judging import Player
from baselines.arena import GameRecord
from baselines.groups import GroupRating

Match = tuple[Player, str, list[GameRecord]]
"""An extra match: a learner's final player, its opponent's name, the games."""


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
        kind: of its players, see `Player`.
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


def add_up(tallies: Iterable[Tally]) -> Tally:
    """All games of some tallies together."""
    together = Tally()
    for tally in tallies:
        together.wins += tally.wins
        together.draws += tally.draws
        together.losses += tally.losses
    return together


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
        kind = group[0].kind if group else "anchor"
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
                against_all=add_up(
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
