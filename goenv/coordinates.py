"""Names of points, and the dots of a board, as Go players know them."""

from __future__ import annotations

COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # no I, which looks like J


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
