"""`gozoo bench`: measure, show, store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from algorithms.bench.environments import own_contenders
from algorithms.bench.peers import peer_contenders
from algorithms.bench.timing import Contender, Figure, measure
from algorithms.display import Display
from algorithms.machine import describe_machine
from goenv.threads import available_cores


def bench_environments(
    sizes: Sequence[int],
    seconds: float,
    repeats: int,
    peers: bool,
    display: Display,
) -> tuple[list[Figure], list[str]]:
    """Figures of `goenv` and of the peers that are installed; the names of those that are not."""
    contenders = own_contenders(min(2, available_cores()))
    others, missing = peer_contenders() if peers else ([], [])
    return take_turns([*contenders, *others], sizes, seconds, repeats, display), missing


def take_turns(
    contenders: Sequence[Contender],
    sizes: Sequence[int],
    seconds: float,
    repeats: int,
    display: Display,
) -> list[Figure]:
    """Figures of all contenders on all sizes of board; see `algorithms.bench.timing.measure`."""
    figures: list[Figure] = []
    turns = len(contenders) * (repeats + 1)
    for index, size in enumerate(sizes):
        taken = 0

        def on_repeat(number: int, name: str, size: int = size, index: int = index) -> None:
            nonlocal taken
            share = (index + taken / turns) / len(sizes)
            taken += 1
            what = "preparing" if number == 0 else f"repeat {number} of {repeats}"
            display.update("bench", share, f"{size}x{size}  {what}: {name}")

        figures += measure(contenders, size, seconds, repeats, on_repeat)
    display.update("bench", 1.0, "done")
    return figures


def print_figures(
    figures: Sequence[Figure],
    console: Console,
    unit: str = "plies",
    headings: tuple[str, str] = ("environment", "source"),
) -> None:
    """A table with a row a contender and a column a size."""
    sizes = list(dict.fromkeys(figure.size for figure in figures))
    table = Table(title=f"{unit} per second of one core: median, and half the range of repeats")
    for heading in headings:
        table.add_column(heading)
    for size in sizes:
        table.add_column(f"{size}x{size}", justify="right")
    names = dict.fromkeys((figure.name, figure.source) for figure in figures)
    for name, source in names:
        row = {f.size: f for f in figures if (f.name, f.source) == (name, source)}
        cells = [
            f"{_short(row[s].rate)} ±{(row[s].highest - row[s].lowest) / row[s].rate / 2:.0%}"
            for s in sizes
        ]
        table.add_row(name, source, *cells)
    console.print(table)


def store_figures(
    figures: Sequence[Figure], missing: Sequence[str], path: Path, unit: str = "plies"
) -> None:
    """The figures with the machine they were measured on, as JSON."""
    data = {
        "machine": describe_machine(),
        "unit": f"{unit} per second of processor time; of the clock where threads > 1",
        "figures": [asdict(figure) for figure in figures],
        "not_installed": list(missing),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _short(rate: float) -> str:
    """Three digits: 1.23M, 45.6k."""
    if rate >= 1e6:
        return f"{rate / 1e6:.2f}M"
    return f"{rate / 1e3:.1f}k"
