"""REINFORCE (Williams 1992) by self-play, from naive to generalised advantages (claims C12 to C14).

The current policy plays whole games against an earlier checkpoint of itself, drawn from a pool.
Then its moves are made more or less probable, each by a weight that `credit.py` works out.
Naively, as the lecture tells it, every action of each game's winner, whoever of the two it was,
counts the same, and the loser's count for nothing: one bit at the end of a game is all the label
that its moves get, the point of comparison for learners that know better.

On each step one gradient is taken over all games played since the last update, so that it stays
on-policy for the current player's half of the moves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch.nn import functional as F

from algorithms.budget import Ledger, MeteredBatch, charging
from algorithms.credit import CreditConfig, move_weights
from algorithms.learner import LearnerConfig, Optimiser, Starts, rng_state
from algorithms.model import Model, NetworkEvaluator, masked_log_policy, observe
from algorithms.players import network_agent
from algorithms.pool import Pool
from baselines.agent import Agent, sample_actions
from goenv import BLACK, Rules

_KEPT = 0.9  # share that the running mean of outcomes keeps of itself at each update


class ReinforceConfig(LearnerConfig):
    """Settings of `Reinforce`."""

    algorithm: Literal["reinforce"] = "reinforce"
    games: int = Field(128, ge=2, description="games to the end for each update, half as Black")
    pool_size: int = Field(8, ge=1, description="earlier checkpoints to play against")
    pool_every: int = Field(20, ge=1, description="updates between checkpoints for the pool")
    batch_size: int = Field(1024, ge=1, description="positions at a time in the backward pass")
    credit: CreditConfig = CreditConfig()
    opponents_moves: bool = Field(
        True,
        description="the rung winner learns from a winning opponent's moves too; the others never "
        "do: a move of another policy that is made less probable runs away",
    )
    value_weight: float = Field(
        1.0, ge=0, description="weight of the value loss, where the credit asks for values"
    )
    entropy_weight: float = Field(
        0.0, ge=0, description="weight of the policy's entropy, which keeps it from settling early"
    )


@dataclass(frozen=True)
class Moves:
    """M moves of whole games, in the order in which they were played.

    Attributes:
        own: bool [M], whether the current policy chose it.
        planes: float32 [M, C, N, N], `NETWORK_PLANES` of the position before each.
        action: int64 [M].
        outcome: float64 [M], 1, 0 or -1 for its mover.
        weight: float64 [M], by how much to raise its log-probability.
    """

    own: np.ndarray
    planes: np.ndarray
    action: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.action)

    def __getitem__(self, index: Any) -> Moves:
        return Moves(**{name: array[index] for name, array in vars(self).items()})


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
        self._pool = Pool(config.pool_size)
        self._pool.add(self.model.state_dict())
        self._updates = 0
        # Of the current policy, as Black and as White, for the constant baseline.
        self._mean_outcome = np.zeros(2)

    def step(self, ledger: Ledger) -> dict[str, float]:
        """Play `games` games to the end and take one gradient step."""
        self._opponent.load_state_dict(self._pool.draw(self._rng))
        with charging(ledger):
            moves, metrics = self._play(ledger)
            if len(moves):
                metrics |= self._update(moves, ledger.progress())
        self._updates += 1
        if self._updates % self.config.pool_every == 0:
            self._pool.add(self.model.state_dict())
        return metrics

    def _play(self, ledger: Ledger) -> tuple[Moves, dict[str, float]]:
        """The moves of whole games that have a weight, and metrics."""
        count = self.config.games
        batch = MeteredBatch(ledger, count, self._rules, int(self._rng.integers(2**63)))
        for game in range(count):
            self._starts.begin(batch, game, self._rng)
        players = (NetworkEvaluator(self.model), NetworkEvaluator(self._opponent))
        current_is_black = np.arange(count) % 2 == 0

        length = np.zeros(count, np.int64)
        steps = []  # (own, games, places in them, planes, actions, colours, values)
        while not batch.done.all():
            running, to_play = ~batch.done, batch.to_play
            legal = batch.legal_actions()
            current_moves = (to_play == BLACK) == current_is_black
            actions = np.zeros(count, np.int64)
            for is_own, player in zip((True, False), players, strict=True):
                games = np.flatnonzero((current_moves == is_own) & running)
                if len(games) == 0:
                    continue
                logits, values = player.evaluate(batch, games)
                chosen = sample_actions(np.where(legal[games], logits, -np.inf), self._rng)
                planes, at = observe(batch, games), length[games]
                mine = np.full(len(games), is_own)
                steps.append((mine, games, at, planes, chosen, to_play[games], values))
                actions[games] = chosen
            length += running
            batch.step(actions)

        black_outcome = batch.outcome()
        current = np.where(current_is_black, black_outcome, -black_outcome)
        metrics = {
            "games": float(count),
            "length": float(batch.ply.mean()),
            "black_wins": float(0.5 * (1 + black_outcome.mean())),
            "wins_against_pool": float(0.5 * (1 + current.mean())),
        }
        own, games, at, planes, actions, colours, values = map(
            np.concatenate, zip(*steps, strict=True)
        )
        moves = Moves(
            own=own,
            planes=planes,
            action=actions,
            outcome=colours * black_outcome[games].astype(np.float64),
            weight=self._weights(games, at, colours, values, black_outcome, length),
        )
        seen = [current[current_is_black].mean(), current[~current_is_black].mean()]
        self._mean_outcome += (1 - _KEPT) * (np.array(seen) - self._mean_outcome)
        naive = self.config.credit.rung == "winner"
        learned = moves.own | (naive and self.config.opponents_moves)
        if naive:
            learned &= moves.weight > 0
        moves = moves[learned]
        if self.config.credit.normalise and len(moves):
            spread = max(float(moves.weight.std()), 1e-6)
            moves = replace(moves, weight=moves.weight / spread)
        return moves, metrics

    def _weights(
        self,
        games: np.ndarray,
        at: np.ndarray,
        colours: np.ndarray,
        values: np.ndarray,
        black_outcome: np.ndarray,
        length: np.ndarray,
    ) -> np.ndarray:
        """Weights [M] of moves, the one at place ``at[m]`` of game ``games[m]``."""
        shape = (len(length), int(length.max()))
        colour, value = np.zeros(shape), np.zeros(shape)
        colour[games, at], value[games, at] = colours, values
        black, white = self._mean_outcome
        weights = move_weights(
            self.config.credit,
            outcome=colour * black_outcome[:, None],
            values=value,
            length=length,
            baseline=np.where(colour > 0, black, white),
        )
        return weights[games, at]

    def _update(self, moves: Moves, progress: float) -> dict[str, float]:
        """Raise the log-probability of each move by its weight, in one step of the optimiser."""
        config, totals = self.config, dict.fromkeys(("policy_loss", "policy_entropy"), 0.0)
        if config.credit.needs_values:
            totals["value_loss"] = 0.0
        for first in range(0, len(moves), config.batch_size):
            part = moves[first : first + config.batch_size]
            planes = torch.from_numpy(part.planes)
            out = self.model.forward(planes)
            device = out.policy.device
            log_policy = masked_log_policy(out.policy, planes)
            chosen = log_policy.gather(1, torch.from_numpy(part.action).to(device)[:, None])[:, 0]
            weight = torch.from_numpy(part.weight.astype(np.float32)).to(device)
            # A mean over all moves: the sum over games but for a factor, which Adam ignores.
            parts = {"policy_loss": -(weight * chosen).sum() / len(moves)}
            loss = parts["policy_loss"]
            if config.credit.needs_values:
                won = torch.from_numpy(((1 + part.outcome) / 2).astype(np.float32)).to(device)
                wrong = F.binary_cross_entropy_with_logits(out.value, won, reduction="sum")
                parts["value_loss"] = wrong / len(moves)
                loss = loss + config.value_weight * parts["value_loss"]
            parts["policy_entropy"] = -(log_policy.exp() * log_policy).sum() / len(moves)
            (loss - config.entropy_weight * parts["policy_entropy"]).backward()
            for name, value in parts.items():
                totals[name] += value.item()
        norm = self._optimiser.update(progress)
        rate = self._optimiser.rate(progress)
        spread = float(moves.weight.std())
        return {**totals, "weight_std": spread, "gradient_norm": norm, "learning_rate": rate}

    def agent(self) -> Agent:
        """The policy, as `config.play` says."""
        return network_agent(self.model, self.config.play, "reinforce")

    def state_dict(self) -> dict[str, Any]:
        """See `Learner`."""
        return {
            "optimiser": self._optimiser.state_dict(),
            "rng": rng_state(self._rng),
            "pool": self._pool.state_dict(),
            "updates": self._updates,
            "mean_outcome": self._mean_outcome,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """See `Learner`."""
        self._optimiser.load_state_dict(saved["optimiser"])
        self._rng.bit_generator.state = saved["rng"]
        self._pool.load_state_dict(saved["pool"])
        self._updates = int(saved["updates"])
        self._mean_outcome = np.array(saved["mean_outcome"], np.float64)
