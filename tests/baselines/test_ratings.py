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


def test_two_players_closed_form():
    results = make_results(repeated(0, 1, 15, 3) + repeated(1, 0, 2, 5))
    ratings = bradley_terry(results, prior_games=1e-6)
    assert ratings.elo[0] - ratings.elo[1] == pytest.approx(400 * np.log10(20 / 5), abs=1e-4)
    assert ratings.win_probability("a", "b") == pytest.approx(0.8)
    assert ratings.win_probability("b", "a") == pytest.approx(0.2)
    # Jeffreys' prior between two players is half a win for each.
    ratings = bradley_terry(results)
    assert ratings.elo[0] - ratings.elo[1] == pytest.approx(400 * np.log10(20.5 / 5.5), abs=1e-4)


def test_two_players_interval_closed_form():
    ratings = bradley_terry(make_results(repeated(0, 1, 20, 5)), anchor="b", prior_games=1e-6)
    deviation = ELO_PER_NAT / np.sqrt(25 * 0.8 * 0.2)
    assert ratings.covariance == pytest.approx(np.array([[deviation**2, 0], [0, 0]]))
    centre, half = 400 * np.log10(4), 1.959964 * deviation
    assert ratings.interval("a") == pytest.approx((centre - half, centre + half), rel=1e-6)
    assert ratings.interval("b") == (0.0, 0.0)
    narrow = ratings.interval("a", 0.5)
    assert narrow[1] - narrow[0] == pytest.approx(2 * 0.67449 * deviation, rel=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_choix(seed):
    rng = np.random.default_rng(seed)
    results = tournament(rng, rng.normal(0, 0.8, 7), 12)
    wins = [
        (first, second) if score else (second, first)
        for first, second, score in zip(results.first, results.second, results.score, strict=True)
    ]
    ratings = bradley_terry(results, prior_games=1e-6)
    assert ratings.elo.mean() == pytest.approx(0, abs=1e-9)
    for solve in (choix.ilsr_pairwise, choix.opt_pairwise):
        expected = solve(7, wins)
        expected = (expected - expected.mean()) * ELO_PER_NAT
        assert ratings.elo == pytest.approx(expected, abs=1e-3)


def test_prior_is_jeffreys():
    """The rounds end where the posterior written out in full has its maximum."""
    rng = np.random.default_rng(5)
    results = tournament(rng, np.array([-3.0, -1.0, 0.0, 1.0, 3.0]), 3)
    first, second, score = results.first, results.second, results.score
    design = np.eye(5)[first] - np.eye(5)[second]

    def loss(free, strength):
        gap = design @ np.append(free, 0.0)
        likelihood = score @ log_expit(gap) + (1 - score) @ log_expit(-gap)
        information = design.T @ ((expit(gap) * expit(-gap))[:, None] * design)
        return -likelihood - strength / 2 * np.linalg.slogdet(information[:4, :4])[1]

    for strength in (1.0, 0.3, 4.0):
        found = minimize(loss, np.zeros(4), args=(strength,), tol=1e-10).x
        elo = bradley_terry(results, anchor="e", prior_games=strength).elo
        assert elo == pytest.approx(np.append(found, 0.0) * ELO_PER_NAT, abs=0.05)


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
    ratings = bradley_terry(make_results(repeated(0, 1, 40, 0) + repeated(1, 2, 40, 0)), "b")
    expected = 400 * np.log10(40.5 / 0.5)  # a ladder: one whole virtual draw on each rung
    assert ratings.elo == pytest.approx([expected, 0, -expected], abs=1e-3)
    assert np.isfinite(ratings.covariance).all()
    more = bradley_terry(make_results(repeated(0, 1, 400, 0)), "b")
    assert more.elo[0] > expected + 300
    # Next to no prior: a start far from the end must still converge.
    far = bradley_terry(make_results(repeated(0, 1, 40, 0)), "b", prior_games=1e-6)
    assert far.elo[0] == pytest.approx(400 * np.log10(40 / 0.5e-6), abs=0.01)


def test_draws_are_half_wins():
    drawn = bradley_terry(make_results(repeated(0, 1, 10, 4, 6)))
    halved = bradley_terry(make_results(repeated(0, 1, 13, 7)))
    assert drawn.elo == pytest.approx(halved.elo)
    even = bradley_terry(make_results(repeated(0, 1, 0, 0, 9)))
    assert even.elo == pytest.approx([0, 0], abs=1e-9)


def test_colours_are_read_from_the_right_side():
    ratings = bradley_terry(make_results([(1, 0, 1.0), (0, 1, 0.0), (1, 0, 1.0)]))
    assert ratings.elo[1] > 100 > ratings.elo[0]


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
        bradley_terry(results).win_probability("a", "z")
    with pytest.raises(ValueError, match=r"^name must be one of"):
        bradley_terry(results).interval("z")
    with pytest.raises(ValueError, match=r"^confidence"):
        bradley_terry(results).interval("a", 1.5)
