"""What the environments share in Python: planes, spaces, checked arguments, the opponent.

Their compiled pieces are in `goenv.seat_kernels`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from goenv.arguments import checked_position
from goenv.batch import GoBatch
from goenv.handicap import handicap_points
from goenv.illegal import IllegalActionError
from goenv.observations import View
from goenv.rules import BLACK, WHITE, Rules
from goenv.seat_kernels import DRAWN, OUTCOME, SCORE, SCORE_DIFFERENCE

Opponent = Callable[[GoBatch, np.random.Generator], np.ndarray]
Observation = dict[str, np.ndarray]

COLOUR_CODES = {"black": BLACK, "white": WHITE, "random": DRAWN}

# What `reset` takes, to begin from a position.
POSITION_OPTIONS = ("board", "to_play", "handicap")

# What the reward of a seat may be: at the end +1, 0 or -1; at the end the score in points, komi
# included; or at each step by how much the score has changed in the seat's favour, which adds up
# to the final score (before the first step it counts as 0).
REWARDS = {"outcome": OUTCOME, "score": SCORE, "score_difference": SCORE_DIFFERENCE}


def spaces_of(rules: Rules, view: View) -> tuple[spaces.Dict, spaces.Discrete]:
    """Observation and action space of one seat; see `GoEnv`."""
    size = rules.size
    shape = view.shape(size)
    high: np.ndarray = np.ones(shape, view.dtype)
    low: np.ndarray = np.zeros(shape, view.dtype)
    for index, name in enumerate(view.names):
        if name == "komi":
            plane = (..., index) if view.channels_last else index
            high[plane] = max(1.0, abs(rules.komi) / (2 * size))
            low[plane] = -high[plane]
    return masked_spaces(spaces.Box(low, high, dtype=view.dtype.type), size)


def masked_spaces(planes: spaces.Box, size: int) -> tuple[spaces.Dict, spaces.Discrete]:
    """Observation and action space of one seat that sees `planes` and a mask."""
    actions = size * size + 1
    seen: dict[str, spaces.Space] = {
        "observation": planes,
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
        if isinstance(action, bool):
            raise TypeError
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


def starting_position(options: dict[str, Any], rules: Rules) -> tuple[np.ndarray, int] | None:
    """The board int8 [N, N] and the colour to move that the options of `reset` ask for.

    None if they ask for no position: the game begins as ever.

    Raises:
        ValueError: an option is unknown or wrong.
    """
    if not isinstance(options, dict):
        raise ValueError(f"options of reset must be a dict, got {options!r}")
    for name in options:
        if name not in POSITION_OPTIONS:
            known = ", ".join(map(repr, POSITION_OPTIONS))
            raise ValueError(f"options of reset are {known}, got {name!r}")
    if not options:
        return None
    board: np.ndarray = np.zeros((rules.size, rules.size), np.int8)
    if "handicap" in options:
        if len(options) > 1:
            raise ValueError("give either handicap or board and to_play, not both")
        board.flat[handicap_points(rules.size, options["handicap"])] = BLACK
        found = board, WHITE
    else:
        to_play = options.get("to_play", BLACK)
        found = checked_position(options.get("board", board), to_play, rules.size)
    if rules.max_moves == 1 and found[1] == WHITE:
        raise ValueError("max_moves must be at least 2 where White begins, got 1")
    return found
