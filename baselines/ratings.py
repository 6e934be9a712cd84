"""Ratings from game results: Wilson intervals, and Bradley-Terry on the Elo scale.

Floor 2: numpy and scipy only. Three levels of care, from one pair to a whole study:

* `wilson_interval` for one player against one opponent;
* `bradley_terry` for a pool, with intervals from the information matrix: right if games are
  independent and only these very players are asked about;
* `baselines.bootstrap` for learners: games of one opening are not independent, and a learner is
  more than the seeds that were trained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri

from baselines.results import Floats, Pairs, Results, find_player, sum_by_pairs

ELO_PER_NAT = 400.0 / np.log(10.0)
"""Elo points per natural logarithm of the odds: 400 Elo are odds of ten to one."""

_MAXIMUM_STEPS = 500


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
    """Bradley-Terry ratings of P players.

    Attributes:
        names: P names.
        elo: float [P], Elo relative to the anchor, or to the mean of all players.
        covariance: float [P, P], Elo squared, of `elo` relative to the same zero. An anchor has
            variance 0: its uncertainty is in the others.
        anchor: name of the player at zero, or None if the mean of all is zero.
    """

    names: tuple[str, ...]
    elo: Floats
    covariance: Floats
    anchor: str | None = None

    def interval(self, name: str, confidence: float = 0.95) -> tuple[float, float]:
        """Normal interval (low, high), in Elo, for the player `name`.

        Raises:
            ValueError: an unknown name, or a confidence not between 0 and 1.
        """
        player = find_player(self.names, name, "name")
        half = _normal_quantile(confidence) * float(np.sqrt(self.covariance[player, player]))
        return float(self.elo[player]) - half, float(self.elo[player]) + half

    def win_probability(self, a: str, b: str) -> float:
        """Expected score, 0 to 1, of player `a` against player `b`; a draw counts a half.

        Raises:
            ValueError: an unknown name.
        """
        difference = (
            self.elo[find_player(self.names, a, "a")] - self.elo[find_player(self.names, b, "b")]
        )
        return float(expit(difference / ELO_PER_NAT))


def bradley_terry(results: Results, anchor: str | None = None, prior_games: float = 1.0) -> Ratings:
    """Rate all players at once: the maximum a posteriori Bradley-Terry model, on the Elo scale.

    Player a scores against b with probability 1 / (1 + 10 ** ((elo_b - elo_a) / 400)), a draw
    being half a win. Colour has no effect in the model: let each pair play both.

    The prior amounts to virtual drawn games, `prior_games` for each of the P - 1 free ratings, so
    that a player who won everything stays finite. They lie on the pairs that met, each in
    proportion to its leverage: the share of the pair's games in what is known about its
    difference. A pair that alone holds the pool together gets one whole draw, a pair of equals in
    a round robin 2 / P of one, a giant and a dwarf next to none. With `prior_games=1` this is
    Jeffreys' prior, which removes the first-order bias of the estimate (Firth 1993, section 3);
    between two players it is the familiar half win added to each side.

    What was tested: in 150 simulated pools of 8 players, spread 520 Elo, 10 games a pair, the best
    came out 52 Elo too low, against 79 with a virtual draw against an average player and 119 with
    virtual draws spread by games alone; 95 % intervals covered 0.95, 0.91 and 0.86.

    Args:
        results: the games.
        anchor: name of the player whose rating is 0; by default the mean of all is 0.
        prior_games: strength of the prior; 1e-6, the least allowed, is all but maximum likelihood.

    Returns:
        Ratings, with the inverse of the information observed in the games (without the prior, the
        more cautious choice) as covariance, carried over to the anchor by the delta method, which
        is exact here. After only wins the upper end of an interval rests on the prior.

    Raises:
        ValueError: unknown anchor, a prior below 1e-6, or players that no chain of games
            connects; the message lists the separate components.

    Source: Bradley and Terry 1952; the condition on connected players is in Hunter 2004, "MM
    algorithms for generalized Bradley-Terry models", section 2.
    """
    return fit(sum_by_pairs(results), anchor, prior_games)[0]


def fit(pairs: Pairs, anchor: str | None, prior_games: float) -> tuple[Ratings, Floats]:
    """The ratings of `bradley_terry`, and the virtual drawn games [K] of the prior at the maximum.

    The logarithm of Jeffreys' prior, half the log determinant of the information, is convex in
    the log weights of the pairs, and its tangent is the log probability of drawn games, as many
    as the leverage. So each round maximises a concave lower bound that touches the posterior at
    the last round's ratings: an MM algorithm, which climbs in every round (Hunter 2004 on MM).
    """
    zero = anchor_matrix(pairs.names, anchor)
    if not (np.isfinite(prior_games) and prior_games >= 1e-6):  # less drowns in rounding errors
        raise ValueError(
            f"prior_games must be at least 1e-6 (which is next to none), not {prior_games!r}"
        )
    nats = np.zeros(len(pairs.names))
    for _ in range(_MAXIMUM_STEPS):
        share = expit(nats[pairs.i] - nats[pairs.j])
        weight = pairs.games * share * (1 - share)
        inverse = np.linalg.inv(_laplacian(pairs, weight[None])[0])
        variance = inverse[pairs.i, pairs.i] + inverse[pairs.j, pairs.j]
        virtual = prior_games * weight * (variance - 2 * inverse[pairs.i, pairs.j])
        last = nats
        nats = maximise(pairs, pairs.wins[None], pairs.games[None], virtual, last)[0]
        if np.abs(nats - last).max() < 1e-7:  # 2e-5 Elo
            covariance = zero @ inverse @ zero.T * ELO_PER_NAT**2
            return Ratings(pairs.names, zero @ nats * ELO_PER_NAT, covariance, anchor), virtual
    raise RuntimeError(f"Jeffreys' prior did not settle in {_MAXIMUM_STEPS} rounds")


def maximise(pairs: Pairs, wins: Floats, games: Floats, virtual: Floats, guess: Floats) -> Floats:
    """Newton's method on R sets of results at once: wins, games [R, K] to nats [R, P], mean 0.

    `virtual` [K] drawn games are added to each set; `guess` [P] is where to start.
    """
    wins, games = wins + virtual / 2, games + virtual
    nats = np.tile(guess, (len(wins), 1))
    incidence = np.eye(len(pairs.names))[pairs.i] - np.eye(len(pairs.names))[pairs.j]
    for _ in range(_MAXIMUM_STEPS):
        share = expit(nats[:, pairs.i] - nats[:, pairs.j])
        gradient = (wins - games * share) @ incidence
        information = _laplacian(pairs, games * share * (1 - share))
        step = np.linalg.solve(information, gradient[:, :, None])[:, :, 0]
        # The largest change of a difference bounds how fast the curvature can change on the way;
        # log(1 + size) / size of Newton's step then never overshoots, and near the maximum it is
        # the whole step (Sun and Tran-Dinh 2019, "Generalized self-concordant functions").
        size = np.maximum(np.abs(step[:, pairs.i] - step[:, pairs.j]).max(axis=1), 1e-300)
        nats = nats + (np.log1p(size) / size)[:, None] * step
        if size.max() < 1e-5:  # Newton squares the error: what is left is about 1e-10
            return nats - nats.mean(axis=1, keepdims=True)
    raise RuntimeError(f"Bradley-Terry did not converge in {_MAXIMUM_STEPS} Newton steps")


def _laplacian(pairs: Pairs, weight: Floats) -> Floats:
    """Graph Laplacians [R, P, P] of pair weights [R, K], made regular.

    Ratings have no natural zero, so a Laplacian is singular along (1, ..., 1). Adding a constant
    to every entry makes that one direction regular and leaves the others as they are.
    """
    players = len(pairs.names)
    matrix = np.zeros((len(weight), players, players))
    matrix[:, pairs.i, pairs.j] = matrix[:, pairs.j, pairs.i] = -weight
    diagonal = -matrix.sum(axis=2)
    every = np.arange(players)
    matrix[:, every, every] = diagonal
    return matrix + diagonal.mean(axis=1)[:, None, None] / players


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
