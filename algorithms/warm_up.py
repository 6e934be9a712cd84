"""Compile everything ahead of its first use."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from algorithms.budget import Ledger
from algorithms.learners import LEARNERS
from algorithms.players import uct_agent
from baselines.agent import RandomAgent
from baselines.arena import play_games, positions
from baselines.sgf import to_sgf
from goenv import (
    GoBatch,
    GoEnv,
    GoVectorEnv,
    Rules,
    aec_env,
    pair_go_env,
    phantom_go_env,
)
from goenv.compat import pettingzoo_go_v5
from goenv.perft import perft

# Settings with which a step of a learner takes no time and leaves out nothing compiled.
SMALL: dict[str, dict[str, Any]] = {
    "alphazero": {
        "self_play": {"games": 2}, "replay_minimum": 1, "batch_size": 2, "warm_up_games": 1,
        "relabel": 1, "play": {"simulations": 2, "root": "gumbel"},
    },
    "best_response": {"ppo": {"games": 2, "moves": 2, "batch_size": 2}},
    "league": {
        "ppo": {"games": 2, "moves": 2, "batch_size": 2},
        "response_updates": 1,
        "batch_size": 2,
    },
    "nfsp": {"games": 2, "q": {"plies": 2, "minimum": 1, "batch_size": 2}, "reservoir_minimum": 1},
    "q_learning": {"games": 2, "q": {"minimum": 1, "batch_size": 2}},
    "reinforce": {"games": 2},
}  # fmt: skip


def warm_up_environments() -> None:
    """Play a few moves in every environment, on the smallest of boards, and count games."""
    rules = Rules(2, max_moves=4)
    batch = GoBatch(2, rules, seed=0)
    batch.step(batch.random_actions())
    batch.observe(("own", "legal"))
    batch.play_out()
    opponents: tuple[Any, ...] = (None, "random", RandomAgent())
    for opponent in opponents:
        envs = GoVectorEnv(2, size=2, opponent=opponent)
        envs.reset(seed=0)
        env = GoEnv(size=2, opponent="random" if opponent is None else opponent)
        env.reset(seed=0)
        envs.step(envs.batch.random_actions())
        env.step(0)
    for both in (
        pettingzoo_go_v5.env(board_size=3), aec_env(size=3), pair_go_env(size=3),
        phantom_go_env(size=3),
    ):  # fmt: skip
        both.reset(seed=0)
        for _ in range(2):
            both.last()
            both.step(int(np.flatnonzero(both.last()[0]["action_mask"])[0]))
    perft(rules, 2)


@cache
def warm_up(algorithm: str | None = None) -> None:
    """Let a learner take a step and its agent meet others, on the smallest of boards.

    Without a name every learner does, and the environments. What numba compiles on the way it keeps
    on disk, for all processes to come; a second call in a process does nothing. The machine code is
    the same for boards of every size.
    """
    if algorithm is None:
        warm_up_environments()
    rules = Rules(2, max_moves=4)
    rng = np.random.default_rng(0)
    uct = uct_agent(2)
    record = play_games(uct, RandomAgent(), rules, [()], rng)[0]
    for position in positions(record):  # what reports draw
        position.boards()
    to_sgf(record)
    for name, (learner_class, config_class) in LEARNERS.items():
        if algorithm not in (None, name) or name not in SMALL:
            continue  # of learners of others nobody knows how to make them small
        small = {"network": {"blocks": 1, "channels": 4}, **SMALL[name]}
        learner = learner_class(config_class.model_validate(small), rules, 0)
        for _ in range(1 + ("warm_up_games" in small)):
            learner.step(Ledger())
        learner.load_state_dict(learner.state_dict())  # as a run that is resumed
        play_games(learner.agent(), uct, rules, [()], rng)
