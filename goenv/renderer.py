"""What the environments share of rendering: modes, warnings and the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

from goenv.batch import GoBatch
from goenv.pictures import position_svg
from goenv.position import Position, position_of, positions
from goenv.raster import draw, load_pygame, pixels
from goenv.render import position_text
from goenv.seats import check_choice
from goenv.window import Window


def _pixels(position: Position) -> np.ndarray:
    return pixels(draw(position, caption=position.facts()))


FRAMES: dict[str, Callable[[Position], Any]] = {
    "ansi": position_text,
    "rgb_array": _pixels,
    "svg": position_svg,
}
# A window shows one game of one environment; the vector environment offers the others only.
MODES = ["ansi", "rgb_array", "human", "svg"]
VECTOR_MODES = list(FRAMES)


class Renderer:
    """Shows the games of one environment in the mode that its user chose.

    Args:
        mode: one of `modes`, or None.
        modes: what the environment offers.
        example: a call that makes the environment with a mode, for the warning that there is none.
        fps: pictures a second in a window.

    Raises:
        ValueError: the environment does not offer the mode.
        gymnasium.error.DependencyNotInstalled: the mode needs pygame, which is missing.
    """

    def __init__(self, mode: str | None, modes: list[str], example: str, fps: float = 4):
        if mode == "human" and mode not in modes:
            raise ValueError(
                "render_mode 'human' shows one game, and this environment has many: choose "
                f"{', '.join(map(repr, modes))}, or watch a goenv.GoEnv"
            )
        if mode is not None:
            check_choice("render_mode", mode, modes)
        if mode in ("human", "rgb_array"):
            load_pygame()  # what is missing is told at once, not after the first game
        self._mode, self._example, self._fps = mode, example, fps
        self._window: Window | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Copies of an environment open a window of their own when they have something to show.
        return {**self.__dict__, "_window": None}

    def update(self, batch: GoBatch) -> None:
        """Show the position to a person, if that is the mode."""
        if self._mode == "human":
            self.frame(batch)

    def frame(self, batch: GoBatch) -> Any:
        """The first game of a batch in the mode chosen; None where a window shows it.

        Raises:
            gymnasium.error.Error: the mode is ``"human"``, and there is no screen.
        """
        if self._mode is None:
            self._warn()
            return None
        position = position_of(batch, 0)
        if self._mode != "human":
            return FRAMES[self._mode](position)
        if self._window is None:
            self._window = Window(self._fps)
        if not self._window.dismissed:
            self._window.show(draw(position, caption=position.facts()))
        return None

    def frames(self, batch: GoBatch) -> tuple[Any, ...] | None:
        """All B games of a batch in the mode chosen."""
        if self._mode is None:
            self._warn()
            return None
        return tuple(FRAMES[self._mode](position) for position in positions(batch))

    def close(self) -> None:
        """Close the window, if there is one. May be called again."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def _warn(self) -> None:
        gymnasium.logger.warn(f"render() needs a render_mode: {self._example}")
