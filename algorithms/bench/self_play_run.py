"""`gozoo bench search` and `gozoo bench selfplay`: how fast AlphaZero plays and learns, and why."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from algorithms.alphazero import AlphaZero, AlphaZeroConfig
from algorithms.bench.searches import GAMES, network_for
from algorithms.budget import Ledger
from algorithms.display import Display
from algorithms.evaluator import Evaluator
from algorithms.machine import describe_machine
from algorithms.search import SearchConfig
from algorithms.self_play import Episode, SelfPlayConfig
from goenv import GoBatch, Rules


@dataclass(frozen=True)
class SelfPlayFigure:
    """What AlphaZero did in a time, by the clock.

    Attributes:
        size: side of the board.
        workers: threads.
        games, moves, evaluations, samples: a second, of self-play and training together.
        playing: share of the time in self-play; the rest is training.
        network: share of the processor's time of self-play that was inside the network.
    """

    size: int
    workers: int
    games: float
    moves: float
    evaluations: float
    samples: float
    playing: float
    network: float


class _TimedEvaluator:
    """An evaluator that adds up the processor's time of the threads inside it."""

    def __init__(self, evaluator: Evaluator):
        self._evaluator = evaluator
        self.seconds = 0.0

    def seed(self, rng: np.random.Generator) -> None:
        """See `Evaluator`."""
        self._evaluator.seed(rng)

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        began = time.thread_time()
        found = self._evaluator.evaluate(batch, games)
        self.seconds += time.thread_time() - began
        return found


class _TimedAlphaZero(AlphaZero):
    """AlphaZero that tells how long it plays, and how much of that its network takes.

    Attributes:
        playing: seconds of the clock in self-play.
        processor: seconds of all cores in that time.
    """

    def __init__(self, config: AlphaZeroConfig, rules: Rules, seed: int):
        super().__init__(config, rules, seed)
        self.playing = self.processor = 0.0
        self._timed = [_TimedEvaluator(worker.search.evaluator) for worker in self._workers]
        for worker, timed in zip(self._workers, self._timed, strict=True):
            worker.search.evaluator = timed

    @property
    def network(self) -> float:
        """Seconds of all cores inside the network, in self-play."""
        return sum(timed.seconds for timed in self._timed)

    def _play(self, ledger: Ledger) -> list[Episode]:
        began, used = time.perf_counter(), time.process_time()
        episodes = super()._play(ledger)
        self.playing += time.perf_counter() - began
        self.processor += time.process_time() - used
        return episodes


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
        workers=workers,
        rounds_per_step=64,
        replay_minimum=1,
        batch_size=256,
    )
    learner = _TimedAlphaZero(config, Rules(size, 7.5, max_moves=(12 * size * size) // 5), 0)
    while learner.step(Ledger()).get("updates", 0.0) == 0:
        pass  # until games of all ages are under way and there is something to learn from
    ledger, games = Ledger(), 0.0
    before = learner.playing, learner.processor, learner.network
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        games += learner.step(ledger)["games"]
    spent = time.perf_counter() - began
    after = learner.playing, learner.processor, learner.network
    playing, processor, network = (b - a for a, b in zip(before, after, strict=True))
    return SelfPlayFigure(
        size=size,
        workers=workers,
        games=games / spent,
        moves=ledger.env_steps / spent,
        evaluations=ledger.evaluations / spent,
        samples=ledger.samples / spent,
        playing=playing / spent,
        network=network / processor,
    )


def print_self_play(figures: Sequence[SelfPlayFigure], console: Console) -> None:
    """A table with a row a size and number of workers."""
    table = Table(title="AlphaZero by the clock, self-play and training together")
    for heading in ("size", "workers", "games/s", "moves/s", "evaluations/s", "samples/s"):
        table.add_column(heading, justify="right")
    table.add_column("of the time playing", justify="right")
    table.add_column("of that in the network", justify="right")
    for figure in figures:
        table.add_row(
            f"{figure.size}x{figure.size}", str(figure.workers), f"{figure.games:.1f}",
            f"{figure.moves:.0f}", f"{figure.evaluations:.0f}", f"{figure.samples:.0f}",
            f"{figure.playing:.0%}", f"{figure.network:.0%}",
        )  # fmt: skip
    console.print(table)


def store_self_play(figures: Sequence[SelfPlayFigure], path: Path) -> None:
    """The figures with the machine they were measured on, as JSON."""
    data = {"machine": describe_machine(), "figures": [asdict(figure) for figure in figures]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
