"""Random play, compiled: each game draws from a stream of its own.

The streams are splitmix64 (Steele, Lea and Flood 2014). A game's draws depend on its own stream
alone, not on the other games of a batch nor on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numpy import uintp  # see goenv.legality

from goenv.board import play
from goenv.history import STREAM
from goenv.kernel import inlined
from goenv.legality import LEGAL, OPEN, OPPONENT, judge, legality, surroundings
from goenv.state import (
    BORDER,
    EMPTIES,
    EMPTY_COUNT,
    FIRST_SLOT,
    HISTORY_COUNT,
    LINK,
    RUNNING,
    STATUS,
    STONE,
    TO_PLAY,
    pass_action,
)


@inlined
def random_below(words, game, bound):
    """A whole number from 0 to bound - 1, uniform, from the stream of `game` in `Games.words`."""
    state = words[game, STREAM] + np.uint64(0x9E3779B97F4A7C15)
    words[game, STREAM] = state
    mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    # The upper half times the bound (Lemire 2019); the bias is below bound / 2^32.
    return np.int64(((mixed >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32))


@inlined
def random_legal_action(games, game):
    """A legal action of a running game, uniform over the legal points and the pass."""
    # Rejection leaves the accepted move uniform; the pass always is accepted, so this ends.
    count = games.info[game, EMPTY_COUNT]
    while True:
        index = random_below(games.words, game, count + 1)
        if index == count:
            return pass_action(games)
        action = np.int64(games.cells[game, uintp(index), EMPTIES])
        if legality(games, game, action) == LEGAL:
            return action


@inlined
def is_own_eye(games, game, point, found):
    """Whether an empty point looks like an eye of the player to move: right for most eyes.

    All neighbours are own stones, and of the diagonal points at most one is the opponent's
    (none at the edge). False eyes pass this test only where chains join further away.

    Args:
        found: what `goenv.legality.surroundings` found at the point.
    """
    if found & (OPEN | OPPONENT) != 0:
        return False
    cells, neighbours, colour = games.cells, games.neighbours, games.info[game, TO_PLAY]
    opponents, border = 0, False
    for vertical in (2, 3):
        middle = uintp(neighbours[uintp(point), vertical])
        for horizontal in (0, 1):
            # From off the board all ways lead off the board: there the other way round is as good.
            stone = cells[game, uintp(neighbours[middle, horizontal]), STONE]
            opponents += stone == -colour
            border |= stone == BORDER
    return opponents + border < 2


@inlined
def play_out(games, game, move_limit):
    """Play at random to the end, or for `move_limit` moves; returns the number of moves played.

    Moves are uniform over the legal points that do not fill an own eye; a side passes only when
    it has none. Superko is exact. Stops early where the history is full.
    """
    cells, info = games.cells, games.info
    capacity = 7 * (games.words.shape[1] - FIRST_SLOT - games.cells.shape[1]) // 8
    moves = 0
    while (
        info[game, STATUS] == RUNNING
        and moves < move_limit
        and info[game, HISTORY_COUNT] < capacity
    ):
        # Walk the empty points from a random start, swapping each refused one to the end of a
        # shrinking range: uniform over the acceptable ones without listing them first.
        remaining = info[game, EMPTY_COUNT]
        chosen = pass_action(games)
        while remaining > 0:
            index = random_below(games.words, game, remaining)
            point = np.int64(cells[game, uintp(index), EMPTIES])
            found = surroundings(games, game, point)
            eye = is_own_eye(games, game, point, found)
            if not eye and judge(games, game, point, found) == LEGAL:
                chosen = point
                break
            remaining -= 1
            other = cells[game, uintp(remaining), EMPTIES]
            cells[game, uintp(remaining), EMPTIES] = point
            cells[game, uintp(index), EMPTIES] = other
            cells[game, uintp(point), LINK] = remaining
            cells[game, uintp(other), LINK] = index
        play(games, game, chosen)
        moves += 1
    return moves
