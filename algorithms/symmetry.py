"""The eight symmetries of a board, as indices into arrays over its actions."""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def symmetry_indices(size: int, grid: int | None = None) -> np.ndarray:
    """For each symmetry of the square, where each action's entry comes from: int64 [8, A].

    ``x[..., symmetry_indices(N)[k]]`` turns an array over actions by symmetry k; the pass stays,
    and so does what lies off the board.

    Args:
        size: side of the board.
        grid: side of the array that holds it, by default as large.
    """
    grid = size if grid is None else grid
    points = np.arange(grid * grid).reshape(grid, grid)
    indices = np.empty((8, grid * grid + 1), np.int64)
    indices[:, -1] = grid * grid
    for turns in range(4):
        turned = points.copy()
        turned[:size, :size] = np.rot90(points[:size, :size], turns)
        indices[2 * turns, :-1] = turned.ravel()
        turned[:size, :size] = turned[:size, :size].T.copy()
        indices[2 * turns + 1, :-1] = turned.ravel()
    return indices


@cache
def symmetries_by_size(grid: int) -> np.ndarray:
    """`symmetry_indices` by size, int64 [grid + 1, 8, A]."""
    table: np.ndarray = np.zeros((grid + 1, 8, grid * grid + 1), np.int64)
    for size in range(2, grid + 1):
        table[size] = symmetry_indices(size, grid)
    return table
