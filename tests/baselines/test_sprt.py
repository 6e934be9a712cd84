"""Sequential tests: by hand where it can be done, and how often they are wrong by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.arena import GameRecord
from baselines.sprt import SUMS, Sprt, _likeliest, pair_sums
from goenv import Rules


def share(elo):
    """Expected share of the points, from the definition of Elo."""
    return 1 / (1 + 10 ** (-elo / 400))


# By hand


def test_the_bounds_are_walds():
    low, high = Sprt(0, 50, alpha=0.05, beta=0.1).bounds
    assert low == pytest.approx(np.log(0.1 / 0.95))
    assert high == pytest.approx(np.log(0.9 / 0.05))


@pytest.mark.parametrize(("lost", "won"), [(10, 30), (40, 40), (25, 3)])
def test_pairs_that_are_won_or_lost_whole_are_coin_tosses(lost, won):
    """Then the mean is the whole distribution, and the ratio is that of two coins."""
    test = Sprt(-20, 80)
    low, high = share(-20), share(80)
    by_hand = won * np.log(high / low) + lost * np.log((1 - high) / (1 - low))
    # What was never seen counts for a thousandth of a pair.
    assert test.llr([lost, 0, 0, 0, won]) == pytest.approx(by_hand, rel=0.002, abs=0.01)


def test_the_likeliest_distribution_has_the_mean_and_is_the_best_that_has_it():
    shares = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    found = _likeliest(shares, 1.3)
    assert found.sum() == pytest.approx(1)
    assert found @ SUMS == pytest.approx(1.3)
    likelihood = shares @ np.log(found)
    generator = np.random.default_rng(0)
    for _ in range(200):  # steps that keep the sum and the mean
        step = generator.normal(size=5)
        for direction in (np.ones(5), SUMS - 1):
            step -= step @ direction / (direction @ direction) * direction
        other = found + 0.01 * step
        assert shares @ np.log(other) <= likelihood + 1e-12
    np.testing.assert_allclose(_likeliest(shares, 1.0), shares, atol=1e-12)


def test_for_many_pairs_it_is_the_test_of_a_normal_mean():
    """Van den Bergh's approximation: N (s1 - s0) (2 mean - s0 - s1) / (2 variance)."""
    counts = np.array([900, 1900, 4000, 2100, 1100])
    test = Sprt(0, 5)
    mean = counts @ SUMS / counts.sum()
    variance = counts @ (SUMS - mean) ** 2 / counts.sum()
    s0, s1 = 2 * share(0), 2 * share(5)
    normal = counts.sum() * (s1 - s0) * (2 * mean - s0 - s1) / (2 * variance)
    assert test.llr(counts) == pytest.approx(normal, rel=0.02)


def test_the_other_side_sees_the_opposite():
    counts = np.array([3, 5, 20, 9, 11])
    assert Sprt(-50, 20).llr(counts) == pytest.approx(-Sprt(-20, 50).llr(counts[::-1]))


def test_it_stops_at_the_first_bound_and_later_pairs_do_not_count():
    test = Sprt(0, 200)
    verdict = test.decide([2.0] * 100)
    assert verdict.accepted == "H1"
    assert verdict.llr >= test.bounds[1]
    pairs = sum(verdict.counts)
    assert test.decide([2.0] * (pairs - 1)).accepted is None
    assert test.decide([2.0] * pairs + [0.0] * 100) == verdict
    assert test.decide([0.0] * 100).accepted == "H0"
    undecided = test.decide([2.0, 0.0, 1.0, 1.5, 0.5])
    assert (undecided.accepted, undecided.counts) == (None, (1, 1, 1, 1, 1))
    nothing = test.decide([])
    assert (nothing.accepted, nothing.llr, sum(nothing.counts)) == (None, 0.0, 0)


def test_what_it_says():
    test = Sprt(0, 200)
    assert str(test.decide([2.0] * 100)).startswith(
        "SPRT of +200 Elo (H1) against +0 Elo (H0): H1 accepted, LLR "
    )
    assert "undecided, LLR 0.00 in [-2.94, 2.94] after 0 pairs" in str(test.decide([]))


@pytest.mark.parametrize(
    ("settings", "word"),
    [((0, 0), "elo0"), ((10, 0), "elo0"), ((float("nan"), 1), "elo0"), ((0, 9999), "2000"),
     ((0, 1, 0.0), "alpha"), ((0, 1, 0.05, 0.5), "beta")],
)  # fmt: skip
def test_settings_that_make_no_sense(settings, word):
    with pytest.raises(ValueError, match=word):
        Sprt(*settings)


# Pairs


def game(opening, black, score, **changes):
    white = "b" if black == "a" else "a"
    return GameRecord(black, white, Rules(3), (), opening, 0, score, False, **changes)


def test_pairs_count_in_the_order_of_openings_up_to_the_first_that_lacks_a_game():
    games = [
        game(2, "a", 1.0), game(0, "a", 3.5), game(0, "b", 0.0), game(2, "b", 1.0),
        game(1, "b", -2.0),
    ]  # fmt: skip
    assert pair_sums(games, "a") == [1.5]
    games.append(game(1, "a", 5.0, gave_up=1, reason="crash"))  # Black forfeits
    assert pair_sums(games, "a") == [1.5, 1.0, 1.0]
    assert pair_sums(games, "b") == [0.5, 1.0, 1.0]
    assert pair_sums([], "a") == []


# By simulation


def errors(test, truth, base, trials=1000):
    """How often each hypothesis is accepted if the difference is `truth` Elo.

    Pairs are drawn from the distribution closest to `base` that has that mean.
    """
    shares = _likeliest(np.array(base), 2 * share(truth))
    generator, (low, high) = np.random.default_rng(1), test.bounds
    counts, accepted = np.zeros((trials, 5)), np.zeros(trials)
    while (open_ := accepted == 0).any():
        drawn = generator.choice(5, size=trials, p=shares / shares.sum())
        counts[open_, drawn[open_]] += 1
        ratios = test.llr(counts[open_])
        accepted[open_] = np.where(ratios >= high, 1, np.where(ratios <= low, -1, 0))
    return (accepted == 1).mean(), (accepted == -1).mean()


@pytest.mark.parametrize("base", [(0.1, 0.05, 0.6, 0.05, 0.2), (0.25, 1e-9, 0.5, 1e-9, 0.25)])
@pytest.mark.parametrize(
    "test", [Sprt(0, 80), Sprt(-60, 60, alpha=0.1, beta=0.02), Sprt(0, 250)], ids=str
)
def test_it_is_wrong_as_rarely_as_it_promises(test, base):
    for truth, wrong, promised in ((test.elo0, 0, test.alpha), (test.elo1, 1, test.beta)):
        found = errors(test, truth, base)[wrong]
        assert found < promised + 3 * np.sqrt(promised * (1 - promised) / 1000)


def test_between_the_hypotheses_either_may_be_accepted():
    first, second = errors(Sprt(0, 80), 40, (0.1, 0.1, 0.6, 0.1, 0.1))
    assert 0.4 < first < 0.6
    assert first + second == 1
