"""AlphaZero at the size of a study's cell: small boards, a small network."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from algorithms.budget import Budget
from algorithms.config import ConfigError, TrainConfig, validate
from baselines.openings import make_openings
from goenv import Rules

Size = Literal[3, 4, 5, 7]
"""Boards of studies that train."""


def _increasing(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if any(low >= high for low, high in pairwise((0, *numbers))):
        raise ValueError(f"numbers must increase from 1 or more, got {list(numbers)}")
    return numbers


Simulations = Annotated[tuple[int, ...], AfterValidator(_increasing)]
"""Of searches, from few to many."""
Moves = Annotated[int, Field(ge=4)]
"""Of a game of a forced length."""
Board = Annotated[int, Field(ge=2, le=19)]
"""Side of a board."""
GAMES: dict[int, dict[str, Any]] = {
    2: {"size": 2, "komi": 0.5, "superko": "simple", "max_moves": 12},
    3: {"size": 3, "komi": 8.5, "superko": "simple", "max_moves": 24},
    4: {"size": 4, "komi": 1.5},
    5: {"size": 5, "komi": 6.5},
    7: {"size": 7, "komi": 8.5},
}
"""The game on each board: komis that leave neither side sure of winning."""
KOMIS = {
    2: [0.5, 1.5],
    3: [0.5, 2.5, 4.5, 6.5, 8.5, 8.5],
    4: [-1.5, 0.5, 1.5, 2.5, 4.5, 8.5],
    5: [0.5, 4.5, 6.5, 8.5, 12.5, 16.5, 20.5, 24.5, 24.5, 24.5],
    7: [4.5, 6.5, 8.5, 10.5, 12.5],
}
"""Those of the training games of whoever can begin them so: a spread keeps games close."""
OPENING_MOVES = 3
"""Random moves that open games of matches: on 4x4 there are 33 openings of two, 219 of three."""
GUMBEL = {
    "root": "gumbel", "interior": "gumbel", "gumbel_scale": 1.0, "considered": 8,
    "value_scale": 0.6,
}  # fmt: skip
"""The search that learns fastest at few simulations; see docs/alphazero.md."""
NETWORK = {"blocks": 2, "channels": 32}


def check_openings(size: int, games: int) -> None:
    """See that two players can play so many games, both colours from each opening.

    Raises:
        ConfigError: there are not so many openings.
    """
    rules = Rules(size, max_moves=2 * OPENING_MOVES)
    try:
        make_openings(games // 2, OPENING_MOVES, rules, 0)
    except ValueError as error:
        raise ConfigError(f"games={games}: {error}") from None


def alphazero_run(
    name: str, size: int, budget: Budget, seed: int, snapshots: int, learner: dict[str, Any]
) -> TrainConfig:
    """A training of AlphaZero on one core.

    Args:
        name: of the run.
        size: of the board, a key of `GAMES`.
        budget: of the training.
        seed: of the training.
        snapshots: kept beside the untrained network, at equal shares of the budget.
        learner: settings that differ from the study's usual ones.
    """
    usual: dict[str, Any] = {
        "algorithm": "alphazero",
        "network": NETWORK,
        "start": {"komis": KOMIS[size], "random_moves": size},
        "self_play": {"games": 128},
        "rounds_per_step": 64,
        "replay_capacity": 20_000,
        "replay_minimum": 1_000,
        "batch_size": 128,
    }
    data = {
        "name": name, "seed": seed, "game": GAMES[size], "learner": usual | learner,
        "budget": budget.model_dump(), "checkpoints": {"snapshots": snapshots}, "sample_games": 0,
    }  # fmt: skip
    return validate(TrainConfig, data, f"the training {name}")
