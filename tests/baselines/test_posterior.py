"""The model's derivatives, and draws from its posterior, against slow computations."""

from __future__ import annotations

import numpy as np
import pytest
from made_results import make_results, repeated, tournament
from scipy.stats import t as student

from baselines.davidson import PoolPosterior, Posterior, with_equals
from baselines.posterior import draw_ratings
from baselines.ratings import ELO_PER_NAT
from baselines.results import count_games

FREEDOM = 2
VIRTUAL = 0.5
TAILS = (0.025, 0.25, 0.5, 0.75, 0.975)


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("kind", [Posterior, PoolPosterior])
def test_derivatives(kind, drawn):
    rng = np.random.default_rng(0)
    results = tournament(rng, rng.normal(0, 1, 5), 3, draws=0.2 * drawn)
    counts, _ = count_games(results)
    assert counts.drawn == drawn
    posterior = kind(with_equals(counts))
    parameters = rng.normal(0, 1, (3, posterior.size))
    _, gradient = posterior.density(parameters)
    information = posterior.information(parameters)
    for number, step in enumerate(np.eye(posterior.size) * 1e-5):
        up, down = posterior.density(parameters + step), posterior.density(parameters - step)
        assert gradient[:, number] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-6)
        if kind is Posterior:  # that of a pool is normalised on purpose
            assert information[:, number] == pytest.approx((down[1] - up[1]) / 2e-5, abs=1e-6)
    assert (np.linalg.eigvalsh(information) > -1e-9).all()


def test_scatter_is_a_mixture_of_student_distributions():
    counts, _ = count_games(make_results(repeated(0, 1, 1, 1) + repeated(1, 2, 1, 1)))
    strengths = np.array([[0.3, -2.0, 5.0], [0.0, 0.0, 0.1]])
    value, _ = PoolPosterior(counts).scatter(strengths)
    scales = np.array([300, 600, 1200]) / ELO_PER_NAT
    expected = np.log(sum(student.pdf(strengths, FREEDOM, scale=s).prod(axis=1) for s in scales))
    assert value[0] - value[1] == pytest.approx(expected[0] - expected[1])


@pytest.mark.parametrize(("wins", "losses"), [(10, 0), (3, 3), (9, 3)])
def test_two_players_against_a_grid(wins, losses):
    """Quantiles of the gap from the density summed over a fine grid of all parameters."""
    games = repeated(0, 1, wins, losses) + repeated(1, 0, losses, wins)
    results = make_results(games)
    elo = draw_ratings(results, "b", 8000, 1).elo[:, 0] / ELO_PER_NAT
    gap, middle, colour = np.meshgrid(
        np.linspace(-6, 16, 221), np.linspace(-14, 14, 113), np.linspace(-3, 3, 31), indexing="ij"
    )
    density = 1.0
    for score, count in ((1, wins), (-1, losses)):
        for side in (colour, -colour):
            density = density * (1 + np.exp(-score * (gap + side))) ** -(count + VIRTUAL / 4)
    density = density * ((1 + np.exp(-colour)) * (1 + np.exp(colour))) ** -4.0
    scales = np.array([300, 600, 1200]) / ELO_PER_NAT
    scatter = 0.0
    for scale in scales:
        each = [
            (FREEDOM + (x / scale) ** 2) ** (-(FREEDOM + 1) / 2) / scale
            for x in (middle + gap / 2, middle - gap / 2)
        ]
        scatter = scatter + each[0] * each[1]
    slices = (density * scatter).sum(axis=(1, 2))
    share = (slices.cumsum() - slices / 2) / slices.sum()  # up to the middle of each slice
    for tail in TAILS:
        reached = np.interp(np.quantile(elo, tail), gap[:, 0, 0], share)
        assert reached == pytest.approx(tail, abs=4 * np.sqrt(tail * (1 - tail) / 4000) + 0.01)
