"""What a search finds, while it searches: for Sabaki and others as Leela Zero and KataGo tell it.

After the commands ``lz-analyze`` of Leela Zero and ``kata-analyze`` of KataGo (its
``docs/GTP_Extensions.md``), and the drawings of GoGui's analyze commands.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from algorithms.gtp.protocol import GtpError, colour_name, quote, read_colour, read_whole
from algorithms.gtp.thinking import Finding, Thinker
from goenv.coordinates import action_name

Style = Literal["lz", "kata"]

# Of KataGo's options those that ask for more than we know: the answer goes without it.
_UNANSWERED = frozenset(
    ("ownership", "ownershipstdev", "movesownership", "movesownershipstdev", "pvvisits",
     "pvedgevisits", "rootinfo")
)  # fmt: skip


class Wire(Protocol):
    """What a command needs of a `Channel`; see there."""

    def waiting(self) -> bool:
        """Whether there is a line that has not been read, or the input has ended."""
        ...

    def wait(self) -> None:
        """Return when `waiting` is true."""
        ...

    def write(self, text: str) -> None:
        """Send text at once."""
        ...


@dataclass(frozen=True)
class Wishes:
    """What an analysis is to show.

    Attributes:
        colour: for which side; None: the one to move.
        interval: seconds from report to report.
        fewest: moves in a report, those that were not visited included.
        most: moves in a report.
    """

    colour: int | None = None
    interval: float = 1.0
    fewest: int = 0
    most: int = 1000


def read_wishes(words: Sequence[str]) -> Wishes:
    """The arguments of an analysis: ``[color] [interval] [name value] ...``.

    Raises:
        GtpError: they make no sense, or ask for some moves only, which our searches cannot.
    """
    left = list(words)
    colour, found = None, {"interval": 100, "minmoves": 0, "maxmoves": 1000}
    if left and left[0].lower() in ("b", "w", "black", "white"):
        colour = read_colour(left.pop(0))
    if left and left[0][:1].isdigit():
        found["interval"] = read_whole(left.pop(0), "the interval", most=1_000_000)
    while left:
        name = left.pop(0)
        if name.lower() in ("avoid", "allow"):
            raise GtpError(f"{name.lower()}: an analysis cannot be confined to some moves")
        if not left or (name.lower() not in found and name.lower() not in _UNANSWERED):
            raise GtpError(f"syntax error: {quote(name)} and its value are no option here")
        value = left.pop(0)
        if name.lower() in found:
            found[name.lower()] = read_whole(value, name.lower(), most=1_000_000)
    return Wishes(colour, max(1, found["interval"]) / 100, found["minmoves"], found["maxmoves"])


class Reporter:
    """Writes what a thinker finds, in intervals; `watch` of the search.

    Args:
        thinker: who thinks.
        wire: where to write.
        style: of the lines.
        wishes: what they show.
        size: side of the board.
        patient: go on when the next line of input comes, instead of asking for an end.
    """

    def __init__(
        self, thinker: Thinker, wire: Wire, style: Style, wishes: Wishes, size: int, patient: bool
    ):
        self._thinker, self._wire, self._patient = thinker, wire, patient
        self._style, self._wishes, self._size = style, wishes, size
        self._next = time.monotonic() + wishes.interval

    def __call__(self) -> bool:
        """Report if it is time; whether the search should stop."""
        if not self._patient and self._wire.waiting():
            return True
        if time.monotonic() >= self._next:
            self.report()
        return False

    def report(self) -> None:
        """Write a line now."""
        self._next = time.monotonic() + self._wishes.interval
        text = describe(self._thinker.findings(), self._style, self._wishes, self._size)
        if text:
            self._wire.write(text + "\n")


def describe(findings: list[Finding], style: Style, wishes: Wishes, size: int) -> str:
    """The moves that were found, in one line; empty if there are none."""
    shown = [
        found for order, found in enumerate(findings) if found.visits or order < wishes.fewest
    ][: wishes.most]
    return " ".join(_information(found, order, style, size) for order, found in enumerate(shown))


def _information(found: Finding, order: int, style: Style, size: int) -> str:
    chances = {"winrate": found.winrate, "prior": found.prior, "lcb": found.lower_bound}
    told = " ".join(
        f"{name} {round(10_000 * chance)}" if style == "lz" else f"{name} {chance:.6f}"
        for name, chance in chances.items()
    )
    line = " ".join(action_name(action, size) for action in found.line)
    move = action_name(found.action, size)
    return f"info move {move} visits {found.visits} {told} order {order} pv {line}"


def drawing(findings: list[Finding], colour: int, size: int) -> str:
    """The same as GoGui draws it (its type ``gfx``): shares of visits, winrates, the best line."""
    if not findings:
        return ""
    best, total = findings[0], max(1, sum(found.visits for found in findings))
    shares, labels, moves = ["INFLUENCE"], ["LABEL"], ["VAR"]
    for found in findings:
        if found.visits == 0 or found.action == size * size:
            continue
        share = found.visits / total
        shares.append(f"{action_name(found.action, size)} {colour * share:.3f}")
        labels.append(f"{action_name(found.action, size)} {round(100 * found.winrate)}")
    for ply, action in enumerate(best.line):
        mover = colour_name(colour * (1 - 2 * (ply % 2)))
        moves.append(f"{mover} {action_name(action, size)}")
    text = (
        f"TEXT {action_name(best.action, size)}: winrate {100 * best.winrate:.1f} %, "
        f"{best.visits} of {total} visits"
    )
    drawn = [" ".join(words) for words in (moves, shares, labels) if len(words) > 1]
    return "\n".join([*drawn, text])
