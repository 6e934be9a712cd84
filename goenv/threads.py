"""Spread compiled loops over games on threads.

Kernels release the interpreter lock, so plain Python threads run them side by side. This is used
in place of numba's `prange` because it can be called from several threads at once and after a
fork, and its idle threads sleep instead of spinning, which matters beside another process.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

from goenv.arguments import positive_number

# Below so many games times points, waking a thread costs more than it saves.
_WORTH_A_THREAD = 32768

_threads = 1
_lock = threading.Lock()
_queue: SimpleQueue | None = None
_waiting = 0  # threads at the queue


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
    _threads = positive_number("the number of threads", count)


def get_num_threads() -> int:
    """Threads that batches may use."""
    return _threads


def parts(num_games: int, points: int) -> int:
    """How many threads so much work goes to; see `for_games`."""
    return max(1, min(_threads, num_games * points // _WORTH_A_THREAD))


def for_games(kernel: Callable, num_games: int, points: int, *arguments) -> None:
    """Call ``kernel(first, last, *arguments)`` for ranges that cover all games.

    Args:
        kernel: compiled, releases the interpreter lock, touches only games first to last - 1.
        num_games: games to cover.
        points: points of a board, times plies if a call plays many: whether threads are worth it.
        arguments: handed on.
    """
    count = parts(num_games, points)
    if count == 1:
        kernel(0, num_games, *arguments)
        return
    bounds = [num_games * part // count for part in range(count + 1)]
    answers: SimpleQueue = SimpleQueue()
    ranges = itertools.pairwise(bounds[1:])
    _hand_out([(answers, kernel, first, last, arguments) for first, last in ranges])
    try:
        kernel(bounds[0], bounds[1], *arguments)
    finally:
        # Wait for all before an error leaves, so that no thread writes behind the caller's back.
        errors = [answers.get() for _ in range(count - 1)]
    for error in errors:
        if error is not None:
            raise error


def _work(tasks: SimpleQueue) -> None:
    """What a thread does: kernels, until it finds None."""
    while (task := tasks.get()) is not None:
        answers, kernel, first, last, arguments = task
        try:
            kernel(first, last, *arguments)
        except BaseException as error:
            answers.put(error)
        else:
            answers.put(None)


def _forget_threads() -> None:
    """In a process just forked, where the threads are not and the lock may be held for ever."""
    global _lock, _queue
    _lock, _queue = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)


def _hand_out(tasks: list[tuple]) -> None:
    """Give tasks to the threads, of which there is one less than allowed: the caller works too."""
    global _queue, _waiting
    with _lock:
        if _queue is None or _waiting != _threads - 1:
            for _ in range(_waiting if _queue is not None else 0):
                _queue.put(None)  # type: ignore[union-attr]  # behind all that was handed out
            _queue, _waiting = SimpleQueue(), _threads - 1
            for number in range(_waiting):
                name = f"goenv-{number}"
                threading.Thread(target=_work, args=(_queue,), name=name, daemon=True).start()
        for task in tasks:
            _queue.put(task)
