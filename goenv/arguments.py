"""Arguments of users, checked and brought into the form that compiled code takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


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
