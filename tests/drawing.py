"""Positions drawn as text, and the moves that set them up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from baselines.reference import BLACK, EMPTY, WHITE, region


class Diagram(NamedTuple):
    """A drawn position: `X` black, `O` white, `.` empty, a small letter names an empty point."""

    size: int
    black: list[int]
    white: list[int]
    names: dict[str, int]

    @property
    def board(self) -> np.ndarray:
        """The colours as an int8 array [size, size]."""
        cells = np.zeros(self.size * self.size, dtype=np.int8)
        cells[self.black], cells[self.white] = BLACK, WHITE
        return cells.reshape(self.size, self.size)

    def moves(self, to_play: int = BLACK) -> Iterator[int]:
        """Actions that lead from the empty board to this one with `to_play` to move.

        The stones come row by row, the colours alternating; whoever has none left passes. The very
        last action is a stone wherever `to_play`'s opponent has one: so the position has stood with
        this player to move only, and a pass that follows does not end the game. No stone is
        captured on the way, because every part of a chain with a liberty has a liberty.
        """
        stones = {BLACK: list(self.black), WHITE: list(self.white)}
        last = [stones[-to_play].pop()] if stones[-to_play] else []
        turn, pass_action = BLACK, self.size * self.size
        while any(stones.values()):
            yield stones[turn].pop(0) if stones[turn] else pass_action
            turn = -turn
        if turn != (-to_play if last else to_play):
            yield pass_action
        yield from last


def draw(text: str) -> Diagram:
    """Read a square drawing; blanks between the points are optional.

    Raises ValueError if it is not square or shows a chain without liberties.
    """
    rows = ["".join(line.split()) for line in text.split("\n") if line.strip()]
    size, symbols = len(rows), "".join(rows)
    if any(len(row) != size for row in rows):
        raise ValueError(f"the drawing is not square:\n{text}")
    cells = [{"X": BLACK, "O": WHITE}.get(symbol, EMPTY) for symbol in symbols]
    for point, colour in enumerate(cells):
        border = region(cells, size, point)[1]
        if colour != EMPTY and all(cells[other] != EMPTY for other in border):
            raise ValueError(f"the chain at point {point} has no liberty:\n{text}")
    black = [point for point, colour in enumerate(cells) if colour == BLACK]
    white = [point for point, colour in enumerate(cells) if colour == WHITE]
    names = {symbol: point for point, symbol in enumerate(symbols) if symbol.islower()}
    return Diagram(size, black, white, names)
