"""A uniform sample of all positions ever added, for averages over a whole training."""

from __future__ import annotations

from typing import Any

import numpy as np

from algorithms.learner import rng_state
from algorithms.replay import Positions, ReplayBuffer


class Reservoir(ReplayBuffer):
    """Keeps each position ever added with the same probability (Vitter 1985, algorithm R).

    Args:
        capacity: positions kept.
        size: N, side of the largest board.
        seed: of what gives way.
    """

    def __init__(self, capacity: int, size: int, seed: int | list[int]):
        super().__init__(capacity, size)
        self._rng = np.random.default_rng(seed)

    def add(self, positions: Positions) -> None:
        """Add positions; once it is full, the k-th ever added stays with capacity / k."""
        number = self.added + np.arange(len(positions))  # positions added before each
        slots = np.where(
            number < self.capacity, number, self._rng.integers(0, number + 1, len(number))
        )
        stays = np.flatnonzero(slots < self.capacity)
        # Where two fall into one slot the later one stays: numpy assigns in order.
        self.positions[slots[stays]] = positions[stays]
        self.added += len(positions)

    def state_dict(self) -> dict[str, Any]:
        """Contents, in a form that checkpoints can hold."""
        return {**super().state_dict(), "rng": rng_state(self._rng)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        super().load_state_dict(state)
        self._rng.bit_generator.state = state["rng"]
