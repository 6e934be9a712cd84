"""Boards as SVG: pictures for pages, papers and notebooks."""

from __future__ import annotations

import textwrap
from html import escape
from typing import Any

import numpy as np

from goenv.batch import GoBatch
from goenv.heat import Heat, default_caption, read_heat
from goenv.position import Position, position_of
from goenv.svg_parts import (
    MARGIN,
    SHADES,
    STEP,
    WOOD,
    grid,
    heat_cells,
    number_labels,
    short,
    stones,
    text_lines,
)


class Svg(str):
    """A picture as SVG: text to write to a file, which a notebook shows as the picture."""

    def _repr_svg_(self) -> str:
        return str(self)


def svg(
    board: np.ndarray,
    last_action: int = -1,
    heat: Any = None,
    *,
    heat_scale: float | None = None,
    numbers: bool = False,
    title: str = "",
    caption: str | None = None,
    description: str | None = None,
    width: int = 420,
    inline: bool = False,
) -> Svg:
    """A board as a picture that needs nothing else.

    Args:
        board: int [N, N]: 1 black, -1 white, 0 empty; row 0 at the top.
        last_action: the action to mark, -1 for none. A pass is told in the caption.
        heat: numbers [N, N] over the points, or [N * N + 1] with that of the pass last, which the
            caption tells. Violet is above zero, orange-red below, and the larger the number the
            stronger the colour; on a stone it is a small square.
        heat_scale: the absolute value that has the strongest colour; None: the largest of the
            points. Give it where pictures are to be compared: 1 for values and ownership.
        numbers: whether to write the numbers of `heat` on the points.
        title: a line above the board.
        caption: lines below the board in place of those made from `last_action` and `heat`.
        description: read out in place of the picture; None: title and caption.
        width: of the picture in pixels, where nothing else determines it.
        inline: make a part of an HTML page that has its own style sheet: no namespace, no font,
            flat colours, no shadows. Either way the classes ``wood``, ``lines``, ``names``,
            ``stars``, ``black``, ``white`` and ``last`` within ``board`` can be styled.

    Raises:
        ValueError: a wrong argument, named.
    """
    position = Position(board, last_action)
    heated = None if heat is None else read_heat(heat, position.size, heat_scale)
    if caption is None:
        caption = default_caption(position.pass_fact(), heated)
    return _draw(position, heated, numbers, title, caption, description, width, inline)


def game_svg(
    batch: GoBatch,
    game: int = 0,
    heat: Any = None,
    *,
    heat_scale: float | None = None,
    numbers: bool = False,
    title: str = "",
    caption: str | None = None,
    width: int = 420,
) -> Svg:
    """One game of a batch as a picture, on its own board; the caption says how it stands.

    Args:
        batch: the games.
        game: which one.
        heat: as in `svg`, N being the side of the batch's largest board: a row of a policy
            [B, A] fits. Numbers outside a smaller board are left out.
        heat_scale: as in `svg`.
        numbers: as in `svg`.
        title: as in `svg`.
        caption: lines below the board in place of those made from the game.
        width: as in `svg`.

    Raises:
        IndexError: there is no such game.
        ValueError: a wrong argument, named.
    """
    position = position_of(batch, game)
    heated = None
    if heat is not None:
        heated = read_heat(heat, position.size, heat_scale, batch.max_size)
    if caption is None:
        caption = default_caption(position.facts(), heated)
    return _draw(position, heated, numbers, title, caption, None, width)


def position_svg(position: Position) -> Svg:
    """A position as `game_svg` shows it."""
    return _draw(position, caption=position.facts())


def _draw(
    position: Position,
    heat: Heat | None = None,
    numbers: bool = False,
    title: str = "",
    caption: str = "",
    description: str | None = None,
    width: int = 420,
    inline: bool = False,
) -> Svg:
    if isinstance(width, bool) or not isinstance(width, (int, np.integer)) or width < 1:
        raise ValueError(f"width must be a whole number of pixels, at least 1, got {width!r}")
    edge = STEP * (position.size - 1) + 2 * MARGIN
    # Text around the board has one size in the picture, whatever the size of the board.
    head, foot = 0.055 * edge, 0.036 * edge
    above, below = textwrap.wrap(title, 32), textwrap.wrap(caption, 56)
    top = -1.3 * head * len(above)
    height = edge - top + (1.35 * foot * len(below) + 0.6 * foot if below else 0)
    told = description if description is not None else _described(title, caption)
    # A page has a namespace and a font of its own.
    namespace = "" if inline else ' xmlns="http://www.w3.org/2000/svg"'
    font = "" if inline else ' font-family="Helvetica, Arial, sans-serif"'
    wood = f'fill="{WOOD}"' if inline else f'fill="url(#go-wood) {WOOD}"'
    out = [
        f'<svg{namespace} class="board" width="{width}" '
        f'height="{short(width * height / edge)}" '
        f'viewBox="0 {short(top)} {edge} {short(height)}" role="img" '
        f'aria-label="{escape(told)}"{font}>'
        f'{"" if inline else SHADES}<rect class="wood" y="{short(top)}" width="{edge}" '
        f'height="{short(height)}" rx="2" {wood}/>',
        *heat_cells(position, heat),
        *grid(position.size, edge),
        *stones(position, heat, inline),
        *(number_labels(position, heat) if numbers and heat is not None else ()),
        *text_lines("title", above, edge / 2, top + 1.2 * head, head, ' font-weight="bold"'),
        *text_lines("caption", below, edge / 2, edge + foot, foot, ""),
        "</svg>",
    ]
    return Svg("".join(out))


def _described(title: str, caption: str) -> str:
    return ": ".join(filter(None, (title or "A Go board", caption)))
