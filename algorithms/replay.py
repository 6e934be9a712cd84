"""A replay buffer of positions, and the eight symmetries of the board."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np


@cache
def symmetry_indices(size: int) -> np.ndarray:
    """For each symmetry of the square, where each action's entry comes from: int64 [8, A].

    ``x[..., symmetry_indices(N)[k]]`` turns an array over actions by symmetry k; the pass stays.
    """
    points = np.arange(size * size).reshape(size, size)
    boards = []
    for turns in range(4):
        turned = np.rot90(points, turns)
        boards += [turned.ravel(), turned.T.ravel()]
    indices = np.empty((8, size * size + 1), np.int64)
    indices[:, :-1] = boards
    indices[:, -1] = size * size
    return indices


def apply_symmetries(
    planes: np.ndarray, policy: np.ndarray, symmetries: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Turn each position and its policy by its own symmetry.

    Args:
        planes: [B, C, N, N].
        policy: [B, A].
        symmetries: int [B], 0 to 7.
    """
    size = planes.shape[-1]
    indices = symmetry_indices(size)[symmetries]
    flat = planes.reshape(*planes.shape[:2], size * size)
    turned = np.take_along_axis(flat, indices[:, None, :-1], axis=2).reshape(planes.shape)
    return turned, np.take_along_axis(policy, indices, axis=1)


class ReplayBuffer:
    """The last positions, with their targets; the oldest give way.

    Args:
        capacity: positions kept.
        planes: C, planes of an observation.
        size: N, side of the board.
    """

    def __init__(self, capacity: int, planes: int, size: int):
        self.capacity = capacity
        # float16 holds stones, komi over twice the side (to 3 digits) and policies well enough.
        self.planes = np.zeros((capacity, planes, size, size), np.float16)
        self.policy = np.zeros((capacity, size * size + 1), np.float16)
        self.outcome = np.zeros(capacity, np.int8)
        self.added = 0

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(self, planes: np.ndarray, policy: np.ndarray, outcome: np.ndarray) -> None:
        """Append T positions.

        Args:
            planes: [T, C, N, N].
            policy: [T, A], target distributions over actions.
            outcome: [T], +1, 0 or -1 for the player to move.
        """
        slots = (self.added + np.arange(len(outcome))) % self.capacity
        self.planes[slots], self.policy[slots], self.outcome[slots] = planes, policy, outcome
        self.added += len(outcome)

    def sample(
        self, count: int, rng: np.random.Generator, symmetries: bool = True
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Planes, policies and outcomes, float32, of `count` positions drawn with repeats.

        Each is turned by a random symmetry of the board if `symmetries`.
        """
        chosen = rng.integers(len(self), size=count)
        planes = self.planes[chosen].astype(np.float32)
        policy = self.policy[chosen].astype(np.float32)
        if symmetries:
            planes, policy = apply_symmetries(planes, policy, rng.integers(8, size=count))
        return planes, policy, self.outcome[chosen].astype(np.float32)

    def state_dict(self) -> dict[str, Any]:
        """Contents, in a form that checkpoints can hold."""
        filled = len(self)
        return {
            "planes": self.planes[:filled],
            "policy": self.policy[:filled],
            "outcome": self.outcome[:filled],
            "added": self.added,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        filled = len(state["outcome"])
        self.planes[:filled] = state["planes"]
        self.policy[:filled] = state["policy"]
        self.outcome[:filled] = state["outcome"]
        self.added = int(state["added"])
