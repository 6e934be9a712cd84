"""Q-learning by self-play: masked double DQN with n-step returns (Mnih et al. 2015).

One network plays both sides. What a move is worth is learned from the position some plies later,
where after an odd number of plies the other side is to move: the sign of its worth alternates with
the mover. The greedy player is the result. Exploration is by random moves, a share that falls.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from algorithms.budget import Ledger, charging
from algorithms.learner import LearnerConfig, Starts, rng_state
from algorithms.model import Model
from algorithms.players import network_agent
from algorithms.q_network import QConfig, QLearner
from algorithms.transitions import TransitionGames, played_metrics
from baselines.agent import Agent
from goenv import Rules


class QLearningConfig(LearnerConfig):
    """Settings of `QLearning`."""

    algorithm: Literal["q_learning"] = "q_learning"
    games: int = Field(128, ge=1, description="games side by side")
    moves: int = Field(16, ge=1, description="moves in each game between trainings")
    q: QConfig = QConfig()


class QLearning:
    """The learner.

    Args:
        config: settings.
        rules: of the training games.
        seed: of weights and games.
    """

    def __init__(self, config: QLearningConfig, rules: Rules, seed: int):
        self.config = config
        self.model = Model(config.network, seed, compiled=config.compile)
        self._q = QLearner(self.model, config.optimiser, config.q, rules.size, [seed, 0x9, 0])
        starts = Starts(config.start, rules)
        self._games = TransitionGames(starts, config.games, config.q.plies, [seed, 0x9, 1])
        self._rng = np.random.default_rng([seed, 0x9, 2])

    def step(self, ledger: Ledger) -> dict[str, float]:
        """Play `moves` moves in every game, then train as many samples as are owed."""
        games, played = self._games, []
        games.batch.ledger = ledger
        games.begin()
        explored = self.config.q.explored(ledger.progress())
        everywhere = np.arange(len(games.batch))
        with charging(ledger):
            for _ in range(self.config.moves):
                actions, _ = self._q.act(games.batch, everywhere, explored, self._rng)
                played.append(games.play(actions))
                self._q.add(played[-1].transitions)
        return played_metrics(played) | {"explored": explored} | self._q.train(ledger)

    def agent(self) -> Agent:
        """The greedy policy, unless `config.play` says otherwise."""
        return network_agent(self.model, self.config.play, "q_learning")

    def state_dict(self) -> dict[str, Any]:
        """See `Learner`."""
        return {
            "q": self._q.state_dict(),
            "games": self._games.state_dict(),
            "rng": rng_state(self._rng),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """See `Learner`."""
        self._q.load_state_dict(saved["q"])
        self._games.load_state_dict(saved["games"])
        self._rng.bit_generator.state = saved["rng"]
