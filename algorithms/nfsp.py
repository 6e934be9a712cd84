"""Neural fictitious self-play (Heinrich and Silver 2016, "Deep Reinforcement Learning from
Self-Play in Imperfect-Information Games").

Two networks. One is a best response to what the others do on average: it learns Q from a circular
buffer, and the opponent's move belongs to the environment, so its targets look two plies on. The
other is the average of all the best responses so far: it learns by classification from a reservoir
in which each move that the best response ever made is kept with the same probability. For every
game each side is drawn anew: with probability `anticipation` it plays the best response, else the
average policy.

It is the average policy that approaches an equilibrium and that is judged; the best response is
stored beside it, `best_response.safetensors` in each checkpoint.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from algorithms.budget import Ledger, charging
from algorithms.learner import LearnerConfig, OptimiserConfig, Starts, as_tensors, rng_state
from algorithms.model import Model, NetworkEvaluator
from algorithms.players import PlayConfig, network_agent
from algorithms.q_network import QConfig, QLearner
from algorithms.replay import Samples
from algorithms.reservoir import Reservoir
from algorithms.training import LossConfig, Trainer, mean_metrics
from algorithms.transitions import TransitionGames, played_metrics
from baselines.agent import Agent, sample_actions
from goenv import BLACK, Rules


class NfspConfig(LearnerConfig):
    """Settings of `Nfsp`."""

    algorithm: Literal["nfsp"] = "nfsp"
    games: int = Field(128, ge=1, description="games side by side")
    moves: int = Field(16, ge=1, description="moves in each game between trainings")
    anticipation: float = Field(
        0.1, gt=0, lt=1, description="share of sides that play the best response (eta)"
    )
    q: QConfig = QConfig(plies=2, exploration=0.15, final_exploration=0.03, reuse=1.5)
    average_optimiser: OptimiserConfig = OptimiserConfig()
    reservoir_capacity: int = Field(200_000, ge=1, description="moves of best responses kept")
    reservoir_minimum: int = Field(500, ge=1, description="moves before training on them begins")
    average_reuse: float = Field(
        0.5, gt=0, description="samples that the average policy is trained on for each move played"
    )
    play: PlayConfig = PlayConfig(temperature=1.0)

    @model_validator(mode="after")
    def _own_moves(self) -> NfspConfig:
        if self.q.plies % 2:
            raise ValueError(
                "q.plies must be even: the best response learns from its own next position; got "
                f"{self.q.plies}"
            )
        return self


class Nfsp:
    """The learner.

    Args:
        config: settings.
        rules: of the training games.
        seed: of weights and games.
    """

    def __init__(self, config: NfspConfig, rules: Rules, seed: int):
        self.config = config
        self.model = Model(config.network, seed, compiled=config.compile)
        self._response = Model(config.network, seed + 1, compiled=config.compile)
        self._q = QLearner(self._response, config.optimiser, config.q, rules.size, [seed, 0xF59, 0])
        self._reservoir = Reservoir(config.reservoir_capacity, rules.size, [seed, 0xF59, 1])
        # The worth that the best response sees in a position is the target of the value.
        loss = LossConfig(search_value=1.0)
        self._trainer = Trainer(self.model, config.average_optimiser, loss)
        starts = Starts(config.start, rules)
        self._games = TransitionGames(starts, config.games, config.q.plies, [seed, 0xF59, 2])
        self._rng = np.random.default_rng([seed, 0xF59, 3])
        # Whether Black, and White, of each game plays the best response.
        self._responds = self._rng.random((config.games, 2)) < config.anticipation
        self._owed = 0.0

    def step(self, ledger: Ledger) -> dict[str, float]:
        """Play `moves` moves in every game, then train both networks."""
        config, games, played = self.config, self._games, []
        games.batch.ledger = ledger
        games.begin()
        explored = config.q.explored(ledger.progress())
        with charging(ledger):
            for _ in range(config.moves):
                actions, worth, responds = self._choose(explored)
                played.append(games.play(actions))
                positions = played[-1].positions
                positions.value[:], positions.score[:] = worth, np.nan
                self._reservoir.add(positions[responds])
                self._q.add(played[-1].transitions)
                self._owed += config.average_reuse * config.games
                over = played[-1].over
                redrawn = self._rng.random((len(over), 2)) < config.anticipation
                self._responds[over] = redrawn
        metrics = played_metrics(played) | {"explored": explored}
        metrics |= self._q.train(ledger)
        return metrics | self._train_average(ledger)

    def _choose(self, explored: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Moves [B], what the best response thinks of its positions, and where it is to move."""
        batch = self._games.batch
        seat = np.where(batch.to_play == BLACK, 0, 1)
        responds = self._responds[np.arange(len(batch)), seat]
        actions = np.zeros(len(batch), np.int64)
        worth = np.full(len(batch), np.nan, np.float32)
        best, average = np.flatnonzero(responds), np.flatnonzero(~responds)
        if len(best):
            actions[best], worth[best] = self._q.act(batch, best, explored, self._rng)
        if len(average):
            logits, _ = NetworkEvaluator(self.model).evaluate(batch, average)
            legal = batch.legal_actions()[average]
            actions[average] = sample_actions(np.where(legal, logits, -np.inf), self._rng)
        return actions, worth, best

    def _train_average(self, ledger: Ledger) -> dict[str, float]:
        size, records = self.config.q.batch_size, []
        if len(self._reservoir) < min(self.config.reservoir_minimum, self._reservoir.capacity):
            return {}

        def draw(count: int, rng: np.random.Generator) -> Samples:
            return self._reservoir.sample(count, rng)

        while self._owed >= size:
            self._owed -= size
            records.append(self._trainer.update(draw, size, self._rng, ledger))
        metrics = {f"average_{name}": value for name, value in mean_metrics(records).items()}
        return metrics | {"reservoir": float(len(self._reservoir))}

    def agent(self) -> Agent:
        """The average policy, as `config.play` says."""
        return network_agent(self.model, self.config.play, "nfsp")

    def companions(self) -> dict[str, tuple[Model, PlayConfig]]:
        """The best response, which plays its best move."""
        return {"best_response": (self._response, PlayConfig())}

    def state_dict(self) -> dict[str, Any]:
        """See `Learner`."""
        return {
            "response": self._response.state_dict(),
            "q": self._q.state_dict(),
            "reservoir": self._reservoir.state_dict(),
            "optimiser": self._trainer.optimiser.state_dict(),
            "games": self._games.state_dict(),
            "rng": rng_state(self._rng),
            "responds": self._responds,
            "owed": self._owed,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """See `Learner`."""
        self._response.load_state_dict(as_tensors(saved["response"]))
        self._q.load_state_dict(saved["q"])
        self._reservoir.load_state_dict(saved["reservoir"])
        self._trainer.optimiser.load_state_dict(saved["optimiser"])
        self._games.load_state_dict(saved["games"])
        self._rng.bit_generator.state = saved["rng"]
        self._responds = saved["responds"]
        self._owed = float(saved["owed"])
