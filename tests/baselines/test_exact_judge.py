"""Players judged by the exact truth of 3x3."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.agent import RandomAgent
from baselines.arena import play_games
from baselines.exact_judge import best_policy, exploitability, judge_exactly, visits_of
from baselines.oracle import Oracle
from goenv import BLACK, Rules


@pytest.fixture(scope="module")
def oracle():
    return Oracle(Rules(3, komi=8.5, superko="simple", max_moves=24))


@pytest.fixture(scope="module")
def uniform(oracle):
    return (oracle.legal / oracle.legal.sum(axis=1, keepdims=True)).astype(np.float32)


def test_visits_are_those_of_games_played(oracle, uniform):
    visits = visits_of(oracle, uniform, opening_moves=0)
    assert visits[0, oracle.start] == visits[0].sum() == 1
    # Two passes end a game, and nothing else does: one in a hundred after the second move.
    assert visits[2].sum() == pytest.approx(0.99)
    games = play_games(
        RandomAgent(), RandomAgent(), oracle.rules, [()] * 2000, np.random.default_rng(0)
    )
    lengths = np.array([len(game.moves) for game in games])
    for ply in range(1, 24, 4):
        assert visits[ply].sum() == pytest.approx((lengths > ply).mean(), abs=0.04)
    opened = visits_of(oracle, uniform, opening_moves=2)
    assert not opened[:2].any()
    assert opened[2].sum() == pytest.approx(1)


def test_random_play_loses_nearly_everything(oracle, uniform):
    judged = judge_exactly(oracle, uniform)
    assert 0.4 < judged.mistake_rate < 0.9
    assert judged.score_regret > 1
    # Black takes the whole board in any case; White takes it too, from one who plays at random.
    assert 8 < judged.score_exploitability <= 9
    assert judged.outcome_exploitability > 0.99


def test_a_player_that_gives_nothing_up_until_the_limit_is_near(oracle, uniform):
    policy = best_policy(oracle, 24)
    policy[policy.sum(axis=1) == 0] = uniform[policy.sum(axis=1) == 0]
    judged = judge_exactly(oracle, policy)
    random = judge_exactly(oracle, uniform)
    assert judged.mistake_rate < 0.25 * random.mistake_rate
    assert judged.score_exploitability < 0.5 * random.score_exploitability


def test_a_mistake_costs_what_the_oracle_says(oracle):
    """A policy that is right but for Black's first move."""
    values = oracle.values("score")
    lost = oracle.gives_up(values, 24)[oracle.start]
    corner, centre = 0, 4
    assert lost[centre] == 0
    assert lost[corner] > 0
    responder = BLACK * -1
    for first, cost in ((centre, 0), (corner, lost[corner])):
        # White plays best; Black too, but for its first move.
        after = oracle.successors[oracle.start, first]
        assert values[24, oracle.start] - values[23, after] == cost
    policy = np.zeros_like(oracle.legal, np.float32)
    policy[:, -1] = 1  # always passes
    worth = oracle.best_response(policy, responder)[-1, oracle.start]
    assert worth == -9 - 8.5
    assert exploitability(oracle, policy) == pytest.approx((18 + 0) / 2)


def test_blunders_are_the_mistakes_that_cost_the_game(oracle, uniform):
    judged = judge_exactly(oracle, uniform)
    assert 0 < judged.blunder_rate < judged.mistake_rate
    # With so much komi Black wins whatever anybody does; the points are worth what they were.
    decided = Oracle(Rules(3, komi=-50.5, superko="simple", max_moves=24))
    again = judge_exactly(decided, uniform)
    assert again.blunder_rate == 0
    assert again.mistake_rate == pytest.approx(judged.mistake_rate)
    assert again.score_regret == pytest.approx(judged.score_regret, rel=1e-4)
