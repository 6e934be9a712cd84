"""Naive REINFORCE (Williams 1992) by self-play, as the lecture tells it (claim C12).

The current policy plays whole games against an earlier checkpoint of itself, drawn from a pool.
Then every action of each game's winner is made more probable, whoever of the two it was; the
loser's actions count for nothing, and there is no baseline. One bit at the end of a game is all
the label that its moves get: the point of comparison for learners that know better.

On each step one gradient is taken over all games played since the last update, so that it stays
on-policy for the current player's half of the moves.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field

from algorithms.budget import Ledger, MeteredBatch
from algorithms.learner import LearnerConfig, Optimiser, Starts, rng_state
from algorithms.model import Model, masked_log_policy
from algorithms.networks import NETWORK_PLANES
from algorithms.players import PolicyAgent, network_agent
from baselines.agent import Agent
from goenv import BLACK, Rules


class ReinforceConfig(LearnerConfig):
    """Settings of `Reinforce`."""

    algorithm: Literal["reinforce"] = "reinforce"
    games: int = Field(128, ge=2, description="games to the end for each update, half as Black")
    pool_size: int = Field(8, ge=1, description="earlier checkpoints to play against")
    pool_every: int = Field(20, ge=1, description="updates between checkpoints for the pool")
    batch_size: int = Field(1024, ge=1, description="positions at a time in the backward pass")


class Reinforce:
    """The learner.

    Args:
        config: settings.
        rules: of the training games; `max_moves` must be set.
        seed: of weights and games.
    """

    def __init__(self, config: ReinforceConfig, rules: Rules, seed: int):
        assert rules.max_moves is not None, "the run's configuration sees to this"
        self.config = config
        self._rules = rules
        self.model = Model(config.network, seed, compiled=config.compile)
        self._opponent = Model(config.network, seed, compiled=config.compile)
        self._optimiser = Optimiser(self.model, config.optimiser)
        self._starts = Starts(config.start, rules)
        self._rng = np.random.default_rng([seed, 0x5EED])
        self._pool = [self.model.state_dict()]
        self._updates = 0

    def step(self, ledger: Ledger) -> dict[str, float]:
        """Play `games` games to the end and take one gradient step."""
        self._opponent.load_state_dict(self._pool[self._rng.integers(len(self._pool))])
        with self.model.charging(ledger), self._opponent.charging(ledger):
            planes, actions, metrics = self._play(ledger)
            if len(actions):
                metrics |= self._update(planes, actions, ledger.progress())
        self._updates += 1
        if self._updates % self.config.pool_every == 0:
            self._pool = [*self._pool, self.model.state_dict()][-self.config.pool_size :]
        return metrics

    def _play(self, ledger: Ledger) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
        """Positions [T, C, N, N] and actions [T] of the winners of whole games, and metrics."""
        count = self.config.games
        batch = MeteredBatch(ledger, count, self._rules, int(self._rng.integers(2**63)))
        for game in range(count):
            self._starts.begin(batch, game, self._rng)
        players = (PolicyAgent(self.model, 1.0), PolicyAgent(self._opponent, 1.0))
        current_is_black = np.arange(count) % 2 == 0

        steps = []  # (games, planes, actions, colour) of every move that a player chose
        while not batch.done.all():
            running = ~batch.done
            current_moves = (batch.to_play == BLACK) == current_is_black
            actions = np.zeros(count, np.int64)
            for player, mask in zip(players, (current_moves, ~current_moves), strict=True):
                games = np.flatnonzero(mask & running)
                if len(games):
                    position = batch.take(games)
                    actions[games] = player.act(position, self._rng)
                    planes = position.observe(NETWORK_PLANES, np.float32)
                    steps.append((games, planes, actions[games], position.to_play))
            batch.step(actions)

        outcome = batch.outcome()
        planes, actions = _winners_moves(steps, outcome)
        current = np.where(current_is_black, outcome, -outcome)
        metrics = {
            "games": float(count),
            "length": float(batch.ply.mean()),
            "black_wins": float(0.5 * (1 + outcome.mean())),
            "wins_against_pool": float(0.5 * (1 + current.mean())),
        }
        return planes, actions, metrics

    def _update(self, planes: np.ndarray, actions: np.ndarray, progress: float) -> dict[str, float]:
        """Raise the log-probability of every action given, by one step of the optimiser."""
        total, entropy = 0.0, 0.0
        for first in range(0, len(actions), self.config.batch_size):
            part = torch.from_numpy(planes[first : first + self.config.batch_size])
            chosen = torch.from_numpy(actions[first : first + self.config.batch_size])
            log_policy = masked_log_policy(self.model.forward(part).policy, part)
            chosen_log = log_policy.gather(1, chosen.to(log_policy.device)[:, None])
            # The mean over all actions: the sum over games but for a factor, which Adam ignores.
            loss = -chosen_log.sum() / len(actions)
            loss.backward()
            total += loss.item()
            entropy -= (log_policy.exp() * log_policy).sum().item() / len(actions)
        norm = self._optimiser.update(progress)
        return {
            "policy_loss": total,
            "policy_entropy": entropy,
            "gradient_norm": norm,
            "learning_rate": self._optimiser.rate(progress),
        }

    def agent(self) -> Agent:
        """The policy, as `config.play` says."""
        return network_agent(self.model, self.config.play, "reinforce")

    def state_dict(self) -> dict[str, Any]:
        """See `Learner`."""
        return {
            "optimiser": self._optimiser.state_dict(),
            "rng": rng_state(self._rng),
            "pool": {str(index): weights for index, weights in enumerate(self._pool)},
            "updates": self._updates,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """See `Learner`."""
        self._optimiser.load_state_dict(saved["optimiser"])
        self._rng.bit_generator.state = saved["rng"]
        self._pool = [
            {name: torch.as_tensor(value) for name, value in saved["pool"][key].items()}
            for key in sorted(saved["pool"], key=int)
        ]
        self._updates = int(saved["updates"])


def _winners_moves(steps: list[tuple], outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Planes [T, C, N, N] and actions [T] of the moves, out of `steps`, whose colour won.

    Both are empty where nobody won.
    """
    won = [colour == outcome[games] for games, _, _, colour in steps]
    planes = [step[1][mask] for step, mask in zip(steps, won, strict=True)]
    actions = [step[2][mask] for step, mask in zip(steps, won, strict=True)]
    return np.concatenate(planes), np.concatenate(actions)
