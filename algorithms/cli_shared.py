"""What the commands share: where they print, and how Ctrl-C is heard."""

from __future__ import annotations

import difflib
import os
import signal
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup


class Commands(TyperGroup):
    """A group of commands that names them all where one is asked for that is not there."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As its base."""
        name = args[0]
        if name not in self.commands and not difflib.get_close_matches(name, self.commands):
            ctx.fail(f"No such command {name!r}; there are {', '.join(self.commands)}.")
        return super().resolve_command(ctx, args)


# Paths may hold brackets, and in "uct:100:" there is the name of an emoji.
console = Console(markup=False, emoji=False)
COLOUR_HELP = "of the first agent: both, black or white"

_THEIR_OWN = "; default that of the agent's training"
BoardSize = Annotated[int | None, typer.Option(help=f"side of the board{_THEIR_OWN}, or 5")]
Komi = Annotated[
    float | None,
    typer.Option(
        help=f"points for White, a multiple of 0.5; whole ones allow draws{_THEIR_OWN}, or 6.5"
    ),
]
Superko = Annotated[
    str | None,
    typer.Option(help=f"positional, situational or simple{_THEIR_OWN}, or positional"),
]
MaxMoves = Annotated[
    int | None,
    typer.Option(help=f"cut games off after so many moves{_THEIR_OWN}, or 2.4 size^2"),
]


class Stop:
    """Turns the first Ctrl-C (or a polite kill) into a request; the second one ends at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: object) -> None:
        if self.asked:
            os._exit(130)
        self.asked = True
        # Not by the console: it may be in the middle of a line, and cannot be entered twice.
        os.write(2, b"\nstopping after the step at hand (again to stop at once) ...\n")

    def __call__(self) -> bool:
        """Whether it was asked for."""
        return self.asked
