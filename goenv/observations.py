"""Observations: named planes of the board, written straight into an array."""

from __future__ import annotations

import numpy as np
from numba import njit

from goenv.board import legal_cells
from goenv.rules import BLACK
from goenv.state import GRID, KOMI2, RUNNING, SIZE, STATUS, STONE, TO_PLAY

# Name -> (code used by the kernel, whether 0 and 1 are its only values, meaning).
PLANES: dict[str, tuple[int, bool, str]] = {
    "own": (0, True, "1 where the player to move has a stone"),
    "opponent": (1, True, "1 where the other player has a stone"),
    "empty": (2, True, "1 on empty points; own + opponent + empty is the mask of the board"),
    "colour": (3, True, "1 on the whole board if Black is to move"),
    "komi": (4, False, "komi for the player to move over twice the side: negative for Black"),
    "legal": (5, True, "1 on points where a move is legal"),
}
DEFAULT_PLANES = ("own", "opponent", "empty")


def plane_codes(planes: tuple[str, ...]) -> np.ndarray:
    """Codes int64 [C] of named planes.

    Raises:
        ValueError: a name is unknown, or there is none.
    """
    if isinstance(planes, str) or not planes:
        raise ValueError(f"planes must be a sequence of names out of {', '.join(PLANES)}")
    for name in planes:
        if name not in PLANES:
            raise ValueError(f"unknown plane {name!r}; the planes are {', '.join(PLANES)}")
    return np.array([PLANES[name][0] for name in planes], np.int64)


def default_dtype(planes: tuple[str, ...]) -> type:
    """uint8 where every plane holds 0 and 1 only, else float32."""
    return np.uint8 if all(PLANES[name][1] for name in planes) else np.float32


@njit(cache=True, nogil=True)
def observe_game(games, game, codes, out, row):
    """Write the planes `codes` of one game into ``out[row]`` [C, N, N]; zeros off the board."""
    cells, info = games.cells, games.info
    size, grid, colour = info[game, SIZE], info[game, GRID], info[game, TO_PLAY]
    width = size + 1
    for plane in range(codes.shape[0]):
        code = codes[plane]
        if size < grid:
            out[row, plane] = 0
        if code <= 2:
            wanted = (colour, -colour, 0)[code]
            for y in range(size):
                for x in range(size):
                    out[row, plane, y, x] = cells[game, STONE, (y + 1) * width + x] == wanted
        elif code == 5:
            legal = np.empty(cells.shape[2], np.bool_)
            legal_cells(games, game, legal)
            for y in range(size):
                for x in range(size):
                    out[row, plane, y, x] = legal[(y + 1) * width + x]
        else:
            komi = 0.25 * info[game, KOMI2] / size
            value = out.dtype.type(-komi if colour == BLACK else komi)
            if code == 3:
                value = out.dtype.type(colour == BLACK)
            for y in range(size):
                for x in range(size):
                    out[row, plane, y, x] = value


@njit(cache=True, nogil=True)
def observe_games(first, last, games, codes, out):
    """Observations of games first to last - 1 into `out` [B, C, N, N]."""
    for game in range(first, last):
        observe_game(games, game, codes, out, game)


@njit(cache=True, nogil=True)
def legal_row(games, game, out, row):
    """Legal actions of one game into ``out[row]`` bool [A]; all False in a finished game."""
    size, grid = games.info[game, SIZE], games.info[game, GRID]
    legal = np.empty(games.cells.shape[2], np.bool_)
    legal_cells(games, game, legal)
    if size < grid:
        out[row] = False
    for y in range(size):
        for x in range(size):
            out[row, y * grid + x] = legal[(y + 1) * (size + 1) + x]
    out[row, grid * grid] = games.info[game, STATUS] == RUNNING


@njit(cache=True, nogil=True)
def legal_games(first, last, games, out):
    """Legal actions of games first to last - 1 into `out` bool [B, A]."""
    for game in range(first, last):
        legal_row(games, game, out, game)
