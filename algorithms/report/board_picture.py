"""A Go board as a picture for the page."""

from __future__ import annotations

import io
from html import escape

import numpy as np

from goenv.render import COLUMNS


def board_svg(board: np.ndarray, last: int = -1, description: str = "A Go board") -> str:
    """A board as SVG for a page that styles its classes; 10 units between lines.

    Args:
        board: int8 [N, N]: 1 black, -1 white, 0 empty; row 0 at the top.
        last: the action to mark, -1 for none.
        description: read out in place of the picture.
    """
    size = len(board)
    near, far, edge = 15, 5 + 10 * size, 20 + 10 * size
    out = io.StringIO()
    out.write(
        f'<svg class="board" viewBox="0 0 {edge} {edge}" role="img" '
        f'aria-label="{escape(description)}"><rect class="wood" width="{edge}" height="{edge}" '
        'rx="2"/><path class="lines" d="'
    )
    for line in range(near, far + 1, 10):
        out.write(f"M{near} {line}H{far}M{line} {near}V{far}")
    # Letters grow more slowly than the board, which is shown at the same width at any size.
    out.write(f'"/><g class="names" font-size="{2.2 + 0.0135 * edge:.3g}">')
    for index in range(size):
        at = near + 10 * index
        for margin in (5, edge - 5):
            out.write(f'<text x="{at}" y="{margin}">{COLUMNS[index]}</text>')
            out.write(f'<text x="{margin}" y="{at}">{size - index}</text>')
    out.write('</g><g class="stars">')
    for row, column in _star_points(size):
        out.write(f'<circle cx="{near + 10 * column}" cy="{near + 10 * row}" r="0.9"/>')
    out.write('</g><g class="stones">')
    for row, column in np.argwhere(board):
        colour = "black" if board[row, column] > 0 else "white"
        x, y = near + 10 * column, near + 10 * row
        out.write(f'<circle class="{colour}" cx="{x}" cy="{y}" r="4.6"/>')
        if last == row * size + column:
            out.write(f'<circle class="last {colour}" cx="{x}" cy="{y}" r="2"/>')
    out.write("</g></svg>")
    return out.getvalue()


def _star_points(size: int) -> list[tuple[int, int]]:
    """Where boards have dots, rows and columns from 0."""
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
