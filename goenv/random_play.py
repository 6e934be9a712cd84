"""Random play, compiled: each game draws from a stream of its own.

The streams are splitmix64 (Steele, Lea and Flood 2014). A game's draws depend on its own stream
alone, not on the other games of a batch nor on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from goenv.board import play
from goenv.legality import LEGAL, legality
from goenv.state import (
    CHAIN_HASH,
    EMPTIES,
    EMPTY_COUNT,
    HISTORY_COUNT,
    OPEN,
    PASS,
    RUNNING,
    SIZE,
    SLOT,
    STATUS,
    STONE,
    STREAM,
    TO_PLAY,
)


@njit(cache=True, nogil=True)
def random_below(words, game, bound):
    """A whole number from 0 to bound - 1, uniform, from the stream of `game` in `Games.words`."""
    state = words[game, STREAM] + np.uint64(0x9E3779B97F4A7C15)
    words[game, STREAM] = state
    mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    # The upper half times the bound (Lemire 2019); the bias is below bound / 2^32.
    return np.int64(((mixed >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32))


@njit(cache=True, nogil=True)
def random_legal_cell(games, game):
    """A legal move of a running game, uniform over the legal points and the pass."""
    # Rejection leaves the accepted move uniform; the pass always is accepted, so this ends.
    count = games.info[game, EMPTY_COUNT]
    while True:
        index = random_below(games.words, game, count + 1)
        cell = np.int64(PASS) if index == count else np.int64(games.cells[game, EMPTIES, index])
        if legality(games, game, cell) == LEGAL:
            return cell


@njit(cache=True, nogil=True)
def is_own_eye(games, game, cell, colour):
    """Whether an empty cell looks like an eye of `colour`: a usual test, right for most eyes.

    All neighbours are own stones, and of the diagonal points at most one is the opponent's
    (none at the edge). False eyes pass this test only where chains join further away.
    """
    if games.cells[game, OPEN, cell] > 0:
        return False
    width = games.info[game, SIZE] + 1
    for step in (-1, 1, -width, width):
        if games.cells[game, STONE, cell + step] == -colour:
            return False
    opponents, border = 0, 0
    for step in (-width - 1, -width + 1, width - 1, width + 1):
        stone = games.cells[game, STONE, cell + step]
        if stone == -colour:
            opponents += 1
        elif stone != 0 and stone != colour:
            border = 1
    return opponents + border < 2


@njit(cache=True, nogil=True)
def play_out(games, game, move_limit):
    """Play at random to the end, or for `move_limit` moves; returns the number of moves played.

    Moves are uniform over the legal points that do not fill an own eye; a side passes only when
    it has none. Superko is exact. Stops early where the history is full.
    """
    capacity = 7 * (games.words.shape[1] - CHAIN_HASH - games.cells.shape[2]) // 8 - 1
    moves = 0
    while (
        games.info[game, STATUS] == RUNNING
        and moves < move_limit
        and games.info[game, HISTORY_COUNT] < capacity
    ):
        colour = games.info[game, TO_PLAY]
        # Walk the empty points from a random start, swapping each refused one to the end of a
        # shrinking range: uniform over the acceptable ones without listing them first.
        remaining = games.info[game, EMPTY_COUNT]
        chosen = np.int64(PASS)
        while remaining > 0:
            index = random_below(games.words, game, remaining)
            cell = np.int64(games.cells[game, EMPTIES, index])
            if not is_own_eye(games, game, cell, colour) and (legality(games, game, cell) == LEGAL):
                chosen = cell
                break
            remaining -= 1
            other = games.cells[game, EMPTIES, remaining]
            games.cells[game, EMPTIES, remaining] = cell
            games.cells[game, EMPTIES, index] = other
            games.cells[game, SLOT, cell] = remaining
            games.cells[game, SLOT, other] = index
        play(games, game, chosen)
        moves += 1
    return moves
