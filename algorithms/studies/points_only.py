"""A policy without its pass: what it knows of points, whatever it thinks of passing."""

from __future__ import annotations

import numpy as np

from algorithms.model import Model, NetworkEvaluator
from goenv import GoBatch


class PointsOnly:
    """Plays a policy's likeliest point that fills no own eye; passes only if none is left.

    Args:
        model: the network.
        name: text form.
    """

    def __init__(self, model: Model, name: str = "points only"):
        self.name = name
        self._evaluator = NetworkEvaluator(model)

    def act(self, batch: GoBatch, rng: np.random.Generator) -> np.ndarray:
        """See `Agent`."""
        actions = np.full(len(batch), batch.num_actions - 1)
        running = np.flatnonzero(~batch.done)
        if len(running) == 0:
            return actions
        logits, _ = self._evaluator.evaluate(batch, running)
        boards = batch.boards()[running] * batch.to_play[running, None, None]
        open_points = batch.legal_actions()[running, :-1] & ~own_eyes(boards).reshape(
            len(running), -1
        )
        scores = np.where(open_points, logits[:, :-1], -np.inf)
        actions[running] = np.where(
            open_points.any(axis=1), scores.argmax(axis=1), batch.num_actions - 1
        )
        return actions

    __call__ = act


def own_eyes(boards: np.ndarray) -> np.ndarray:
    """Empty points that look like eyes of the player to move, bool [B, N, N].

    All neighbours are own stones, and of the diagonal points at most one is the opponent's (none
    at the edge), as in random games (`goenv.GoBatch.play_out`).

    Args:
        boards: 1 own, -1 the opponent's, 0 empty, int [B, N, N], all of one size.
    """
    size = boards.shape[-1]

    def moved(stones: np.ndarray, off_board: bool, steps: list[tuple[int, int]]) -> np.ndarray:
        """What lies so many steps away, bool [steps, B, N, N]."""
        wide = np.pad(stones, ((0, 0), (1, 1), (1, 1)), constant_values=off_board)
        return np.stack([wide[:, 1 + y :, 1 + x :][:, :size, :size] for y, x in steps])

    surrounded = moved(boards == 1, True, [(0, 1), (1, 0), (0, -1), (-1, 0)]).all(axis=0)
    corners = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    against = moved(boards == -1, False, corners).sum(axis=0)
    edge = moved(np.zeros_like(boards, bool), True, corners).any(axis=0)
    return (boards == 0) & surrounded & (against + edge < 2)
