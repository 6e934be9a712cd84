"""Games needed, and what becomes of other moves, from the rows of `one_good_move`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from algorithms.studies.data import Rows
from algorithms.studies.estimates import bootstrap
from algorithms.studies.good_moves import games_needed
from algorithms.studies.ladder import RUNGS
from algorithms.studies.study import Estimate

Key = tuple[int, float, str]
"""Moves, odds and kind."""

_OF_OUTCOMES = (*RUNGS, "learned")  # whose games go with the square of the improvement


def games_in_theory(odds: float) -> float:
    """Games needed where the outcome is all that is learned from, and the game is even."""
    # The lift has the mean a quarter of the difference in outcome, and a half as deviation.
    return games_needed((4 * odds - 2) / 4, np.sqrt(0.25 - ((4 * odds - 2) / 4) ** 2))


def scale_of(key: Key, part: Rows) -> float:
    """By how much the odds that were found differ from those wanted, squared."""
    if key[2] not in _OF_OUTCOMES:
        return 1.0
    return float(((2 * part.column("real_odds")[0] - 1) / (2 * key[1] - 1)) ** 2)


def moments_of(part: Rows) -> np.ndarray:
    """Of each block: mean of the lift and of its square, float64 [blocks, 2]."""
    games = part.column("games")
    return np.stack([part.column("sum") / games, part.column("squares") / games], axis=1)


def games_of(key: Key, moments: np.ndarray) -> float:
    """Games needed from the moments of blocks."""
    if key[2] == "learned":  # a value of its own in each block
        return games_needed(moments[:, 0], np.sqrt(moments[:, 1] - moments[:, 0] ** 2))
    mean, square = moments.mean(axis=0)
    return games_needed(mean, np.sqrt(max(square - mean**2, 0)))


def enough_games(key: Key, part: Rows) -> Estimate:
    """Games needed, scaled to exactly the wanted odds where an outcome is learned from.

    Infinite where the update does not raise the move on average; so may the interval's end be.
    """
    scale = scale_of(key, part)
    # What is drawn is the inverse, which is nought there.
    rate = bootstrap(lambda drawn: 1 / (scale * games_of(key, drawn[0])), [moments_of(part)])
    value, low, high = (
        1 / each if each > 0 else np.inf for each in (rate.value, rate.high, rate.low)
    )
    return Estimate(value, low, high)


def disturbance(key: Key, part: Rows) -> Estimate:
    """Noise of all other logits over the squared change of the one, at the games needed."""
    together = np.column_stack([moments_of(part), part.column("noise")])

    def ratio(drawn: list[np.ndarray]) -> float:
        games = games_of(key, drawn[0][:, :2])
        if not np.isfinite(games):
            return np.nan
        return float(drawn[0][:, 2].mean() / (games * drawn[0][:, 0].mean() ** 2))

    return bootstrap(ratio, [together])


def exponent_over_length(tables: Mapping[int, tuple[Key, Rows]], noise: bool = False) -> Estimate:
    """Exponent over T of the games needed, or of the noise of all other logits at that number."""
    lengths = sorted(tables)

    def slope(drawn: list[np.ndarray]) -> float:
        found = []
        for T, sample in zip(lengths, drawn, strict=True):
            key, part = tables[T]
            games = games_of(key, sample[:, :2])
            if not np.isfinite(games):
                return np.nan
            change = sample[:, 2].mean() / (games * sample[:, 0].mean() ** 2)
            found.append(change if noise else games * scale_of(key, part))
        if min(found) <= 0:
            return np.nan
        return float(np.polyfit(np.log(lengths), np.log(found), 1)[0])

    samples = [
        np.column_stack([moments_of(tables[T][1]), tables[T][1].column("noise")]) for T in lengths
    ]
    return bootstrap(slope, samples)
