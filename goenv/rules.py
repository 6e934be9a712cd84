"""The rules of a game as one frozen, validated value."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, fields
from typing import Literal, get_args

BLACK = 1
WHITE = -1
EMPTY = 0

MIN_SIZE = 2
MAX_SIZE = 25
MOST_MOVES = 10**9  # of a game with a limit

Superko = Literal["positional", "situational", "simple"]
SUPERKO_CODES: dict[str, int] = {name: code for code, name in enumerate(get_args(Superko))}


@dataclass(frozen=True)
class Rules:
    """Rules of one game of Go; the defaults are exact Tromp-Taylor rules.

    Source: John Tromp, "The game of Go" (https://tromp.github.io/go.html).

    Attributes:
        size: side of the square board, 2 to 25.
        komi: points White receives, a multiple of 0.5. A whole number makes draws possible.
        superko: what may not be repeated. ``"positional"``: no move may recreate an earlier
            whole-board position of the game (the empty start included). ``"situational"``: the
            same, counted only if the same player is to move. ``"simple"``: a move may not
            recreate the board as it stood before the opponent's last move; longer cycles are
            allowed, so set ``max_moves``.
        suicide: whether a chain of two or more stones may be put to death by its own side. A
            single-stone suicide would repeat the position: it is never legal under positional
            superko and simple ko.
        max_moves: the game is cut off after so many moves (passes count) and scored as it
            stands; None for no limit.

    Raises:
        ValueError: a field has a wrong value; the message names the field and what is right.
    """

    size: int = 9
    komi: float = 7.5
    superko: Superko = "positional"
    suicide: bool = True
    max_moves: int | None = None

    def __post_init__(self) -> None:
        if not _is_integer(self.size) or not MIN_SIZE <= self.size <= MAX_SIZE:
            raise ValueError(
                f"size must be a whole number from {MIN_SIZE} to {MAX_SIZE}, got {self.size!r}"
            )
        komi_is_number = isinstance(self.komi, numbers.Real) and not isinstance(self.komi, bool)
        if komi_is_number and abs(self.komi) > 1000:
            raise ValueError(f"komi must lie between -1000 and 1000 points, got {self.komi!r}")
        if not komi_is_number or not math.isfinite(self.komi) or float(self.komi * 2) % 1 != 0:
            raise ValueError(f"komi must be a multiple of 0.5 (points), got {self.komi!r}")
        if not isinstance(self.superko, str) or self.superko not in SUPERKO_CODES:
            raise ValueError(
                f"superko must be one of {', '.join(map(repr, SUPERKO_CODES))}, "
                f"got {self.superko!r}"
            )
        if self.suicide not in (True, False):
            raise ValueError(f"suicide must be True or False, got {self.suicide!r}")
        limit = self.max_moves
        if limit is not None and (not _is_integer(limit) or not 1 <= limit <= MOST_MOVES):
            raise ValueError(
                f"max_moves must be a whole number from 1 to {MOST_MOVES}, or None, got {limit!r}"
            )
        # numpy scalars compare and hash like Python's, but repr and JSON tell them apart.
        object.__setattr__(self, "size", int(self.size))
        object.__setattr__(self, "komi", float(self.komi))
        object.__setattr__(self, "suicide", bool(self.suicide))
        if self.max_moves is not None:
            object.__setattr__(self, "max_moves", int(self.max_moves))

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """Names of the rules, in the order in which the constructor takes them."""
        return tuple(field.name for field in fields(cls))


def _is_integer(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)
