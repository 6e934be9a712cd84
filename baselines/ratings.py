"""Ratings from game results: Wilson intervals, and Bradley-Terry on the Elo scale.

Floor 2: numpy and scipy only. Four levels of care, from one pair to a whole study:

* `wilson_interval` for one player against one opponent;
* `bradley_terry` for a pool, with intervals from the information matrix: right if games are
  independent and only these very players are asked about;
* `baselines.posterior` where results are few or lopsided, or games of one opening not independent;
* `baselines.groups` for learners, which are more than the seeds that were trained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from baselines.davidson import Posterior, chances, with_equals
from baselines.results import Counts, Floats, Results, count_games, find_player

ELO_PER_NAT = 400.0 / np.log(10.0)
"""Elo points per natural logarithm of the odds: 400 Elo are odds of ten to one."""

_MAXIMUM_ROUNDS = 500


def wilson_interval(wins: float, games: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval for a win probability: the Wilson score interval without continuity correction.

    Args:
        wins: games won, a draw as half a win; 0 to `games` in steps of a half.
        games: games played; with none the answer is (0.0, 1.0).
        confidence: coverage, between 0 and 1.

    Returns:
        (low, high), probabilities. With draws it is conservative: half points vary less than
        wins and losses do.

    Raises:
        ValueError: an argument out of range, named.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference";
    recommended for few games by Brown, Cai and DasGupta 2001, "Interval estimation for a binomial
    proportion", section 5.
    """
    if not (np.isfinite(games) and games >= 0 and games == int(games)):
        raise ValueError(f"games must be a whole number, 0 or more, not {games!r}")
    if not 0 <= wins <= games or 2 * wins != int(2 * wins):
        raise ValueError(f"wins must be 0 to games={games} in steps of a half, not {wins!r}")
    z = _normal_quantile(confidence)
    if games == 0:
        return 0.0, 1.0
    share = wins / games
    centre = share + z * z / (2 * games)
    margin = z * np.sqrt(share * (1 - share) / games + z * z / (4 * games * games))
    scale = 1 + z * z / games
    return max(0.0, float((centre - margin) / scale)), min(1.0, float((centre + margin) / scale))


def difference_interval(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> tuple[float, float, float]:
    """The difference of two independent estimates, with its interval from theirs.

    Args:
        first, second: (value, low, high), all of one confidence.

    Returns:
        (value, low, high) of `first` less `second`.

    Source: the MOVER rule, Zou and Donner 2008, "Construction of confidence limits about effect
    measures"; with Wilson intervals it is Newcombe's of 1998 for two proportions.
    """
    value = first[0] - second[0]
    below = np.hypot(first[0] - first[1], second[2] - second[0])
    above = np.hypot(first[2] - first[0], second[0] - second[1])
    return value, float(value - below), float(value + above)


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings of P players: the most probable values of the model in `baselines.davidson`.

    Attributes:
        names: P names.
        elo: float [P], Elo relative to the anchor, or to the mean of all players.
        covariance: float [P, P], Elo squared, of `elo` relative to the same zero. An anchor has
            variance 0: its uncertainty is in the others.
        colour: advantage of Black, Elo.
        nu: the draw parameter: of games between equals a draw is nu / (2 + nu). 0 if no game was
            drawn.
        anchor: name of the player at zero, or None if the mean of all is zero.
    """

    names: tuple[str, ...]
    elo: Floats
    covariance: Floats
    colour: float
    nu: float
    anchor: str | None = None

    def expected_score(self, a: str, b: str) -> float:
        """Expected score, 0 to 1, of player `a` against `b`, with either colour equally often.

        Raises:
            ValueError: an unknown name.
        """
        first, second = (self.elo[find_player(self.names, x, n)] for x, n in ((a, "a"), (b, "b")))
        gap = np.array([first - second, second - first]) + self.colour
        with np.errstate(divide="ignore"):  # without draws nu is 0
            mean, _, _ = chances(gap / ELO_PER_NAT, np.log(self.nu))
        return float((mean[0] + 1 - mean[1]) / 2)


def bradley_terry(results: Results, anchor: str | None = None, prior_games: float = 1.0) -> Ratings:
    """Rate all players at once on the Elo scale, with the advantage of Black and with draws.

    Of the games with a winner, player a as Black wins 1 / (1 + 10 ** (-(elo_a + colour - elo_b) /
    400)) against b; draws as `baselines.davidson` has it.

    The prior amounts to virtual games that say nothing of who is stronger, `prior_games` for each
    of the P - 1 free ratings, so that a player who won everything stays finite. They lie on the
    pairs that met, each in proportion to its leverage: the share of the pair's games in what is
    known about its difference. A pair that alone holds the pool together gets one whole game, a
    pair of equals in a round robin 2 / P of one, a giant and a dwarf next to none. With
    `prior_games=1` and no draws this is Jeffreys' prior, which removes the first-order bias of the
    estimate (Firth 1993, section 3); between two players who take turns with Black it is the
    familiar half win added to each side.

    Args:
        results: the games.
        anchor: name of the player whose rating is 0; by default the mean of all is 0.
        prior_games: strength of the prior; 1e-6, the least allowed, is all but maximum likelihood.

    Returns:
        Ratings, with the inverse of the information in the games (without the virtual ones, the
        more cautious choice) as covariance, carried over to the anchor by the delta method, which
        is exact here. It takes games as independent. Intervals: `baselines.posterior`.

    Raises:
        ValueError: unknown anchor, a prior below 1e-6, or players that no chain of games
            connects; the message lists the separate components.

    Source: see `baselines.davidson`; the condition on connected players is in Hunter 2004, "MM
    algorithms for generalized Bradley-Terry models", section 2.
    """
    counts, _ = count_games(results)
    return fit(counts, anchor, prior_games)[0]


def fit(counts: Counts, anchor: str | None, prior_games: float) -> tuple[Ratings, Floats, Floats]:
    """The ratings of `bradley_terry`, all parameters [P or P + 1], and the virtual games [R].

    The logarithm of Jeffreys' prior, half the log determinant of the information, is convex in
    the log weights of the kinds of games, and its tangent is the log probability of virtual games,
    half of them won, as many as the leverage. So each round maximises a concave lower bound that
    touches the posterior at the last round's ratings: an MM algorithm, which climbs in every round
    (Hunter 2004 on MM). As many of the virtual games are drawn as the last round expected, so that
    they pull at the ratings but not at the draw parameter.
    """
    zero = anchor_matrix(counts.names, anchor)
    if not (np.isfinite(prior_games) and prior_games >= 1e-6):  # less drowns in rounding errors
        raise ValueError(
            f"prior_games must be at least 1e-6 (which is next to none), not {prior_games!r}"
        )
    real, free = Posterior(with_equals(counts)), len(counts.names) - 1
    parameters = np.zeros(real.size)
    for _ in range(_MAXIMUM_ROUNDS):
        information = real.information(parameters)
        inverse = np.linalg.inv(information[:free, :free])
        mean, draw, _ = (values[:-1] for values in real.expect(parameters))
        design = real.design[:-1, :free]
        variance = counts.games * (mean - draw / 4 - mean**2)
        virtual = prior_games * variance * ((design @ inverse) * design).sum(1)
        last = parameters
        parameters = Posterior(with_equals(add_virtual(counts, virtual, draw))).maximum(last)
        if np.abs(parameters - last).max() < 1e-7:  # 2e-5 Elo
            break
    else:
        raise RuntimeError(f"Jeffreys' prior did not settle in {_MAXIMUM_ROUNDS} rounds")
    covariance = np.zeros((free + 1, free + 1))
    covariance[1:, 1:] = np.linalg.inv(information)[:free, :free]
    strengths = np.append(0.0, parameters[:free])
    ratings = Ratings(
        names=counts.names,
        elo=zero @ strengths * ELO_PER_NAT,
        covariance=zero @ covariance @ zero.T * ELO_PER_NAT**2,
        colour=float(parameters[free] * ELO_PER_NAT),
        nu=float(np.exp(parameters[free + 1])) if counts.drawn else 0.0,
        anchor=anchor,
    )
    return ratings, parameters, virtual


def add_virtual(counts: Counts, virtual: Floats, draw: Floats) -> Counts:
    """The games and as many virtual ones of each kind, of which the share `draw` is drawn."""
    return replace(
        counts,
        games=counts.games + virtual,
        score=counts.score + virtual / 2,
        draws=counts.draws + virtual * draw,
    )


def anchor_matrix(names: tuple[str, ...], anchor: str | None) -> Floats:
    """Matrix [P, P] that subtracts the anchor's rating, or the mean, from every rating."""
    matrix = np.eye(len(names))
    if anchor is None:
        return matrix - 1 / len(names)
    matrix[:, find_player(names, anchor, "anchor")] -= 1
    return matrix


def _normal_quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence!r}")
    return float(ndtri((1 + confidence) / 2))
