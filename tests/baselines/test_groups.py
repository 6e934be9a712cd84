"""Ratings of groups: their intervals, seeds, openings, and who is likely to be stronger."""

from __future__ import annotations

import numpy as np
import pytest
from made_results import make_results, repeated, tournament

from baselines.groups import rate_groups
from baselines.ratings import ELO_PER_NAT, bradley_terry
from baselines.results import Results


def width(rating):
    return rating.high - rating.low


def singles(results):
    return {name: (name,) for name in results.names}


def test_groups_report_their_players():
    rng = np.random.default_rng(2)
    results = tournament(rng, np.array([0.0, 0.2, 1.0, 1.4]), 5)
    rated = rate_groups(results, {"learner": ("d", "c"), "bot": ("a",)}, "a", 200)
    pair, zero = rated.groups
    ratings = bradley_terry(results, "a")
    assert (pair.name, pair.players, pair.games) == ("learner", ("d", "c"), 50)
    assert pair.player_elo == pytest.approx((ratings.elo[3], ratings.elo[2]))
    assert pair.elo == pytest.approx(ratings.elo[2:].mean())
    assert pair.low < pair.elo < pair.high
    assert (zero.name, zero.elo, zero.low, zero.high, zero.games) == ("bot", 0, 0, 0, 30)
    assert rated.players.elo == pytest.approx(ratings.elo)
    assert rated.draw is None


def test_same_seed_same_interval():
    results = tournament(np.random.default_rng(3), np.zeros(3), 5)
    runs = [rate_groups(results, singles(results), repeats=50, rng=r) for r in (4, 4, 5)]
    assert runs[0].groups == runs[1].groups != runs[2].groups
    by_generator = rate_groups(results, singles(results), repeats=50, rng=np.random.default_rng(4))
    assert by_generator.groups == runs[0].groups


def test_spread_over_seeds_widens_the_interval():
    rng = np.random.default_rng(6)
    rated = {}
    for name, gap in (("alike", 0.0), ("apart", 2.0)):
        results = tournament(rng, np.array([0.0, 0.0, 1 - gap / 2, 1 + gap / 2]), 100)
        [rated[name]] = rate_groups(results, {name: ("c", "d")}, "a").groups
    low, high = sorted(rated["apart"].player_elo)
    assert width(rated["apart"]) > 2 * width(rated["alike"])
    # Two seeds 350 Elo apart: their learner may well lie beyond both, though not very far.
    assert rated["apart"].low < low
    assert rated["apart"].high > high
    assert width(rated["apart"]) < 4 * (high - low)


def test_other_groups_tell_how_far_seeds_lie_apart():
    """Two seeds that came out alike are less of a proof where those of others did not."""
    rng = np.random.default_rng(7)
    widths = []
    for gap in (0.0, 3.0):
        strengths = np.array([0.0, 1.0, 1.0, 1 - gap / 2, 1 + gap / 2, 1 - gap / 2, 1 + gap / 2])
        results = tournament(rng, strengths, 60)
        groups = {"alike": ("b", "c"), "second": ("d", "e"), "third": ("f", "g")}
        widths.append(width(rate_groups(results, groups, "a").groups[0]))
    assert widths[1] > 1.5 * widths[0]


def test_games_that_share_a_block_count_once():
    """If one player wins both games of each opening there are half as many facts."""
    games = [(0, 1, 1.0)] * 120 + [(0, 1, 0.0)] * 80
    games += [(second, first, 1 - score) for first, second, score in games]
    number = list(range(200)) * 2
    joint = make_results([(*game, block) for game, block in zip(games, number, strict=True)])
    apart = make_results(games)
    wide, narrow = (rate_groups(r, {"b": ("b",)}, "a") for r in (joint, apart))
    assert wide.groups[0].elo == pytest.approx(narrow.groups[0].elo)
    assert 1.25 < width(wide.groups[0]) / width(narrow.groups[0]) < 1.55  # sqrt(2)
    assert wide.effect == pytest.approx(2, abs=0.1)
    assert narrow.effect == pytest.approx(1, abs=0.01)


def test_openings_that_favour_a_colour_narrow_the_interval():
    """Each player wins once from each opening: that happens by chance for half of them only."""
    games = [(0, 1, float(k % 2)) for k in range(100)]
    games += [(1, 0, float(k % 2)) for k in range(100)]
    number = list(range(100)) * 2
    joint = make_results([(*game, block) for game, block in zip(games, number, strict=True)])
    narrow, wide = (rate_groups(r, {"b": ("b",)}, "a") for r in (joint, make_results(games)))
    assert narrow.effect < 0.2
    assert width(narrow.groups[0]) < 0.6 * width(wide.groups[0])


def test_equal_block_numbers_in_other_pairs_are_other_blocks():
    rng = np.random.default_rng(7)
    results = tournament(rng, np.array([0.0, 0.5, 1.0]), 6)
    opening = Results(
        results.names, results.first, results.second, results.score, results.block % 6
    )
    rated = [rate_groups(r, singles(r), repeats=50).groups for r in (results, opening)]
    assert rated[0] == rated[1]


def test_interval_of_games_that_were_all_won_is_lopsided():
    rated = rate_groups(
        make_results(repeated(0, 1, 10, 0) + repeated(1, 0, 0, 10)), {"a": ("a",)}, "b"
    )
    [rating] = rated.groups
    assert 200 < rating.low < 450  # 20 wins of 20 are unlikely (2.5 %) with less than 270 Elo
    assert rating.high - rating.elo > 2 * (rating.elo - rating.low)


def test_colour_and_draws_are_estimated_with_intervals():
    rng = np.random.default_rng(9)
    first, second = np.repeat([0, 1], 300), np.repeat([1, 0], 300)
    luck = rng.random(600)  # Black wins 0.5, draws 0.2, loses 0.3
    score = np.where(luck < 0.5, 1.0, np.where(luck < 0.7, 0.5, 0.0))
    rated = rate_groups(Results(("a", "b"), first, second, score, np.arange(600)), {"b": ("b",)})
    colour, draw = rated.colour, rated.draw
    assert colour.low < 400 * np.log10(0.5 / 0.3) < colour.high
    assert colour.low < colour.value < colour.high < colour.low + 150
    nu = 0.2 / np.sqrt(0.5 * 0.3)
    assert draw.low < nu / (2 + nu) < draw.high < draw.low + 0.1
    # The anchor of this pool is its middle.
    assert -60 < rated.groups[0].low < 0 < rated.groups[0].high < 60


def test_superiority_and_differences_come_from_the_draws():
    rng = np.random.default_rng(10)
    results = tournament(rng, np.array([0.0, 0.3, 2.0]), 20)
    rated = rate_groups(results, singles(results), "a", 2000)
    table = rated.superiority()
    assert np.diag(table) == pytest.approx(np.full(3, 0.5))
    assert table + table.T == pytest.approx(np.ones((3, 3)))
    assert table[2, 0] > 0.99
    assert table[1, 0] == pytest.approx((rated.draws[:, 1] > 0).mean())
    gap = rated.difference("c", "b")
    assert gap.value == pytest.approx(rated.groups[2].elo - rated.groups[1].elo)
    assert gap.low < gap.value < gap.high
    # Both stand against the same anchor, whose noise does not matter between them.
    independent = np.hypot(width(rated.groups[2]), width(rated.groups[1]))
    assert gap.high - gap.low < 0.95 * independent
    with pytest.raises(ValueError, match=r"^b must be one of a, b, c, not 'z'"):
        rated.difference("a", "z")


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
def test_rate_groups_refuses(arguments, message):
    results = make_results(repeated(0, 1, 2, 1))
    with pytest.raises(ValueError, match=f"^{message}"):
        rate_groups(results, **{"groups": {"x": ("a",)}, **arguments})


def test_narrower_confidence_covers_less():
    """A check on the check: nominal 50 % intervals must not cover as 95 % ones do."""
    rng = np.random.default_rng(9)
    covered = []
    for _ in range(60):
        truth = rng.normal(0, 1, 6)
        results = tournament(rng, truth, 10)
        truth = (truth - truth.mean()) * ELO_PER_NAT
        rated = rate_groups(results, singles(results), repeats=200, confidence=0.5, rng=rng)
        covered += [r.low <= elo <= r.high for r, elo in zip(rated.groups, truth, strict=True)]
    assert 0.4 < np.mean(covered) < 0.6
