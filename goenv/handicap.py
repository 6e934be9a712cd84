"""Where handicap stones go."""

from __future__ import annotations

import numpy as np


def handicap_points(size: int, stones: int) -> list[int]:
    """The usual points of a fixed handicap, as actions.

    Corners, then the middles of the sides from five stones on, the centre where the number is odd:
    the placement of the Go Text Protocol, version 2, section 4.1.1.

    Args:
        size: side of the board, 7 to 25.
        stones: 2 to 9; 2 to 4 where the side is even or 7, which leave no room for more.

    Raises:
        ValueError: so many stones have no usual points on this board.
    """
    whole = isinstance(stones, (int, np.integer)) and not isinstance(stones, bool)
    most = 0 if size < 7 else 4 if size % 2 == 0 or size == 7 else 9
    if not whole or not 2 <= stones <= most:
        allowed = f"2 to {most}" if most else "no"
        raise ValueError(
            f"a board of side {size} has usual points for {allowed} handicap stones, got {stones!r}"
        )
    near = 3 if size >= 13 else 2
    far, middle = size - 1 - near, size // 2
    corners = [(near, far), (far, near), (near, near), (far, far)]
    sides = [(middle, near), (middle, far), (near, middle), (far, middle)]
    points = corners[: min(stones, 4)]
    if stones >= 6:
        points += sides[: 4 if stones >= 8 else 2]
    if stones in (5, 7, 9):
        points.append((middle, middle))
    return [row * size + column for row, column in points]
