"""Parts of a board as SVG elements: lines, stones, heat, text."""

from __future__ import annotations

from html import escape

import numpy as np

from goenv.coordinates import COLUMNS, action_name, star_points
from goenv.heat import Heat
from goenv.position import Position

# Units of the drawing: lines are 10 apart, and the first is 15 from the edge of the wood.
STEP, MARGIN, STONE = 10, 15, 4.6
WOOD, LINE, INK = "#ecc888", "#5d4524", "#2b2013"
BLACK_STONE, WHITE_STONE = "#1b1d1f", "#fdfdfb"
# Colours that run over; a fill names a plain one beside them, for viewers that cannot.
SHADES = (
    '<defs><linearGradient id="go-wood" x2="1" y2="1"><stop stop-color="#f2d49a"/>'
    '<stop offset="1" stop-color="#e3bb76"/></linearGradient>'
    '<radialGradient id="go-black" cx=".35" cy=".3" r=".75"><stop stop-color="#6d7074"/>'
    '<stop offset=".45" stop-color="#2c2e31"/><stop offset="1" stop-color="#0c0d0e"/>'
    '</radialGradient><radialGradient id="go-white" cx=".35" cy=".3" r=".85">'
    '<stop stop-color="#fff"/><stop offset=".55" stop-color="#f6f4ee"/>'
    '<stop offset="1" stop-color="#c9c4b8"/></radialGradient></defs>'
)


def line_at(index: int) -> int:
    """Where the line with this index runs."""
    return MARGIN + STEP * index


def short(number: float) -> str:
    """A number to two places at most."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def grid(size: int, edge: int) -> list[str]:
    """Lines, coordinates and star points."""
    last = line_at(size - 1)
    path = "".join(
        f"M{MARGIN} {at}H{last}M{at} {MARGIN}V{last}"
        for at in (line_at(line) for line in range(size))
    )
    # Letters grow more slowly than the board, which is shown at the same width at any size.
    font, line_width = 2.2 + 0.0135 * edge, short(0.22 + 0.0013 * edge)
    out = [
        f'<path class="lines" d="{path}" fill="none" stroke="{LINE}" '
        f'stroke-width="{line_width}" stroke-linecap="square"/>'
        f'<g class="names" font-size="{font:.3g}" fill="{INK}" text-anchor="middle">'
    ]
    lower = 0.36 * font  # from the middle of a capital to its foot
    for index in range(size):
        at = line_at(index)
        for margin in (5, edge - 5):
            out.append(f'<text x="{at}" y="{short(margin + lower)}">{COLUMNS[index]}</text>')
            out.append(f'<text x="{margin}" y="{short(at + lower)}">{size - index}</text>')
    out.append(f'</g><g class="stars" fill="{LINE}">')
    for row, column in star_points(size):
        out.append(
            f'<circle cx="{line_at(column)}" cy="{line_at(row)}" r="{short(0.7 + 0.003 * edge)}"/>'
        )
    return [*out, "</g>"]


def stones(position: Position, heat: Heat | None, inline: bool) -> list[str]:
    """Shadows, stones, heat on stones, and the mark of the last move."""
    board = position.board
    places = [(int(row), int(column)) for row, column in np.argwhere(board)]
    out = []
    if not inline:
        out.append('<g class="shadows" fill="#3a2408" fill-opacity="0.3">')
        for row, column in places:
            x, y = short(line_at(column) + 0.4), short(line_at(row) + 0.6)
            out.append(f'<circle cx="{x}" cy="{y}" r="{STONE + 0.1}"/>')
        out.append("</g>")
    out.append('<g class="stones">')
    for row, column in places:
        name, plain, border = (
            ("black", BLACK_STONE, "#000")
            if board[row, column] > 0
            else ("white", WHITE_STONE, "#8b8475")
        )
        fill = plain if inline else f"url(#go-{name}) {plain}"
        out.append(
            f'<circle class="{name}" cx="{line_at(column)}" cy="{line_at(row)}" r="{STONE}" '
            f'fill="{fill}" stroke="{border}" stroke-width="0.2"/>'
        )
        if heat is not None and heat.shows(row, column):
            out.append(_square(row, column, 2.1, f'fill="{WOOD}"') + "</rect>")
            out.append(_heat_square(heat, row, column, 2.1))
    if position.last_point is not None:
        row, column = position.last_point
        stone = int(board[row, column])
        # A suicide leaves no stone to mark: then the mark is on the bare point.
        name, stroke = {1: ("black", WHITE_STONE), -1: ("white", BLACK_STONE)}.get(
            stone, ("empty", INK)
        )
        radius = 3.5 if heat is not None and heat.shows(row, column) else 2
        out.append(
            f'<circle class="last {name}" cx="{line_at(column)}" cy="{line_at(row)}" r="{radius}" '
            f'fill="none" stroke="{stroke}" stroke-width="0.8"/>'
        )
    return [*out, "</g>"]


def heat_cells(position: Position, heat: Heat | None) -> list[str]:
    """Coloured squares around the empty points."""
    if heat is None:
        return []
    places = [(int(row), int(column)) for row, column in np.argwhere(position.board == 0)]
    shown = [place for place in places if heat.shows(*place)]
    return ['<g class="heat">', *(_heat_square(heat, *place, STEP / 2) for place in shown), "</g>"]


def _heat_square(heat: Heat, row: int, column: int, half: float) -> str:
    """A square in the colour of a point, which tells the number under the mouse."""
    colour = "#" + "".join(f"{part:02x}" for part in heat.colour(row, column))
    size = len(heat.points)
    return (
        _square(
            row, column, half, f'fill="{colour}" fill-opacity="{heat.strength(row, column):.3f}"'
        )
        + f"<title>{action_name(row * size + column, size)}: {heat.points[row, column]:.3g}</title>"
        "</rect>"
    )


def _square(row: int, column: int, half: float, fill: str) -> str:
    """The beginning of a square around a point."""
    x, y = short(line_at(column) - half), short(line_at(row) - half)
    return f'<rect x="{x}" y="{y}" width="{short(2 * half)}" height="{short(2 * half)}" {fill}>'


def number_labels(position: Position, heat: Heat) -> list[str]:
    """The numbers of a heat map; light on dark ground."""
    out = ['<g class="numbers" font-size="3.1" text-anchor="middle">']
    for row in range(position.size):
        for column in range(position.size):
            label = heat.label(row, column)
            if label:
                # Any number that is worth writing has its square on a stone.
                dark = heat.strength(row, column) > 0.4
                # The halo keeps dark figures apart from the lines.
                fill = (
                    'fill="#fff"'
                    if dark
                    else f'fill="#1c1306" stroke="{WOOD}" stroke-width="0.7" paint-order="stroke"'
                )
                out.append(
                    f'<text x="{line_at(column)}" y="{short(line_at(row) + 1.1)}" {fill}>'
                    f"{label}</text>"
                )
    return [*out, "</g>"]


def text_lines(
    name: str, lines: list[str], x: float, y: float, font: float, weight: str
) -> list[str]:
    """Lines of text below one another, the first at y, in the middle of x."""
    return [
        f'<text class="{name}" x="{short(x)}" y="{short(y + 1.35 * font * number)}" '
        f'font-size="{short(font)}" text-anchor="middle" fill="{INK}"{weight}>{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
