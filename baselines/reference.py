"""A slow, plain referee: the Tromp-Taylor rules written straight from their definition.

The compiled engine in `goenv/` is checked against this file, by the tests and by `gozoo bench
rules`, so it imports and shares nothing of it: no hashes, no incremental state, no numba. A board
is a tuple of colours, a chain is flood-filled whenever it is needed, and superko compares whole
boards. Source: John Tromp and Bill Taylor, "The game of Go", https://tromp.github.io/go.html.
"""

from __future__ import annotations

import copy
from functools import cache

import numpy as np

BLACK, WHITE, EMPTY = 1, -1, 0
SUPERKO_KINDS = ("positional", "situational", "simple")

Board = tuple[int, ...]


@cache
def neighbours(size: int) -> tuple[tuple[int, ...], ...]:
    """For each point of a board, the points one step up, down, left and right of it."""
    table = []
    for point in range(size * size):
        row, column = divmod(point, size)
        steps = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
        table.append(tuple(r * size + c for r, c in steps if 0 <= r < size and 0 <= c < size))
    return tuple(table)


def region(board: list[int] | Board, size: int, start: int) -> tuple[set[int], set[int]]:
    """The points joined to `start` by points of its colour, and the other points they touch."""
    colour, adjacent = board[start], neighbours(size)
    inside, border, waiting = {start}, set(), [start]
    while waiting:
        for point in adjacent[waiting.pop()]:
            if board[point] != colour:
                border.add(point)
            elif point not in inside:
                inside.add(point)
                waiting.append(point)
    return inside, border


def remove_if_dead(board: list[int], size: int, start: int) -> None:
    """Clear the chain at `start` if none of the points it touches is empty."""
    chain, border = region(board, size, start)
    if all(board[point] != EMPTY for point in border):
        for point in chain:
            board[point] = EMPTY


def after_stone(before: Board, size: int, colour: int, point: int) -> Board:
    """The board after `colour` puts a stone on `point`, which is empty: legal or not."""
    board = list(before)
    board[point] = colour
    for other in neighbours(size)[point]:
        if board[other] == -colour:
            remove_if_dead(board, size, other)
    remove_if_dead(board, size, point)  # only now: a capture comes before a suicide
    return tuple(board)


def area(board: Board, size: int) -> int:
    """Black area minus white area: stones, and empty regions that touch one colour only."""
    total, counted = sum(board), set()
    for point in range(size * size):
        if board[point] == EMPTY and point not in counted:
            empty, border = region(board, size, point)
            counted |= empty
            colours = {board[stone] for stone in border}
            if len(colours) == 1:
                total += colours.pop() * len(empty)
    return total


class ReferenceGame:
    """One game of Go.

    Actions are points `row * size + column` and the pass `size * size`. The game is `over` after
    two consecutive passes, or cut off (`over` and `truncated`) once `ply` reaches `max_moves`; if
    the second pass falls on `max_moves`, that is an end and no truncation. The kinds of superko:

    - `"positional"`: a move may not make a board that stood before in the game, the empty start
      included. So a single-stone suicide, which leaves the board as it is, is never legal.
    - `"situational"`: a move may not make a board that stood before with the same player to move.
      So a single-stone suicide is legal the first time: it is a pass that does not count as one.
    - `"simple"`: a move may not make the board that stood before the opponent's last move, which is
      the immediate recapture in a ko. If that last move was a pass, nothing but a single-stone
      suicide could do so; a single-stone suicide is a disguised pass, and here never legal.

    A pass breaks no superko rule, but what it leaves (same board, other player to move) joins the
    history that situational superko looks into.
    """

    def __init__(
        self,
        size: int,
        komi: float = 7.5,
        superko: str = "positional",
        suicide: bool = True,
        max_moves: int | None = None,
    ) -> None:
        if superko not in SUPERKO_KINDS:
            raise ValueError(f"superko: {superko!r} is none of {SUPERKO_KINDS}")
        self.size, self.komi, self.superko = size, komi, superko
        self.suicide, self.max_moves = suicide, max_moves
        self.cells: Board = (EMPTY,) * (size * size)
        self.before_last: Board | None = None  # the board before the last move or pass
        self.to_play, self.ply, self.passes_in_a_row = BLACK, 0, 0
        self.over = self.truncated = False
        self.seen_boards = {self.cells}
        self.seen_situations = {(self.cells, self.to_play)}

    @property
    def pass_action(self) -> int:
        """The action that passes, the last of `size * size + 1`."""
        return self.size * self.size

    def after(self, point: int) -> Board:
        """The board after the player to move puts a stone on `point`, which is empty."""
        return after_stone(self.cells, self.size, self.to_play, point)

    def why_illegal(self, action: int) -> str | None:
        """`"over"`, `"off the board"`, `"occupied"`, `"suicide"`, `"superko"`; None if legal."""
        if self.over:
            return "over"
        if not 0 <= action <= self.pass_action:
            return "off the board"
        if action == self.pass_action:
            return None
        if self.cells[action] != EMPTY:
            return "occupied"
        board = self.after(action)
        if board[action] == EMPTY and not self.suicide:
            return "suicide"
        return "superko" if self._repeats(board) else None

    def _repeats(self, board: Board) -> bool:
        if self.superko == "positional":
            return board in self.seen_boards
        if self.superko == "situational":
            return (board, -self.to_play) in self.seen_situations
        return board in (self.before_last, self.cells)

    def legal(self, action: int) -> bool:
        """Whether the player to move may play `action`."""
        return self.why_illegal(action) is None

    def legal_actions(self) -> list[bool]:
        """`legal` of each of the `size * size + 1` actions; all False once the game is over."""
        return [self.legal(action) for action in range(self.pass_action + 1)]

    def play(self, action: int) -> None:
        """Play a point or pass. Raises ValueError with the reason if the action is illegal."""
        reason = self.why_illegal(action)
        if reason is not None:
            raise ValueError(f"action {action} is illegal: {reason}")
        board = self.cells if action == self.pass_action else self.after(action)
        self.passes_in_a_row = self.passes_in_a_row + 1 if action == self.pass_action else 0
        self.before_last, self.cells = self.cells, board
        self.to_play = -self.to_play
        self.ply += 1
        self.seen_boards.add(board)
        self.seen_situations.add((board, self.to_play))
        cut_off = self.max_moves is not None and self.ply >= self.max_moves
        self.truncated = cut_off and self.passes_in_a_row < 2
        self.over = cut_off or self.passes_in_a_row == 2

    def score(self) -> float:
        """Black area minus white area minus komi of the board as it stands."""
        return area(self.cells, self.size) - self.komi

    def board(self) -> np.ndarray:
        """The colours as an int8 array [size, size]."""
        return np.array(self.cells, dtype=np.int8).reshape(self.size, self.size)

    def copy(self) -> ReferenceGame:
        """A game with the same past that goes on by itself."""
        twin = copy.copy(self)
        twin.seen_boards = set(self.seen_boards)
        twin.seen_situations = set(self.seen_situations)
        return twin
