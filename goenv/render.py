"""Boards as text, with the coordinates that Go players use."""

from __future__ import annotations

import numpy as np

from goenv.batch import GoBatch
from goenv.coordinates import COLUMNS, action_name
from goenv.position import SYMBOLS, Position, position_of

__all__ = ["COLUMNS", "action_name", "ansi", "game_text", "position_text"]


def ansi(
    board: np.ndarray,
    last_action: int = -1,
    to_play: int | None = None,
    ply: int | None = None,
    score: float | None = None,
) -> str:
    """A board as lines of text: X is Black, O is White, brackets mark the last move.

    Args:
        board: int8 [N, N]: 1 black, -1 white, 0 empty; row 0 at the top.
        last_action: the last action, -1 before the first.
        to_play: colour to move, or None to leave it out.
        ply: moves played so far, or None to leave it out.
        score: Black's points minus White's of a finished game, None while it runs.

    Raises:
        ValueError: the board or the last action is wrong.
    """
    return position_text(Position(board, last_action, to_play, ply, score))


def game_text(batch: GoBatch, game: int) -> str:
    """One game of a batch as `ansi` shows it, on its own board.

    Raises:
        IndexError: there is no such game.
    """
    return position_text(position_of(batch, game))


def position_text(position: Position) -> str:
    """A position as `ansi` shows it."""
    size, last = position.size, position.last_point
    header = "   " + " ".join(COLUMNS[:size])
    lines = [header]
    for row in range(size):
        stones = " ".join(SYMBOLS[int(stone)] for stone in position.board[row])
        symbols = list(f" {stones} ")
        if last is not None and last[0] == row:
            symbols[2 * last[1]], symbols[2 * last[1] + 2] = "(", ")"
        lines.append(f"{size - row:2d}{''.join(symbols)}{size - row}")
    lines.append(header)
    facts = position.facts(symbols=True)
    return "\n".join(lines + [facts] if facts else lines)
