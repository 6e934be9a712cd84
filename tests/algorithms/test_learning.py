"""Every learner learns something on 3x3 within a minute, measured against the exact truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from algorithms.budget import Budget, Ledger
from algorithms.config import TrainConfig, make_learner
from algorithms.learner import companions_of
from algorithms.players import network_agent
from baselines.agent import RandomAgent
from baselines.exact_judge import judge_exactly
from baselines.oracle import Oracle
from goenv import Rules

RULES = {"size": 3, "komi": 8.5, "superko": "simple", "max_moves": 24}
RANDOM = 0.479  # mistake rate of random play, see the first test

# Settings, moves played in games, and the mistake rate that is enough.
LEARNERS: dict[str, tuple[dict[str, Any], int, float]] = {
    "best_response": ({"opponents": {"random": 1, "uct:20": 1}}, 150_000, 0.34),
    "league": ({"response_updates": 12}, 200_000, 0.42),
    "nfsp": ({"anticipation": 0.3}, 200_000, 0.43),
    "q_learning": ({}, 130_000, 0.35),
    "reinforce": ({"credit": {"rung": "value"}, "entropy_weight": 0.02}, 120_000, 0.37),
}


@pytest.fixture(scope="module")
def oracle():
    return Oracle(Rules(**RULES))


def mistakes(oracle, agent):
    policy = oracle.policy_of(agent, np.random.default_rng(0))
    return judge_exactly(oracle, policy).mistake_rate


def test_random_play_mistakes_half_of_its_moves(oracle):
    assert mistakes(oracle, RandomAgent()) == pytest.approx(RANDOM, abs=0.001)


@pytest.mark.learning
@pytest.mark.parametrize("name", LEARNERS)
def test_it_learns_to_make_fewer_mistakes(oracle, name):
    settings, moves, enough = LEARNERS[name]
    data = {
        "name": "x",
        "game": RULES,
        "learner": {
            "algorithm": name,
            "network": {"blocks": 2, "channels": 32},
            "start": {"random_moves": 2},
            **settings,
        },
        "budget": {"env_steps": moves},
    }
    config = TrainConfig.model_validate(data)
    learner = make_learner(config.learner, config.game.rules(), 0)
    ledger = Ledger(budget=Budget(env_steps=moves))
    while not ledger.exhausted():
        learner.step(ledger)
    found = mistakes(oracle, learner.agent())
    others = {
        title: mistakes(oracle, network_agent(model, play, title))
        for title, (model, play) in companions_of(learner).items()
    }
    assert found < enough
    assert all(rate < enough for rate in others.values())
