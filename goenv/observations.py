"""Observations: named planes of the board, written straight into an array."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy import uintp  # see goenv.legality

from goenv.legality import refresh_legal
from goenv.rules import BLACK
from goenv.state import GRID, KOMI2, LEGAL_MASK, RUNNING, SIZE, STATUS, STONE, TO_PLAY

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
    info = games.info
    stones = games.cells[game, STONE]
    size, grid, colour = info[game, SIZE], info[game, GRID], info[game, TO_PLAY]
    width = size + 1
    first = 0
    if codes.shape[0] >= 3 and codes[0] == 0 and codes[1] == 1 and codes[2] == 2:
        # The usual beginning, in one go.
        own, opponent, empty = out[row, 0], out[row, 1], out[row, 2]
        first = 3
        if size < grid:
            out[row, :3] = 0
        for y in range(size):
            base = (y + 1) * width
            for x in range(size):
                stone = stones[uintp(base + x)]
                own[y, x] = stone == colour
                opponent[y, x] = stone == -colour
                empty[y, x] = stone == 0
    for plane in range(first, codes.shape[0]):
        code = codes[plane]
        target = out[row, plane]
        if size < grid:
            target[:] = 0
        if code <= 2:
            wanted = (colour, -colour, 0)[code]
            for y in range(size):
                base = (y + 1) * width
                for x in range(size):
                    target[y, x] = stones[uintp(base + x)] == wanted
        elif code == 5:
            if info[game, STATUS] != RUNNING:
                target[:] = 0
                continue
            refresh_legal(games, game)
            legal = games.cells[game, LEGAL_MASK]
            for y in range(size):
                base = (y + 1) * width
                for x in range(size):
                    target[y, x] = legal[uintp(base + x)]
        else:
            komi = 0.25 * info[game, KOMI2] / size
            value = out.dtype.type(-komi if colour == BLACK else komi)
            if code == 3:
                value = out.dtype.type(colour == BLACK)
            target[:size, :size] = value


@njit(cache=True, nogil=True)
def observe_games(first, last, games, codes, out):
    """Observations of games first to last - 1 into `out` [B, C, N, N]."""
    for game in range(first, last):
        observe_game(games, game, codes, out, game)


@njit(cache=True, nogil=True)
def legal_row(games, game, out, row):
    """Legal actions of one game into ``out[row]`` bool [A]; all False in a finished game."""
    size, grid = games.info[game, SIZE], games.info[game, GRID]
    target = out[row]
    running = games.info[game, STATUS] == RUNNING
    if size < grid or not running:
        target[:] = False
    target[grid * grid] = running
    if not running:
        return
    refresh_legal(games, game)
    legal = games.cells[game, LEGAL_MASK]
    for y in range(size):
        base = (y + 1) * (size + 1)
        for x in range(size):
            target[uintp(y * grid + x)] = legal[uintp(base + x)] != 0


@njit(cache=True, nogil=True)
def legal_games(first, last, games, out):
    """Legal actions of games first to last - 1 into `out` bool [B, A]."""
    for game in range(first, last):
        legal_row(games, game, out, game)
