"""Weights of moves, on games small enough to work out."""

from __future__ import annotations

import numpy as np
import pytest

from algorithms.credit import CreditConfig, move_weights

# Two games: Black wins one of three moves, White wins one of two. The movers alternate.
LENGTH = np.array([3, 2])
OUTCOME = np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, 0.0]])
VALUES = np.array([[0.2, 0.1, 0.6], [0.5, -0.3, 0.0]])
BASELINE = np.array([[0.25, -0.25, 0.25], [0.25, -0.25, 0.25]])


def weights(rung, **settings):
    return move_weights(
        CreditConfig(rung=rung, **settings), OUTCOME, VALUES, LENGTH, BASELINE
    ).tolist()


@pytest.mark.parametrize(
    ("rung", "expected"),
    [
        ("winner", [[1, 0, 1], [0, 1, 0]]),
        ("outcome", [[1, -1, 1], [-1, 1, 0]]),
        ("constant", [[0.75, -0.75, 0.75], [-1.25, 1.25, 0]]),
        ("value", [[0.8, -1.1, 0.4], [-1.5, 1.3, 0]]),
        ("sequence", [[1 / 3, -1 / 3, 1 / 3], [-1 / 2, 1 / 2, 0]]),
    ],
)
def test_each_rung(rung, expected):
    np.testing.assert_allclose(weights(rung), expected)


def test_advantages_of_one_step_are_differences_of_values():
    # Game 1: Black's 0.2 becomes 0.6, and that a win; White has one move, its 0.1 becomes a loss.
    np.testing.assert_allclose(
        weights("gae", gae_lambda=0), [[0.4, -1.1, 0.4], [-1.5, 1.3, 0]], atol=1e-12
    )


def test_advantages_to_the_end_are_outcomes_less_values():
    np.testing.assert_allclose(weights("gae", gae_lambda=1), weights("value"), atol=1e-12)


def test_advantages_between_decay_with_every_move():
    # A_2 = 0.4; A_0 = 0.4 + 0.5 * A_2.
    np.testing.assert_allclose(
        weights("gae", gae_lambda=0.5), [[0.6, -1.1, 0.4], [-1.5, 1.3, 0]], atol=1e-12
    )


def test_advantages_are_fair_to_who_is_stronger_whoever_moves():
    """With the right values of a player who wins four games in five, they are zero on average."""
    rng = np.random.default_rng(0)
    length = rng.integers(4, 9, size=20_000)
    own = np.arange(8) % 2 == 0
    won = np.where(rng.random(20_000) < 0.8, 1.0, -1.0)
    outcome = np.where(own, won[:, None], -won[:, None])
    # The network has learned the own positions alone, and takes all others for such.
    values = np.full((20_000, 8), 0.6)
    for decay in (0.0, 0.5, 0.95, 1.0):
        config = CreditConfig(rung="gae", gae_lambda=decay)
        found = move_weights(config, outcome, values, length, np.zeros_like(outcome))
        played = np.arange(8) < length[:, None]
        assert abs(found[played & own].mean()) < 0.02


def test_what_lies_past_the_end_of_a_game_changes_nothing():
    more = [np.pad(array, ((0, 0), (0, 2)), constant_values=7) for array in (OUTCOME, VALUES)]
    for rung in ("winner", "outcome", "value", "gae", "sequence"):
        config = CreditConfig(rung=rung)
        longer = move_weights(config, *more, LENGTH, np.zeros((2, 5)))
        np.testing.assert_allclose(longer[:, :3], weights(rung), atol=1e-12)
        assert not longer[:, 3:].any()
