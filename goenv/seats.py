"""What the three environments share in Python: planes, spaces, checked arguments, the opponent.

Their compiled pieces are in `goenv.seat_kernels`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from goenv.batch import GoBatch, IllegalActionError
from goenv.observations import PLANES, default_dtype, plane_codes
from goenv.rules import BLACK, WHITE, Rules
from goenv.seat_kernels import DRAWN

Opponent = Callable[[GoBatch, np.random.Generator], np.ndarray]
Observation = dict[str, np.ndarray]

COLOUR_CODES = {"black": BLACK, "white": WHITE, "random": DRAWN}


def read_planes(planes: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray, type]:
    """Names, codes int64 [C] and element type of the planes asked for.

    Raises:
        ValueError: a name is unknown, or there is none.
    """
    names = () if isinstance(planes, str) else tuple(planes)  # "own" is no sequence of names
    codes = plane_codes(names)
    return names, codes, default_dtype(names)


def spaces_of(rules: Rules, planes: tuple[str, ...]) -> tuple[spaces.Dict, spaces.Discrete]:
    """Observation and action space of one seat; see `GoEnv`."""
    size = rules.size
    shape = (len(planes), size, size)
    dtype = default_dtype(planes)
    high: np.ndarray = np.ones(shape, dtype)
    low: np.ndarray = np.zeros(shape, dtype)
    for index, name in enumerate(planes):
        if not PLANES[name][1]:
            high[index] = max(1.0, abs(rules.komi) / (2 * size))
            low[index] = -high[index]
    actions = size * size + 1
    seen: dict[str, spaces.Space] = {
        "observation": spaces.Box(low, high, dtype=dtype),
        "action_mask": spaces.Box(0, 1, (actions,), np.int8),
    }
    return spaces.Dict(seen), spaces.Discrete(actions)


def check_choice(name: str, value: object, choices: Sequence[str] | dict[str, int]) -> None:
    """Raise a ValueError that names the argument unless `value` is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


def check_colour(colour: str, rules: Rules) -> None:
    """Raise a ValueError unless the seat exists and comes to move before `max_moves`."""
    check_choice("colour", colour, COLOUR_CODES)
    if colour != "black" and rules.max_moves == 1:
        raise ValueError(f"max_moves must be at least 2 where colour is {colour!r}, got 1")


def whole_number(action: Any) -> int:
    """The action as an int that compiled code can take.

    Raises:
        ValueError: it is no whole number, or needs more than 64 bits.
    """
    try:
        number = operator.index(action)
    except TypeError:
        raise ValueError(f"an action must be a whole number, got {action!r}") from None
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"an action must be a whole number of 64 bits, got {number}")
    return number


def stream_seed(env: gymnasium.Env | gymnasium.vector.VectorEnv) -> int:
    """What to seed the games' streams with: the seed of the environment's own generator."""
    seed = env.np_random_seed
    if seed is None or seed < 0:  # a generator put in by the user
        return int(env.np_random.integers(1 << 62))
    return seed


def let_opponent_play(batch: GoBatch, opponent: Opponent, rng: np.random.Generator) -> None:
    """Ask a callable opponent for actions int [B] and play them in every running game.

    Raises:
        IllegalActionError: an action is illegal; the message says that it is the opponent's.
        ValueError: the opponent's answer is no whole numbers [B].
    """
    actions = opponent(batch, rng)
    try:
        batch.step(actions)
    except IllegalActionError as error:
        reason = f"{error.reason}; it is the opponent's action, not the agent's"
        raise IllegalActionError(error.game, error.action, reason) from None
    except ValueError as error:
        raise ValueError(f"the opponent's {error}") from None
