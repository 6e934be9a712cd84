"""Fair timing: contenders take turns on one core, and medians are compared."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

# Plays about so many plies of random legal games and returns how many it played.
Play = Callable[[int], int]


@dataclass(frozen=True)
class Contender:
    """Something whose speed is measured.

    Attributes:
        name: shown.
        source: what it belongs to, such as ``goenv`` or ``pgx 2.6``.
        make: prepares a board of that side, compiles what is to be compiled, returns `Play`.
        threads: how many it uses.
    """

    name: str
    source: str
    make: Callable[[int], Play]
    threads: int = 1


@dataclass(frozen=True)
class Figure:
    """A measurement.

    Attributes:
        name, source, threads: of the contender.
        size: side of the board.
        rate: median over repeats, plies per second of processor time; of the clock if it uses
            several threads.
        lowest, highest: of the repeats.
        repeats: their number.
    """

    name: str
    source: str
    threads: int
    size: int
    rate: float
    lowest: float
    highest: float
    repeats: int


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Within this context the process runs on one core, where the system allows to say so."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measure(
    contenders: Sequence[Contender],
    size: int,
    seconds: float,
    repeats: int,
    on_repeat: Callable[[int, str], None] = lambda number, name: None,
) -> list[Figure]:
    """Rates of all contenders on one size of board; they take turns `repeats` times.

    Args:
        contenders: in the order of the table.
        size: side of the board.
        seconds: of each turn, about.
        repeats: turns of each contender.
        on_repeat: called before each turn with its number and the contender's name.
    """
    plays, counts = [], []
    for contender in contenders:
        on_repeat(0, contender.name)
        play = contender.make(size)
        count = 1
        while True:  # until a turn is long enough to tell its rate
            began = time.perf_counter()
            played = play(count)
            spent = time.perf_counter() - began
            if spent > seconds / 4:
                break
            count *= 4
        plays.append(play)
        counts.append(max(1, round(played * seconds / spent)))
    rates: list[list[float]] = [[] for _ in contenders]
    for repeat in range(repeats):
        for index, contender in enumerate(contenders):
            on_repeat(repeat + 1, contender.name)
            # Other processes take the clock's time, not the processor's time of this one.
            clock = time.process_time if contender.threads == 1 else time.perf_counter
            with one_core() if contender.threads == 1 else contextlib.nullcontext():
                began = clock()
                played = plays[index](counts[index])
                rates[index].append(played / (clock() - began))
    return [
        Figure(
            contender.name, contender.source, contender.threads, size,
            statistics.median(rate), min(rate), max(rate), repeats,
        )
        for contender, rate in zip(contenders, rates, strict=True)
    ]  # fmt: skip
