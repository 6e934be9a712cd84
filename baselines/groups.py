"""Ratings of learners, whose training seeds are a sample, and who is likely to be stronger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from baselines.posterior import Draws, draw_ratings
from baselines.ratings import Ratings
from baselines.results import Floats, Results, find_player

_USUAL_SPREAD = 100.0  # Elo between seeds, before any is known; it counts as one seed more
_SHARED_SEEDS = 3  # of how many further seeds the spread that all groups share takes the place


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes:
        value: the estimate.
        low, high: ends of the interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupRating:
    """Rating of a group of players: a learner with its training seeds, or one scripted player.

    Attributes:
        name: the group's name.
        players: names of its players.
        elo: mean of the players' Elo, equal weights.
        low: lower end of the interval, Elo.
        high: upper end.
        player_elo: Elo of each player, in the order of `players`.
        games: number of games in which at least one of them played.
    """

    name: str
    players: tuple[str, ...]
    elo: float
    low: float
    high: float
    player_elo: tuple[float, ...]
    games: int


@dataclass(frozen=True, eq=False)
class GroupRatings:
    """Ratings of all G groups of a pool, and what else the games tell.

    Attributes:
        groups: the ratings.
        players: the ratings of the single players.
        draws: float [N, G], Elo of each group in each draw from the posterior.
        confidence: of all intervals.
        colour: advantage of Black, Elo.
        draw: chance of a draw between equals; None if no game was drawn.
        effect: see `baselines.posterior.Draws`.
    """

    groups: list[GroupRating]
    players: Ratings
    draws: Floats
    confidence: float
    colour: Estimate
    draw: Estimate | None
    effect: float

    def superiority(self) -> Floats:
        """Likelihood of superiority, [G, G]: that the group of the row is the stronger one.

        The share of draws in which it is. One half on the diagonal.
        """
        gap = self.draws[:, :, None] - self.draws[:, None, :]
        return ((gap > 0) + 0.5 * (gap == 0)).mean(axis=0)

    def difference(self, a: str, b: str) -> Estimate:
        """Elo of the group `a` above the group `b`."""
        names = [group.name for group in self.groups]
        first, second = find_player(names, a, "a"), find_player(names, b, "b")
        value = self.groups[first].elo - self.groups[second].elo
        return _estimate(value, self.draws[:, first] - self.draws[:, second], self.confidence)


def rate_groups(
    results: Results,
    groups: Mapping[str, Sequence[str]],
    anchor: str | None = None,
    repeats: int = 1000,
    confidence: float = 0.95,
    rng: np.random.Generator | int = 0,
) -> GroupRatings:
    """Rate groups of players, with intervals over games, openings and training seeds.

    A learner is more than the networks that were trained, so its interval speaks of the mean over
    all seeds that could have been. To each draw of the mean over its players a deviate is added
    whose variance is that of a mean of so many seeds. How far seeds lie apart, few of them hardly
    tell; so a group's own spread, less what the games alone would spread it, is moderated by that
    of all groups together (Smyth 2004, "Linear models and empirical Bayes methods", section 3, with
    the weight of the shared variance fixed at three seeds). The rating of a group of one player
    speaks of this very player.

    Args:
        results: the games; they must connect all players.
        groups: group name to the names of its players; a scripted player is a group of one.
        anchor: name of the player whose rating is 0; by default the mean of all players is 0.
        repeats: draws; 1000 leave each end uncertain by some 2 % of the width.
        confidence: coverage, between 0 and 1.
        rng: generator or seed. The same results and seed give the same intervals.

    Returns:
        The ratings, one GroupRating per group, in the order of `groups`.

    Raises:
        ValueError: an empty group, an unknown or repeated player, repeats below 1, a confidence
            not between 0 and 1, or what `bradley_terry` refuses.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence!r}")
    members = {}
    for group, players in groups.items():
        if isinstance(players, str) or not players or len(set(players)) != len(players):
            raise ValueError(f"groups[{group!r}] must list different players, not {players!r}")
        members[group] = [
            find_player(results.names, name, f"groups[{group!r}]") for name in players
        ]
    rng = np.random.default_rng(rng)
    drawn = draw_ratings(results, anchor, repeats, rng)
    means = np.stack([drawn.elo[:, index].mean(axis=1) for index in members.values()], axis=1)
    means += _seed_deviates(drawn, list(members.values()), rng)
    rated = []
    for (group, index), draws in zip(members.items(), means.T, strict=True):
        elo = drawn.ratings.elo[index]
        estimate = _estimate(float(elo.mean()), draws, confidence)
        rated.append(
            GroupRating(
                name=group,
                players=tuple(groups[group]),
                elo=estimate.value,
                low=estimate.low,
                high=estimate.high,
                player_elo=tuple(elo.tolist()),
                games=int((np.isin(results.first, index) | np.isin(results.second, index)).sum()),
            )
        )
    nu = drawn.ratings.nu
    return GroupRatings(
        groups=rated,
        players=drawn.ratings,
        draws=means,
        confidence=confidence,
        colour=_estimate(drawn.ratings.colour, drawn.colour, confidence),
        draw=_estimate(nu / (2 + nu), drawn.draw, confidence) if nu > 0 else None,
        effect=drawn.effect,
    )


def _seed_deviates(drawn: Draws, members: list[list[int]], rng: np.random.Generator) -> Floats:
    """What the mean over a group's seeds may differ from that over all seeds, Elo [N, G]."""
    spreads = []
    for index in members:
        elo, noise = drawn.ratings.elo[index], drawn.elo[:, index].var(axis=0).sum()
        noise -= len(index) * drawn.elo[:, index].mean(axis=1).var()
        spreads.append(max(0.0, float(((elo - elo.mean()) ** 2).sum() - noise)))
    free = np.array([len(index) - 1 for index in members])
    shared = (sum(spreads) + _USUAL_SPREAD**2) / (free.sum() + 1)
    deviates = np.zeros((len(drawn.elo), len(members)))
    for group, (spread, freedom) in enumerate(zip(spreads, free, strict=True)):
        if freedom:
            squares = rng.chisquare(freedom + _SHARED_SEEDS, len(deviates))
            variance = (spread + _SHARED_SEEDS * shared) / squares / (freedom + 1)
            deviates[:, group] = np.sqrt(variance) * rng.standard_normal(len(deviates))
    return deviates


def _estimate(value: float, draws: Floats, confidence: float) -> Estimate:
    # By this method one draw more would lie outside with a chance of 1 - confidence, also if there
    # are few draws.
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(draws, tails, method="weibull")
    return Estimate(value, float(low), float(high))
