"""Which of a game's moves gets how much of the credit for its end: a ladder, the plainest first.

A policy gradient raises the log-probability of each move by a weight; the rungs differ in the
weights alone. The sign of everything is the mover's: its outcome z, and the value v of its
position, both in [-1, 1].
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from algorithms.frozen import Frozen

Rung = Literal["winner", "outcome", "constant", "value", "gae", "sequence"]


class CreditConfig(Frozen):
    """How moves are weighed."""

    rung: Rung = Field(
        "winner",
        description="winner: 1 for the winner's moves, 0 for the loser's; outcome: z; constant: z "
        "less its running mean, one for each colour; value: z - v; gae: advantages; sequence: a "
        "game is one action, whose log-probability is the sum of its moves' over its length; by "
        "as much these weights are smaller, and so entropy_weight should be",
    )
    gae_lambda: float = Field(
        0.95, ge=0, le=1, description="lambda of gae: 0 looks to the next own position, 1 is value"
    )
    normalise: bool = Field(
        False, description="divide the weights of an update's own moves by their standard deviation"
    )

    @property
    def needs_values(self) -> bool:
        """Whether the rung asks for the values of positions, which must be learned then."""
        return self.rung in ("value", "gae")


def move_weights(
    config: CreditConfig,
    outcome: np.ndarray,
    values: np.ndarray,
    length: np.ndarray,
    baseline: np.ndarray,
) -> np.ndarray:
    """The weights of the moves of G games of up to T moves, float64 [G, T]; 0 past the end.

    Args:
        config: the rung.
        outcome: [G, T], z of each move's mover.
        values: [G, T], v of the position before each move, for its mover.
        length: int [G], moves of each game.
        baseline: [G, T], what the rung `constant` takes off.
    """
    played = np.arange(outcome.shape[1]) < length[:, None]
    if config.rung == "winner":
        weights = (outcome > 0).astype(np.float64)
    elif config.rung == "outcome":
        weights = outcome.astype(np.float64)
    elif config.rung == "constant":
        weights = outcome - baseline
    elif config.rung == "value":
        weights = outcome - values
    elif config.rung == "gae":
        weights = _advantages(outcome, values, length, config.gae_lambda)
    else:
        weights = outcome / np.maximum(length, 1)[:, None]
    return np.where(played, weights, 0.0)


def _advantages(
    outcome: np.ndarray, values: np.ndarray, length: np.ndarray, decay: float
) -> np.ndarray:
    """Generalised advantage estimation (Schulman et al. 2016, equation 16), no discount.

    A step is that to the same side's next position, two moves on; what the other side does between
    belongs to the environment. delta_t = v_{t+2} - v_t, at a side's last move z - v_t;
    A_t = delta_t + lambda A_{t+2}. A step of one move, to minus the value of the other side's
    position, would ask for values that nobody learns: against a weaker opponent whoever moves is
    the better, so every step would seem to lose what that is worth.
    """
    games, moves = outcome.shape
    ahead = np.pad(values, ((0, 0), (0, 2)))
    advantages = np.zeros((games, moves + 2))
    for t in range(moves - 1, -1, -1):
        last = length <= t + 2
        after = np.where(last, outcome[:, t], ahead[:, t + 2])
        later = np.where(last, 0.0, advantages[:, t + 2])
        advantages[:, t] = after - values[:, t] + decay * later
    return advantages[:, :moves]
