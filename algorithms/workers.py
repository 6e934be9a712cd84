"""Cells of work in other processes: functions from plain data to files, with news on the way.

On one machine these are worker processes; nothing here assumes more of them than that arguments
and results can be pickled.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

_news: Any = None
_stop: Any = None


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


def _prepare(news: Any, stop: Any) -> None:
    """In each worker: leave Ctrl-C to the parent, keep the ways to report and to be stopped."""
    global _news, _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _news, _stop = news, stop
    _follow_parent()


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
    if _news is not None:
        _news.put(message)


def should_stop() -> bool:
    """Within a cell: whether it should end soon and cleanly."""
    return _stop is not None and _stop.is_set()


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
        workers: processes side by side.
        stopping: asked often; once true, no cell is begun and running ones are told to stop.

    Raises:
        WorkerError: a worker died.
        Exception: what a cell raised; the others are stopped first.
    """
    if not cells:
        return
    context = multiprocessing.get_context("spawn")
    news, stop = context.Queue(), context.Event()
    # Threads of numerical libraries in several processes spin against each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    pool = ProcessPoolExecutor(min(workers, len(cells)), context, _prepare, (news, stop))
    waiting = list(enumerate(cells))
    running: dict[Future, int] = {}
    try:
        while waiting or running:
            if stopping():
                stop.set()
                waiting.clear()
            while waiting and len(running) < workers:
                index, cell = waiting.pop(0)
                running[pool.submit(function, **cell)] = index
            done, _ = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
            while not news.empty():
                yield news.get()
            for future in done:
                index = running.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    raise WorkerError(
                        "a worker process died; it may have been killed for want of memory"
                    ) from None
                yield Finished(index, result)
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
