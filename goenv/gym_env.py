"""One seat of a game of Go as a Gymnasium environment, and its compiled pieces."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from numba import njit

from goenv.batch import _REASONS, GoBatch, IllegalActionError
from goenv.board import GAME_OVER, LEGAL, action_cell, final_score, legality, play
from goenv.observations import (
    DEFAULT_PLANES,
    PLANES,
    default_dtype,
    legal_row,
    observe_game,
    plane_codes,
)
from goenv.random_play import random_below, random_legal_cell
from goenv.render import game_text
from goenv.rules import BLACK, WHITE, Rules, Superko
from goenv.state import ENDED, PLY, RUNNING, STATUS, TO_PLAY, TRUNCATED, start

Opponent = Callable[[GoBatch, np.random.Generator], np.ndarray]
Observation = dict[str, np.ndarray]

DRAWN = 0  # the agent's colour is drawn for each game
COLOUR_CODES = {"black": BLACK, "white": WHITE, "random": DRAWN}

# ---- compiled pieces, shared with the vector and the PettingZoo environments ------------------


@njit(cache=True, nogil=True)
def begin_game(games, game, choice):
    """Start a game; returns the agent's colour, drawn from the game's stream if DRAWN."""
    start(games, game)
    if choice == DRAWN:
        return 1 - 2 * random_below(games.words, game, 2)
    return choice


@njit(cache=True, nogil=True)
def answer_randomly(games, game, colour):
    """Play at random, uniformly over the legal actions, where `colour` is not on turn."""
    info = games.info
    if info[game, STATUS] == RUNNING and info[game, TO_PLAY] != colour:
        play(games, game, random_legal_cell(games, game))


@njit(cache=True, nogil=True)
def observe_seat(games, game, colour, codes, planes, mask, row):
    """Planes [C, N, N] and legal actions [A] as `colour` sees them, on turn or not.

    Nothing is legal for a player who is not on turn.
    """
    info = games.info
    to_play, status = info[game, TO_PLAY], info[game, STATUS]
    if to_play != colour:
        info[game, TO_PLAY] = colour
        info[game, STATUS] = ENDED
    observe_game(games, game, codes, planes, row)
    legal_row(games, game, mask, row)
    info[game, TO_PLAY], info[game, STATUS] = to_play, status


@njit(cache=True, nogil=True)
def _begin(games, choice, random_reply):
    colour = begin_game(games, 0, choice)
    if random_reply:
        answer_randomly(games, 0, colour)
    return colour


@njit(cache=True, nogil=True)
def act(games, action, illegal_loses):
    """Play an action in the first game, or lose by it; returns the verdict on it."""
    cell = action_cell(games, 0, action)
    verdict = legality(games, 0, cell)
    if verdict == LEGAL:
        play(games, 0, cell)
    elif illegal_loses and verdict != GAME_OVER:
        games.info[0, STATUS] = ENDED
    return verdict


@njit(cache=True, nogil=True)
def _show(games, colour, codes, planes, mask):
    """Write the observation; returns (status, to play, ply, score if over)."""
    channels, rows, columns = planes.shape
    planes = planes.reshape((1, channels, rows, columns))
    observe_seat(games, 0, colour, codes, planes, mask.reshape((1, mask.shape[0])), 0)
    info = games.info
    score = final_score(games, 0) if info[0, STATUS] != RUNNING else 0.0
    return info[0, STATUS], info[0, TO_PLAY], info[0, PLY], score


@njit(cache=True, nogil=True)
def _act_answer_show(games, action, illegal_loses, colour, codes, planes, mask):
    """A whole step against the random opponent in one call, which is most of its cost."""
    verdict = act(games, action, illegal_loses)
    if verdict == LEGAL:
        answer_randomly(games, 0, colour)
    status, to_play, ply, score = _show(games, colour, codes, planes, mask)
    return verdict, status, to_play, ply, score


# ---- pieces of Python, shared too -------------------------------------------------------------


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


class GoEnv(gymnasium.Env[Observation, np.int64]):
    """Go for one agent: the opponent's reply is played inside `step`. Id ``goenv/Go-v0``.

    Observation: ``{"observation": [C, N, N], "action_mask": int8 [A]}`` with the planes of
    `goenv.PLANES` from the agent's own side and 1 where an action is legal (superko included).
    The planes are uint8, or float32 if one of them is ``"komi"``. Action: ``row * N + column``
    for a point, row 0 at the top, ``N * N`` for the pass. Reward: +1 win, 0 draw, -1 loss for the
    agent at the end, 0 before it. A game ends after two passes in a row (terminated); at
    ``max_moves`` it is cut off and scored as it stands (truncated).

    The info of `reset` and `step` holds ``action_mask`` (the array of the observation),
    ``colour`` (the agent's, 1 Black, -1 White), ``to_play`` and ``ply``; at the end also
    ``score`` (Black minus White minus komi, points), and ``illegal_action`` (True) where the
    game was lost by one.

    Args:
        size: side of the board, 2 to 25.
        komi: points that White receives, a multiple of 0.5.
        superko: ``"positional"``, ``"situational"`` or ``"simple"``; see `goenv.Rules`.
        suicide: whether a chain of two or more stones may be put to death by its own side.
        max_moves: moves of both players after which a game is cut off, or None.
        opponent: ``"random"`` (uniform over the legal actions, from the game's stream) or a
            callable ``(batch, rng) -> actions int [B]``; rng is `np_random`. It must not step
            the batch. Here B is 1.
        colour: the agent's seat: ``"black"``, ``"white"``, or ``"random"``, drawn at each reset.
        illegal_action: ``"raise"`` an IllegalActionError, after which the game stands as
            before; or ``"lose"``: the game ends with reward -1, whatever the board says.
        planes: names out of `goenv.PLANES`.
        render_mode: ``"ansi"`` (`render` returns text), ``"human"`` (each position is printed)
            or None.

    Raises:
        ValueError: an argument is wrong; the message names it.

    Version history: v0, the first.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi", "human"], "render_fps": 4}  # noqa: RUF012

    def __init__(
        self,
        size: int = 9,
        komi: float = 7.5,
        superko: Superko = "positional",
        suicide: bool = True,
        max_moves: int | None = None,
        opponent: Literal["random"] | Opponent = "random",
        colour: Literal["black", "white", "random"] = "black",
        illegal_action: Literal["raise", "lose"] = "raise",
        planes: Sequence[str] = DEFAULT_PLANES,
        render_mode: str | None = None,
    ):
        rules = Rules(size, komi, superko, suicide, max_moves)
        check_colour(colour, rules)
        check_choice("illegal_action", illegal_action, ("raise", "lose"))
        if opponent != "random" and not callable(opponent):
            raise ValueError(
                "opponent must be 'random' or a callable (batch, rng) -> actions, got "
                f"{opponent!r}; to play both seats use make_vec(..., opponent=None) or aec_env"
            )
        if render_mode is not None:
            check_choice("render_mode", render_mode, self.metadata["render_modes"])
        names, self._codes, self._dtype = read_planes(planes)
        self.batch = GoBatch(1, rules)
        self.batch.games.info[0, STATUS] = ENDED  # there is no game before the first reset
        self.observation_space, self.action_space = spaces_of(rules, names)  # type: ignore[assignment]
        self.render_mode = render_mode
        self._opponent = None if opponent == "random" else opponent
        self._choice, self._colour = COLOUR_CODES[colour], BLACK
        self._illegal_loses = illegal_action == "lose"
        self._shape = (len(names), rules.size, rules.size)
        self._num_actions = self.batch.num_actions
        self._seeded = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a game; the opponent has moved already if the agent is White.

        Args:
            seed: determines this game and all that follow it, the random opponent included.
            options: not used.
        """
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            self.batch.seed(stream_seed(self))
            self._seeded = True
        self.batch._make_room()
        self._colour = int(_begin(self.batch.games, self._choice, self._opponent is None))
        self._answer()
        planes, mask = self._allocate()
        _, to_play, ply, _ = _show(self.batch.games, self._colour, self._codes, planes, mask)
        if self.render_mode == "human":
            self.render()
        info = {"action_mask": mask, "colour": self._colour, "to_play": to_play, "ply": ply}
        return {"observation": planes, "action_mask": mask}, info

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Play the agent's action and the opponent's reply.

        Raises:
            IllegalActionError: the action is illegal (see `illegal_action`), or the opponent's.
            ResetNeeded: the game is over.
        """
        batch, colour = self.batch, self._colour
        # One call for each of the two plies.
        batch._make_room()
        batch._make_room()
        action = whole_number(action)
        planes, mask = self._allocate()
        if self._opponent is None:
            verdict, status, to_play, ply, score = _act_answer_show(
                batch.games, action, self._illegal_loses, colour, self._codes, planes, mask
            )
        else:
            verdict = act(batch.games, action, self._illegal_loses)
            if verdict == LEGAL:
                self._answer()
            status, to_play, ply, score = _show(batch.games, colour, self._codes, planes, mask)
        if verdict == GAME_OVER:
            raise gymnasium.error.ResetNeeded("the game is over, or none has begun: call reset")
        if verdict != LEGAL and not self._illegal_loses:
            raise IllegalActionError(0, action, _REASONS[verdict])
        info = {"action_mask": mask, "colour": colour, "to_play": to_play, "ply": ply}
        reward = 0.0
        if status != RUNNING:
            info["score"] = score
            if verdict == LEGAL:
                reward = float((score * colour > 0) - (score * colour < 0))
            else:
                info["illegal_action"], reward = True, -1.0
        if self.render_mode == "human":
            self.render()
        observation = {"observation": planes, "action_mask": mask}
        return observation, reward, status == ENDED, status == TRUNCATED, info

    def action_masks(self) -> np.ndarray:
        """Legal actions, bool [A]; the name under which sb3-contrib looks for them."""
        return self.batch.legal_actions()[0]

    def render(self) -> str | None:
        """The board as text if `render_mode` is ``"ansi"``; ``"human"`` prints it."""
        if self.render_mode is None:
            gymnasium.logger.warn('render() needs a render_mode: make(..., render_mode="ansi")')
            return None
        text = game_text(self.batch, 0)
        if self.render_mode == "ansi":
            return text
        print(text, flush=True)
        return None

    def _allocate(self) -> tuple[np.ndarray, np.ndarray]:
        return np.empty(self._shape, self._dtype), np.empty(self._num_actions, np.int8)

    def _answer(self) -> None:
        """Let a callable opponent reply, if it is on turn in a running game."""
        if self._opponent is not None:
            info = self.batch.games.info
            if info[0, STATUS] == RUNNING and info[0, TO_PLAY] != self._colour:
                let_opponent_play(self.batch, self._opponent, self.np_random)
