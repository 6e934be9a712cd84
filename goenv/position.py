"""What text and pictures show of a game: its own board, the last move, who is to play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from goenv.batch import GoBatch
from goenv.coordinates import COLUMNS, action_name
from goenv.rules import BLACK, WHITE

NAMES = {BLACK: "Black", WHITE: "White"}
SYMBOLS = {BLACK: "X", WHITE: "O", 0: "."}


@dataclass(frozen=True, eq=False)
class Position:
    """One game, in the coordinates of its own board.

    Args:
        board: int8 [N, N]: 1 black, -1 white, 0 empty; row 0 at the top.
        last_action: the last action, ``row * N + column`` or ``N * N`` for the pass; -1 before
            the first.
        to_play: colour to move, or None to leave it out.
        ply: moves played so far, or None to leave it out.
        score: Black's points minus White's of a finished game, None while it runs.

    Raises:
        ValueError: the board or the last action is wrong.
    """

    board: np.ndarray
    last_action: int = -1
    to_play: int | None = None
    ply: int | None = None
    score: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "board", _checked_board(self.board))
        action, size = self.last_action, self.size
        if isinstance(action, bool) or not isinstance(action, (int, np.integer)):
            raise ValueError(f"last_action must be a whole number, got {action!r}")
        if not -1 <= action <= size * size:
            raise ValueError(
                f"last_action must lie between -1 and {size * size} on a board of {size}x{size}, "
                f"got {action}"
            )

    @property
    def size(self) -> int:
        """N, the side of the board."""
        return len(self.board)

    @property
    def last_point(self) -> tuple[int, int] | None:
        """Row and column of the last move; None after a pass, and before the first move."""
        if 0 <= self.last_action < self.size**2:
            return self.last_action // self.size, self.last_action % self.size
        return None

    def pass_fact(self) -> str:
        """What no mark on the board can tell: that the last action was the pass; else empty."""
        return "last pass" if self.last_action == self.size**2 else ""

    def facts(self, symbols: bool = False) -> str:
        """What is known of the game, in a line; empty if nothing is.

        Args:
            symbols: whether to name the symbol of the colour to play.
        """
        facts = []
        if self.ply is not None:
            facts.append(f"move {self.ply}")
        if self.last_action >= 0:
            facts.append(f"last {action_name(self.last_action, self.size)}")
        if self.score is not None:
            facts.append(f"game over, {_verdict(self.score)}")
        elif self.to_play is not None:
            symbol = f" ({SYMBOLS[self.to_play]})" if symbols else ""
            facts.append(f"{NAMES[self.to_play]}{symbol} to play")
        return ", ".join(facts)


def positions(batch: GoBatch) -> list[Position]:
    """All B games of a batch, each on its own board."""
    boards, done, largest = batch.boards(), batch.done, batch.max_size
    # Scores are made only where somebody will read them.
    scores = batch.score() if done.any() else np.zeros(batch.num_games)
    return [
        Position(
            boards[game, :size, :size],
            own_action(int(last), largest, int(size)),
            int(to_play),
            int(ply),
            float(scores[game]) if done[game] else None,
        )
        for game, (size, last, to_play, ply) in enumerate(
            zip(batch.sizes, batch.last_action, batch.to_play, batch.ply, strict=True)
        )
    ]


def position_of(batch: GoBatch, game: int) -> Position:
    """One game of a batch on its own board; a negative index counts from the end.

    Raises:
        IndexError: there is no such game.
    """
    known = isinstance(game, (int, np.integer)) and not isinstance(game, bool)
    if not known or not -batch.num_games <= game < batch.num_games:
        raise IndexError(f"game must be a whole number below {batch.num_games}, got {game!r}")
    return positions(batch.take([game]))[0]


def own_action(action: int, largest: int, size: int) -> int:
    """An action numbered on the largest board of a batch, as a game's own board numbers it.

    Args:
        action: ``row * largest + column``, ``largest**2`` for the pass, or -1 for none.
        largest: side of the largest board.
        size: side of the game's board.
    """
    if action < 0:
        return -1
    if action == largest * largest:
        return size * size
    return action // largest * size + action % largest


def _checked_board(board: Any) -> np.ndarray:
    array = np.asarray(board)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"board must be square, [N, N], got the shape {array.shape}")
    if not 1 <= len(array) <= len(COLUMNS):
        raise ValueError(f"board must have a side of 1 to {len(COLUMNS)}, got {len(array)}")
    if array.dtype.kind not in "iu" or not np.isin(array, (BLACK, WHITE, 0)).all():
        raise ValueError("board must hold whole numbers: 1 black, -1 white, 0 empty")
    return array.astype(np.int8)


def _verdict(score: float) -> str:
    if score == 0:
        return "a draw on the board"
    winner = "Black" if score > 0 else "White"
    return f"{winner} ahead by {abs(score):g} on the board"
