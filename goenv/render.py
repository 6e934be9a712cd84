"""Boards as text, with the coordinates that Go players use."""

from __future__ import annotations

import numpy as np

from goenv.batch import GoBatch
from goenv.rules import BLACK, WHITE

COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # no I, which looks like J
_SYMBOLS = {BLACK: "X", WHITE: "O", 0: "."}
_NAMES = {BLACK: "Black", WHITE: "White"}


def action_name(action: int, size: int) -> str:
    """How Go players call an action: ``"C3"`` for a point, ``"pass"`` for the pass.

    Args:
        action: ``row * size + column``, row 0 at the top, or ``size * size`` for the pass.
        size: side of the board.

    Raises:
        ValueError: there is no such action.
    """
    if not 0 <= action <= size * size:
        raise ValueError(f"action must lie between 0 and {size * size}, got {action}")
    if action == size * size:
        return "pass"
    return f"{COLUMNS[action % size]}{size - action // size}"


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
    """
    size = len(board)
    header = "   " + " ".join(COLUMNS[:size])
    lines = [header]
    for row in range(size):
        symbols = list(" " + " ".join(_SYMBOLS[int(stone)] for stone in board[row]) + " ")
        if 0 <= last_action < size * size and last_action // size == row:
            column = last_action % size
            symbols[2 * column], symbols[2 * column + 2] = "(", ")"
        lines.append(f"{size - row:2d}{''.join(symbols)}{size - row}")
    lines.append(header)
    facts = []
    if ply is not None:
        facts.append(f"move {ply}")
    if last_action >= 0:
        facts.append(f"last {action_name(last_action, size)}")
    if score is not None:
        facts.append(f"game over, {_verdict(score)}")
    elif to_play is not None:
        facts.append(f"{_NAMES[to_play]} ({_SYMBOLS[to_play]}) to play")
    if facts:
        lines.append(", ".join(facts))
    return "\n".join(lines)


def _verdict(score: float) -> str:
    if score == 0:
        return "a draw on the board"
    winner = "Black" if score > 0 else "White"
    return f"{winner} ahead by {abs(score):g} on the board"


def game_text(batch: GoBatch, game: int) -> str:
    """One game of a batch as `ansi` shows it; its board must be as large as the largest."""
    return ansi(
        batch.boards()[game],
        int(batch.last_action[game]),
        int(batch.to_play[game]),
        int(batch.ply[game]),
        float(batch.score()[game]) if batch.done[game] else None,
    )
