"""Progress of long work: bars in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from algorithms.run import Status

# Metrics shown beside a bar and how they are called there, the first four that a learner reports.
_SHOWN = {
    "won": "won", "wins_against_pool": "won", "policy_loss": "policy", "q_loss": "q",
    "average_policy_loss": "average", "student_policy_loss": "student", "value_loss": "value",
    "held_out_top1": "top-1", "policy_entropy": "entropy", "length": "moves",
    "black_wins": "black",
}  # fmt: skip


def describe(status: Status) -> str:
    """One line about a run: its rate in moves, or samples if it plays none, and its metrics."""
    spent = status.spent
    unit = "env_steps" if spent["env_steps"] > 0 else "samples"
    rate = spent[unit] / spent["seconds"] if spent["seconds"] > 0 else 0.0
    shown = [name for name in _SHOWN if name in status.metrics][:4]
    metrics = "  ".join(f"{_SHOWN[name]} {status.metrics[name]:.2f}" for name in shown)
    return f"{rate:,.0f} {'moves' if unit == 'env_steps' else unit}/s  {metrics}"


def rate_text(rate: float) -> str:
    """A win rate in a table; a dash where there were no games."""
    return "–" if math.isnan(rate) else f"{rate:.3f}"


class Display:
    """Bars for several pieces of work. Use as a context; without a terminal it prints lines.

    Args:
        console: where to.
        every: seconds between the lines of one piece, where there is no terminal.
    """

    def __init__(self, console: Console, every: float = 20.0):
        self.console = console
        self._every = every
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[text]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._printed: dict[str, float] = {}

    def __enter__(self) -> Display:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._bars.print(text) if self.console.is_terminal else self.console.print(text)

    def update(self, name: str, share: float, text: str = "") -> None:
        """Set a piece's bar, made on its first mention, to `share` of the whole, 0 to 1."""
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=1.0, text=text)
        self._bars.update(self._tasks[name], completed=share, text=text)
        now = time.monotonic()
        due = now - self._printed.get(name, -1e9) >= self._every or share >= 1.0
        if not self.console.is_terminal and due:
            self._printed[name] = now
            self.console.print(f"{name}: {share:.0%}  {text}", highlight=False, soft_wrap=True)
