"""AlphaZero (Silver et al. 2017, 2018): distil a search into the network that guides it.

Every move of every self-play game is searched. The network's policy is trained on the share of
visits the search gave each action, its value on the outcome of the game, for won and lost games
alike. There is no temporal difference and no return to assign: each visited position gets a
better label for its move, whoever won.

The loop is synchronous: play `moves_per_step` moves in all games, train on a sample of the
replay buffer so that each position is used `reuse` times on average, repeat.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch.nn import functional as F

from algorithms.budget import Ledger, MeteredBatch
from algorithms.learner import LearnerConfig, Optimiser, Starts, rng_state
from algorithms.model import Model, NetworkEvaluator, masked_log_policy
from algorithms.networks import NETWORK_PLANES
from algorithms.players import PlayConfig, network_agent
from algorithms.replay import ReplayBuffer
from algorithms.search import Search, SearchConfig
from baselines.agent import Agent, sample_actions
from goenv import Rules


class AlphaZeroConfig(LearnerConfig):
    """Settings of `AlphaZero`."""

    algorithm: Literal["alphazero"] = "alphazero"
    search: SearchConfig = SearchConfig(simulations=32, noise_fraction=0.25)
    play: PlayConfig = PlayConfig(simulations=64)
    games: int = Field(256, ge=1, description="self-play games side by side")
    moves_per_step: int = Field(4, ge=1, description="moves in each game between trainings")
    temperature_moves: int = Field(
        10,
        ge=0,
        description="moves of a game that are drawn by visits; later ones are the best",
    )
    concede_below: float = Field(
        0.95, ge=0, le=1, description="a side valued below minus this passes; 1: none ever does"
    )
    played_out: float = Field(
        0.15, ge=0, le=1, description="share of games in which nobody concedes"
    )
    replay_capacity: int = Field(40_000, ge=1, description="positions kept")
    replay_minimum: int = Field(2_000, ge=1, description="positions before training begins")
    reuse: float = Field(4.0, gt=0, description="times a position is trained on, on average")
    batch_size: int = Field(512, ge=1)
    value_weight: float = Field(1.0, ge=0, description="weight of the value loss")


class _Histories:
    """What the running games have seen, until their outcome is known."""

    def __init__(self, games: int, max_moves: int, size: int):
        shape = (games, max_moves)
        self.planes = np.zeros((*shape, len(NETWORK_PLANES), size, size), np.float16)
        self.policy = np.zeros((*shape, size * size + 1), np.float16)
        self.colour = np.zeros(shape, np.int8)
        self.length = np.zeros(games, np.int64)

    def append(self, games: np.ndarray, planes: np.ndarray, policy: np.ndarray, colour: np.ndarray):
        """Add one position to each of `games`."""
        slots = self.length[games]
        self.planes[games, slots] = planes
        self.policy[games, slots] = policy
        self.colour[games, slots] = colour
        self.length[games] += 1


class AlphaZero:
    """The learner.

    Args:
        config: settings.
        rules: of the training games; `max_moves` must be set.
        seed: of weights, games and samples.
    """

    def __init__(self, config: AlphaZeroConfig, rules: Rules, seed: int):
        assert rules.max_moves is not None, "the run's configuration sees to this"
        self.config = config
        self.model = Model(config.network, seed)
        self._optimiser = Optimiser(self.model.network, config.optimiser)
        self._search = Search(config.search, NetworkEvaluator(self.model))
        self._starts = Starts(config.start, rules)
        self._rng = np.random.default_rng([seed, 0x5EED])
        self._batch = MeteredBatch(Ledger(), config.games, rules, seed)
        self._histories = _Histories(config.games, rules.max_moves, rules.size)
        self._random_moves = np.zeros(config.games, np.int64)
        self._played_out = np.zeros(config.games, np.bool_)
        self._replay = ReplayBuffer(config.replay_capacity, len(NETWORK_PLANES), rules.size)
        self._owed_samples = 0.0
        for game in range(config.games):
            self._begin(game)

    def _begin(self, game: int) -> None:
        self._random_moves[game] = self._starts.begin(self._batch, game, self._rng)
        self._played_out[game] = self._rng.random() < self.config.played_out
        self._histories.length[game] = 0

    def step(self, ledger: Ledger) -> dict[str, float]:
        """Play `moves_per_step` moves in every game, then train as many samples as are owed."""
        self._batch.ledger = ledger
        with self.model.charging(ledger):
            return self._step(ledger)

    def _step(self, ledger: Ledger) -> dict[str, float]:
        finished: list[dict[str, float]] = []
        for _ in range(self.config.moves_per_step):
            self._play_move(finished)
        metrics = {"games": float(len(finished)), "replay": float(len(self._replay))}
        for name in ("length", "black_wins", "black_score") if finished else ():
            metrics[name] = float(np.mean([game[name] for game in finished]))
        if len(self._replay) >= min(self.config.replay_minimum, self.config.replay_capacity):
            metrics.update(self._train(ledger))
        return metrics

    def _play_move(self, finished: list[dict[str, float]]) -> None:
        batch, histories = self._batch, self._histories
        result = self._search.run(batch, self._rng)
        policy = result.policy()
        with np.errstate(divide="ignore"):
            drawn = sample_actions(np.log(result.visits), self._rng)
        early = batch.ply < self.config.temperature_moves
        actions = np.where(early, drawn, result.best_actions())
        # Under these rules a lost side loses nothing by playing on, and neither side need end the
        # game: passing lets the winner end it. The game's result is still its score.
        concedes = (result.value < -self.config.concede_below) & ~self._played_out
        actions = np.where(concedes, batch.num_actions - 1, actions)
        opening = batch.ply < self._random_moves
        actions = np.where(opening, batch.random_actions(), actions)

        # Random opening moves are nobody's decision: they are no targets.
        decided = np.flatnonzero(~opening)
        planes = batch.observe(NETWORK_PLANES, np.float32)
        histories.append(decided, planes[decided], policy[decided], batch.to_play[decided])
        batch.step(actions)

        ended = np.flatnonzero(batch.done).tolist()
        scores, outcomes, ply = batch.score(), batch.outcome(), batch.ply
        for game in ended:
            length = histories.length[game]
            self._replay.add(
                histories.planes[game, :length],
                histories.policy[game, :length],
                histories.colour[game, :length] * outcomes[game],
            )
            self._owed_samples += self.config.reuse * length
            finished.append(
                {
                    "length": float(ply[game]),
                    "black_wins": 0.5 * (1 + float(outcomes[game])),
                    "black_score": float(scores[game] + batch.komi[game]),
                }
            )
            self._begin(game)

    def _train(self, ledger: Ledger) -> dict[str, float]:
        totals: dict[str, float] = {}
        updates = 0
        while self._owed_samples >= self.config.batch_size:
            self._owed_samples -= self.config.batch_size
            updates += 1
            for name, value in self._update(ledger.progress()).items():
                totals[name] = totals.get(name, 0.0) + value
        means = {name: value / updates for name, value in totals.items()}
        return {"updates": float(updates), **means}

    def _update(self, progress: float) -> dict[str, float]:
        """One gradient step on a sample of the replay buffer."""
        planes, policy, outcome = map(
            torch.from_numpy, self._replay.sample(self.config.batch_size, self._rng)
        )
        logits, values = self.model.forward(planes)
        policy, outcome = policy.to(logits.device), outcome.to(logits.device)
        log_policy = masked_log_policy(logits, planes)
        policy_loss = -(policy * log_policy).sum(dim=1).mean()
        # Cross-entropy of the win probability; a draw is half a win.
        value_loss = F.binary_cross_entropy_with_logits(values, (1 + outcome) / 2)
        (policy_loss + self.config.value_weight * value_loss).backward()
        norm = self._optimiser.update(progress)
        target_entropy = -(policy * torch.log(policy.clamp_min(1e-9))).sum(dim=1).mean()
        return {
            "policy_loss": policy_loss.item(),
            "value_loss": value_loss.item(),
            "target_entropy": target_entropy.item(),
            "gradient_norm": norm,
            "learning_rate": self._optimiser.rate(progress),
        }

    def agent(self) -> Agent:
        """The network guiding a search, as `config.play` says."""
        return network_agent(self.model, self.config.play, "alphazero")

    def state_dict(self) -> dict[str, Any]:
        """See `Learner`."""
        return {
            "optimiser": self._optimiser.state_dict(),
            "rng": rng_state(self._rng),
            "batch": np.frombuffer(self._batch.get_state(), np.uint8),
            "histories": dict(vars(self._histories)),
            "random_moves": self._random_moves,
            "played_out": self._played_out,
            "replay": self._replay.state_dict(),
            "owed_samples": self._owed_samples,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """See `Learner`."""
        self._optimiser.load_state_dict(saved["optimiser"])
        self._rng.bit_generator.state = saved["rng"]
        self._batch.set_state(saved["batch"].tobytes())
        for name, array in saved["histories"].items():
            getattr(self._histories, name)[...] = array
        self._random_moves[...] = saved["random_moves"]
        self._played_out[...] = saved["played_out"]
        self._replay.load_state_dict(saved["replay"])
        self._owed_samples = float(saved["owed_samples"])
