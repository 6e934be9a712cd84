"""The positions of a game, by 64-bit hashes: what superko forbids to recur.

A hash table per game holds the keys of its positions. It grows on request (`goenv.state.
grow_history`) and never silently forgets; two different positions of one game share a key with a
chance below 1e-12 even after thousands of moves. Two filters in front of it, bits of the (black,
white) stone counts and of the uppermost bits of the keys seen so far, answer most questions at
once.
"""

from __future__ import annotations

import numpy as np
from numpy import uintp  # see goenv.bits

from goenv.kernel import inlined, kernel
from goenv.rules import BLACK, MAX_SIZE

# Columns of `Games.words`: hash of the board, hash before the last move, state of the random
# stream, the two filters. `Games` has the hashes of chains next, then the table.
HASH, PREVIOUS_HASH, STREAM, COUNT_FILTER = 0, 1, 2, 3
_COUNT_WORDS = 16
KEY_FILTER = COUNT_FILTER + _COUNT_WORDS
_KEY_BITS = 11
FIRST_SLOT = KEY_FILTER + (1 << (_KEY_BITS - 6))
_KEY_SHIFT = np.uint64(64 - _KEY_BITS)
_SIX, _ONE, _LAST_BIT = np.uint64(6), np.uint64(1), np.uint64(63)

# Values of the SUPERKO column, in the order of `goenv.rules.Superko`.
POSITIONAL, SITUATIONAL, SIMPLE = 0, 1, 2


def _zobrist_keys() -> np.ndarray:
    """Keys [3, points] by splitmix64 (Steele et al. 2014), the same on every machine for ever.

    Rows: Black's stones, White's stones, and in the third row [0] the empty board, [1] "White is
    to move" for situational superko.
    """
    mask, state = (1 << 64) - 1, 0
    keys = np.empty((3, MAX_SIZE * MAX_SIZE + 1), np.uint64)
    for index in np.ndindex(keys.shape):
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        keys[index] = mixed ^ (mixed >> 31)
    return keys


ZOBRIST = _zobrist_keys()
EMPTY_BOARD_KEY = ZOBRIST[2, 0]
WHITE_TO_PLAY_KEY = ZOBRIST[2, 1]


@inlined
def position_key(superko, board_hash, to_play):
    """What the history stores for a board with `to_play` to move."""
    if superko == SITUATIONAL and to_play != BLACK:
        board_hash ^= WHITE_TO_PLAY_KEY
    return board_hash


@inlined
def _find(words, game, first, key):
    """The column of `key` in the table that begins at `first`, or of the free slot for it."""
    last = words.shape[1] - first - 1  # slots are a power of 2
    slot = np.int64(key & np.uint64(last))
    while words[game, uintp(first + slot)] != 0 and words[game, uintp(first + slot)] != key:
        slot = (slot + 1) & last
    return uintp(first + slot)


@inlined
def seen(words, game, first, key):
    """Whether the table of `game` that begins at column `first` holds `key`."""
    return words[game, _find(words, game, first, key)] == key


@inlined
def maybe_seen(words, game, key):
    """False only if the history does not hold `key`; cheaper than `seen`, and seldom wrong."""
    bit = key >> _KEY_SHIFT
    word = words[game, uintp(KEY_FILTER) + (bit >> _SIX)]
    return (word >> (bit & _LAST_BIT)) & _ONE != 0


@inlined
def _count_bit(black, white):
    return np.uint64((black + 29 * white) & (64 * _COUNT_WORDS - 1))


@inlined
def counts_seen(words, game, black, white):
    """False only if no position so far had so many black and white stones."""
    bit = _count_bit(black, white)
    word = words[game, uintp(COUNT_FILTER) + (bit >> _SIX)]
    return (word >> (bit & _LAST_BIT)) & _ONE != 0


@inlined
def remember_position(words, game, first, count, superko, to_play, black, white):
    """Add the board of hash ``words[game, HASH]``; returns how many positions this has added.

    Args:
        words: uint64 [B, ...]; the table begins at column `first`.
        game: index of the game.
        count: positions in the table.
        superko, to_play: what a position is.
        black, white: numbers of stones.

    Raises:
        RuntimeError: the table is full.
    """
    if superko == SIMPLE:  # needs no more than the hash before the last move
        return 0
    if 8 * (count + 1) > 7 * (words.shape[1] - first):
        raise RuntimeError("the history of a game is full: make room with goenv.state.grow_history")
    key = position_key(superko, words[game, HASH], to_play)
    column = _find(words, game, first, key)
    known = words[game, column] == key
    words[game, column] = key
    bit = key >> _KEY_SHIFT
    words[game, uintp(KEY_FILTER) + (bit >> _SIX)] |= _ONE << (bit & _LAST_BIT)
    bit = _count_bit(black, white)
    words[game, uintp(COUNT_FILTER) + (bit >> _SIX)] |= _ONE << (bit & _LAST_BIT)
    return 0 if known else 1


@inlined
def forget_position(words, game, first, key):
    """Take out the key that was added last; the filters keep it, which costs but a look-up."""
    words[game, _find(words, game, first, key)] = 0


@kernel
def copy_table(source, from_game, target, to_game, first):
    """Copy a table, which begins at column `first`, into one of another length."""
    for column in range(first, target.shape[1]):
        target[to_game, column] = 0
    for column in range(first, source.shape[1]):
        key = source[from_game, column]
        if key != 0:
            target[to_game, _find(target, to_game, first, key)] = key
