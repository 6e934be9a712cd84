"""Bootstrapped ratings against closed forms and simulated truth."""

from __future__ import annotations

import time

import numpy as np
import pytest
from made_results import make_results, repeated, tournament

from baselines.bootstrap import bootstrap_ratings
from baselines.ratings import ELO_PER_NAT, bradley_terry
from baselines.results import Results


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
