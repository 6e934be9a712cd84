"""One game with its record, for people: names of points, undo, any earlier position, SGF."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goenv.batch import GoBatch
from goenv.coordinates import action_name, action_of_name
from goenv.game_loops import play_moves
from goenv.illegal import REASONS, IllegalActionError
from goenv.legality import legality
from goenv.pictures import game_svg
from goenv.render import game_text
from goenv.rules import Rules


class Game:
    """A game of Go that remembers its moves.

    `batch` is a `GoBatch` of this one game, for all that can be asked of a position (legal actions,
    planes, score). Change it through `play` and `undo` only, or the record no longer fits.

    Args:
        rules: of the game.
        board: stones to begin with, [N, N] of 1 (black), -1 (white) and 0; None: the empty board.
        to_play: who begins, 1 or -1; by default Black, or White where there is a handicap.
        handicap: black stones at their usual points in place of `board`; see
            `goenv.handicap_points`.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """

    def __init__(
        self,
        rules: Rules = Rules(),  # noqa: B008
        board: npt.ArrayLike | None = None,
        to_play: int | None = None,
        handicap: int = 0,
    ):
        if board is not None and handicap:
            raise ValueError("give either board or handicap, not both")
        self.rules = rules
        self.batch = GoBatch(1, rules)
        if handicap:
            self.batch.place_handicap(0, handicap)
        first = int(self.batch.to_play[0]) if to_play is None else to_play
        if board is not None or first != self.batch.to_play[0]:
            stones = self.board if board is None else board
            self.batch.set_position(0, stones, first)  # type: ignore[arg-type]
        self.handicap = handicap
        self.first_board, self.first_to_play = self.board, first
        self._moves: list[int] = []

    def __repr__(self) -> str:
        return f"Game({self.rules}, {len(self._moves)} moves)"

    def __str__(self) -> str:
        return game_text(self.batch, 0)

    def _repr_svg_(self) -> str:
        return game_svg(self.batch, 0)

    @property
    def board(self) -> np.ndarray:
        """Stones int8 [N, N]: 1 black, -1 white, 0 empty."""
        return self.batch.boards()[0]

    @property
    def moves(self) -> tuple[int, ...]:
        """The actions played, ``row * N + column`` or ``N * N`` for the pass."""
        return tuple(self._moves)

    @property
    def to_play(self) -> int:
        """Colour to move: 1 Black, -1 White."""
        return int(self.batch.to_play[0])

    @property
    def done(self) -> bool:
        """Whether the game is over."""
        return bool(self.batch.done[0])

    @property
    def score(self) -> float:
        """Black's area minus White's area minus komi, in points, as the board stands."""
        return float(self.batch.score()[0])

    def play(self, *moves: int | str) -> Game:
        """Play moves one after the other: actions, or names such as ``"C3"`` and ``"pass"``.

        Returns:
            The game itself, so that calls can be chained.

        Raises:
            ValueError: there is no such move.
            IllegalActionError: a move is illegal. Nothing is then played, the moves before it
                neither.
        """
        size = self.rules.size
        actions = [action_of_name(move, size) if isinstance(move, str) else move for move in moves]
        for action in actions:
            action_name(action, size)  # raises where there is no such action
        self._play(np.array(actions, np.int64))
        return self

    def undo(self, moves: int = 1) -> Game:
        """Take back the last moves; those before them are played anew, so superko stays exact.

        Returns:
            The game itself.

        Raises:
            ValueError: `moves` is no whole number from 0 to the number of moves played.
        """
        kept = self._moves[: len(self._moves) - self._checked_ply(moves, "moves")]
        self.batch.set_position(0, self.first_board, self.first_to_play)
        self._moves = []
        self._play(np.array(kept, np.int64))
        return self

    def at(self, ply: int) -> Game:
        """A game of its own with the first `ply` moves of this one.

        Raises:
            ValueError: `ply` is no whole number from 0 to the number of moves played.
        """
        ply = self._checked_ply(ply, "ply")
        game = Game(self.rules, self.first_board, self.first_to_play)
        game.handicap = self.handicap
        return game.play(*self._moves[:ply])

    def _checked_ply(self, ply: int, name: str) -> int:
        whole = isinstance(ply, (int, np.integer)) and not isinstance(ply, bool)
        if not whole or not 0 <= ply <= len(self._moves):
            raise ValueError(
                f"{name} must be a whole number from 0 to {len(self._moves)}, got {ply!r}"
            )
        return int(ply)

    def _play(self, actions: np.ndarray) -> None:
        trial = self.batch.clone()
        trial.make_room(max(len(actions), 1))
        played = play_moves(trial.games, 0, actions)
        if played < len(actions):
            action = int(actions[played])
            reason = REASONS[legality(trial.games, 0, action)]
            if len(actions) > 1:
                reason += f"; it is move {played + 1} of those given"
            raise IllegalActionError(0, action, reason)
        self.batch = trial
        self._moves += actions.tolist()
