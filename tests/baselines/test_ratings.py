"""Results and ratings against outside oracles (choix, scipy, closed forms)."""

from __future__ import annotations

import choix
import numpy as np
import pytest
from made_results import make_results, repeated, tournament
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from scipy.stats import binomtest

from baselines.ratings import ELO_PER_NAT, bradley_terry, wilson_interval
from baselines.results import Results

# Wilson


def test_wilson_textbook_values():
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("wins", "games"), [(0, 1), (1, 1), (0, 40), (3, 7), (40, 40), (500, 999)])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_wilson_agrees_with_scipy(wins, games, confidence):
    expected = binomtest(wins, games).proportion_ci(confidence, method="wilson")
    low, high = wilson_interval(wins, games, confidence)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0.0 <= low < high <= 1.0


def test_wilson_half_wins_lie_between_whole_ones():
    below, here, above = (wilson_interval(wins, 10) for wins in (6, 6.5, 7))
    assert below[0] < here[0] < above[0]
    assert below[1] < here[1] < above[1]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((1, -1), "games"),
        ((1, 2.5), "games"),
        ((1, float("nan")), "games"),
        ((1, float("inf")), "games"),
        ((11, 10), "wins"),
        ((-1, 10), "wins"),
        ((0.3, 10), "wins"),
        ((float("nan"), 10), "wins"),
        ((1, 2, 0.0), "confidence"),
        ((1, 2, 1.0), "confidence"),
        ((0, 0, 95), "confidence"),
    ],
)
def test_wilson_refuses(arguments, word):
    with pytest.raises(ValueError, match=f"^{word}"):
        wilson_interval(*arguments)


# Results


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ("a", "a")}, "names must be two or more different"),
        ({"names": ("a",)}, "names must be two or more different"),
        ({"first": [0, 2]}, "first must be 0 to 1; game 1 has 2"),
        ({"second": [1, -1]}, "second must be 0 to 1; game 1 has -1"),
        ({"second": [1, 0.0]}, "second must hold integers, not float64"),
        ({"second": [0, 0]}, "second must differ from first"),
        ({"score": [1, 0.7]}, "score must be 0, 0.5 or 1; game 1 has 0.7"),
        ({"score": [1, float("nan")]}, "score must be 0, 0.5 or 1; game 1 has nan"),
        ({"score": [1]}, "score has 1 games and first has 2"),
        ({"block": [1, 1, 2]}, "block has 3 games and first has 2"),
        ({"block": [[1], [1]]}, r"block must have shape \[G\]"),
    ],
)
def test_results_refuse(change, message):
    good = {"names": ("a", "b"), "first": [0, 1], "second": [1, 0], "score": [1, 0.5]}
    good["block"] = [3, 3]
    Results(**good)
    with pytest.raises(ValueError, match=message):
        Results(**{**good, **change})


def test_results_keep_private_copies():
    score = np.array([1.0, 0.0])
    results = Results(("a", "b"), [0, 1], [1, 0], score, [0, 0])
    score[0] = 0.0
    assert results.score.tolist() == [1.0, 0.0]
    with pytest.raises(ValueError):
        results.score[0] = 0.5


# Bradley-Terry


def both_colours(first, second, wins, losses, draws=0):
    """The same results with either colour, so that colours cannot matter."""
    return repeated(first, second, wins, losses, draws) + repeated(
        second, first, losses, wins, draws
    )


def test_two_players_closed_form():
    results = make_results(both_colours(0, 1, 20, 5))
    ratings = bradley_terry(results, prior_games=1e-6)
    assert ratings.elo[0] - ratings.elo[1] == pytest.approx(400 * np.log10(20 / 5), abs=1e-4)
    assert ratings.expected_score("a", "b") == pytest.approx(0.8)
    assert ratings.expected_score("b", "a") == pytest.approx(0.2)
    assert (ratings.colour, ratings.nu) == (pytest.approx(0, abs=1e-9), 0)
    # Jeffreys' prior between two players is half a win for each.
    ratings = bradley_terry(results)
    assert ratings.elo[0] - ratings.elo[1] == pytest.approx(400 * np.log10(40.5 / 10.5), abs=1e-4)


def test_two_players_covariance_closed_form():
    ratings = bradley_terry(make_results(both_colours(0, 1, 20, 5)), "b", prior_games=1e-6)
    variance = ELO_PER_NAT**2 / (50 * 0.8 * 0.2)
    assert ratings.covariance == pytest.approx(np.array([[variance, 0], [0, 0]]))


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_choix(seed):
    """Which knows no colours: each game is counted once more with colours swapped."""
    rng = np.random.default_rng(seed)
    once = tournament(rng, rng.normal(0, 0.8, 7), 12)
    results = Results(
        once.names,
        np.append(once.first, once.second),
        np.append(once.second, once.first),
        np.append(once.score, 1 - once.score),
        np.tile(once.block, 2),
    )
    wins = [
        (first, second) if score else (second, first)
        for first, second, score in zip(once.first, once.second, once.score, strict=True)
    ]
    ratings = bradley_terry(results, prior_games=1e-6)
    assert ratings.elo.mean() == pytest.approx(0, abs=1e-9)
    for solve in (choix.ilsr_pairwise, choix.opt_pairwise):
        expected = solve(7, wins)
        expected = (expected - expected.mean()) * ELO_PER_NAT
        assert ratings.elo == pytest.approx(expected, abs=1e-3)


def written_out(results, strength):
    """Minus the logarithm of the posterior of 5 players without draws, the last one at 0."""
    first, second, score = results.first, results.second, results.score
    design = (np.eye(5)[first] - np.eye(5)[second])[:, :4]

    def loss(parameters):
        strengths, colour = parameters[:4], parameters[4]
        gap = design @ strengths + colour
        likelihood = score @ log_expit(gap) + (1 - score) @ log_expit(-gap)
        information = design.T @ ((expit(gap) * expit(-gap))[:, None] * design)
        jeffreys = strength / 2 * np.linalg.slogdet(information)[1]
        equals = 4 * log_expit(colour) + 4 * log_expit(-colour)
        return -likelihood - jeffreys - equals

    return loss


def test_prior_is_jeffreys():
    """The rounds end where the posterior written out in full has its maximum."""
    rng = np.random.default_rng(5)
    results = tournament(rng, np.array([-3.0, -1.0, 0.0, 1.0, 3.0]), 3)
    for strength in (1.0, 0.3, 4.0):
        found = minimize(written_out(results, strength), np.zeros(5), tol=1e-10).x
        ratings = bradley_terry(results, anchor="e", prior_games=strength)
        assert ratings.elo == pytest.approx(np.append(found[:4], 0) * ELO_PER_NAT, abs=0.5)
        assert ratings.colour == pytest.approx(found[4] * ELO_PER_NAT, abs=0.5)


def test_draws_and_colour_agree_with_davidson_written_out():
    rng = np.random.default_rng(6)
    strengths, colour, nu = np.array([0.0, 0.4, 1.5]), 0.5, 0.8
    first, second = np.repeat([[0, 1], [1, 2], [2, 0], [1, 0], [2, 1], [0, 2]], 60, axis=0).T
    odds = davidson(strengths, colour, nu, first, second)
    luck = rng.random(len(first)) * sum(odds)
    score = np.where(luck < odds[0], 1.0, np.where(luck < odds[0] + odds[1], 0.5, 0.0))
    results = Results(tuple("abc"), first, second, score, np.arange(len(first)))

    def loss(parameters):
        odds = davidson(
            np.append(0, parameters[:2]), parameters[2], np.exp(parameters[3]), first, second
        )
        equals = davidson(np.zeros(1), parameters[2], np.exp(parameters[3]), [0], [0])
        shares = np.log(odds / sum(odds))
        prior = np.log(equals / sum(equals))[:, 0] @ [4, 1, 4]
        return -sum(shares[k] @ (score == s) for k, s in enumerate((1, 0.5, 0))) - prior

    found = minimize(loss, np.zeros(4), tol=1e-10).x
    ratings = bradley_terry(results, "a", prior_games=1e-6)
    assert ratings.elo[1:] == pytest.approx(found[:2] * ELO_PER_NAT, abs=0.1)
    assert ratings.colour == pytest.approx(found[2] * ELO_PER_NAT, abs=0.1)
    assert ratings.nu == pytest.approx(np.exp(found[3]), rel=1e-3)
    # And the truth is where it should be.
    assert ratings.colour == pytest.approx(colour * ELO_PER_NAT, abs=60)
    assert ratings.nu == pytest.approx(nu, abs=0.25)
    black, white = (davidson(strengths, colour, nu, *pair) for pair in (([2], [0]), ([0], [2])))
    expected = (black[0] + black[1] / 2) / sum(black) + (white[2] + white[1] / 2) / sum(white)
    assert ratings.expected_score("c", "a") == pytest.approx(float(expected[0]) / 2, abs=0.05)


def davidson(strengths, colour, nu, first, second):
    """Odds of win, draw and loss of the first, as in Davidson's paper."""
    black, white = np.exp(strengths[first] + colour), np.exp(strengths[second])
    return np.array([black, nu * np.sqrt(black * white), white])


def test_anchor_moves_the_zero_only():
    rng = np.random.default_rng(1)
    results = tournament(rng, rng.normal(0, 1, 5), 4)
    free, tied = bradley_terry(results), bradley_terry(results, anchor="c")
    assert tied.elo[2] == 0
    assert free.elo.mean() == pytest.approx(0, abs=1e-9)
    assert tied.elo == pytest.approx(free.elo - free.elo[2], abs=1e-6)
    contrast = np.array([1, -1, 0, 0, 0])  # the variance of a difference knows no zero
    variances = [contrast @ ratings.covariance @ contrast for ratings in (free, tied)]
    assert variances[0] == pytest.approx(variances[1])
    assert tied.covariance[2] == pytest.approx(np.zeros(5), abs=1e-6)
    assert free.covariance.sum(axis=0) == pytest.approx(np.zeros(5), abs=1e-6)


def test_unbeaten_and_winless_players_are_finite():
    games = both_colours(0, 1, 20, 0) + both_colours(1, 2, 20, 0)
    ratings = bradley_terry(make_results(games), "b")
    expected = 400 * np.log10(40.5 / 0.5)  # a ladder: one whole virtual game on each rung
    assert ratings.elo == pytest.approx([expected, 0, -expected], abs=1e-3)
    assert np.isfinite(ratings.covariance).all()
    more = bradley_terry(make_results(both_colours(0, 1, 200, 0)), "b")
    assert more.elo[0] > expected + 300
    # Next to no prior: a start far from the end must still converge.
    far = bradley_terry(make_results(both_colours(0, 1, 20, 0)), "b", prior_games=1e-6)
    assert far.elo[0] == pytest.approx(400 * np.log10(40 / 0.5e-6), abs=0.1)


def test_draws_say_that_players_are_near():
    """Wins to losses are the odds, whatever was drawn; virtual games are as often drawn."""
    many = bradley_terry(make_results(both_colours(0, 1, 500, 200, 300)))
    assert many.elo[0] - many.elo[1] == pytest.approx(400 * np.log10(5 / 2), abs=2)
    assert many.nu == pytest.approx(300 / np.sqrt(500 * 200), rel=0.02)
    even = bradley_terry(make_results(repeated(0, 1, 0, 0, 9)))
    assert even.elo == pytest.approx([0, 0], abs=1e-9)


def test_colours_are_read_from_the_right_side():
    ratings = bradley_terry(make_results([(1, 0, 1.0), (0, 1, 0.0), (1, 0, 1.0)]))
    assert ratings.elo[1] > 90 > ratings.elo[0]
    black = bradley_terry(make_results(repeated(0, 1, 12, 3) + repeated(1, 0, 12, 3)))
    assert black.elo == pytest.approx([0, 0], abs=1e-9)
    # Four games for either colour are the prior.
    assert black.colour == pytest.approx(400 * np.log10((24 + 4 + 0.5) / (6 + 4 + 0.5)), abs=1)


def test_components_are_named():
    with pytest.raises(ValueError, match=r"\{a, c\}; \{b, e\}; \{d\}"):
        bradley_terry(make_results([(0, 2, 1.0), (4, 1, 1.0)], players=5))


def test_bradley_terry_refuses():
    results = make_results(repeated(0, 1, 2, 1))
    with pytest.raises(ValueError, match=r"^anchor must be one of a, b, not 'z'"):
        bradley_terry(results, anchor="z")
    for prior in (0, 1e-7, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"^prior_games must be at least 1e-6"):
            bradley_terry(results, prior_games=prior)
    with pytest.raises(ValueError, match=r"^b must be one of a, b"):
        bradley_terry(results).expected_score("a", "z")
