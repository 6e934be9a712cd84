"""A policy from one network and values from another."""

from __future__ import annotations

import numpy as np

from algorithms.model import Model, observe
from goenv import GoBatch


class TwoNetworks:
    """An `Evaluator`: the policy of one network, the values of another, or both of one."""

    def __init__(self, policy: Model, value: Model):
        self._policy, self._value = policy, value

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        planes = observe(batch, games)
        logits, values = self._policy.evaluate(planes)
        return logits, values if self._value is self._policy else self._value.evaluate(planes)[1]

    def seed(self, rng: np.random.Generator) -> None:
        """There is nothing random."""
