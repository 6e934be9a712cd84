"""Distilling a search into the network that guides it: the policy learns, the value is held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from algorithms.budget import Budget, Ledger
from algorithms.learner import OptimiserConfig
from algorithms.model import Model
from algorithms.networks import NETWORK_PLANES
from algorithms.replay import (
    WHOLE,
    Positions,
    Samples,
    draw_samples,
    record_planes,
)
from algorithms.studies.games import PlayedGames, log_policy_in, values_of
from algorithms.symmetry import symmetry_indices
from algorithms.training import LossConfig, Trainer


def distil(
    model: Model,
    played: PlayedGames,
    games: Sequence[int],
    epochs: float,
    rng: np.random.Generator,
    batch_size: int = 128,
) -> Model:
    """A copy of a network whose policy has learned the targets of some games.

    The value is trained to stay what it was, on the same positions, so that what a search by the
    copy gains comes from the policy.

    Args:
        model: the network; it stays as it is.
        played: games with a target for every position.
        games: those of them that are learned from.
        epochs: times that each position is drawn on average, turned by a random symmetry.
        rng: of the draws.
        batch_size: samples of a step.
    """
    copy = Model(model.config)
    copy.load_state_dict(model.state_dict())
    chosen = np.isin(played.game, games)
    size = played.planes.shape[-1]
    positions = Positions.empty(int(chosen.sum()), size)
    record_planes(positions, slice(None), played.planes[chosen], size)
    positions.policy[...] = np.rint(WHOLE * played.target[chosen])
    positions.value[...] = values_of(model, played)[chosen]
    positions.score[...] = np.nan  # nothing is learned of it, nor of the ownership
    loss = LossConfig(search_value=1.0)
    steps = max(1, round(epochs * len(positions) / batch_size))
    ledger = Ledger(budget=Budget(samples=steps * batch_size))

    def draw(count: int, rng: np.random.Generator) -> Samples:
        return draw_samples(positions, len(positions), count, size, rng)

    optimiser = OptimiserConfig(learning_rate=1e-3, final_learning_rate=1e-5)
    trainer = Trainer(copy, optimiser, loss)
    for _ in range(steps):
        trainer.update(draw, batch_size, rng, ledger)
    return copy


def never_seen(played: PlayedGames, games: Sequence[int]) -> np.ndarray:
    """Positions of other games whose boards are in none of these games, bool [M].

    Boards that differ by a symmetry of the square count as one, for `distil` learns from all eight.
    What is compared are the stones, own and the opponent's: neither komi nor superko tells apart.
    """
    learned = np.isin(played.game, games)
    boards = _boards_up_to_symmetry(played.planes)
    known = {board for board, is_learned in zip(boards, learned, strict=True) if is_learned}
    return np.array([board not in known for board in boards]) & ~learned


def _boards_up_to_symmetry(planes: np.ndarray) -> list[bytes]:
    """Of each position [M, C, N, N] the same bytes for all eight boards that are alike."""
    own, opponent = (NETWORK_PLANES.index(name) for name in ("own", "opponent"))
    boards = (planes[:, own] - planes[:, opponent]).astype(np.int8).reshape(len(planes), -1)
    turns = symmetry_indices(planes.shape[-1])[:, :-1]
    return [min(turned.tobytes() for turned in board[turns]) for board in boards]


def cross_entropy(model: Model, played: PlayedGames, chosen: np.ndarray) -> float:
    """Mean cross-entropy, nats, of a network's policy with the targets of some positions.

    Args:
        model: the network.
        played: games with a target for every position.
        chosen: the positions, bool [M]; without any the answer is nan.
    """
    if not chosen.any():
        return float("nan")
    log_pi = log_policy_in(model, played)[chosen]
    return float(-(played.target[chosen] * log_pi).sum(axis=1).mean())
