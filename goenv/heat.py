"""Heat maps: a number for each point, shown by the colour of the point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from goenv.coordinates import action_name

# These keep apart on wood when they are pale (blue would turn grey), and for the colour-blind.
POSITIVE = (88, 36, 200)  # violet
NEGATIVE = (220, 48, 16)  # orange-red
STRONGEST = 0.9  # opacity: the wood shines through a little
WEAKEST = 0.01  # what is paler is left out


@dataclass(frozen=True, eq=False)
class Heat:
    """Numbers over the points of a board, and how strongly each is shown.

    Attributes:
        points: float64 [N, N]; row 0 at the top.
        pass_value: the number of the pass, or None where there is none.
        scale: the absolute value that has the strongest colour, above zero.
    """

    points: np.ndarray
    pass_value: float | None
    scale: float

    def strengths(self) -> np.ndarray:
        """Opacities [N, N] of the points' colours: 0 to `STRONGEST`, as the numbers' sizes."""
        return STRONGEST * np.minimum(1.0, np.abs(self.points) / self.scale)

    def strength(self, row: int, column: int) -> float:
        """Opacity of one point's colour."""
        return STRONGEST * min(1.0, abs(float(self.points[row, column])) / self.scale)

    def shows(self, row: int, column: int) -> bool:
        """Whether there is anything to see at a point."""
        return self.strength(row, column) >= WEAKEST

    def colour(self, row: int, column: int) -> tuple[int, int, int]:
        """Red, green and blue of a point, 0 to 255: one colour above zero, another below."""
        return POSITIVE if self.points[row, column] >= 0 else NEGATIVE

    def label(self, row: int, column: int) -> str:
        """The number of a point, short; empty where there is nothing to see."""
        return number_text(float(self.points[row, column])) if self.shows(row, column) else ""


def default_caption(facts: str, heat: Heat | None) -> str:
    """Facts of the game, and the number of the pass where a heat map has one."""
    if heat is None or heat.pass_value is None:
        return facts
    told = f"heat of the pass {number_text(heat.pass_value) or '0'}"
    return f"{facts}; {told}" if facts else told


def number_text(value: float) -> str:
    """A number in at most four characters where that is possible: ``.31``, ``-.05``, ``1.5``."""
    if abs(value) >= 9.95:
        return f"{value:.0f}"
    if abs(value) >= 0.995:
        return f"{value:.1f}"
    text = f"{value:.2f}".replace("0.", ".", 1)
    return "" if text in (".00", "-.00") else text


def read_heat(heat: Any, size: int, scale: float | None = None, largest: int | None = None) -> Heat:
    """A heat map out of what a user gave.

    Args:
        heat: numbers [N, N], or [N * N + 1] with that of the pass last.
        size: side of the board.
        scale: the absolute value that has the strongest colour; None: the largest of the points.
        largest: N, where the numbers are those of a larger board, on which this board takes the
            top left corner; None: `size`.

    Raises:
        ValueError: a wrong shape, a number that is not finite, or a wrong scale.
    """
    side = size if largest is None else largest
    numbers = np.asarray(heat)
    if numbers.dtype.kind not in "biuf":
        raise ValueError(f"heat must hold real numbers, got the type {numbers.dtype}")
    if numbers.shape not in ((side, side), (side * side + 1,)):
        raise ValueError(
            f"heat must have the shape ({side}, {side}), or ({side * side + 1},) with the pass "
            f"last, got {numbers.shape}"
        )
    numbers = numbers.astype(np.float64)
    pass_value = None
    if numbers.ndim == 1:
        pass_value, numbers = float(numbers[-1]), numbers[:-1].reshape(side, side)
    points = numbers[:size, :size]
    values = [*points.ravel(), 0.0 if pass_value is None else pass_value]
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise ValueError(
            f"heat must be finite, got {values[wrong[0]]} at {action_name(int(wrong[0]), size)}; "
            "use 0 where there is nothing to show"
        )
    if scale is None:
        scale = float(np.abs(points).max()) or 1.0
    elif isinstance(scale, bool) or not isinstance(scale, (int, float, np.number)):
        raise ValueError(f"heat_scale must be a number, got {scale!r}")
    elif not (np.isfinite(scale) and scale > 0):
        raise ValueError(f"heat_scale must be finite and above zero, got {scale}")
    return Heat(points, pass_value, float(scale))
