"""`gozoo bench perft`: count with goenv what the slow reference has counted, and compare."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from algorithms.display import Display
from goenv import Rules
from goenv.perft import Perft, perft

# Made by `tests/make_perft.py` without goenv.
TABLE = Path(__file__).parent / "perft.json"


@dataclass(frozen=True)
class PerftRow:
    """Numbers of one kind of rules, counted twice.

    Attributes:
        rules: of the games.
        expected: by the slow reference.
        counted: by goenv.
        seconds: that goenv took.
    """

    rules: Rules
    expected: Perft
    counted: Perft
    seconds: float

    @property
    def same(self) -> bool:
        """Whether all numbers agree."""
        return self.expected == self.counted


def expected_counts(deepest: int | None = None) -> list[tuple[Rules, Perft]]:
    """What the slow reference has counted, to `deepest` actions at most."""
    stored: list[dict[str, Any]] = json.loads(TABLE.read_text(encoding="utf-8"))
    end = None if deepest is None else deepest + 1
    return [
        (
            Rules(row["size"], superko=row["superko"], suicide=row["suicide"]),
            Perft(*(tuple(row[name][:end]) for name in Perft._fields)),
        )
        for row in stored
    ]


def bench_perft(
    sizes: Sequence[int], deepest: int | None, display: Display, stop: Callable[[], bool]
) -> list[PerftRow]:
    """Count and compare every entry of the table.

    Args:
        sizes: sides of boards.
        deepest: actions at most; None for as many as the reference has counted.
        display: for progress.
        stop: asked before each entry.
    """
    entries = [entry for entry in expected_counts(deepest) if entry[0].size in sizes]
    rows: list[PerftRow] = []
    # The time goes with the number of sequences.
    whole = sum(expected.sequences[-1] for _, expected in entries)
    done = 0
    for rules, expected in entries:
        if stop():
            break
        depth = len(expected.sequences) - 1
        text = f"{rules.size}x{rules.size} {rules.superko}, {depth} plies"
        display.update("perft", done / whole, text)
        began = time.monotonic()
        counted = perft(rules, depth)
        rows.append(PerftRow(rules, expected, counted, time.monotonic() - began))
        done += expected.sequences[-1]
    display.update("perft", 1.0 if len(rows) == len(entries) else done / max(1, whole), "")
    return rows


def print_perft(rows: Sequence[PerftRow], console: Console) -> None:
    """A table of the numbers at the greatest depth, with what is different at any."""
    table = Table(title="perft: numbers by goenv, compared with the slow reference at every depth")
    table.add_column("rules")
    for heading in ("plies", "sequences", "games", "positions", "seconds"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for row in rows:
        rules = row.rules
        suicide = "suicide" if rules.suicide else "no suicide"
        table.add_row(
            f"{rules.size}x{rules.size} {rules.superko}, {suicide}",
            str(len(row.counted.sequences) - 1),
            *(f"{numbers[-1]:,}" for numbers in row.counted),
            f"{row.seconds:.1f}", "same" if row.same else "DIFFERENT",
        )  # fmt: skip
    console.print(table)
    for row in rows:
        if not row.same:
            console.print(f"{row.rules}\n  goenv     {row.counted}\n  reference {row.expected}",
                          highlight=False, soft_wrap=True)  # fmt: skip
