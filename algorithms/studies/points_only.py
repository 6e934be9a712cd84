"""A policy without its pass: what it knows of points, whatever it thinks of passing."""

from __future__ import annotations

import numpy as np
from numpy import uintp  # see goenv.legality

from algorithms.model import Model, NetworkEvaluator
from goenv import GoBatch
from goenv.kernel import kernel
from goenv.legality import surroundings
from goenv.random_play import is_own_eye
from goenv.state import EMPTIES, EMPTY_COUNT
from goenv.threads import for_games


class PointsOnly:
    """Plays a policy's likeliest point that fills no own eye; passes only if none is left.

    Eyes are those of random games; see `goenv.random_play.is_own_eye`.

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
        eyes = np.zeros((len(running), batch.num_actions - 1), np.bool_)
        for_games(_own_eyes, len(running), batch.num_actions, batch.games, running, eyes)
        open_points = batch.legal_actions()[running, :-1] & ~eyes
        scores = np.where(open_points, logits[:, :-1], -np.inf)
        actions[running] = np.where(
            open_points.any(axis=1), scores.argmax(axis=1), batch.num_actions - 1
        )
        return actions

    __call__ = act


@kernel
def _own_eyes(first, last, games, running, eyes):
    """Mark the points of games ``running[first:last]`` that look like eyes of who is to move."""
    for row in range(first, last):
        game = running[row]
        for index in range(games.info[game, EMPTY_COUNT]):
            point = np.int64(games.cells[game, uintp(index), EMPTIES])
            eyes[row, point] = is_own_eye(games, game, point, surroundings(games, game, point))
