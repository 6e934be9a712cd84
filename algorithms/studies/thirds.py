"""Errors of values in the early, middle and late thirds of games."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

THIRDS = ("early", "middle", "late")


def mean_by_thirds(games: Sequence[np.ndarray]) -> dict[str, float]:
    """Mean errors in each third of games, of which each counts alike, however long.

    Args:
        games: for each its errors, a move each, in order. What is left over when a game is divided
            by three goes to its earlier thirds; a game without moves in a third is none there.

    Returns:
        ``early_error``, ``middle_error``, ``late_error``.
    """
    found: dict[str, list[float]] = {name: [] for name in THIRDS}
    for game in games:
        for name, third in zip(THIRDS, np.array_split(game, 3), strict=True):
            if len(third):
                found[name].append(float(third.mean()))
    return {f"{name}_error": float(np.mean(each)) for name, each in found.items()}
