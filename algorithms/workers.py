"""Cells of work in other processes: functions from plain data to files, with news on the way.

On one machine these are worker processes; nothing here assumes more of them than that arguments
and results can be pickled. A cell may have cells of its own: they run one after the other in a
thread of its process.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

_mine = threading.local()  # of the cell that this thread runs: `news` and `stop`


class WorkerError(RuntimeError):
    """A worker process died, was killed, or ran out of memory."""


@dataclass(frozen=True)
class Finished:
    """A cell has ended.

    Attributes:
        index: of the cell.
        result: what it returned.
    """

    index: int
    result: Any


@dataclass(frozen=True)
class _LastWord:
    """What the worker of a cell says after all others."""

    index: int


def _run(function: Callable[..., Any], index: int, cell: dict[str, Any]) -> Any:
    try:
        return function(**cell)
    finally:
        report(_LastWord(index))


def _prepare(news: Any, stop: Any) -> None:
    """In each worker: leave Ctrl-C to the parent, keep the ways to report and to be stopped."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _listen(news, stop)
    _follow_parent()


def _listen(news: Any, stop: Any) -> None:
    _mine.news, _mine.stop = news, stop


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started in here do not hear Ctrl-C, not even before `_prepare`; the parent does."""
    if not hasattr(signal, "pthread_sigmask"):  # not on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_parent() -> None:
    """End with the parent, also if it was killed and could not say so."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def report(message: Any) -> None:
    """Within a cell: send a message to whoever iterates over `run_cells`."""
    if within_cell():
        _mine.news.put(message)


def should_stop() -> bool:
    """Within a cell: whether it should end soon and cleanly."""
    return within_cell() and _mine.stop.is_set()


def within_cell() -> bool:
    """Whether this thread runs a cell."""
    return hasattr(_mine, "news")


def _pool(workers: int) -> tuple[Executor, Any, Any]:
    """What runs cells, the queue of their news, and the event that stops them."""
    if within_cell():
        heard: queue.Queue[Any] = queue.Queue()
        stopped = threading.Event()
        return ThreadPoolExecutor(1, "cell", _listen, (heard, stopped)), heard, stopped
    context = multiprocessing.get_context("spawn")
    news, stop = context.Queue(), context.Event()
    # Threads of numerical libraries in several processes spin against each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return ProcessPoolExecutor(workers, context, _prepare, (news, stop)), news, stop


def run_cells(
    function: Callable[..., Any],
    cells: Sequence[dict[str, Any]],
    workers: int,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Any]:
    """Run ``function(**cell)`` for every cell; yields messages of `report`, and `Finished`.

    Args:
        function: importable by name; it may call `report` and `should_stop`.
        cells: picklable keyword arguments.
        workers: processes side by side; within a cell it is one thread.
        stopping: asked often; once true, no cell is begun and running ones are told to stop.

    Raises:
        WorkerError: a worker died.
        Exception: what a cell raised; the others are stopped first.
    """
    if not cells:
        return
    pool, news, stop = _pool(min(workers, len(cells)))
    waiting = list(enumerate(cells))
    running: dict[Future, int] = {}
    heard_out: set[int] = set()  # cells that have said their last word
    try:
        while waiting or running:
            if stopping():
                stop.set()
                waiting.clear()
            while waiting and len(running) < workers:
                index, cell = waiting.pop(0)
                with _deaf_to_interrupts():
                    running[pool.submit(_run, function, index, cell)] = index
            done, _ = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
            # News take another way than results: what a cell said comes before its end.
            ending = {running[future] for future in done if future.exception() is None}
            while not ending <= heard_out or not news.empty():
                try:
                    message = news.get(timeout=5)
                except queue.Empty:  # lost with a worker that died just after its cell
                    break
                if isinstance(message, _LastWord):
                    heard_out.add(message.index)
                else:
                    yield message
            for future in done:
                yield Finished(running.pop(future), future.result())
    except BrokenProcessPool:
        if stopping():  # whoever told us to stop told the workers too, as batch systems do
            return
        raise WorkerError(
            "a worker process died; it was killed, perhaps for want of memory"
        ) from None
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
