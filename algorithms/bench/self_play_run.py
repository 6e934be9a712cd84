"""`gozoo bench selfplay`: how fast AlphaZero plays and learns, and what the cores do meanwhile."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from algorithms.alphazero import AlphaZero, AlphaZeroConfig
from algorithms.bench.searches import GAMES, network_for
from algorithms.budget import Ledger
from algorithms.display import Display
from algorithms.learner import StartConfig
from algorithms.machine import describe_machine
from algorithms.search import SearchConfig
from algorithms.self_play import SelfPlayConfig
from goenv import Rules


@dataclass(frozen=True)
class SelfPlayFigure:
    """What AlphaZero did in a time, by the clock.

    Attributes:
        size: side of the board.
        workers: threads.
        games, moves, evaluations, samples: a second, of self-play and training together.
        cores: that were busy, on average.
        playing: share of the processor's time in self-play; nearly all the rest is training.
        network: share of the processor's time of self-play that was inside the network, planes
            included.
    """

    size: int
    workers: int
    games: float
    moves: float
    evaluations: float
    samples: float
    cores: float
    playing: float
    network: float


class _Stopwatch:
    """Adds up the processor's time of all threads that are inside some methods.

    Attributes:
        seconds: of all of them.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def watch(self, owner: object, name: str) -> None:
        """Count the time in a method of this object from now on."""
        method = getattr(owner, name)

        def timed(*args: Any) -> Any:
            began = time.thread_time()
            try:
                return method(*args)
            finally:
                spent = time.thread_time() - began
                with self._lock:
                    self.seconds += spent

        setattr(owner, name, timed)


def bench_self_play(
    sizes: Sequence[int], workers: Sequence[int], seconds: float, display: Display
) -> list[SelfPlayFigure]:
    """AlphaZero from scratch for so many seconds on each size with each number of workers."""
    figures = []
    turns = [(size, count) for size in sizes for count in workers]
    for index, (size, count) in enumerate(turns):
        text = f"{size}x{size}, {count} worker{'s' * (count > 1)}"
        display.update("bench", index / len(turns), text)
        figures.append(_measure(size, count, seconds))
    display.update("bench", 1.0, "done")
    return figures


def _measure(size: int, workers: int, seconds: float) -> SelfPlayFigure:
    config = AlphaZeroConfig(
        network=network_for(size),
        search=SearchConfig(simulations=16, root="gumbel", interior="gumbel", gumbel_scale=1.0),
        self_play=SelfPlayConfig(games=GAMES),
        start=StartConfig(random_moves=size * size),  # so that games end at all times
        workers=workers,
        rounds_per_step=64,
        replay_minimum=1,
        batch_size=256,
    )
    torch.set_num_threads(1)  # as in all runs
    learner = AlphaZero(config, Rules(size, 7.5, max_moves=(12 * size * size) // 5), 0)
    playing, network = _Stopwatch(), _Stopwatch()
    for player in learner.team.players:
        playing.watch(player, "run")
        network.watch(player.search.evaluator, "evaluate")
    ended = 0.0
    while ended < GAMES / 2:
        ended += learner.step(Ledger())["games"]
    ledger, games = Ledger(), 0.0
    playing.seconds = network.seconds = 0.0
    began, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        games += learner.step(ledger)["games"]
    spent, used = time.perf_counter() - began, time.process_time() - used
    return SelfPlayFigure(
        size=size,
        workers=workers,
        games=games / spent,
        moves=ledger.env_steps / spent,
        evaluations=ledger.evaluations / spent,
        samples=ledger.samples / spent,
        cores=used / spent,
        playing=playing.seconds / used,
        network=network.seconds / playing.seconds,
    )


def print_self_play(figures: Sequence[SelfPlayFigure], console: Console) -> None:
    """A table with a row a size and number of workers."""
    table = Table(title="AlphaZero by the clock, self-play and training together")
    for heading in ("size", "workers", "games/s", "moves/s", "evaluations/s", "samples/s"):
        table.add_column(heading, justify="right")
    for heading in ("cores busy", "of their time playing", "of that in the network"):
        table.add_column(heading, justify="right")
    for figure in figures:
        table.add_row(
            f"{figure.size}x{figure.size}", str(figure.workers), f"{figure.games:.1f}",
            f"{figure.moves:.0f}", f"{figure.evaluations:.0f}", f"{figure.samples:.0f}",
            f"{figure.cores:.2f}", f"{figure.playing:.0%}", f"{figure.network:.0%}",
        )  # fmt: skip
    console.print(table)


def store_self_play(figures: Sequence[SelfPlayFigure], path: Path) -> None:
    """The figures with the machine they were measured on, as JSON."""
    data = {"machine": describe_machine(), "figures": [asdict(figure) for figure in figures]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
