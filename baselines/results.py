"""Results of games, checked, and summed by players and colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
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
class Counts:
    """Games summed by who had Black and who had White: R kinds of games among P players.

    Attributes:
        names: P player names.
        black, white: int [R], the players; no two kinds have the same.
        games: float [..., R], number of games.
        score: float [..., R], Black's points, a draw as 0.5.
        draws: float [..., R], number of drawn games.
        drawn: whether any game was drawn, so that there is a draw parameter.

    Leading axes, where there are any, are several sets of results of the same kinds of games.
    """

    names: tuple[str, ...]
    black: Integers
    white: Integers
    games: Floats
    score: Floats
    draws: Floats
    drawn: bool


def count_games(results: Results) -> tuple[Counts, Integers]:
    """Sum the games by players and colours.

    Returns:
        The sums, and the kind of each game, int [G], from 0 to R - 1.

    Raises:
        ValueError: players that no chain of games connects; lists the separate components.
    """
    names, players = results.names, len(results.names)
    games = np.ones(len(results.first)), (results.first, results.second)
    count, label = connected_components(csr_array(games, shape=(players, players)), directed=False)
    if count > 1:
        parts = [", ".join(names[p] for p in np.flatnonzero(label == c)) for c in range(count)]
        raise ValueError(
            "results must connect all players by games; these components never met: "
            + "; ".join("{" + part + "}" for part in parts)
        )
    kinds, kind = np.unique(results.first * players + results.second, return_inverse=True)
    counts = Counts(
        names=names,
        black=kinds // players,
        white=kinds % players,
        games=sum_by(kind, np.ones(len(kind)), len(kinds)),
        score=sum_by(kind, results.score, len(kinds)),
        draws=sum_by(kind, results.score == 0.5, len(kinds)),
        drawn=bool((results.score == 0.5).any()),
    )
    return counts, kind


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of games, one after the other.

    Attributes:
        block: int [G], the block of each game, from 0 to B - 1.
        side: float [G], 1 where the player who comes first in `names` has Black, else -1.
        pair: int [B], the pair of players of each block, from 0.
    """

    block: Integers
    side: Floats
    pair: Integers

    def sum_games(self, values: Floats) -> Floats:
        """Sums over the games of each block: [..., G] to [..., B]."""
        return sum_by(self.block, values, len(self.pair))


def find_blocks(results: Results) -> Blocks:
    """Number blocks and pairs of players."""
    low = np.minimum(results.first, results.second)
    high = np.maximum(results.first, results.second)
    _, pair = np.unique(low * len(results.names) + high, return_inverse=True)
    _, block = np.unique(results.block, return_inverse=True)
    _, first, block = np.unique(
        pair * (block.max() + 1) + block, return_index=True, return_inverse=True
    )
    return Blocks(block, np.where(results.first == low, 1.0, -1.0), pair[first])


def sum_by(number: Integers, values: Floats, count: int) -> Floats:
    """Sums of the values that have the same number: [..., G] to [..., count]."""
    games = len(number)
    chosen = csr_array((np.ones(games), (np.arange(games), number)), shape=(games, count))
    return np.asarray(values, np.float64) @ chosen


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
