"""Q-learning of a network: double DQN with n-step returns, over legal moves only.

The policy head says Q: the logit of an action is that of the win probability after it, so Q in
[-1, 1] is tanh(logit / 2), the greedy player has the largest logit, and whatever plays a policy
without temperature plays it. The targets are those of double DQN (van Hasselt et al. 2016): the
network names the best action in the later position, an earlier copy of it says its worth. In a
zero-sum game that position may be the other side's; then its worth is turned round.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch.nn import functional as F

from algorithms.budget import Ledger, charging
from algorithms.frozen import Frozen
from algorithms.learner import Optimiser, OptimiserConfig, as_tensors, rng_state
from algorithms.model import Model, NetworkEvaluator
from algorithms.training import mean_metrics
from algorithms.transitions import TransitionBuffer, Transitions, TransitionSamples
from baselines.agent import sample_actions
from goenv import GoBatch


class QConfig(Frozen):
    """Settings of Q-learning."""

    plies: int = Field(
        3, ge=1, description="moves, of both sides, until the position that a target looks at"
    )
    exploration: float = Field(0.3, ge=0, le=1, description="share of random moves at first")
    final_exploration: float = Field(0.05, ge=0, le=1, description="when the budget is spent")
    capacity: int = Field(100_000, ge=1, description="transitions kept in a circular buffer")
    minimum: int = Field(2_000, ge=1, description="transitions before training begins")
    reuse: float = Field(2.0, gt=0, description="times a transition is trained on, on average")
    batch_size: int = Field(512, ge=1)
    target_every: int = Field(100, ge=1, description="updates between copies of the network")
    value_weight: float = Field(
        0.5, ge=0, description="weight of the loss of the value head, which learns the targets too"
    )

    def explored(self, progress: float) -> float:
        """Share of random moves when a share `progress` of the budget is spent."""
        return self.exploration + (self.final_exploration - self.exploration) * progress


class QLearner:
    """A network that learns Q from a buffer of transitions.

    Args:
        model: its network.
        optimiser: settings of the optimiser.
        config: settings.
        size: N, side of the largest board.
        seed: of the samples.
    """

    def __init__(
        self,
        model: Model,
        optimiser: OptimiserConfig,
        config: QConfig,
        size: int,
        seed: int | list[int],
    ):
        self.model, self._config = model, config
        self._target = Model(model.config, 0, model.device)
        self._target.load_state_dict(model.state_dict())
        self._optimiser = Optimiser(model, optimiser)
        self._buffer = TransitionBuffer(config.capacity, size)
        self._rng = np.random.default_rng(seed)
        self._owed = 0.0
        self._updates = 0

    def add(self, transitions: Transitions) -> None:
        """Keep transitions, to be trained on."""
        self._buffer.add(transitions)
        self._owed += self._config.reuse * len(transitions)

    def act(
        self, batch: GoBatch, games: np.ndarray, explored: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Moves in some running games, the best ones but a share `explored` at random.

        Returns:
            Actions int64 [n], and what the best one is worth, float32 [n] in [-1, 1].
        """
        logits, _ = NetworkEvaluator(self.model).evaluate(batch, games)
        legal = batch.legal_actions()[games]
        allowed = np.where(legal, logits, -np.inf)
        at_random = sample_actions(np.where(legal, 0.0, -np.inf), rng)
        explores = rng.random(len(games)) < explored
        return np.where(explores, at_random, allowed.argmax(axis=1)), q_of(allowed.max(axis=1))

    def train(self, ledger: Ledger) -> dict[str, float]:
        """Train on as many samples as are owed; returns means over the updates."""
        config = self._config
        if len(self._buffer) < min(config.minimum, config.capacity):
            return {}
        records = []
        with charging(ledger):
            while self._owed >= config.batch_size:
                self._owed -= config.batch_size
                samples = self._buffer.sample(config.batch_size, self._rng)
                records.append(self._update(samples, ledger.progress()))
        return mean_metrics(records) | {"transitions": float(len(self._buffer))}

    def targets(self, samples: TransitionSamples) -> np.ndarray:
        """What Q should be, float32 [B] in [-1, 1]."""
        best = self.model.evaluate(samples.after, samples.padded)[0]
        best = np.where(samples.legal_after, best, -np.inf).argmax(axis=1)
        worth = self._target.evaluate(samples.after, samples.padded)[0]
        later = q_of(worth[np.arange(len(best)), best])
        return np.where(samples.final, samples.outcome, samples.sign * later).astype(np.float32)

    def _update(self, samples: TransitionSamples, progress: float) -> dict[str, float]:
        wanted = self.targets(samples)
        out = self.model.forward(torch.from_numpy(samples.planes), samples.padded)
        device = out.policy.device
        chosen = (out.policy * torch.from_numpy(samples.action).to(device)).sum(dim=1)
        # Cross-entropy of the win probability, as for values: it does not tire where Q is sure.
        won = torch.from_numpy((1 + wanted) / 2).to(device)
        q_loss = F.binary_cross_entropy_with_logits(chosen, won)
        value_loss = F.binary_cross_entropy_with_logits(out.value, won)
        (q_loss + self._config.value_weight * value_loss).backward()
        norm = self._optimiser.update(progress)
        self._updates += 1
        if self._updates % self._config.target_every == 0:
            self._target.load_state_dict(self.model.state_dict())
        error = np.abs(q_of(chosen.detach().cpu().numpy()) - wanted)
        return {
            "q_loss": q_loss.item(),
            "value_loss": value_loss.item(),
            "td_error": float(error.mean()),
            "gradient_norm": norm,
            "learning_rate": self._optimiser.rate(progress),
        }

    def state_dict(self) -> dict[str, Any]:
        """All that going on needs besides the model's weights."""
        return {
            "target": self._target.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "buffer": self._buffer.state_dict(),
            "rng": rng_state(self._rng),
            "owed": self._owed,
            "updates": self._updates,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self._target.load_state_dict(as_tensors(saved["target"]))
        self._optimiser.load_state_dict(saved["optimiser"])
        self._buffer.load_state_dict(saved["buffer"])
        self._rng.bit_generator.state = saved["rng"]
        self._owed = float(saved["owed"])
        self._updates = int(saved["updates"])


def q_of(logits: np.ndarray) -> np.ndarray:
    """Q in [-1, 1] of the logits by which networks tell it."""
    return np.tanh(logits / 2)
