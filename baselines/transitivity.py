"""Whether one number a player explains who beats whom, and the strongest cycle of three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from baselines.davidson import Posterior, with_equals
from baselines.ratings import add_virtual, fit
from baselines.results import Floats, Results, count_games, find_blocks, sum_by

_CHUNK_NUMBERS = 1_000_000  # numbers in one temporary array: 8 MB


@dataclass(frozen=True)
class Transitivity:
    """How well one strength a player explains who beats whom.

    Attributes:
        statistic: about 0 if it does; the larger, the more pairs depart from it.
        p_value: how often results of players without any cycle would depart as much.
    """

    statistic: float
    p_value: float


def check_transitivity(
    results: Results, repeats: int = 400, rng: np.random.Generator | int = 0
) -> Transitivity | None:
    """Test whether the results fit players with one strength each.

    Do different openings of a pair depart from the fitted ratings the same way? Over all pairs,
    products of the surplus in one opening and that in another are summed, and divided by the root
    of the sum of their squares. The games of one opening are not held against each other, so an
    opening that favours a player is no evidence. This is the score test of a variance between
    pairs, studentised. Its distribution comes from results that are simulated from the fitted
    ratings and fitted again (a parametric bootstrap), so it holds for few games too.

    Args:
        results: the games.
        repeats: simulated sets of results.
        rng: generator or seed.

    Returns:
        The test; None if there are only two players, or no pair has played two openings.

    Raises:
        ValueError: repeats below 1, or players that no chain of games connects.

    Source: Davison and Hinkley 1997, "Bootstrap methods and their application", section 4.2.3.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be 1 or more, not {repeats!r}")
    rng = np.random.default_rng(rng)
    counts, kind = count_games(results)
    blocks = find_blocks(results)
    if len(results.names) < 3 or np.bincount(blocks.pair).max() < 2:
        return None
    _, parameters, virtual = fit(counts, None, 1.0)
    fitted = Posterior(with_equals(counts))
    mean, draw, _ = (values[:-1] for values in fitted.expect(parameters))

    def statistic(score: Floats) -> Floats:
        """Of sets of results, [sets, G] to [sets]."""
        sums = sum_by(kind, score, len(mean))
        draws = sum_by(kind, score == 0.5, len(mean))
        games = np.broadcast_to(counts.games, sums.shape)
        new = add_virtual(replace(counts, games=games, score=sums, draws=draws), virtual, draw)
        posterior = Posterior(with_equals(new))
        expected = posterior.expect(posterior.maximum(np.tile(parameters, (len(score), 1))))[0]
        surplus = blocks.sum_games(blocks.side * (score - expected[:, kind]))
        pairs = blocks.pair.max() + 1
        sum_of, squares, fourths = (
            sum_by(blocks.pair, surplus**power, pairs) for power in (1, 2, 4)
        )
        size = 2 * (squares**2 - fourths).sum(axis=1)
        return (sum_of**2 - squares).sum(axis=1) / np.sqrt(np.maximum(size, 1e-300))

    found = float(statistic(results.score[None])[0])
    chunk = max(1, _CHUNK_NUMBERS // max(len(kind), len(parameters) ** 2))
    larger = 1  # the results themselves
    for begin in range(0, repeats, chunk):
        luck = rng.random((min(chunk, repeats - begin), len(kind)))
        win = (mean - draw / 2)[kind]
        score = (luck < win) + 0.5 * ((luck >= win) & (luck < win + draw[kind]))
        larger += int((statistic(score) >= found).sum())
    return Transitivity(found, larger / (repeats + 1))


@dataclass(frozen=True)
class Cycle:
    """Three players of whom each won more than half against the next.

    Attributes:
        names: of the three, the first beats the second, that the third, that the first.
        scores: shares of points of the first against the second and so on, 0 to 1.
    """

    names: tuple[str, str, str]
    scores: tuple[float, float, float]

    def wins(self) -> tuple[tuple[str, str], ...]:
        """Winner and loser of each of the three pairs."""
        a, b, c = self.names
        return (a, b), (b, c), (c, a)


def strongest_cycle(names: Sequence[str], points: Floats, games: Floats) -> Cycle | None:
    """The cycle of three whose weakest win is the least likely luck.

    Args:
        names: P players.
        points: float [P, P], of the row's player against the column's.
        games: float [P, P].

    Returns:
        It, the strongest win last; None if there is none. In a large pool one is to be expected
        even if all players are equals: `check_transitivity` tells whether that is all.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        # Points above one half, in their standard deviations between equals.
        strength = np.where(games > 0, (points - games / 2) / np.sqrt(games / 4), -np.inf)
    # Walk through triples in both directions: [P, P, P] of the weakest of the three wins.
    weakest = np.minimum(
        np.minimum(strength[:, :, None], strength[None, :, :]), strength.T[:, None, :]
    )
    if len(names) < 3 or not weakest.max() > 0:
        return None
    first, second, third = (int(i) for i in np.unravel_index(weakest.argmax(), weakest.shape))
    shares = [
        float(points[i, j] / games[i, j])
        for i, j in ((first, second), (second, third), (third, first))
    ]
    return Cycle((names[first], names[second], names[third]), (shares[0], shares[1], shares[2]))
