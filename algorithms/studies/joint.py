"""Ratings that were drawn together: differences, the best of several, agreement of two rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from algorithms.studies.study import Estimate

_TAILS = (0.025, 0.975)


@dataclass(frozen=True, eq=False)
class JointRatings:
    """Players that were rated together, by name.

    What makes one rating uncertain makes others so, the anchor at zero above all; so intervals of
    what compares players come from draws of all ratings at once.

    Attributes:
        elo: of each.
        draws: float [N], of each; the n-th of all players belong together.
    """

    elo: Mapping[str, float]
    draws: Mapping[str, np.ndarray]

    def difference(self, first: str, second: str) -> Estimate:
        """Elo of one player above another."""
        return self.above_best(first, [second])

    def above_best(self, name: str, others: Sequence[str]) -> Estimate:
        """Elo of a player above the best of others, whichever that is.

        To be above the best is to be above each: the low end is the lowest of those of all
        differences (the test is one of intersection and union, which needs no correction). To be
        below the best it is enough to be below one, and of many one seems to be the best by luck:
        the high end is the lowest of high ends that hold for all others together. The draws' own
        maximum over the others would not do: it is above the ratings' maximum, which is too high
        already; where eight others are equals, such intervals lie below the truth in a third of
        all cases.

        Args:
            name: the player.
            others: one at least. The value is that above the one with the highest rating.

        Source: Hsu 1984, "Constrained simultaneous confidence intervals for multiple comparisons
        with the best"; simultaneous ends from draws as in Besag, Green, Higdon and Mengersen 1995,
        "Bayesian computation and stochastic systems", section 6.3.
        """
        value = self.elo[name] - max(self.elo[other] for other in others)
        gaps = np.stack([self.draws[name] - self.draws[other] for other in others], axis=1)
        low = np.quantile(gaps, _TAILS[0], axis=0, method="weibull").min()
        ranks = stats.rankdata(gaps, axis=0) / (len(gaps) + 1)
        together = np.quantile(ranks.max(axis=1), _TAILS[1], method="weibull")
        high = np.quantile(gaps, together, axis=0, method="weibull").min()
        return Estimate(float(value), float(low), float(high))


def rank_agreement(first: JointRatings, second: JointRatings, names: Sequence[str]) -> Estimate:
    """Spearman's rank correlation of the true ratings of players in two pools.

    Noise takes away from the agreement of any two rankings: what was measured is below the truth,
    and the draws' is below that again. So the interval reaches from the draws' quantiles
    (percentile bootstrap) to those mirrored at the value (basic bootstrap), -1 and 1 at most.

    Args:
        first, second: pools whose games have nothing in common, with equally many draws.
        names: of the players, in both.

    Source: Efron and Tibshirani 1993, "An introduction to the bootstrap", chapters 10 and 13.
    """
    elo = [np.array([[pool.elo[name] for name in names]]) for pool in (first, second)]
    value = float(_spearman(*elo)[0])
    draws = [np.stack([pool.draws[name] for name in names], axis=1) for pool in (first, second)]
    low, high = np.quantile(_spearman(*draws), _TAILS, method="weibull")
    return Estimate(
        value, max(-1.0, min(low, 2 * value - high)), min(1.0, max(high, 2 * value - low))
    )


def _spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of each row, float [N], from float [N, P] twice; 0 where all of a row are ties."""
    one, two = (stats.rankdata(each, axis=1) for each in (first, second))
    one, two = (each - each.mean(axis=1, keepdims=True) for each in (one, two))
    scale = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    return np.divide((one * two).sum(axis=1), scale, out=np.zeros(len(one)), where=scale > 0)
