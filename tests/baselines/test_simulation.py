"""Made-up results have the chances that they are said to have."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.simulation import round_robin


def test_chances_by_hand():
    """400 Elo are odds of ten to one; Black's advantage adds to them."""
    results = round_robin(np.random.default_rng(0), [400, 0], 20_000, colour=100)
    black, white = (results.score[results.first == player].mean() for player in (0, 1))
    assert black == pytest.approx(1 / (1 + 10**-1.25), abs=0.01)
    assert white == pytest.approx(1 / (1 + 10**0.75), abs=0.01)


def test_draws_between_equals_and_others():
    rng = np.random.default_rng(1)
    equal = round_robin(rng, [0, 0], 20_000, draws=0.3).score
    assert [(equal == s).mean() for s in (0, 0.5, 1)] == pytest.approx([0.35, 0.3, 0.35], abs=0.01)
    apart = round_robin(rng, [400, 0], 20_000, draws=0.3)
    score = apart.score[apart.first == 0]
    odds = np.array([10**-0.5, 0.6 / 0.7, 10**0.5])
    shares = [(score == s).mean() for s in (0, 0.5, 1)]
    assert shares == pytest.approx(odds / odds.sum(), abs=0.01)


@pytest.mark.parametrize("same", [-0.6, 0.0, 0.5])
def test_openings_correlate(same):
    results = round_robin(np.random.default_rng(2), [0, 0], 20_000, same=same)
    half = len(results.score) // 2
    assert (results.block[:half] == results.block[half:]).all()
    pairs = results.score[:half], 1 - results.score[half:]  # of the first player
    assert np.corrcoef(*pairs)[0, 1] == pytest.approx(same, abs=0.02)


def test_ring_and_names():
    results = round_robin(np.random.default_rng(3), np.zeros(4), 5_000, ring=400, names="abcd")
    assert results.names == tuple("abcd")
    points = np.zeros((4, 4))
    np.add.at(points, (results.first, results.second), results.score)
    np.add.at(points, (results.second, results.first), 1 - results.score)
    share = points / 10_000
    for player in range(4):
        assert share[player, (player + 1) % 4] == pytest.approx(10 / 11, abs=0.02)
        assert share[player, (player + 2) % 4] == pytest.approx(0.5, abs=0.02)
