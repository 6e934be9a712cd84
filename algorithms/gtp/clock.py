"""Clocks of a game, and how long a move may take by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Seconds of every turn that pass between us and whoever holds the clock.
_LAG = 0.1
# Of a turn in overtime the share that is used: two clocks never agree.
_USED = 0.95
# A game is thought to last so many more moves of ours at least ...
_FEWEST_MOVES = 15
# ... and as many as this share of the board's points altogether: it is played out to the last.
_MOVES_A_POINT = 0.45


@dataclass(frozen=True)
class TimeSettings:
    """What the clocks of a game begin with.

    Attributes:
        kind: ``"none"`` for no limit; ``"absolute"``: main time and nothing after it;
            ``"canadian"``: then `count` moves in every `period`; ``"byoyomi"``: then `count`
            periods, of which a move uses up those that it outlasts.
        main: seconds.
        period: seconds.
        count: moves or periods.
    """

    kind: Literal["none", "absolute", "canadian", "byoyomi"] = "none"
    main: float = 0.0
    period: float = 0.0
    count: int = 0


class Clock:
    """The clock of one colour.

    Attributes:
        main: seconds of main time left.
        period: seconds left in the period of overtime.
        count: moves that it must serve, or periods left, this one included.
    """

    def __init__(self, settings: TimeSettings):
        self.settings = settings
        self.main, self.period, self.count = settings.main, settings.period, settings.count

    def set_left(self, seconds: float, count: int) -> None:
        """Go by what the holder of the clock says: ``time_left``.

        Args:
            seconds: of main time, or of the period.
            count: 0 in main time, otherwise the moves, or on KGS the periods, that are left.
        """
        # The first that is heard of a clock; without one some send zeros.
        if self.settings.kind == "none" and seconds > 0:
            kind: Literal["absolute", "canadian"] = "canadian" if count else "absolute"
            self.settings = TimeSettings(kind, 0, seconds if count else 0, count)
        if count == 0:
            self.main = seconds
            self.period, self.count = self.settings.period, self.settings.count
        else:
            self.main, self.period, self.count = 0.0, seconds, count

    def spend(self, seconds: float) -> None:
        """A move was made that took so long."""
        settings = self.settings
        over = max(0.0, seconds - self.main)
        self.main = max(0.0, self.main - seconds)
        if over == 0 or settings.kind in ("none", "absolute"):
            return
        if settings.kind == "byoyomi":
            while over > self.period and self.count > 1:
                over -= self.period
                self.period, self.count = settings.period, self.count - 1
            self.period = settings.period
            return
        self.period, self.count = max(0.0, self.period - over), self.count - 1
        if self.count <= 0:
            self.period, self.count = settings.period, settings.count

    def allowance(self, size: int, moves: int) -> float | None:
        """Seconds for the next move; None: as many as it likes.

        Main time is shared out evenly over the moves that are expected, which are never fewer than
        15, so it does not run out; in overtime a move takes its part of the period.

        Args:
            size: side of the board.
            moves: made by this colour so far.
        """
        kind = self.settings.kind
        if kind == "none":
            return None
        to_come = max(_FEWEST_MOVES, _MOVES_A_POINT * size * size - moves)
        share = self.main / to_come
        if kind != "absolute" or self.count > 0:
            # Of a turn that begins in main time it may take this much too, and end in overtime.
            turns = max(1, self.count) if kind != "byoyomi" else 1
            share = max(share, _USED * self.period / turns)
        return max(0.0, share - _LAG)
