"""Whose area each point is: the map behind the score."""

from __future__ import annotations

import numpy as np

from goenv.batch import GoBatch
from goenv.bits import has_bit
from goenv.board import area_score
from goenv.kernel import kernel
from goenv.rules import BLACK, WHITE
from goenv.state import BLACK_STONES, GRID, SCRATCH_BITS, SIZE, WHITE_STONES
from goenv.threads import for_games


@kernel
def _write_area(first, last, games, chosen, out):
    for row in range(first, last):
        game = chosen[row]
        area_score(games, game)  # leaves the empty points that each side reaches in SCRATCH_BITS
        size, grid = games.info[game, SIZE], games.info[game, GRID]
        for point in range(grid * grid):
            y = point // grid
            owner = 0
            if y < size and point - y * grid < size:
                black = has_bit(games.bits, game, SCRATCH_BITS, point)
                white = has_bit(games.bits, game, SCRATCH_BITS + 1, point)
                if has_bit(games.bits, game, BLACK_STONES, point) or (black and not white):
                    owner = BLACK
                elif has_bit(games.bits, game, WHITE_STONES, point) or (white and not black):
                    owner = WHITE
            out[row, point] = owner


def area_map(batch: GoBatch, games: np.ndarray | None = None) -> np.ndarray:
    """Whose area each point is as the boards stand (Tromp-Taylor, rule 9).

    Args:
        batch: the games.
        games: int [n], those asked for; None: all.

    Returns:
        int8 [n, N, N]: 1 Black's stones and the empty regions that touch only them, -1 White's, 0
        neither's. The sum is the score without komi.
    """
    chosen = np.arange(len(batch)) if games is None else np.asarray(games, np.int64)
    out = np.empty((len(chosen), batch.max_size**2), np.int8)
    for_games(_write_area, len(chosen), batch.num_actions, batch.games, chosen, out)
    return out.reshape(len(chosen), batch.max_size, batch.max_size)
