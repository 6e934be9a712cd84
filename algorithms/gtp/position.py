"""The game as GTP tells it: either colour may move at any time, also after two passes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from goenv import BLACK, WHITE, GoBatch, Rules
from goenv.game import Game
from goenv.state import PASSES, RUNNING, STATUS

Move = tuple[int, int]  # colour, action


class Position:
    """A game with its record; every change makes another one, so a move refused changes nothing.

    Under the rules players alternate, and two passes end the game. GTP has neither: stones are set
    up by moves of one colour, and a game goes on when its players do not agree on the dead. So a
    colour that moves out of turn finds that the other has passed, which no rule of Go forbids, but
    such a pass does not bring the end nearer.

    Args:
        rules: of the game.
        board: stones to begin with, int8 [N, N]; None: the empty board.
        first: who moves first.
        moves: (colour, action), in order.

    Attributes:
        batch: the game as a `GoBatch` of one; to be left as it is.

    Raises:
        ValueError: a chain on the board has no liberty.
        IllegalActionError: a move is illegal.
    """

    def __init__(
        self,
        rules: Rules,
        board: np.ndarray | None = None,
        first: int = BLACK,
        moves: tuple[Move, ...] = (),
    ):
        self.rules, self.board, self.first, self.moves = rules, board, first, moves
        self.batch = GoBatch(1, rules)
        if board is not None:
            self.batch.set_position(0, board, first)
        for move in moves:
            _put(self.batch, *move)

    @property
    def to_play(self) -> int:
        """Colour whose turn it is: 1 Black, -1 White."""
        return int(self.batch.to_play[0])

    @property
    def stones(self) -> np.ndarray:
        """Stones on the board, int8 [N, N]: 1 black, -1 white, 0 empty."""
        return self.batch.boards()[0]

    def play(self, colour: int, action: int) -> Position:
        """The game with one more move.

        Raises:
            IllegalActionError: it is illegal for that colour.
        """
        after = Position.__new__(Position)
        after.rules, after.board, after.first = self.rules, self.board, self.first
        after.moves = (*self.moves, (colour, action))
        after.batch = self.batch.clone()
        _put(after.batch, colour, action)
        return after

    def undo(self) -> Position:
        """The game without its last move; there must be one."""
        return Position(self.rules, self.board, self.first, self.moves[:-1])

    def under(self, rules: Rules) -> Position:
        """The same moves under other rules for the same board.

        Raises:
            IllegalActionError: a move is illegal there.
        """
        return Position(rules, self.board, self.first, self.moves)

    def with_handicap(self, points: list[int]) -> Position:
        """A new game in which Black has stones at these points, and White is to move."""
        stones = np.zeros(self.rules.size**2, np.int8)
        stones[points] = BLACK
        return Position(self.rules, stones.reshape(self.rules.size, -1), WHITE)

    def batch_for(self, colour: int) -> GoBatch:
        """The game with `colour` to move, in which it can move; to be left as it is."""
        if self.to_play == colour and not self.batch.done[0]:
            return self.batch
        batch = self.batch.clone()
        _give_turn(batch, colour)
        return batch


def position_of(game: Game, rules: Rules, moves: int | None = None) -> Position:
    """A game read from SGF, up to so many moves, under the superko and suicide of `rules`.

    Raises:
        IllegalActionError: a move is illegal under these.
    """
    rules = replace(rules, size=game.rules.size, komi=game.rules.komi)
    colours = [game.first_to_play * (1 - 2 * (ply % 2)) for ply in range(len(game.moves))]
    record = tuple(zip(colours, game.moves, strict=True))[:moves]
    board = game.first_board if game.first_board.any() else None
    return Position(rules, board, game.first_to_play, record)


def was_interrupted(batch: GoBatch) -> bool:
    """Whether the last action of a game of one is a pass that does not bring the end nearer.

    A search that walked into that pass took it for a usual one: its tree must not be kept.
    """
    passed = batch.last_action[0] == batch.num_actions - 1
    return bool(passed and batch.games.info[0, PASSES] == 0)


def _give_turn(batch: GoBatch, colour: int) -> None:
    """Let `colour` move next, in a game that goes on."""
    info = batch.games.info[0]
    if info[STATUS] == RUNNING and batch.to_play[0] == colour:
        return
    info[STATUS] = RUNNING
    if batch.to_play[0] != colour:
        batch.step(np.array([batch.num_actions - 1]))
    info = batch.games.info[0]
    info[STATUS], info[PASSES] = RUNNING, 0


def _put(batch: GoBatch, colour: int, action: int) -> None:
    _give_turn(batch, colour)
    batch.step(np.array([action]))
