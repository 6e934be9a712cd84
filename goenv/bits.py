"""Sets of points as bits: point ``p`` is bit ``p % 64`` of word ``p // 64``.

A set is a row of an array [games, rows, words]. Kernels pass the whole array and the place in it on
to one another, here and elsewhere, because a part of an array would be counted as a reference at
each call, which costs more than most of what they do. Numba turns sums of signed and unsigned
numbers into floats, hence the many conversions.
"""

from __future__ import annotations

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros
from numpy import uintp  # numba tests signed indices for a wrap-around, unsigned ones not

from goenv.kernel import inlined
from goenv.rules import MAX_SIZE

ONE = np.uint64(1)
_SIX = np.uint64(6)
_LAST_BIT = np.uint64(63)
_MAX_WORDS = (MAX_SIZE * MAX_SIZE + 63) // 64


def words_for(size: int) -> int:
    """Words that hold the points of a board of side `size`."""
    return (size * size + 63) // 64


def _column_masks() -> np.ndarray:
    """Words [2, MAX_SIZE + 1, words] by side of the board: all points but the first column's
    (row 0), all but the last column's (row 1)."""
    masks = np.zeros((2, MAX_SIZE + 1, _MAX_WORDS), np.uint64)
    for size in range(1, MAX_SIZE + 1):
        for point in range(size * size):
            bit = ONE << np.uint64(point % 64)
            if point % size > 0:
                masks[0, size, point // 64] |= bit
            if point % size < size - 1:
                masks[1, size, point // 64] |= bit
    return masks


COLUMN_MASKS = _column_masks()
# The eight bits of each number of eight bits, lowest first.
BIT_TABLE = ((np.arange(256)[:, None] >> np.arange(8)) & 1).astype(np.uint8)


@inlined
def has_bit(bits, game, row, point):
    """Whether the set ``bits[game, row]``, uint64 [words], holds a point."""
    point = np.uint64(point)
    return (bits[game, row, point >> _SIX] >> (point & _LAST_BIT)) & ONE != 0


@inlined
def set_bit(bits, game, row, point):
    """Put a point into a set."""
    point = np.uint64(point)
    bits[game, row, point >> _SIX] |= ONE << (point & _LAST_BIT)


@inlined
def clear_bit(bits, game, row, point):
    """Take a point out of a set."""
    point = np.uint64(point)
    bits[game, row, point >> _SIX] &= ~(ONE << (point & _LAST_BIT))


@inlined
def lowest_point(word, index):
    """The first point of a word that is not zero; the word stands at `index` of its set."""
    return 64 * index + np.int64(trailing_zeros(word))  # type: ignore[call-arg]


@inlined
def without_lowest(word):
    """A word without its first point."""
    return word & (word - ONE)


@inlined
def count_bits(word):
    """Points in a word; compilers know this idiom and use one instruction."""
    word -= (word >> ONE) & np.uint64(0x5555555555555555)
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@inlined
def beside(bits, game, row, index, size):
    """The points of word `index` with a neighbour in the set; the board has side `size`."""
    here = bits[game, row, uintp(index)]
    before = bits[game, row, uintp(index - 1)] if index > 0 else np.uint64(0)
    after = bits[game, row, uintp(index + 1)] if index + 1 < bits.shape[2] else np.uint64(0)
    rows, back = np.uint64(size), np.uint64(64 - size)
    south = (here << rows) | (before >> back)
    north = (here >> rows) | (after << back)
    east = ((here << ONE) | (before >> _LAST_BIT)) & COLUMN_MASKS[0, uintp(size), uintp(index)]
    west = ((here >> ONE) | (after << _LAST_BIT)) & COLUMN_MASKS[1, uintp(size), uintp(index)]
    return south | north | east | west


@inlined
def write_bits(bits, game, row, count, out, line, first, stride):
    """Write the first `count` points of a set as 0 and 1: ``out[line, first + stride * point]``.

    Where the stride is 1, eight at a time from a table.
    """
    whole = count >> 3 if stride == 1 else 0
    for group in range(whole):
        shift = np.uint64((group & 7) << 3)
        eight = (bits[game, row, uintp(group >> 3)] >> shift) & np.uint64(255)
        b0, b1, b2, b3 = (
            BIT_TABLE[eight, 0],
            BIT_TABLE[eight, 1],
            BIT_TABLE[eight, 2],
            BIT_TABLE[eight, 3],
        )
        b4, b5, b6, b7 = (
            BIT_TABLE[eight, 4],
            BIT_TABLE[eight, 5],
            BIT_TABLE[eight, 6],
            BIT_TABLE[eight, 7],
        )
        at = uintp(first + 8 * group)
        out[line, at], out[line, at + ONE] = b0, b1
        out[line, at + np.uint64(2)], out[line, at + np.uint64(3)] = b2, b3
        out[line, at + np.uint64(4)], out[line, at + np.uint64(5)] = b4, b5
        out[line, at + np.uint64(6)], out[line, at + np.uint64(7)] = b6, b7
    for point in range(8 * whole, count):
        out[line, uintp(first + stride * point)] = has_bit(bits, game, row, point)
