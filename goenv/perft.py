"""Perft: how many games can be played, ply by ply. Rules that are wrong give other numbers.

Two programs that count the same to a depth agree on the legality of every move up to it, on what
each does to the board and on where games end. Source of the method: chess programs, see
https://www.chessprogramming.org/Perft.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from goenv import state
from goenv.bits import has_bit
from goenv.board import play
from goenv.history import HASH
from goenv.legality import LEGAL, legality, refresh_legal
from goenv.rules import Rules
from goenv.state import (
    LEGAL_POINTS,
    MAX_MOVES,
    PASSES,
    RUNNING,
    SIZE,
    STATUS,
    copy_game,
)


class Perft(NamedTuple):
    """Numbers by length; entry d is about d actions, passes included, from the empty board.

    Attributes:
        sequences: legal sequences of d actions.
        games: those of them that end the game, by a second pass or `Rules.max_moves`.
        positions: different boards that stand after d actions. Boards are told apart by 64 bits
            of Zobrist hash, as superko does.
    """

    sequences: tuple[int, ...]
    games: tuple[int, ...]
    positions: tuple[int, ...]


def perft(rules: Rules, depth: int) -> Perft:
    """Play every legal sequence of up to `depth` actions and count.

    Time goes with the sequences of `depth - 1` actions, of which a core plays a few
    hundred thousand a second; memory with the positions, about 20 bytes each.

    Args:
        rules: of the game.
        depth: actions at most, 0 or more.

    Raises:
        ValueError: a wrong argument, named.
    """
    if not isinstance(rules, Rules):
        raise ValueError(f"rules must be a goenv.Rules, got {rules!r}")
    if isinstance(depth, bool) or not isinstance(depth, (int, np.integer)) or depth < 0:
        raise ValueError(f"depth must be a whole number, zero or more, got {depth!r}")
    counts = np.zeros((2, depth + 1), np.int64)
    counts[0, 0] = 1
    positions = np.zeros(depth + 1, np.int64)
    positions[0] = 1
    # As many slots as hold the positions of a line, in a table that takes seven eighths.
    slots = 1 << (2 * (depth + 2) - 1).bit_length()
    games = state.allocate(depth + 1, rules.size, slots)
    for level in range(depth + 1):
        state.set_rules(games, level, rules, rules.size)
    state.start(games, 0)
    actions = rules.size**2 + 1
    boards = np.zeros(64, np.uint64), np.zeros((64, 0), np.uint64)
    tried = np.zeros(64, np.uint64), np.zeros((64, -(-actions // 64)), np.uint64)
    if depth == 1:
        _last_ply(games, 0, counts, positions, boards, tried)
    # One call for each first action, so that Ctrl-C is heard in between.
    for first in range(actions if depth > 1 else 0):
        boards, tried = _walk(games, depth, first, counts, positions, boards, tried)
    return Perft(tuple(counts[0].tolist()), tuple(counts[1].tolist()), tuple(positions.tolist()))


@njit(cache=True, nogil=True)
def _slot(keys, key):
    """Where `key`, not 0, stands in a hash table of keys, uint64 [S], or is to be put."""
    last = keys.shape[0] - 1
    slot = np.int64(key & np.uint64(last))
    while keys[slot] != 0 and keys[slot] != key:
        slot = (slot + 1) & last
    return slot


@njit(cache=True, nogil=True)
def _with_room(table, count):
    """A table (keys uint64 [S], bits uint64 [S, W]), twice as long if `count` keys crowd it."""
    keys, bits = table
    if 4 * count < 3 * keys.shape[0]:
        return keys, bits
    more_keys = np.zeros(2 * keys.shape[0], np.uint64)
    more_bits = np.zeros((2 * keys.shape[0], bits.shape[1]), np.uint64)
    for old in range(keys.shape[0]):
        if keys[old] != 0:
            slot = _slot(more_keys, keys[old])
            more_keys[slot] = keys[old]
            more_bits[slot] = bits[old]
    return more_keys, more_bits


@njit(cache=True, nogil=True)
def _note_position(games, level, positions, boards):
    """Count the board of the game after `level` actions, unless it was; returns the table."""
    boards = _with_room(boards, positions.sum())
    # One table for all levels: an odd multiple of the level parts their keys.
    key = games.words[level, HASH] ^ (np.uint64(level) * np.uint64(0x9E3779B97F4A7C15))
    slot = _slot(boards[0], key)
    if boards[0][slot] == 0:
        boards[0][slot] = key
        positions[level] += 1
    return boards


@njit(cache=True, nogil=True)
def _enter(games, level, action):
    """Play `action` in a copy, made in the next slot, of the game in slot `level`."""
    copy_game(games, level, games, level + 1)
    play(games, level + 1, action)


@njit(cache=True, nogil=True)
def _last_ply(games, level, counts, positions, boards, tried):
    """Count the last actions of the running game in slot `level`, all legal ones at once.

    None is played but to see new positions: each action once on each board. What was so played
    stands in the bits of `tried`, by board, whose number of keys is `positions[level]` at most.
    """
    refresh_legal(games, level)
    info = games.info
    passing = info[level, SIZE] * info[level, SIZE]
    tried = _with_room(tried, positions[level])
    slot = _slot(tried[0], games.words[level, HASH])
    tried[0][slot] = games.words[level, HASH]
    legal = 0
    for action in range(passing + 1):
        if action != passing and not has_bit(games.bits, level, LEGAL_POINTS, action):
            continue
        legal += 1
        bit = np.uint64(1) << np.uint64(action & 63)
        if tried[1][slot, action >> 6] & bit == 0:
            tried[1][slot, action >> 6] |= bit
            _enter(games, level, action)
            boards = _note_position(games, level + 1, positions, boards)
    counts[0, level + 1] += legal
    if level + 1 == info[level, MAX_MOVES]:
        counts[1, level + 1] += legal
    else:
        counts[1, level + 1] += info[level, PASSES]
    return boards, tried


@njit(cache=True, nogil=True)
def _walk(games, depth, first, counts, positions, boards, tried):
    """Count all sequences of two actions or more that begin with `first`, and `first` itself.

    Slot d of `games` holds the game after d actions.

    Returns:
        `boards` and `tried`, longer ones if need be.
    """
    actions = games.info[0, SIZE] * games.info[0, SIZE] + 1
    cursors = np.zeros(depth, np.int64)
    cursors[0] = first
    level = 0
    while level >= 0:
        action = cursors[level]
        cursors[level] += 1
        if action == actions or (level == 0 and action > first):
            level -= 1
            continue
        refresh_legal(games, level)
        if legality(games, level, action) != LEGAL:
            continue
        _enter(games, level, action)
        boards = _note_position(games, level + 1, positions, boards)
        counts[0, level + 1] += 1
        if games.info[level + 1, STATUS] != RUNNING:
            counts[1, level + 1] += 1
        elif level + 2 == depth:
            boards, tried = _last_ply(games, level + 1, counts, positions, boards, tried)
        else:
            level += 1
            cursors[level] = 0
    return boards, tried
