"""Variance over length: weights worked out by hand, and gradients whose variance theory knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.studies.data import Rows
from algorithms.studies.games import PlayedGames, log_policy, play
from algorithms.studies.gradients import GradientSums, gram_rows
from algorithms.studies.study import Estimate
from algorithms.studies.variance_vs_length import (
    VarianceConfig,
    _games_needed,
    analyse,
    credit_weights,
    surrogates,
)
from goenv import Rules

RULES = Rules(3, komi=0.5, max_moves=12)
SMALL = NetworkConfig(blocks=1, channels=4, head_channels=4)


@pytest.fixture(scope="module")
def played() -> PlayedGames:
    return play(Model(SMALL, seed=3), RULES, 5, np.random.default_rng(1))


def test_weights_of_rewards_at_every_move(played):
    lead = np.array([[0.0, 1, -1, 2], [0, 3, 3, 3]])  # Black's, before the first move and after
    two = replace(
        played,
        game=np.array([0, 0, 0, 1]), at=np.array([0, 1, 2, 0]),
        action=np.zeros(4, np.int64), colour=np.array([1, -1, 1, 1], np.int8),
        length=np.array([3, 1]), outcome=np.array([1.0, -1.0]), lead=lead,
    )  # fmt: skip
    found = credit_weights(two, np.zeros(4), 0.25, np.random.default_rng(0))
    # Black gains 1, White 2, Black 3: the whole is 2 for Black.
    assert found["area"].tolist() == [2, -2, 2, 3]
    # From the second move on Black comes by -2 + 3, from the third by 3.
    assert found["area to go"].tolist() == [2, -1, 3, 3]
    assert found["outcome"].tolist() == [1, -1, 1, -1]
    assert found["constant"].tolist() == [0.75, -0.75, 0.75, -1.25]
    assert found["coin"][0] == found["coin"][2] == -found["coin"][1]
    assert found["coin"][0] == found["coin to go"][0]
    assert abs(found["coin to go"][2]) == abs(found["coin"][3]) == 1
    assert (abs(found["signs"]) == 1).all()


def test_surrogates_weigh_the_moves_that_were_played(played):
    model = Model(SMALL, seed=3)
    moves = played.moves_of(2)
    target = np.zeros((len(played.game), 10), np.float32)
    target[:, [0, 4]] = 0.25, 0.75
    weights = {"outcome": np.linspace(-1, 1, len(played.game))}
    with torch.no_grad():
        logs = log_policy(
            model, torch.from_numpy(played.planes[moves]), torch.from_numpy(played.allowed[moves])
        ).clamp_min(-20)
    found = surrogates(replace(played, target=target), weights)(logs, moves)
    lines = logs.numpy().astype(np.float64)
    chosen = lines[np.arange(len(moves)), played.action[moves]]
    assert float(found["outcome"]) == pytest.approx(weights["outcome"][moves] @ chosen, rel=1e-4)
    expected = (0.25 * lines[:, 0] + 0.75 * lines[:, 4]).sum()
    assert float(found["search"]) == pytest.approx(expected, rel=1e-4)


def known_rows(lengths, games=300, blocks=10, drift=0.0):
    """Rows of games whose moves have independent gradients of mean squared length 20.

    The policy is a table and players take turns, so that all that theory says is exact: with one
    outcome for all moves the variance grows as T, with coins at every move as T².
    """
    rng = np.random.default_rng(0)
    rows = []
    for length in lengths:
        found = []
        for _ in range(blocks):
            own = rng.normal(size=(games, length, 20))
            colour = np.where(np.arange(length) % 2, -1.0, 1.0)
            outcome = rng.choice([-1.0, 1.0], size=games)
            coins = rng.choice([-1.0, 1.0], size=(games, length))
            to_go = coins[:, ::-1].cumsum(axis=1)[:, ::-1]
            weights = {
                "outcome": colour * outcome[:, None],
                "coin": colour * coins.sum(axis=1, keepdims=True),
                "coin to go": colour * to_go,
                "signs": rng.choice([-1.0, 1.0], size=(games, length)),
                "search": np.ones((games, length)),
            }
            block = {}
            for kind, weight in weights.items():
                each = (weight[:, :, None] * own).sum(axis=1)
                each[:, 0] += drift
                total = torch.from_numpy(each.sum(axis=0))
                block[kind] = GradientSums(total, float((each**2).sum()), games)
            found.append(block)
        rows += [
            {"policy": "untrained", "setting": "forced", "size": 9, "length": float(length), **row}
            for row in gram_rows(found)
        ]
    return Rows(rows)


def test_exponents_are_those_of_theory():
    lengths = (4, 8, 16, 32)
    config = VarianceConfig(policies=("untrained",), lengths=lengths, sizes=(3,))
    measured = analyse(known_rows(lengths), config).measured
    for kind, low, high in (("outcome", 0.9, 1.1), ("coin", 1.85, 2.15)):
        found = measured[f"{kind}, untrained, forced"]
        assert low < found.low < found.value < found.high < high
    # Rewards to go leave half of the coins out: (T + 1) / 2T.
    ratio = measured["coin to go over total"]
    assert ratio.low < 33 / 64 < ratio.high
    assert ratio.high - ratio.low < 0.2


def test_the_variance_and_the_games_that_are_needed():
    config = VarianceConfig(policies=("untrained",), lengths=(4, 8), sizes=(3,))
    table = analyse(known_rows((4, 8), drift=3.0), config).sheets[1].rows
    row = next(
        each for each in table if each["credit"] == "outcome" and each["moves"] == 4
    )  # fmt: skip
    assert row["variance"] == pytest.approx(80, rel=0.05)
    assert row["signal_low"] < 9 < row["signal_high"]
    assert row["games_needed"] == pytest.approx(80 / 9, rel=0.15)

    assert _games_needed(80, Estimate(8, 4, 16)) == Estimate(10, 5, 20)
    assert _games_needed(80, Estimate(8, -1, 16)) == Estimate(10, 5, np.inf)
    assert _games_needed(80, Estimate(-1, -2, 4)) == Estimate(np.inf, 20, np.inf)
