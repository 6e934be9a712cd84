"""Spread compiled loops over games on threads.

Kernels release the interpreter lock, so plain Python threads run them side by side. This is used
in place of numba's `prange` because it can be called from several threads at once and after a
fork, and its idle threads sleep instead of spinning, which matters beside another process.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

# Below so many games times points, waking a thread costs more than it saves.
_WORTH_A_THREAD = 8192

_threads = 1
_pool: ThreadPoolExecutor | None = None
_pool_key: tuple[int, int] | None = None


def available_cores() -> int:
    """Cores that this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def set_num_threads(count: int) -> None:
    """Let batches use `count` threads (1 to start with). Results do not depend on it.

    Raises:
        ValueError: the count is not a positive whole number.
    """
    global _threads
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ValueError(f"the number of threads must be a positive whole number, got {count!r}")
    _threads = count


def get_num_threads() -> int:
    """Threads that batches may use."""
    return _threads


def for_games(kernel: Callable, num_games: int, points: int, *arguments) -> None:
    """Call ``kernel(first, last, *arguments)`` for ranges that cover all games.

    Args:
        kernel: compiled, releases the interpreter lock, touches only games first to last - 1.
        num_games: games to cover.
        points: points of a board, to judge whether threads are worth their while.
        arguments: handed on.
    """
    parts = min(_threads, num_games * points // _WORTH_A_THREAD)
    if parts <= 1:
        kernel(0, num_games, *arguments)
        return
    bounds = [num_games * part // parts for part in range(parts + 1)]
    pool = _get_pool()
    futures = [
        pool.submit(kernel, first, last, *arguments)
        for first, last in itertools.pairwise(bounds[1:])
    ]
    try:
        kernel(bounds[0], bounds[1], *arguments)
    finally:
        # Wait for all before an error leaves, so that no thread writes behind the caller's back.
        errors = [future.exception() for future in futures]
    for error in errors:
        if error is not None:
            raise error


def _get_pool() -> ThreadPoolExecutor:
    global _pool, _pool_key
    key = (os.getpid(), _threads)  # threads do not survive a fork
    if _pool is None or _pool_key != key:
        _pool = ThreadPoolExecutor(max_workers=_threads, thread_name_prefix="goenv")
        _pool_key = key
    return _pool
