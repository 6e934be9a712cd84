"""Names of points, and the dots of a board, as Go players know them."""

from __future__ import annotations

import numpy as np

COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # no I, which looks like J


def action_name(action: int, size: int) -> str:
    """How Go players call an action: ``"C3"`` for a point, ``"pass"`` for the pass.

    Args:
        action: ``row * size + column``, row 0 at the top, or ``size * size`` for the pass.
        size: side of the board.

    Raises:
        ValueError: there is no such action.
    """
    if isinstance(action, bool) or not isinstance(action, (int, np.integer)):
        raise ValueError(f"an action must be a whole number, got {action!r}")
    if not 0 <= action <= size * size:
        raise ValueError(f"action must lie between 0 and {size * size}, got {action}")
    if action == size * size:
        return "pass"
    return f"{COLUMNS[action % size]}{size - action // size}"


def action_of_name(name: str, size: int) -> int:
    """The action called so, in upper or lower case; what `action_name` undoes.

    Raises:
        ValueError: this is no name of a point of the board, nor ``"pass"``.
    """
    text = name.strip().upper()
    if text == "PASS":
        return size * size
    column, row = COLUMNS.find(text[:1]) if text else -1, text[1:]
    if not (0 <= column < size and row.isascii() and row.isdigit() and 1 <= int(row) <= size):
        last = action_name(size - 1, size)
        raise ValueError(f"{name!r} is no point from A1 to {last}, nor 'pass'")
    return (size - int(row)) * size + column


def star_points(size: int) -> list[tuple[int, int]]:
    """Where a board of this side has dots: rows and columns, counted from 0."""
    middle = [size // 2] if size % 2 else []
    if size < 9:
        return [(size // 2, size // 2)] if size % 2 and size > 3 else []
    near = 3 if size >= 13 else 2
    lines = [near, size - 1 - near]
    points = [(row, column) for row in lines for column in lines]
    if size >= 19:
        points += [(row, column) for row in lines for column in middle]
        points += [(row, column) for row in middle for column in lines]
    return points + [(row, column) for row in middle for column in middle]
