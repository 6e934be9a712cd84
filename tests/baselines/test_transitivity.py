"""The test for cycles: its size, its power, and what it must not take for one."""

from __future__ import annotations

import numpy as np
import pytest
from made_results import make_results, repeated, tournament
from scipy.stats import binom

from baselines.transitivity import check_transitivity, strongest_cycle


def p_values(tournaments, *arguments, **keywords):
    rng = np.random.default_rng(0)
    return np.array([
        check_transitivity(tournament(rng, *arguments, colour=50, **keywords), 79, rng).p_value
        for _ in range(tournaments)
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("strengths", "openings", "same"),
    [
        (np.zeros(4), 2, 0.0),  # few games
        (np.linspace(0, 5, 5), 4, 0.0),  # lopsided
        (np.linspace(0, 1, 6), 5, 0.5),  # openings that favour a player
    ],
)
def test_size(strengths, openings, same):
    """Without cycles p is uniform: as often below 0.2 as binomial luck allows (1 in 1000)."""
    p = p_values(100, strengths, openings, same=same)
    low, high = binom.ppf([0.0005, 0.9995], len(p), 0.2)
    assert low <= (p <= 0.2).sum() <= high


def test_power():
    """Rock, paper, scissors: three who beat one another four times of five."""
    p = p_values(30, np.zeros(3), 10, ring=240)
    assert (p <= 0.05).mean() >= 0.9
    p = p_values(30, np.zeros(3), 10, ring=240, same=0.5)
    assert (p <= 0.05).mean() >= 0.7


def test_one_opening_of_a_pair_tells_nothing():
    rng = np.random.default_rng(0)
    assert check_transitivity(tournament(rng, np.zeros(4), 1)) is None
    assert check_transitivity(make_results(repeated(0, 1, 10, 5))) is None
    with pytest.raises(ValueError, match="repeats must be 1 or more"):
        check_transitivity(tournament(rng, np.zeros(4), 2), 0)


def test_draws_are_simulated_too():
    rng = np.random.default_rng(1)
    drawn = tournament(rng, np.zeros(4), 5, draws=0.4)
    assert check_transitivity(drawn, 50).p_value > 0.05


def test_strongest_cycle():
    points = np.array([[0, 7, 2, 5], [3, 0, 9, 5], [8, 1, 0, 5], [5, 5, 5, 0.0]])
    games = np.full((4, 4), 10.0) - 10 * np.eye(4)
    cycle = strongest_cycle("abcd", points, games)
    assert sorted(zip(cycle.names, cycle.scores, strict=True)) == [
        ("a", 0.7),
        ("b", 0.9),
        ("c", 0.8),
    ]
    assert "".join(cycle.names) in ("abc", "bca", "cab")
    # The same shares of fewer games are weaker than a weak ring of many.
    points[:3, :3] *= 10
    games[:3, :3] *= 10
    assert set(strongest_cycle("abcd", points, games).names) == set("abc")


def test_no_cycle_among_equals_and_in_an_order():
    games = np.full((3, 3), 10.0) - 10 * np.eye(3)
    assert strongest_cycle("abc", games / 2, games) is None
    points = np.array([[0, 7, 8], [3, 0, 6], [2, 4, 0.0]])
    assert strongest_cycle("abc", points, games) is None
    assert strongest_cycle("ab", points[:2, :2], games[:2, :2]) is None
    # Two of the three have never met.
    points, games = np.array([[0, 7, 0], [3, 0, 6], [0, 4, 0.0]]), games.copy()
    games[0, 2] = games[2, 0] = 0
    assert strongest_cycle("abc", points, games) is None
