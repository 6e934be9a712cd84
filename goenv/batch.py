"""GoBatch: many games in arrays, stepped in one compiled call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from goenv import state
from goenv.arguments import (
    checked_actions,
    checked_array,
    checked_position,
    game_index,
    game_indices,
    positive_number,
    seed_streams,
)
from goenv.board import set_position
from goenv.game_loops import (
    copy_games,
    draw_actions,
    judge_games,
    play_games,
    play_out_games,
    score_games,
    start_games,
    step_games,
    unpad_boards,
)
from goenv.handicap import handicap_points
from goenv.history import STREAM
from goenv.illegal import REASONS, IllegalActionError
from goenv.legality import legality
from goenv.observations import DEFAULT_PLANES, legal_games, observe_games, read_view
from goenv.rules import BLACK, WHITE, Rules
from goenv.state import RUNNING, STATUS, Games
from goenv.storage import pack_games, unpack_games
from goenv.threads import for_games, parts


class GoBatch:
    """B games of Go in arrays.

    Games may differ in size, komi and the other rules. All arrays are in the coordinates of the
    largest board, of side N: an action is ``row * N + column`` for a point and ``N * N`` for the
    pass, so A = N * N + 1. Points outside a smaller board are illegal and empty of everything.

    Args:
        num_games: B, at least 1.
        rules: one `Rules` for all games, or a sequence of B.
        seed: a whole number, or one for each game; see `seed`.

    Raises:
        ValueError: a wrong argument, named.
    """

    def __init__(
        self,
        num_games: int,
        rules: Rules | Sequence[Rules] = Rules(),  # noqa: B008
        seed: int | Sequence[int | None] = 0,
    ):
        num_games = positive_number("num_games", num_games)
        if isinstance(rules, Rules):
            rules = (rules,) * num_games
        if not isinstance(rules, Sequence) or not all(isinstance(rule, Rules) for rule in rules):
            raise ValueError(f"rules must be a goenv.Rules or a sequence of them, got {rules!r}")
        self.rules: tuple[Rules, ...] = tuple(rules)
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
        # So many more moves are sure to find room in the history of every game.
        self._room = 0

    def __len__(self) -> int:
        return self.num_games

    def __repr__(self) -> str:
        kinds = sorted(set(self.rules), key=str)
        shown = str(kinds[0]) if len(kinds) == 1 else f"{len(kinds)} kinds of rules"
        return f"GoBatch({self.num_games} games, {shown}, {int(self.done.sum())} finished)"

    def seed(self, seed: int | Sequence[int | None]) -> None:
        """Start the random streams of the games anew.

        Args:
            seed: a whole number, zero or more: game b draws from its own stream, derived from
                (seed, b). Or a sequence of B: each game begins as the first of a batch seeded
                with its number; where that is None, its stream goes on.

        Raises:
            ValueError: a seed is no such number, or there are not B of them.
        """
        seed_streams(self.games.words[:, STREAM], seed)

    # ---- what the games look like -----------------------------------------------------------

    def boards(self) -> np.ndarray:
        """Boards int8 [B, N, N]: 1 black, -1 white, 0 empty or outside a smaller board."""
        out = np.zeros((self.num_games, self.max_size, self.max_size), np.int8)
        unpad_boards(self.games, out)
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
        """Whether a game is over: two passes, `max_moves`, in environments a forfeit; bool [B]."""
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
        return (self.games.info[:, state.RECENT] & 0xFFF) - 1

    def score(self) -> np.ndarray:
        """Black's area minus White's area minus komi, in points, float64 [B].

        Stones count as alive until they are captured, in running games too. It is what the board
        says: in a forfeited game (`goenv.state.FORFEITED`) that is not who won.
        """
        out = np.empty(self.num_games)
        for_games(score_games, self.num_games, self.num_actions, *self.games, out)
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
        out = np.empty(shape, np.bool_) if out is None else checked_array(out, shape, np.bool_)
        rows = out if out.flags.c_contiguous else np.empty(shape, np.bool_)
        for_games(legal_games, self.num_games, self.num_actions, *self.games, rows.view(np.uint8))
        if rows is not out:
            out[...] = rows
        return out

    def observe(
        self,
        planes: str | Sequence[str] = DEFAULT_PLANES,
        dtype: type | None = None,
        out: np.ndarray | None = None,
        layout: str = "NCHW",
    ) -> np.ndarray:
        """Planes of each board from the side of its player to move.

        Args:
            planes: ``"stones"``, ``"alphago_zero"``, ``"features"`` (`goenv.PLANE_SETS`), or a
                sequence of names out of `goenv.PLANES`.
            dtype: uint8 or float32; by default that of `out`, or uint8 if it can hold the planes.
            out: array to write into, or None for a new one.
            layout: ``"NCHW"``, [B, C, N, N], or ``"NHWC"``, [B, N, N, C].

        Raises:
            ValueError: an argument is wrong; the message names it.
        """
        if dtype is None and isinstance(out, np.ndarray):
            dtype = out.dtype.type
        view = read_view(planes, dtype, layout)
        shape = (self.num_games, *view.shape(self.max_size))
        out = np.empty(shape, view.dtype) if out is None else checked_array(out, shape, view.dtype)
        rows = out if out.flags.c_contiguous else np.empty(shape, view.dtype)
        flat = rows.reshape(self.num_games, -1)
        arguments = (*self.games, view.codes, flat, view.channels_last)
        for_games(observe_games, self.num_games, self.num_actions, *arguments)
        if rows is not out:
            out[...] = rows
        return out

    # ---- what moves them --------------------------------------------------------------------

    def step(self, actions: np.ndarray) -> None:
        """Play one action in every running game; finished games ignore theirs.

        Args:
            actions: int [B].

        Raises:
            IllegalActionError: an action is illegal; nothing is played in any game.
        """
        actions = checked_actions(actions, self.num_games)
        self.make_room()
        if parts(self.num_games, self.num_actions) == 1:
            game = step_games(*self.games, actions)
        else:
            verdicts = np.empty(self.num_games, np.int64)
            arguments = (*self.games, actions)
            for_games(judge_games, self.num_games, self.num_actions, *arguments, verdicts)
            game = int(verdicts.argmax()) if verdicts.any() else -1
            if game < 0:
                for_games(play_games, self.num_games, self.num_actions, *arguments)
        if game >= 0:
            action = int(actions[game])
            raise IllegalActionError(game, action, REASONS[legality(self.games, game, action)])

    def random_actions(self) -> np.ndarray:
        """Actions int64 [B], uniform over the legal ones, from each game's own stream."""
        out = np.empty(self.num_games, np.int64)
        for_games(draw_actions, self.num_games, self.num_actions, *self.games, out)
        return out

    def play_out(self, move_limit: int | None = None) -> None:
        """Play every running game on at random, to its end or for `move_limit` moves.

        Moves are uniform over the legal points that do not fill an own eye; a side passes when it
        has none. Draws come from each game's own stream.

        Args:
            move_limit: in each game; None: three times A, which few games on an open board need.

        Raises:
            ValueError: the limit is not a positive whole number.
        """
        if move_limit is None:
            move_limit = 3 * self.num_actions
        left = positive_number("move_limit", move_limit)
        while left > 0 and not self.done.all():
            # In pieces, so that a large limit needs no large history before it is used.
            moves = min(left, 4 * self.num_actions)
            self.make_room(moves)
            work = 64 * self.num_actions
            for_games(play_out_games, self.num_games, work, *self.games, moves)
            left -= moves

    def reset(self, mask: np.ndarray | None = None) -> None:
        """Begin anew where `mask`, bool [B], says so, or everywhere; random streams go on."""
        mask = np.ones(self.num_games, np.bool_) if mask is None else np.array(mask)
        mask = checked_array(mask, (self.num_games,), np.bool_)
        for_games(start_games, self.num_games, self.num_actions, *self.games, mask)

    def set_rules(self, game: int, rules: Rules) -> None:
        """Begin `game` anew under other rules; its board may not exceed the largest, N.

        Raises:
            ValueError: the board is too large, or these are no `Rules`.
            IndexError: there is no such game.
        """
        if not isinstance(rules, Rules):
            raise ValueError(f"rules must be a goenv.Rules, got {rules!r}")
        if rules.size > self.max_size:
            raise ValueError(f"size {rules.size} exceeds this batch's largest, {self.max_size}")
        game = game_index(game, self.num_games)
        self.rules = (*self.rules[:game], rules, *self.rules[game + 1 :])
        state.set_rules(self.games, game, rules, self.max_size)
        state.start(self.games, game)
        self._room = 0

    def set_position(self, game: int, board: np.ndarray, to_play: int = BLACK) -> None:
        """Begin `game` anew with stones on the board; the position is the first of its history.

        Args:
            board: [n, n] of 1 (black), -1 (white) and 0, where n is the side of this game's board.
            to_play: colour to move, 1 or -1.

        Raises:
            ValueError: the board has a wrong shape or value, or a chain without liberties.
            IndexError: there is no such game.
        """
        game = game_index(game, self.num_games)
        size = self.rules[game].size
        stones, to_play = checked_position(board, to_play, size)
        set_position(self.games, game, stones, to_play)
        self._room = 0

    def place_handicap(self, game: int, stones: int) -> None:
        """Begin `game` anew with handicap stones for Black at their usual points, White to move.

        The komi stays what the rules say, and White gets no points for the stones.

        Raises:
            ValueError: so many stones have no usual points on this board; see
                `goenv.handicap_points`.
            IndexError: there is no such game.
        """
        size = self.rules[game_index(game, self.num_games)].size
        board = np.zeros(size * size, np.int8)
        board[handicap_points(size, stones)] = BLACK
        self.set_position(game, board.reshape(size, size), WHITE)

    def get_state(self) -> bytes:
        """All of the batch, random streams and rules included, as bytes of a versioned form."""
        return pack_games(self.games, self.rules, {})

    def set_state(self, data: bytes) -> None:
        """Go on where the batch was that `get_state` was asked of; B and N become its own.

        Raises:
            ValueError: the bytes are no state, of another version, or damaged; nothing is changed.
        """
        games, rules, _ = unpack_games(data)
        self.adopt(games, rules)

    def adopt(self, games: Games, rules: tuple[Rules, ...]) -> None:
        """Hold these games from now on; `rules` must be what their arrays say."""
        self.games, self.rules, self._room = games, rules, 0
        self.num_games, self.num_actions = games.cells.shape[:2]
        self.max_size = round((self.num_actions - 1) ** 0.5)

    @classmethod
    def from_state(cls, data: bytes) -> GoBatch:
        """A batch from what `get_state` returned; see `set_state`."""
        batch = cls(1)
        batch.set_state(data)
        return batch

    def clone(self) -> GoBatch:
        """An independent copy, random streams included."""
        return self.take(range(self.num_games))

    def take(self, indices: Sequence[int] | np.ndarray) -> GoBatch:
        """A new batch of the games at `indices`, in that order; repeats are allowed.

        Copies of one game share their random stream's state: `seed` the new batch to part them.

        Raises:
            IndexError: there is no such game, or the indices are no list of whole numbers.
        """
        indices = game_indices(indices, self.num_games)
        other = GoBatch.__new__(GoBatch)
        other.rules = tuple(self.rules[index] for index in indices)
        other._allocate(self.max_size)
        other.games = state.grow_history(other.games, state.history_slots(self.games))
        copy_games(self.games, indices, other.games, np.arange(len(indices)))
        return other

    def copy_game(self, source: int, other: GoBatch, target: int) -> None:
        """Copy the game `source` into the slot `target` of `other` (boards as large, same N).

        Raises:
            ValueError: `other` is no GoBatch, or has another largest size.
            IndexError: there is no such game.
        """
        if not isinstance(other, GoBatch):
            raise ValueError(f"other must be a GoBatch, got {type(other).__name__}")
        if other.max_size != self.max_size:
            raise ValueError(
                f"the largest boards differ: {self.max_size} here, {other.max_size} there"
            )
        source = game_index(source, self.num_games)
        target = game_index(target, other.num_games)
        slots = state.history_slots(self.games)
        if state.history_slots(other.games) < slots:
            other.games = state.grow_history(other.games, slots)
        other.rules = (*other.rules[:target], self.rules[source], *other.rules[target + 1 :])
        state.copy_game(self.games, source, other.games, target)
        other._room = 0

    def make_room(self, moves: int = 1) -> None:
        """Let each game's history hold so many more moves; call it before you play them yourself.

        `step` does so by itself. It may put larger arrays into `games`: take them anew.

        Args:
            moves: moves that compiled code will play in any one game before the next call.
        """
        moves = positive_number("moves", moves)
        if self._room < moves:
            self.games, self._room = state.with_room(self.games, moves)
        self._room -= moves
