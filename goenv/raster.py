"""Boards as pixels, drawn by pygame off the screen. pygame is imported at the first picture."""

from __future__ import annotations

import math
import os
import warnings
from functools import lru_cache
from typing import Any

import gymnasium
import numpy as np

from goenv.coordinates import COLUMNS, star_points
from goenv.heat import WEAKEST, Heat, default_caption, read_heat
from goenv.position import Position

SIDE = 480
WOOD_LIGHT, WOOD_DARK = (242, 212, 154), (227, 187, 118)
LINE, INK = (93, 69, 36), (43, 32, 19)
# Colours in the light, at the centre and at the rim of a stone.
SHADES = {
    1: ((109, 112, 116), (40, 42, 45), (12, 13, 14)),
    -1: ((255, 255, 255), (246, 244, 238), (196, 190, 178)),
}


def load_pygame() -> Any:
    """The module pygame.

    Raises:
        gymnasium.error.DependencyNotInstalled: it is missing; the message says how to get it.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what pygame itself imports
            import pygame
    except ImportError as error:
        raise gymnasium.error.DependencyNotInstalled(
            "pictures in pixels and windows need pygame: pip install 'gozoo[render]'"
        ) from error
    return pygame


def rgb_array(
    board: np.ndarray,
    last_action: int = -1,
    heat: Any = None,
    *,
    heat_scale: float | None = None,
    caption: str | None = None,
    side: int = SIDE,
) -> np.ndarray:
    """A board as pixels, uint8 [H, W, 3]: W is `side`, H a fifteenth more, for the caption.

    Args:
        board: int [N, N]: 1 black, -1 white, 0 empty; row 0 at the top.
        last_action: the action to mark, -1 for none. A pass is told in the caption.
        heat: as in `goenv.svg`.
        heat_scale: as in `goenv.svg`.
        caption: a line below the board in place of the one made from `last_action` and `heat`.
        side: of the wood, in pixels; 120 to 4096. The default suits video: both sides are even.

    Raises:
        ValueError: a wrong argument, named.
        gymnasium.error.DependencyNotInstalled: pygame is missing.
    """
    position = Position(board, last_action)
    heated = None if heat is None else read_heat(heat, position.size, heat_scale)
    if caption is None:
        caption = default_caption(position.pass_fact(), heated)
    return pixels(draw(position, heated, caption, side))


def pixels(surface: Any) -> np.ndarray:
    """A pygame surface as an array of its own, uint8 [H, W, 3]."""
    width, height = surface.get_size()
    data = load_pygame().image.tobytes(surface, "RGB")
    return np.frombuffer(data, np.uint8).reshape(height, width, 3).copy()


def draw(position: Position, heat: Heat | None = None, caption: str = "", side: int = SIDE) -> Any:
    """A position on a new pygame surface; see `rgb_array`.

    Raises:
        ValueError: a wrong `side`.
        gymnasium.error.DependencyNotInstalled: pygame is missing.
    """
    if isinstance(side, bool) or not isinstance(side, (int, np.integer)) or not 120 <= side <= 4096:
        raise ValueError(f"side must be a whole number of pixels from 120 to 4096, got {side!r}")
    pygame = load_pygame()
    size, side = position.size, int(side)
    wood, grid, empty = _empty_board(size, side)
    step = _step(size, side)
    sprites = _sprites(step)

    def put(sprite: Any, row: int, column: int) -> None:
        x, y = point_pixel(row, column, size, side)
        surface.blit(sprite, sprite.get_rect(center=(x, y)))

    def put_heat(row: int, column: int, width: int) -> None:
        square = pygame.Surface((width, width), pygame.SRCALPHA)
        square.fill((*heat.colour(row, column), round(255 * heat.strength(row, column))))  # type: ignore[union-attr]
        put(square, row, column)

    stones = np.argwhere(position.board).tolist()
    hot = [] if heat is None else np.argwhere(heat.strengths() >= WEAKEST).tolist()
    surface = wood.copy() if hot else empty.copy()
    if hot:
        for row, column in hot:
            if not position.board[row, column]:
                put_heat(row, column, step)
        surface.blit(grid, (0, 0))
    for row, column in stones:
        put(sprites["shadow"], row, column)
    for row, column in stones:
        put(sprites[int(position.board[row, column])], row, column)
    for row, column in hot:
        if position.board[row, column]:
            put(sprites["plate"], row, column)  # so that colours look as they do on the wood
            put_heat(row, column, sprites["plate"].get_width())
    if position.last_point is not None:
        row, column = position.last_point
        name = "wide" if [row, column] in hot else "narrow"
        put(sprites[name, int(position.board[row, column])], row, column)
    if caption:
        text = _text(pygame, caption, side // 24, side - side // 16)
        surface.blit(text, text.get_rect(center=(side // 2, side + side // 35)))
    return surface


def point_pixel(row: int, column: int, size: int, side: int = SIDE) -> tuple[int, int]:
    """Where a point is in a picture: x to the right, y down, in pixels."""
    first = (side - _step(size, side) * (size - 1)) // 2
    return first + _step(size, side) * column, first + _step(size, side) * row


def _step(size: int, side: int) -> int:
    """Pixels between two lines."""
    return side // (size + 2)


@lru_cache(maxsize=8)
def _empty_board(size: int, side: int) -> tuple[Any, Any, Any]:
    """The wood; lines, names and dots on a clear surface; and the one on the other."""
    pygame = load_pygame()
    height = side + side // 15
    # Darker towards the foot only: rows of one colour make small files.
    mix = np.broadcast_to(np.linspace(0, 1, height)[:, None, None], (height, side, 1))
    wood = np.array(WOOD_LIGHT) * (1 - mix) + np.array(WOOD_DARK) * mix
    opaque = np.full((height, side, 1), 255)
    grid = pygame.Surface((side, height), pygame.SRCALPHA)
    first, last = point_pixel(0, 0, size, side)[0], point_pixel(size - 1, 0, size, side)[1]
    thick = max(1, side // 400)
    for index in range(size):
        at = point_pixel(index, 0, size, side)[1]
        pygame.draw.line(grid, LINE, (first, at), (last, at), thick)
        pygame.draw.line(grid, LINE, (at, first), (at, last), thick)
        for name, horizontal in ((COLUMNS[index], True), (str(size - index), False)):
            text = _text(pygame, name, min(side // 22, int(0.62 * _step(size, side))), side)
            for margin in (first // 2 - side // 80, side - first // 2 + side // 80):
                grid.blit(text, text.get_rect(center=(at, margin) if horizontal else (margin, at)))
    dot = _disc(max(2.5, 0.09 * _step(size, side)), (LINE,) * 3)
    for row, column in star_points(size):
        grid.blit(dot, dot.get_rect(center=point_pixel(row, column, size, side)))
    bare = _surface(np.concatenate([wood, opaque], axis=2))
    empty = bare.copy()
    empty.blit(grid, (0, 0))
    return bare, grid, empty


@lru_cache(maxsize=8)
def _sprites(step: int) -> dict[Any, Any]:
    """Stones, their shadow, the plate for heat on a stone, marks of the last move by colour."""
    pygame = load_pygame()
    radius = 0.47 * step
    plate = pygame.Surface((int(0.42 * step),) * 2)
    plate.fill(WOOD_LIGHT)
    sprites: dict[Any, Any] = {"plate": plate, "shadow": _shadow(radius)}
    for stone, colour in ((1, SHADES[-1][0]), (-1, SHADES[1][2]), (0, INK)):
        sprites["narrow", stone] = _disc(0.24 * step, (colour,) * 3, 0.16 * step)
        sprites["wide", stone] = _disc(0.4 * step, (colour,) * 3, 0.33 * step)
        if stone:
            sprites[stone] = _disc(radius, SHADES[stone])
    return sprites


def _disc(radius: float, shades: Any, hole: float = 0.0) -> Any:
    """A disc, or a ring around a hole, with smooth edges; lit from the upper left."""
    reach = math.ceil(radius) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.hypot(x, y)
    cover = np.clip(radius - distance + 0.5, 0, 1)
    if hole:
        cover *= np.clip(distance - hole + 0.5, 0, 1)
    from_light = np.hypot(x + 0.32 * radius, y + 0.4 * radius) / (1.5 * radius)
    colour = [np.interp(from_light, (0, 0.5, 1), levels) for levels in zip(*shades, strict=True)]
    return _surface(np.stack([*colour, 255 * cover], axis=2))


def _shadow(radius: float) -> Any:
    """What a stone throws on the wood: a blurred disc, a little below and to the right."""
    reach = math.ceil(1.4 * radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.hypot(x - 0.1 * radius, y - 0.16 * radius)
    dark = 90 * np.clip((1.15 * radius - distance) / (0.25 * radius), 0, 1)
    return _surface(np.stack([*(np.full(x.shape, part) for part in (58, 36, 8)), dark], axis=2))


def _surface(colours: np.ndarray) -> Any:
    """A surface out of red, green, blue and opacity, 0 to 255, [H, W, 4]."""
    height, width, _ = colours.shape
    data = np.rint(colours).astype(np.uint8).tobytes()
    return load_pygame().image.frombytes(data, (width, height), "RGBA")


def _text(pygame: Any, text: str, height: int, width: int) -> Any:
    """A line of text on a clear surface, smaller or even cut off where it would be too wide."""
    # Fonts are made anew each time: they die when somebody else calls pygame.quit().
    pygame.font.init()
    smallest = 12
    points = max(smallest, round(1.3 * height))
    font = pygame.font.Font(None, points)
    wide = font.size(text)[0]
    if wide > width:
        font = pygame.font.Font(None, max(smallest, int(points * width / wide)))
    if font.size(text)[0] > width:
        while text and font.size(text + " ...")[0] > width:
            text = text[:-1]
        text += " ..."
    return font.render(text, True, INK)
