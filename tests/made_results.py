"""Results of made-up games, for the tests of ratings."""

from __future__ import annotations

import numpy as np

from baselines.ratings import ELO_PER_NAT
from baselines.results import Results
from baselines.simulation import round_robin


def make_results(games, players=None):
    """Results from (first, second, score) or (first, second, score, block) rows."""
    rows = [row if len(row) == 4 else (*row, number) for number, row in enumerate(games)]
    first, second, score, block = (np.array(column) for column in zip(*rows, strict=True))
    players = players or int(max(first.max(), second.max())) + 1
    return Results(tuple("abcdefghij"[:players]), first, second, score, block)


def repeated(first, second, wins, losses, draws=0):
    """Rows in which `first` wins, loses and draws so often."""
    return (
        [(first, second, 1.0)] * wins
        + [(first, second, 0.0)] * losses
        + [(first, second, 0.5)] * draws
    )


def tournament(rng, nats, openings, **settings):
    """A round robin of players with one-letter names and strengths in nats."""
    names = "abcdefghij"[: len(nats)]
    return round_robin(rng, ELO_PER_NAT * np.asarray(nats), openings, names=names, **settings)
