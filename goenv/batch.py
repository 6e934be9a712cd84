"""GoBatch: many games in arrays, stepped in one compiled call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from goenv import state
from goenv.board import (
    GAME_OVER,
    ILLEGAL_REPETITION,
    ILLEGAL_SUICIDE,
    LEGAL,
    OCCUPIED,
    OFF_BOARD,
    action_cell,
    cell_action,
    final_score,
    legality,
    play,
)
from goenv.observations import (
    DEFAULT_PLANES,
    default_dtype,
    legal_games,
    observe_games,
    plane_codes,
)
from goenv.random_play import random_legal_cell
from goenv.rules import Rules
from goenv.state import HISTORY_COUNT, PASS, RUNNING, STATUS
from goenv.threads import for_games

_REASONS = {
    OCCUPIED: "the point is occupied",
    OFF_BOARD: "it is not on the board",
    ILLEGAL_SUICIDE: "it is a suicide that the rules forbid",
    ILLEGAL_REPETITION: "it repeats an earlier position (superko or ko)",
    GAME_OVER: "the game is over",
}


class IllegalActionError(ValueError):
    """An action that the rules forbid; nothing was played.

    Attributes:
        game: index of the game in the batch.
        action: the action asked for.
        reason: why it is illegal.
    """

    def __init__(self, game: int, action: int, reason: str):
        super().__init__(f"action {action} is illegal in game {game}: {reason}")
        self.game, self.action, self.reason = game, action, reason


@njit(cache=True, nogil=True)
def _start_games(games, mask):
    for game in range(mask.shape[0]):
        if mask[game]:
            state.start(games, game)


@njit(cache=True, nogil=True)
def _judge_games(first, last, games, actions, verdicts):
    """Legality of an action in each running game; finished games are left alone."""
    for game in range(first, last):
        verdicts[game] = LEGAL
        if games.info[game, STATUS] == RUNNING:
            verdicts[game] = legality(games, game, action_cell(games, game, actions[game]))


@njit(cache=True, nogil=True)
def _play_games(first, last, games, actions):
    for game in range(first, last):
        if games.info[game, STATUS] == RUNNING:
            play(games, game, action_cell(games, game, actions[game]))


@njit(cache=True, nogil=True)
def _score_games(first, last, games, out):
    for game in range(first, last):
        out[game] = final_score(games, game)


@njit(cache=True, nogil=True)
def _random_actions(first, last, games, out):
    for game in range(first, last):
        cell = np.int64(PASS)
        if games.info[game, STATUS] == RUNNING:
            cell = random_legal_cell(games, game)
        out[game] = cell_action(games, game, cell)


@njit(cache=True, nogil=True)
def _unpad_boards(games, grid, out):
    for game in range(out.shape[0]):
        size = games.info[game, state.SIZE]
        for y in range(size):
            for x in range(size):
                out[game, y, x] = games.cells[game, state.STONE, (y + 1) * (size + 1) + x]


@njit(cache=True, nogil=True)
def _copy_games(source, from_games, target, to_games):
    for index in range(from_games.shape[0]):
        state.copy_game(source, from_games[index], target, to_games[index])


class GoBatch:
    """B games of Go in arrays.

    Games may differ in size, komi and the other rules. All arrays are in the coordinates of the
    largest board, of side N: an action is ``row * N + column`` for a point and ``N * N`` for the
    pass, so A = N * N + 1. Points outside a smaller board are illegal and empty of everything.

    Args:
        num_games: B, at least 1.
        rules: one `Rules` for all games, or a sequence of B.
        seed: a whole number; game b draws from its own stream, derived from (seed, b).

    Raises:
        ValueError: a wrong argument, named.
    """

    def __init__(self, num_games: int, rules: Rules | Sequence[Rules] = Rules(), seed: int = 0):  # noqa: B008
        if isinstance(num_games, bool) or not isinstance(num_games, (int, np.integer)):
            raise ValueError(f"num_games must be a whole number, got {num_games!r}")
        if num_games < 1:
            raise ValueError(f"num_games must be at least 1, got {num_games}")
        if isinstance(rules, Rules):
            rules = (rules,) * int(num_games)
        self.rules: tuple[Rules, ...] = tuple(rules)
        for rule in self.rules:
            if not isinstance(rule, Rules):
                raise ValueError(f"rules must be goenv.Rules, got {rule!r}")
        if len(self.rules) != num_games:
            raise ValueError(f"{num_games} games need as many rules, got {len(self.rules)}")
        self._allocate(max(rule.size for rule in self.rules))
        self.seed(seed)
        self.reset()

    def _allocate(self, max_size: int) -> None:
        self.num_games = len(self.rules)
        self.max_size = max_size
        self.num_actions = max_size * max_size + 1
        self.games = state.allocate(self.num_games, max_size, state.history_slots_for(max_size))
        for game, rule in enumerate(self.rules):
            state.set_rules(self.games, game, rule, max_size)
        # Positions that may have been added since the fullest history was last looked at.
        self._room = 0

    def __len__(self) -> int:
        return self.num_games

    def __repr__(self) -> str:
        kinds = sorted(set(self.rules), key=str)
        shown = str(kinds[0]) if len(kinds) == 1 else f"{len(kinds)} kinds of rules"
        return f"GoBatch({self.num_games} games, {shown}, {int(self.done.sum())} finished)"

    def seed(self, seed: int) -> None:
        """Start every game's random stream anew from (seed, index of the game)."""
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise ValueError(f"seed must be a whole number, zero or more, got {seed!r}")
        words = np.random.SeedSequence(int(seed)).generate_state(1, np.uint64)
        # Multiples of an odd constant keep the streams of neighbouring games apart.
        step = np.uint64(0xD1342543DE82EF95)
        indices = np.arange(self.num_games, dtype=np.uint64)
        self.games.words[:, state.STREAM] = words[0] ^ (indices * step)

    # ---- what the games look like -----------------------------------------------------------

    def boards(self) -> np.ndarray:
        """Boards int8 [B, N, N]: 1 black, -1 white, 0 empty or outside a smaller board."""
        out = np.zeros((self.num_games, self.max_size, self.max_size), np.int8)
        _unpad_boards(self.games, self.max_size, out)
        return out

    @property
    def to_play(self) -> np.ndarray:
        """Colour to move, int8 [B]: 1 Black, -1 White."""
        return self.games.info[:, state.TO_PLAY].astype(np.int8)

    @property
    def ply(self) -> np.ndarray:
        """Moves played so far, passes included, int64 [B]."""
        return self.games.info[:, state.PLY].copy()

    @property
    def done(self) -> np.ndarray:
        """Whether a game is over, by two passes or by `max_moves`, bool [B]."""
        return self.games.info[:, STATUS] != RUNNING

    @property
    def truncated(self) -> np.ndarray:
        """Whether a game was cut off by `max_moves`, bool [B]."""
        return self.games.info[:, STATUS] == state.TRUNCATED

    @property
    def sizes(self) -> np.ndarray:
        """Side of each board, int64 [B]."""
        return self.games.info[:, state.SIZE].copy()

    @property
    def komi(self) -> np.ndarray:
        """Komi in points, float64 [B]."""
        return 0.5 * self.games.info[:, state.KOMI2]

    @property
    def last_action(self) -> np.ndarray:
        """The last action played, int64 [B]; -1 before the first."""
        info = self.games.info
        cells, width = info[:, state.LAST], info[:, state.SIZE] + 1
        points = (cells // width - 1) * self.max_size + cells % width
        actions = np.where(cells == PASS, self.num_actions - 1, points)
        return np.where(cells < 0, -1, actions)

    def score(self) -> np.ndarray:
        """Black's area minus White's area minus komi, in points, float64 [B].

        Stones count as alive until they are captured, in running games too.
        """
        out = np.empty(self.num_games)
        for_games(_score_games, self.num_games, self.num_actions, self.games, out)
        return out

    def outcome(self) -> np.ndarray:
        """Sign of `score`, int8 [B]: +1 Black wins, 0 draw, -1 White wins."""
        return np.sign(self.score()).astype(np.int8)

    def legal_actions(self, out: np.ndarray | None = None) -> np.ndarray:
        """Legal actions, bool [B, A], superko included; all False in finished games.

        Args:
            out: array to write into, or None for a new one.
        """
        shape = (self.num_games, self.num_actions)
        out = np.empty(shape, np.bool_) if out is None else _checked(out, shape, (np.bool_,))
        for_games(legal_games, self.num_games, self.num_actions, self.games, out)
        return out

    def observe(
        self,
        planes: tuple[str, ...] = DEFAULT_PLANES,
        dtype: type | None = None,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Planes of each board from the side of its player to move, [B, C, N, N].

        Args:
            planes: names out of `goenv.PLANES`.
            dtype: uint8 or float32; by default uint8 if it can hold the planes.
            out: array to write into, or None for a new one.
        """
        codes = plane_codes(planes)
        kind = np.dtype(dtype or (out.dtype if out is not None else default_dtype(planes)))
        if kind not in (np.uint8, np.float32):
            raise ValueError(f"dtype must be uint8 or float32, got {kind}")
        if kind == np.uint8 and default_dtype(planes) is np.float32:
            raise ValueError("uint8 cannot hold the plane 'komi': use float32")
        shape = (self.num_games, len(codes), self.max_size, self.max_size)
        out = np.empty(shape, kind) if out is None else _checked(out, shape, (kind,))
        for_games(observe_games, self.num_games, self.num_actions, self.games, codes, out)
        return out

    # ---- what moves them --------------------------------------------------------------------

    def step(self, actions: np.ndarray) -> None:
        """Play one action in every running game; finished games ignore theirs.

        Args:
            actions: int [B].

        Raises:
            IllegalActionError: an action is illegal; nothing is played in any game.
        """
        actions = np.asarray(actions)
        if actions.shape != (self.num_games,) or actions.dtype.kind not in "iu":
            raise ValueError(
                f"actions must be whole numbers of shape ({self.num_games},), "
                f"got {actions.dtype} of shape {actions.shape}"
            )
        actions = actions.astype(np.int64, copy=False)
        verdicts = np.empty(self.num_games, np.int64)
        for_games(_judge_games, self.num_games, self.num_actions, self.games, actions, verdicts)
        if verdicts.any():
            game = int(verdicts.nonzero()[0][0])
            raise IllegalActionError(game, int(actions[game]), _REASONS[int(verdicts[game])])
        self._make_room()
        for_games(_play_games, self.num_games, self.num_actions, self.games, actions)

    def random_actions(self) -> np.ndarray:
        """Actions int64 [B], uniform over the legal ones, from each game's own stream."""
        out = np.empty(self.num_games, np.int64)
        for_games(_random_actions, self.num_games, self.num_actions, self.games, out)
        return out

    def reset(self, mask: np.ndarray | None = None) -> None:
        """Begin anew in all games, or in those that `mask`, bool [B], selects.

        Random streams go on where they were.
        """
        mask = np.ones(self.num_games, np.bool_) if mask is None else np.asarray(mask)
        _start_games(self.games, _checked(mask, (self.num_games,), (np.bool_,)))

    def set_rules(self, game: int, rules: Rules) -> None:
        """Begin `game` anew under other rules; its board may not exceed the largest, N.

        Raises:
            ValueError: the board is too large.
            IndexError: there is no such game.
        """
        if rules.size > self.max_size:
            raise ValueError(f"size {rules.size} exceeds this batch's largest, {self.max_size}")
        game = range(self.num_games)[game]
        self.rules = (*self.rules[:game], rules, *self.rules[game + 1 :])
        state.set_rules(self.games, game, rules, self.max_size)
        state.start(self.games, game)

    # ---- copies -----------------------------------------------------------------------------

    def clone(self) -> GoBatch:
        """An independent copy, random streams included."""
        return self.take(np.arange(self.num_games))

    def take(self, indices: Sequence[int] | np.ndarray) -> GoBatch:
        """A new batch of the games at `indices`, in that order; repeats are allowed.

        Copies of one game share their random stream's state: `seed` the new batch to part them.
        """
        indices = np.arange(self.num_games)[np.asarray(indices, np.int64)]
        other = GoBatch.__new__(GoBatch)
        other.rules = tuple(self.rules[index] for index in indices)
        other._allocate(self.max_size)
        other.games = state.grow_history(other.games, state.history_slots(self.games))
        _copy_games(self.games, indices, other.games, np.arange(len(indices)))
        return other

    def copy_game(self, source: int, other: GoBatch, target: int) -> None:
        """Copy the game `source` into the slot `target` of `other` (boards as large, same N).

        Raises:
            ValueError: `other` has another largest size.
            IndexError: there is no such game.
        """
        if other.max_size != self.max_size:
            raise ValueError(
                f"the largest boards differ: {self.max_size} here, {other.max_size} there"
            )
        source, target = range(self.num_games)[source], range(other.num_games)[target]
        slots = state.history_slots(self.games)
        if state.history_slots(other.games) < slots:
            other.games = state.grow_history(other.games, slots)
        other.rules = (*other.rules[:target], self.rules[source], *other.rules[target + 1 :])
        state.copy_game(self.games, source, other.games, target)
        other._room = 0

    def _make_room(self) -> None:
        """Double the histories before any could fill up."""
        self._room -= 1
        if self._room > 0:
            return
        slots = state.history_slots(self.games)
        fullest = int(self.games.info[:, HISTORY_COUNT].max())
        if 4 * fullest >= 3 * slots:
            slots *= 2
            self.games = state.grow_history(self.games, slots)
        # A step adds at most one position to a game.
        self._room = 7 * slots // 8 - fullest - 1


def _checked(array: np.ndarray, shape: tuple[int, ...], dtypes: tuple) -> np.ndarray:
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype not in dtypes:
        wanted = " or ".join(np.dtype(dtype).name for dtype in dtypes)
        raise ValueError(
            f"expected an array of {wanted} with shape {shape}, got "
            f"{getattr(array, 'dtype', type(array).__name__)} with shape {np.shape(array)}"
        )
    return array
