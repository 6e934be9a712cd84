"""Ratings drawn together: differences, the best of several, agreement, on draws that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from algorithms.studies.joint import JointRatings, rank_agreement


def test_differences_know_what_ratings_share():
    """The anchor's luck moves all alike, so that it is in no difference."""
    shared = np.linspace(-200, 200, 399)
    own = np.tile([-10.0, 0.0, 10.0], 133)
    joint = JointRatings(
        {"a": 300.0, "b": 100.0, "anchor": 0.0},
        {"a": 300 + shared + own, "b": 100 + shared, "anchor": np.zeros(399)},
    )
    found = joint.difference("a", "b")
    assert (found.value, found.low, found.high) == pytest.approx((200, 190, 210))
    found = joint.difference("a", "anchor")
    assert found.high - found.low > 370


def test_the_best_is_whoever_stands_highest():
    still = np.zeros(99)
    joint = JointRatings(
        {"a": 100.0, "b": 50.0, "c": 70.0}, {"a": still + 100, "b": still + 50, "c": still + 70}
    )
    found = joint.above_best("a", ["b", "c"])
    assert (found.value, found.low, found.high) == pytest.approx((30, 30, 30))
    assert joint.above_best("b", ["a", "c"]).value == -50


def test_above_the_best_is_above_each():
    """One is lower but so uncertain that it may be the best: the low end knows of it."""
    spread = np.linspace(-1, 1, 199)
    joint = JointRatings(
        {"a": 300.0, "b": 200.0, "c": 150.0},
        {"a": np.full(199, 300.0), "b": 200 + 10 * spread, "c": 150 + 300 * spread[::-1]},
    )
    found = joint.above_best("a", ["b", "c"])
    assert found.value == 100
    assert found.low == joint.difference("a", "c").low
    assert found.low == pytest.approx(150 - 300 * 190 / 198)  # the fifth of 199 even steps
    assert found.high >= joint.difference("a", "b").high


@pytest.mark.parametrize("gap", [0.0, 300.0])
def test_the_luck_of_the_best_of_many_equals_is_in_the_interval(gap):
    """What is best of eight equals is best by luck; neither end may be wrong too often."""
    rng = np.random.default_rng(0)
    names = [f"other{index}" for index in range(8)]
    too_low = too_high = naive = 0
    for _ in range(400):
        elo = {name: 80 * rng.standard_normal() for name in names}
        elo["a"] = gap + 80 * rng.standard_normal()
        draws = {name: value + 80 * rng.standard_normal(300) for name, value in elo.items()}
        joint = JointRatings(elo, draws)
        found = joint.above_best("a", names)
        too_low += found.high < gap
        too_high += found.low > gap
        naive += joint.difference("a", max(names, key=lambda name: elo[name])).high < gap
    assert too_high <= 20  # 2.5 % are 10; three standard errors more
    assert too_low <= 20
    assert naive > 30  # what choosing the best and then forgetting of it comes to


def pool(elo, spread, seed):
    rng = np.random.default_rng(seed)
    return JointRatings(
        elo, {name: value + spread * rng.standard_normal(500) for name, value in elo.items()}
    )


def test_agreement_of_rankings():
    names = list("abcdefg")
    up = {name: 100.0 * place for place, name in enumerate(names)}
    down = {name: -value for name, value in up.items()}
    sure = rank_agreement(pool(up, 1, 0), pool(up, 1, 1), names)
    assert (sure.value, sure.low, sure.high) == pytest.approx((1, 1, 1))
    assert rank_agreement(pool(up, 1, 0), pool(down, 1, 1), names).high == pytest.approx(-1)
    blurred = rank_agreement(pool(up, 100, 0), pool(up, 100, 1), names)
    assert blurred.value == pytest.approx(1) == blurred.high
    assert blurred.low < 0.6
    some = {**up, "a": 450.0, "d": 0.0}
    expected = stats.spearmanr([up[n] for n in names], [some[n] for n in names]).statistic
    assert rank_agreement(pool(up, 1, 0), pool(some, 1, 1), names).value == pytest.approx(expected)
    level = dict.fromkeys(names, 0.0)
    assert rank_agreement(pool(up, 1, 0), pool(level, 1, 1), names).value == 0  # no order at all
