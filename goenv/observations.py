"""Observations: named planes of the board, written straight into an array.

A plane is a set of points (ones and zeros) or one number on the whole board.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy import uintp  # see goenv.legality

from goenv.bits import (
    count_bits,
    lowest_point,
    set_bit,
    without_lowest,
    write_bits,
)
from goenv.kernel import inlined, kernel
from goenv.legality import ILLEGAL_REPETITION, judge, refresh_legal, surroundings
from goenv.rules import BLACK
from goenv.state import (
    BLACK_STONES,
    CHAIN_HEADS,
    CHAIN_SIZE,
    EARLIER_POSITIONS,
    EMPTY_POINTS,
    GRID,
    KOMI2,
    LEGAL_POINTS,
    LINK,
    MAX_MOVES,
    PLY,
    RECENT_ACTIONS,
    RUNNING,
    SCRATCH_BITS,
    SIZE,
    STATUS,
    STONE,
    TO_PLAY,
    WHITE_STONES,
    Games,
    earlier_row,
    pass_action,
    recent_action,
)

OWN, OPPONENT, EMPTY, COLOUR, KOMI, LEGAL, SUPERKO, MOVES_LEFT = range(8)
LIBERTIES, LAST, OWN_EARLIER, OPPONENT_EARLIER = 10, 20, 30, 40


class Plane(NamedTuple):
    """One plane of an observation.

    Attributes:
        code: what kernels know it by.
        binary: whether 0 and 1 are its only values, so that uint8 holds it.
        meaning: in words.
    """

    code: int
    binary: bool
    meaning: str


_LIBERTIES = {1: "exactly one liberty (in atari)", 2: "exactly two liberties", 3: "three or more"}

PLANES: dict[str, Plane] = {
    "own": Plane(OWN, True, "a stone of the player who looks"),
    "opponent": Plane(OPPONENT, True, "a stone of the other player"),
    "empty": Plane(EMPTY, True, "an empty point; these three together are the board's shape"),
    "colour": Plane(COLOUR, True, "1 on the whole board if the player who looks is Black"),
    "komi": Plane(KOMI, False, "komi for the player who looks over 2 N: negative for Black"),
    "legal": Plane(LEGAL, True, "a stone may be played here"),
    "superko": Plane(SUPERKO, True, "illegal here only because it repeats a position"),
    "moves_left": Plane(
        MOVES_LEFT, False, "the fraction of `max_moves` that is left; 1 without a limit"
    ),
    **{
        f"liberties_{number}": Plane(
            LIBERTIES + number, True, f"a stone, of either colour, of a chain with {words}"
        )
        for number, words in _LIBERTIES.items()
    },
    **{
        f"last_{back}": Plane(
            LAST + back, True, f"where the move {back} plies ago was played; zeros for a pass"
        )
        for back in range(1, RECENT_ACTIONS + 1)
    },
    **{
        f"{side}_{back}": Plane(code + back, True, f"the plane `{side}` as it was {back} plies ago")
        for back in range(1, EARLIER_POSITIONS + 1)
        for side, code in (("own", OWN_EARLIER), ("opponent", OPPONENT_EARLIER))
    },
}

# Sets of planes by name.
PLANE_SETS: dict[str, tuple[str, ...]] = {
    "stones": ("own", "opponent", "empty"),
    # Silver et al. 2017: eight positions, the latest first, then the colour to play.
    "alphago_zero": (
        "own",
        "opponent",
        *(f"{side}_{back}" for back in range(1, 8) for side in ("own", "opponent")),
        "colour",
    ),
    "features": (
        "own",
        "opponent",
        "empty",
        "liberties_1",
        "liberties_2",
        "liberties_3",
        "superko",
        *(f"last_{back}" for back in range(1, RECENT_ACTIONS + 1)),
        "colour",
        "komi",
        "moves_left",
    ),
}
DEFAULT_PLANES = "stones"
LAYOUTS = ("NCHW", "NHWC")


class View(NamedTuple):
    """How observations are to look, checked once: what `planes`, `dtype` and `layout` asked for.

    Attributes:
        names: the planes.
        codes: int64 [C], those of the planes.
        dtype: uint8 or float32.
        layout: ``"NCHW"`` or ``"NHWC"``.
    """

    names: tuple[str, ...]
    codes: np.ndarray
    dtype: np.dtype
    layout: str

    def shape(self, size: int) -> tuple[int, int, int]:
        """Shape of one observation of a board of side `size`."""
        if self.layout == "NHWC":
            return (size, size, len(self.names))
        return (len(self.names), size, size)

    @property
    def channels_last(self) -> bool:
        """Whether the planes are the last axis."""
        return self.layout == "NHWC"


def read_view(planes: str | Sequence[str], dtype: object = None, layout: str = "NCHW") -> View:
    """The view that these arguments ask for.

    Args:
        planes: a name out of `PLANE_SETS`, or a sequence of names out of `PLANES`.
        dtype: uint8 or float32; None: uint8 if it can hold the planes.
        layout: ``"NCHW"`` or ``"NHWC"``.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    try:
        names = tuple(planes) if isinstance(planes, (list, tuple)) else planes
        return _cached_view(names, dtype, layout)
    except TypeError:  # something that cannot be hashed, or is no sequence: wrong anyway
        return _read_view(planes, dtype, layout)


def _read_view(planes: str | Sequence[str], dtype: object, layout: str) -> View:
    if isinstance(planes, str):
        if planes not in PLANE_SETS:
            raise ValueError(
                f"planes must be one of {', '.join(map(repr, PLANE_SETS))} or a sequence of names, "
                f"got {planes!r}"
            )
        names = PLANE_SETS[planes]
    elif isinstance(planes, Sequence) and planes:
        names = tuple(planes)
    else:
        raise ValueError(f"planes must be a sequence of names out of {', '.join(PLANES)}")
    for name in names:
        if not isinstance(name, str) or name not in PLANES:
            raise ValueError(f"unknown plane {name!r}; the planes are {', '.join(PLANES)}")
    wide = [name for name in names if not PLANES[name].binary]
    if dtype is None:
        dtype = np.float32 if wide else np.uint8
    known = isinstance(dtype, (type, np.dtype)) or dtype in ("uint8", "float32")
    kind = np.dtype(dtype) if known else None  # type: ignore[call-overload]
    if kind not in (np.uint8, np.float32):
        raise ValueError(f"dtype must be uint8 or float32, got {kind or repr(dtype)}")
    if kind == np.uint8 and wide:
        raise ValueError(f"uint8 cannot hold the plane {wide[0]!r}: use float32")
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(map(repr, LAYOUTS))}, got {layout!r}")
    return View(names, np.array([PLANES[name].code for name in names], np.int64), kind, layout)


_cached_view = lru_cache(_read_view)


@kernel
def _mark_liberties(games, game, wanted):
    """Into SCRATCH_BITS: the stones of chains with `wanted` liberties, 3 for three or more."""
    cells, bits, neighbours = games.cells, games.bits, games.neighbours
    liberties = SCRATCH_BITS + 1
    for index in range(bits.shape[2]):
        word = bits[game, CHAIN_HEADS, index]
        while word != 0:
            head = lowest_point(word, index)
            word = without_lowest(word)
            for part in range(bits.shape[2]):
                bits[game, liberties, part] = 0
            stone = np.int64(head)
            for _ in range(cells[game, head, CHAIN_SIZE]):
                for side in range(4):
                    neighbour = np.int64(neighbours[stone, side])
                    if cells[game, neighbour, STONE] == 0:
                        set_bit(bits, game, liberties, neighbour)
                stone = np.int64(cells[game, stone, LINK])
            number = 0
            for part in range(bits.shape[2]):
                number += count_bits(bits[game, liberties, part])
            if min(number, 3) == wanted:
                for _ in range(cells[game, head, CHAIN_SIZE]):
                    set_bit(bits, game, SCRATCH_BITS, stone)
                    stone = np.int64(cells[game, stone, LINK])


@kernel
def _mark_repetitions(games, game):
    """Into SCRATCH_BITS: where only the repetition of a position forbids a stone.

    LEGAL_POINTS must be up to date.
    """
    bits = games.bits
    for index in range(bits.shape[2]):
        word = bits[game, EMPTY_POINTS, index] & ~bits[game, LEGAL_POINTS, index]
        while word != 0:
            point = lowest_point(word, index)
            word = without_lowest(word)
            found = surroundings(games, game, point)
            if judge(games, game, point, found) == ILLEGAL_REPETITION:
                set_bit(bits, game, SCRATCH_BITS, point)


@inlined
def _row_of_plane(games, game, code):
    """The row of `bits` that holds a plane's points; SCRATCH_BITS for planes without their own."""
    bits, info = games.bits, games.info
    black = info[game, TO_PLAY] == BLACK
    if code in (OWN, OPPONENT):
        return BLACK_STONES if black == (code == OWN) else WHITE_STONES
    if code == EMPTY:
        return EMPTY_POINTS
    if code > OWN_EARLIER:
        own = code < OPPONENT_EARLIER
        ply = info[game, PLY] - (code - (OWN_EARLIER if own else OPPONENT_EARLIER))
        if ply >= 0:
            return earlier_row(ply) + (0 if black == own else 1)
    if code == LEGAL and info[game, STATUS] == RUNNING:
        refresh_legal(games, game)
        return LEGAL_POINTS
    if code == SUPERKO and info[game, STATUS] == RUNNING:
        refresh_legal(games, game)  # works in SCRATCH_BITS too, so it comes first
    for index in range(bits.shape[2]):
        bits[game, SCRATCH_BITS, index] = 0
    if LAST < code < OWN_EARLIER:
        action = recent_action(games, game, code - LAST - 1)
        if 0 <= action < pass_action(games):
            set_bit(bits, game, SCRATCH_BITS, action)
    elif LIBERTIES < code < LAST:
        _mark_liberties(games, game, code - LIBERTIES)
    elif code == SUPERKO and info[game, STATUS] == RUNNING:
        _mark_repetitions(games, game)
    return SCRATCH_BITS


@kernel
def _plane_number(games, game, code):
    """The number that a plane shows on the whole board."""
    info = games.info
    black = info[game, TO_PLAY] == BLACK
    if code == COLOUR:
        return 1.0 if black else 0.0
    if code == KOMI:
        komi = 0.25 * info[game, KOMI2] / info[game, SIZE]
        return -komi if black else komi
    limit = info[game, MAX_MOVES]
    return 1.0 if limit < 0 else (limit - info[game, PLY]) / limit


@inlined
def observe_game(games, game, codes, out, row, channels_last):
    """Write the planes `codes` of one game into ``out[row]``, flat; zeros off the board."""
    size, grid, bits = games.info[game, SIZE], games.info[game, GRID], games.bits
    points, planes = grid * grid, codes.shape[0]
    stride = planes if channels_last else 1
    for plane in range(planes):
        code = codes[plane]
        first = plane if channels_last else plane * points
        if code in (COLOUR, KOMI, MOVES_LEFT):
            value = out.dtype.type(_plane_number(games, game, code))
            zero = out.dtype.type(0)
            for y in range(grid):
                for x in range(grid):
                    inside = y < size and x < size
                    out[row, uintp(first + stride * (y * grid + x))] = value if inside else zero
        else:
            source = _row_of_plane(games, game, code)
            write_bits(bits, game, source, points, out, row, first, stride)


@kernel
def observe_games(first, last, cells, bits, words, info, neighbours, codes, out, channels_last):
    """Observations of games first to last - 1 into `out` [B, C * N * N]."""
    games = Games(cells, bits, words, info, neighbours)
    for game in range(first, last):
        observe_game(games, game, codes, out, game, channels_last)


@kernel
def observe_selected(
    first, last, cells, bits, words, info, neighbours, chosen, codes, out, channels_last
):
    """Observations of games ``chosen[first:last]`` into the same rows of `out` [n, C * N * N]."""
    games = Games(cells, bits, words, info, neighbours)
    for row in range(first, last):
        observe_game(games, chosen[row], codes, out, row, channels_last)


@inlined
def legal_row(games, game, out, row):
    """Legal actions of one game into ``out[row]`` bool [A]; all False in a finished game."""
    off = pass_action(games)
    running = games.info[game, STATUS] == RUNNING
    out[row, off] = running
    if running:
        refresh_legal(games, game)
        write_bits(games.bits, game, LEGAL_POINTS, off, out, row, 0, 1)
    else:
        for action in range(off):
            out[row, action] = False


@kernel
def legal_games(first, last, cells, bits, words, info, neighbours, out):
    """Legal actions of games first to last - 1 into `out` bool [B, A]."""
    games = Games(cells, bits, words, info, neighbours)
    for game in range(first, last):
        legal_row(games, game, out, game)
