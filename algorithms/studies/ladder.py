"""The rungs of `algorithms.credit` side by side, for games in tables."""

from __future__ import annotations

from typing import get_args

import numpy as np

from algorithms.credit import CreditConfig, Rung, move_weights

RUNGS: dict[str, str] = {
    "winner": "winner's moves",
    "outcome": "outcome",
    "constant": "outcome − constant",
    "value": "outcome − value",
    "gae": "GAE, λ = 0.9",
    "sequence": "one action a game",
}
"""Every rung, and how figures call it."""

GAE_LAMBDA = 0.9


def rung_weights(
    colour: np.ndarray,
    outcome: np.ndarray,
    values: np.ndarray,
    length: np.ndarray,
    mean_outcome: float,
    rungs: tuple[str, ...] = get_args(Rung),
) -> dict[str, np.ndarray]:
    """The weight of every move, float64 [G, T] by rung; 0 past the end.

    Args:
        colour: [G, T], who moved; 0 past the end.
        outcome: [G], Black's.
        values: [G, T], of the positions before the moves, the mover's.
        length: int [G].
        mean_outcome: Black's, from other games, for `constant`.
        rungs: which.
    """
    own = colour * outcome[:, None]
    baseline = colour * mean_outcome
    return {
        rung: move_weights(
            CreditConfig(rung=rung, gae_lambda=GAE_LAMBDA),
            own, values, length, baseline,
        )
        for rung in rungs
    }  # fmt: skip
