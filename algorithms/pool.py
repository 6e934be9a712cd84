"""Weights of earlier players: the pool that learners play against, and the league that grows."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from algorithms.learner import as_tensors

Weights = dict[str, Tensor]


class Pool:
    """Weights in the order in which they came; the oldest give way.

    Args:
        capacity: weights kept.
    """

    def __init__(self, capacity: int):
        self.capacity = capacity
        self._kept: list[Weights] = []

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> Weights:
        return self._kept[index]

    def add(self, weights: Weights) -> None:
        """Append weights, which must not be changed afterwards."""
        self._kept = [*self._kept, weights][-self.capacity :]

    def remove(self, index: int) -> None:
        """Drop one of them."""
        self._kept = self._kept[:index] + self._kept[index + 1 :]

    def draw(self, rng: np.random.Generator) -> Weights:
        """One of them, each as probable as the others."""
        return self._kept[rng.integers(len(self._kept))]

    def state_dict(self) -> dict[str, Any]:
        """Contents, in a form that checkpoints can hold."""
        return {str(index): weights for index, weights in enumerate(self._kept)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self._kept = [as_tensors(state[key]) for key in sorted(state, key=int)]
