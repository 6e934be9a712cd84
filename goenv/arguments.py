"""Arguments of users, checked and brought into the form that compiled code takes."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from goenv.rules import BLACK, WHITE


def checked_actions(actions: np.ndarray, num_games: int) -> np.ndarray:
    """A copy of `actions` as compiled code takes them, int64 [B].

    Raises:
        ValueError: they are no whole numbers, or not B of them.
    """
    actions = np.asarray(actions)
    if actions.shape != (num_games,) or actions.dtype.kind not in "iu":
        raise ValueError(
            f"actions must be whole numbers of shape ({num_games},), "
            f"got {actions.dtype} of shape {actions.shape}"
        )
    return np.array(actions, np.int64)  # a view would make numba compile all over again


def game_index(game: int, num_games: int) -> int:
    """The index of a game, counted from the end if negative.

    Raises:
        IndexError: there is no such game.
    """
    try:
        return range(num_games)[operator.index(game)]
    except (TypeError, IndexError):
        last = num_games - 1
        raise IndexError(
            f"a game must be a whole number from 0 to {last} (or from -{num_games} to -1, counted "
            f"from the end), got {game!r}"
        ) from None


def game_indices(indices: npt.ArrayLike, num_games: int) -> np.ndarray:
    """Indices of games, int64, none negative.

    Raises:
        IndexError: there is no such game, or the indices are no list of whole numbers.
    """
    indices = np.asarray(indices)
    if indices.ndim != 1 or (indices.dtype.kind not in "iu" and len(indices)):
        raise IndexError(
            f"indices must be whole numbers of shape (games,), got {indices.dtype} of shape "
            f"{indices.shape}; for a mask use numpy.flatnonzero(mask)"
        )
    return np.arange(num_games)[indices.astype(np.int64)]


def positive_number(name: str, value: object) -> int:
    """A whole number of at least 1.

    Raises:
        ValueError: it is none; the message names the argument.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)


def first_stream(seed: object) -> np.uint64:
    """State of the random stream of the first game of a batch with this seed."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be a whole number, zero or more, got {seed!r}")
    return np.random.SeedSequence(int(seed)).generate_state(1, np.uint64)[0]


def checked_array(array: np.ndarray, shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray:
    """The array, if it can be written to and has this shape and type."""
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
        raise ValueError(
            f"expected an array of {np.dtype(dtype).name} with shape {shape}, got "
            f"{getattr(array, 'dtype', type(array).__name__)} with shape {np.shape(array)}"
        )
    if not array.flags.writeable:
        raise ValueError("the array to write into is read-only")
    return array


def seed_streams(streams: np.ndarray, seed: int | Sequence[int | None]) -> None:
    """Start random streams, uint64 [B], anew; see `GoBatch.seed`."""
    seed = seed.tolist() if isinstance(seed, np.ndarray) else seed
    if isinstance(seed, (int, np.integer)):
        # Multiples of an odd constant keep the streams of neighbouring games apart.
        step = np.uint64(0xD1342543DE82EF95)
        streams[:] = first_stream(seed) ^ (np.arange(len(streams), dtype=np.uint64) * step)
        return
    if not isinstance(seed, Sequence) or len(seed) != len(streams):
        raise ValueError(f"seed must be a whole number or {len(streams)} of them, got {seed!r}")
    firsts = [None if item is None else first_stream(item) for item in seed]
    for game, first in enumerate(firsts):
        if first is not None:
            streams[game] = first


def checked_position(board: npt.ArrayLike, to_play: int, size: int) -> tuple[np.ndarray, int]:
    """Stones int8 [size, size] and the colour to move, as compiled code takes them.

    Raises:
        ValueError: the board has a wrong shape or value, or a chain without liberties, or there is
            no such colour.
    """
    stones = np.asarray(board)
    if stones.shape != (size, size) or not np.isin(stones, (BLACK, WHITE, 0)).all():
        raise ValueError(
            f"board must be {size} by {size} of 1 (black), -1 (white) and 0 (empty), got "
            f"{stones.dtype} of shape {stones.shape}"
        )
    if isinstance(to_play, bool) or to_play not in (BLACK, WHITE):
        raise ValueError(f"to_play must be 1 (Black) or -1 (White), got {to_play!r}")
    if _has_dead_chain(stones):
        raise ValueError("board must not have a chain without liberties")
    return stones.astype(np.int8), int(to_play)


def _has_dead_chain(stones: np.ndarray) -> bool:
    """Whether a chain on the board [N, N] touches no empty point."""
    alive = stones == 0
    for colour in (BLACK, WHITE):
        breathing = _beside(stones == 0) & (stones == colour)
        while True:
            grown = breathing | (_beside(breathing) & (stones == colour))
            if (grown == breathing).all():
                break
            breathing = grown
        alive |= breathing
    return not alive.all()


def _beside(points: np.ndarray) -> np.ndarray:
    """The points with a neighbour among `points`, bool [N, N]."""
    near = np.zeros_like(points)
    near[1:] |= points[:-1]
    near[:-1] |= points[1:]
    near[:, 1:] |= points[:, :-1]
    near[:, :-1] |= points[:, 1:]
    return near
