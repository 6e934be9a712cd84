"""Draws of the ratings from their posterior distribution, for intervals and chances.

Results of small pools are lopsided, and a normal approximation has no lopsided intervals. So all
parameters of `baselines.davidson` are drawn from their joint distribution, given the games:

* Before any game the strengths scatter around the middle of their pool (`PoolPosterior`), how
  widely is not known. Besides there is half a virtual game for each free rating, spread over the
  pairs as `baselines.ratings.bradley_terry` does it.
* The games of an opening are not independent. How much they are worth is measured
  (`opening_effect`), and the likelihood is raised to that power; each chain has its own measure,
  from openings that were drawn anew.

docs/ratings.md says how often intervals from these draws cover the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from baselines.davidson import PoolPosterior, Posterior, with_equals
from baselines.ratings import ELO_PER_NAT, Ratings, add_virtual, anchor_matrix, fit
from baselines.results import Counts, Floats, Integers, Results, count_games, find_blocks

_VIRTUAL = 0.5  # virtual games for each free rating
_CHAINS = 100
_WARM_UP = 20  # iterations that are thrown away: lopsided results have long tails
_LEAPS = 3  # steps of an iteration: about a quarter of an oscillation, so draws hardly depend
_STEP = 0.55  # in standard deviations
_INDEPENDENT_GAMES = 8  # before any game: as if so many had shown that openings do not matter


@dataclass(frozen=True, eq=False)
class Draws:
    """N draws from the posterior distribution of the ratings of P players.

    Attributes:
        ratings: the most probable values.
        elo: float [N, P], relative to the anchor or to the mean of all players.
        colour: float [N], advantage of Black, Elo.
        draw: float [N], probability of a draw between equals without colours; 0 if none was drawn.
        effect: variance of an opening's result, in that of independent games. With 1.5 two games
            tell as much as 1.33 independent ones.
    """

    ratings: Ratings
    elo: Floats
    colour: Floats
    draw: Floats
    effect: float


def draw_ratings(
    results: Results,
    anchor: str | None = None,
    repeats: int = 1000,
    rng: np.random.Generator | int = 0,
) -> Draws:
    """Draw ratings, colour advantage and draw chance from what the games leave open.

    Args:
        results: the games; they must connect all players.
        anchor: name of the player whose rating is 0; by default the mean of all players is 0.
        repeats: draws wanted.
        rng: generator or seed.

    Raises:
        ValueError: repeats below 1, or what `bradley_terry` refuses.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be 1 or more, not {repeats!r}")
    counts, kind = count_games(results)
    rng = np.random.default_rng(rng)
    ratings, parameters, virtual = fit(counts, anchor, 1.0)
    effect, effects = opening_effect(results, counts, kind, parameters, rng)
    drawn = sample(counts, parameters, virtual, effects, repeats, rng)
    players = len(results.names)
    zero = anchor_matrix(results.names, anchor)
    nu = np.exp(drawn[:, players + 1]) if counts.drawn else np.zeros(repeats)
    return Draws(
        ratings=ratings,
        elo=drawn[:, :players] @ zero.T * ELO_PER_NAT,
        colour=drawn[:, players] * ELO_PER_NAT,
        draw=nu / (2 + nu),
        effect=effect,
    )


def sample(
    counts: Counts,
    parameters: Floats,
    virtual: Floats,
    effects: Floats,
    repeats: int,
    rng: np.random.Generator,
) -> Floats:
    """Draws [repeats, P or P + 1] by Hamiltonian Monte Carlo, in chains side by side.

    Args:
        counts: the games.
        parameters: [P or P + 1], the most probable ones.
        virtual: [R], virtual games of the prior.
        effects: [chains], of openings: a chain counts each game as one over its own.
        repeats: draws wanted.

    Lengths are measured in standard deviations of the normal approximation at `parameters`, so
    that one step fits all directions. Source: Neal 2011, "MCMC using Hamiltonian dynamics".
    """
    _, draw, _ = Posterior(with_equals(counts)).expect(parameters)
    share = 1 / effects[:, None]
    tempered = replace(
        counts,
        games=counts.games * share,
        score=counts.score * share,
        draws=counts.draws * share,
    )
    posterior = PoolPosterior(with_equals(add_virtual(tempered, _VIRTUAL * virtual, draw[:-1])))
    strengths = np.append(0.0, parameters[: len(counts.names) - 1])
    parameters = np.append(strengths - np.median(strengths), parameters[len(strengths) - 1 :])
    spread = np.linalg.cholesky(np.linalg.inv(posterior.information(parameters).mean(0)))

    def look(place: Floats) -> tuple[Floats, Floats]:
        density, gradient = posterior.density(parameters + place @ spread.T)
        return density, gradient @ spread

    chains = len(effects)
    place = rng.standard_normal((chains, len(parameters)))
    density, slope = look(place)
    kept = []
    for iteration in range(_WARM_UP + -(-repeats // chains)):
        momentum = rng.standard_normal(place.shape)
        step = _STEP * rng.uniform(0.5, 1.5, (chains, 1))
        energy = (momentum**2).sum(1) / 2 - density
        there, pull = place, slope
        for _ in range(_LEAPS):
            momentum = momentum + step / 2 * pull
            there = there + step * momentum
            new, pull = look(there)
            momentum = momentum + step / 2 * pull
        change = energy - (momentum**2).sum(1) / 2 + new
        accepted = np.log(rng.random(chains)) < change
        place = np.where(accepted[:, None], there, place)
        slope = np.where(accepted[:, None], pull, slope)
        density = np.where(accepted, new, density)
        if iteration >= _WARM_UP:
            kept.append(parameters + place @ spread.T)
    return np.concatenate(kept)[:repeats]


def opening_effect(
    results: Results,
    counts: Counts,
    kind: Integers,
    parameters: Floats,
    rng: np.random.Generator,
) -> tuple[float, Floats]:
    """Variance of openings' results in that of independent games: the estimate, and [chains] draws.

    The squares of what the games of an opening gave beyond expectation, summed and then squared,
    are compared with the squares of single games, also summed. If they are independent both are
    the same on average. Residuals of a fit are a little smaller than those from the truth, and
    depend on one another: what is missing on average is added to both. For the draws the openings
    are drawn anew, with exponential weights (Rubin 1981, "The Bayesian bootstrap"). As much as the
    estimate from openings drawn anew is above that from all, the latter is taken to be above the
    truth: a variance that happens to be small is found too small in nearly all of its resamples
    (the basic bootstrap, of the logarithm; Davison and Hinkley 1997, section 5.2).
    """
    posterior = Posterior(with_equals(counts))
    mean, draw, _ = (values[:-1] for values in posterior.expect(parameters))
    variance = mean - draw / 4 - mean**2
    inverse = np.linalg.inv(posterior.information(parameters))[: len(counts.names)]
    inverse = inverse[:, : len(counts.names)]
    blocks = find_blocks(results)
    surplus = results.score - mean[kind]
    design = posterior.design[kind]
    influence = blocks.sum_games(blocks.side * variance[kind] * design.T).T
    lost_blocks = ((influence @ inverse) * influence).sum(1)
    lost_games = blocks.sum_games(variance[kind] ** 2 * ((design @ inverse) * design).sum(1))
    together = blocks.sum_games(blocks.side * surplus) ** 2 + lost_blocks
    apart = blocks.sum_games(surplus**2) + lost_games
    prior = _INDEPENDENT_GAMES / 4  # the variance of an even game without draws is 1/4
    weights = rng.exponential(size=(_CHAINS, len(together)))
    effect = (together.sum() + prior) / (apart.sum() + prior)
    anew = (weights @ together + prior) / (weights @ apart + prior)
    return float(effect), effect**2 / anew
