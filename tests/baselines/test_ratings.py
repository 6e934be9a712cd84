"""Ratings against outside oracles (choix, scipy, closed forms) and against simulated truth."""

from __future__ import annotations

import time

import choix
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from scipy.stats import binomtest

from baselines.ratings import (
    ELO_PER_NAT,
    Results,
    bootstrap_ratings,
    bradley_terry,
    wilson_interval,
)


def make_results(games, players=None):
    """Results from (first, second, score) or (first, second, score, block) rows."""
    rows = [row if len(row) == 4 else (*row, number) for number, row in enumerate(games)]
    first, second, score, block = (np.array(column) for column in zip(*rows, strict=True))
    players = players or int(max(first.max(), second.max())) + 1
    return Results(tuple("abcdefghij"[:players]), first, second, score, block)


def repeated(first, second, wins, losses, draws=0):
    """Rows in which `first` wins, loses and draws so often."""
    return (
        [(first, second, 1.0)] * wins
        + [(first, second, 0.0)] * losses
        + [(first, second, 0.5)] * draws
    )


def tournament(rng, nats, openings):
    """A round robin: each opening once with either colour."""
    first, second = np.triu_indices(len(nats), 1)
    first, second = np.repeat(first, openings), np.repeat(second, openings)
    block = np.tile(np.arange(len(first)), 2)
    first, second = np.append(first, second), np.append(second, first)
    score = rng.random(len(first)) < expit(nats[first] - nats[second])
    return Results(tuple("abcdefghij"[: len(nats)]), first, second, score * 1.0, block)


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


# Bootstrap


def width(rating):
    return rating.high - rating.low


def singles(results):
    return {name: (name,) for name in results.names}


def test_groups_report_their_players():
    rng = np.random.default_rng(2)
    results = tournament(rng, np.array([0.0, 0.2, 1.0, 1.4]), 5)
    pair, zero = bootstrap_ratings(results, {"learner": ("d", "c"), "bot": ("a",)}, "a", 200)
    ratings = bradley_terry(results, "a")
    assert (pair.name, pair.players, pair.games) == ("learner", ("d", "c"), 50)
    assert pair.player_elo == pytest.approx((ratings.elo[3], ratings.elo[2]))
    assert pair.elo == pytest.approx(ratings.elo[2:].mean())
    assert pair.low < pair.elo < pair.high
    assert (zero.name, zero.elo, zero.low, zero.high, zero.games) == ("bot", 0, 0, 0, 30)


def test_same_seed_same_interval():
    results = tournament(np.random.default_rng(3), np.zeros(3), 5)
    runs = [bootstrap_ratings(results, singles(results), repeats=50, rng=r) for r in (4, 4, 5)]
    assert runs[0] == runs[1] != runs[2]
    by_generator = bootstrap_ratings(
        results, singles(results), repeats=50, rng=np.random.default_rng(4)
    )
    assert by_generator == runs[0]


def test_spread_over_seeds_widens_the_interval():
    rng = np.random.default_rng(6)
    rated = {}
    for name, gap in (("alike", 0.0), ("apart", 2.0)):
        results = tournament(rng, np.array([0.0, 0.0, 1 - gap / 2, 1 + gap / 2]), 100)
        (rated[name],) = bootstrap_ratings(results, {name: ("c", "d")}, "a", 500)
    low, high = sorted(rated["apart"].player_elo)
    assert width(rated["apart"]) > 2 * width(rated["alike"])
    # The span of two seeds is stretched by sqrt(2 / (2 - 1)); the games add little here.
    assert 1.4 < width(rated["apart"]) / (high - low) < 1.8
    assert rated["apart"].low < low
    assert rated["apart"].high > high


def test_games_that_share_a_block_count_once():
    """If one player wins both games of each opening there are half as many facts."""
    games = [(0, 1, 1.0)] * 12 + [(0, 1, 0.0)] * 8
    games += [(second, first, 1 - score) for first, second, score in games]
    number = list(range(20)) * 2
    joint = make_results([(*game, block) for game, block in zip(games, number, strict=True)])
    apart = make_results(games)
    wide, narrow = (bootstrap_ratings(r, {"b": ("b",)}, "a")[0] for r in (joint, apart))
    assert wide.elo == pytest.approx(narrow.elo)
    assert 1.25 < width(wide) / width(narrow) < 1.55  # sqrt(2)


def test_equal_block_numbers_in_other_pairs_are_other_blocks():
    rng = np.random.default_rng(7)
    results = tournament(rng, np.array([0.0, 0.5, 1.0]), 6)
    opening = Results(
        results.names, results.first, results.second, results.score, results.block % 6
    )
    assert bootstrap_ratings(results, singles(results), repeats=50) == bootstrap_ratings(
        opening, singles(opening), repeats=50
    )


def test_interval_of_games_that_were_all_won():
    """Resampling sees no spread here; the interval must be that of the information at least."""
    results = make_results(repeated(0, 1, 20, 0))
    (rating,) = bootstrap_ratings(results, {"a": ("a",)}, anchor="b", repeats=2000)
    low, high = bradley_terry(results, "b").interval("a")
    assert width(rating) > 0.9 * (high - low) > 500
    assert rating.low == pytest.approx(low, abs=50)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groups": {"x": ()}}, r"groups\['x'\] must list different players"),
        ({"groups": {"x": ("a", "a")}}, r"groups\['x'\] must list different players"),
        ({"groups": {"x": "ab"}}, r"groups\['x'\] must list different players"),
        ({"groups": {"x": ("a", "z")}}, r"groups\['x'\] must be one of a, b, not 'z'"),
        ({"repeats": 0}, "repeats must be 1 or more"),
        ({"confidence": 1.0}, "confidence"),
        ({"anchor": "z"}, "anchor"),
    ],
)
def test_bootstrap_refuses(arguments, message):
    results = make_results(repeated(0, 1, 2, 1))
    with pytest.raises(ValueError, match=f"^{message}"):
        bootstrap_ratings(results, **{"groups": {"x": ("a",)}, **arguments})


@pytest.mark.parametrize(("players", "spread", "openings"), [(6, 1.2, 5), (2, 1.5, 10)])
def test_coverage(players, spread, openings):
    """Two players alone: resampled blocks without the information cover 0.75."""
    rng = np.random.default_rng(8)
    covered = []
    for _ in range(60):
        truth = rng.normal(0, spread, players)
        results = tournament(rng, truth, openings)
        truth = (truth - truth.mean()) * ELO_PER_NAT
        rated = bootstrap_ratings(results, singles(results), repeats=200, rng=rng)
        covered += [r.low <= elo <= r.high for r, elo in zip(rated, truth, strict=True)]
    assert 0.85 <= np.mean(covered) <= 1.0
    # An interval that is always right because it is endless would pass that, so bound it too.
    assert np.mean([width(r) for r in rated]) < 500


def test_narrower_confidence_covers_less():
    """A check on the check: nominal 50 % intervals must not cover as 95 % ones do."""
    rng = np.random.default_rng(9)
    covered = []
    for _ in range(60):
        truth = rng.normal(0, 1, 6)
        results = tournament(rng, truth, 10)
        truth = (truth - truth.mean()) * ELO_PER_NAT
        rated = bootstrap_ratings(results, singles(results), repeats=200, confidence=0.5, rng=rng)
        covered += [r.low <= elo <= r.high for r, elo in zip(rated, truth, strict=True)]
    assert 0.4 < np.mean(covered) < 0.7


def test_bootstrap_is_fast():
    """A thousand repeats at 30 players and 5000 games; far more than it takes, a machine idle."""
    rng = np.random.default_rng(10)
    first = rng.integers(0, 30, 2500)
    second = (first + rng.integers(1, 30, 2500)) % 30
    score = rng.integers(0, 2, 5000) * 1.0
    results = Results(
        tuple(f"player {n}" for n in range(30)),
        np.append(first, second),
        np.append(second, first),
        score,
        np.tile(np.arange(2500), 2),
    )
    begin = time.perf_counter()
    bootstrap_ratings(results, singles(results))
    assert time.perf_counter() - begin < 10
