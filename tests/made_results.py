"""Results of made-up games, for the tests of ratings."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from baselines.results import Results


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


def tournament(rng, nats, openings):
    """A round robin: each opening once with either colour."""
    first, second = np.triu_indices(len(nats), 1)
    first, second = np.repeat(first, openings), np.repeat(second, openings)
    block = np.tile(np.arange(len(first)), 2)
    first, second = np.append(first, second), np.append(second, first)
    score = rng.random(len(first)) < expit(nats[first] - nats[second])
    return Results(tuple("abcdefghij"[: len(nats)]), first, second, score * 1.0, block)
