"""Results of games, checked, and summed by the pairs of players that met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Results:
    """Results of G games among P players, as read-only arrays.

    Attributes:
        names: P player names, all different.
        first: int [G], index into `names` of the player with Black.
        second: int [G], index of the player with White; never equal to `first`.
        score: float [G], result of the first player: 1 win, 0.5 draw, 0 loss.
        block: int [G], games of one pair with equal numbers are one cluster: the same opening
            with colours swapped, say. They are not independent and are resampled together. Equal
            numbers in different pairs are different clusters, so the opening's number will do.

    Raises:
        ValueError: names the field that is wrong and says what would be right.
    """

    names: tuple[str, ...]
    first: Integers
    second: Integers
    score: Floats
    block: Integers

    def __post_init__(self) -> None:
        """Check everything and take private copies."""
        names = tuple(self.names)
        if len(names) < 2 or len(set(names)) != len(names):
            raise ValueError(f"names must be two or more different names, not {names}")
        for field in ("first", "second", "score", "block"):
            array = np.asarray(getattr(self, field))
            if array.ndim != 1:
                raise ValueError(f"{field} must have shape [G], not {list(array.shape)}")
            whole = field == "score" or array.size == 0 or array.dtype.kind in "iu"
            if not whole:
                raise ValueError(f"{field} must hold integers, not {array.dtype}")
            array = array.astype(np.float64 if field == "score" else np.int64)
            array.flags.writeable = False
            object.__setattr__(self, field, array)
        object.__setattr__(self, "names", names)
        for field in ("second", "score", "block"):
            if len(getattr(self, field)) != len(self.first):
                raise ValueError(
                    f"{field} has {len(getattr(self, field))} games and first has "
                    f"{len(self.first)}; every array must have one entry per game"
                )
        for field in ("first", "second"):
            wrong = (getattr(self, field) < 0) | (getattr(self, field) >= len(names))
            _refuse(wrong, field, getattr(self, field), f"must be 0 to {len(names) - 1}")
        wrong = self.first == self.second
        _refuse(wrong, "second", self.second, "must differ from first: nobody plays himself")
        _refuse(~np.isin(self.score, (0.0, 0.5, 1.0)), "score", self.score, "must be 0, 0.5 or 1")


@dataclass(frozen=True, eq=False)
class Pairs:
    """Games summed by the K unordered pairs of players that met, and by blocks within them.

    Attributes:
        names: P player names.
        i, j: int [K], indices of the players of each pair, `i` < `j`.
        wins: float [K], score of `i`.
        games: float [K], number of games.
        block_wins, block_games: float [blocks], the same for each block, sorted by pair.
        start: int [K], first block of each pair.
    """

    names: tuple[str, ...]
    i: Integers
    j: Integers
    wins: Floats
    games: Floats
    block_wins: Floats
    block_games: Floats
    start: Integers


def sum_by_pairs(results: Results) -> Pairs:
    """Sum the games by block and by pair.

    Raises:
        ValueError: players that no chain of games connects; lists the separate components.
    """
    names, players = results.names, len(results.names)
    low = np.minimum(results.first, results.second)
    high = np.maximum(results.first, results.second)
    graph = coo_array((np.ones(len(low)), (low, high)), shape=(players, players))
    count, label = connected_components(graph, directed=False)
    if count > 1:
        parts = [", ".join(names[p] for p in np.flatnonzero(label == c)) for c in range(count)]
        raise ValueError(
            "results must connect all players by games; these components never met: "
            + "; ".join("{" + part + "}" for part in parts)
        )
    numbers, number = np.unique(results.block, return_inverse=True)
    key = (low * players + high) * len(numbers) + number
    block, at = np.unique(key, return_inverse=True)
    score = np.where(results.first == low, results.score, 1 - results.score)
    block_wins = np.bincount(at, weights=score).astype(np.float64)
    block_games = np.bincount(at).astype(np.float64)
    pair, start = np.unique(block // len(numbers), return_index=True)
    return Pairs(
        names=names,
        i=pair // players,
        j=pair % players,
        wins=np.add.reduceat(block_wins, start),
        games=np.add.reduceat(block_games, start),
        block_wins=block_wins,
        block_games=block_games,
        start=start,
    )


def find_player(names: Sequence[str], name: str, argument: str) -> int:
    """Index of a player.

    Raises:
        ValueError: an unknown name; the message names the argument.
    """
    if name not in names:
        raise ValueError(f"{argument} must be one of {', '.join(names)}, not {name!r}")
    return list(names).index(name)


def _refuse(wrong: NDArray[np.bool_], field: str, values: NDArray, right: str) -> None:
    if wrong.any():
        game = int(np.flatnonzero(wrong)[0])
        raise ValueError(f"{field} {right}; game {game} has {values[game]}")
