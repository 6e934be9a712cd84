"""Legality, compiled: of one move with the reason, or of all points at once.

Under Tromp-Taylor rules an empty point is illegal only if playing there is a single-stone suicide
or repeats a position.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy import uintp  # numba tests signed indices for a wrap-around, unsigned ones not

from goenv.rules import BLACK
from goenv.state import (
    BLACK_COUNT,
    BORDER,
    CHAIN,
    CHAIN_HASH,
    EMPTIES,
    EMPTY_COUNT,
    HASH,
    HEAD_COUNT,
    HEADS,
    LEGAL_MASK,
    LEGAL_PLY,
    LIBERTIES,
    LIBERTY_SQUARES,
    LIBERTY_SUM,
    OPEN,
    PASS,
    PLY,
    PREVIOUS_HASH,
    REMOVED,
    RUNNING,
    SCRATCH,
    SIMPLE,
    SITUATIONAL,
    SIZE,
    STATUS,
    STONE,
    SUICIDE,
    SUPERKO,
    TO_PLAY,
    ZOBRIST,
    counts_seen,
    maybe_seen,
    position_key,
    seen,
)

# What `legality` answers.
LEGAL, OCCUPIED, OFF_BOARD, ILLEGAL_SUICIDE, ILLEGAL_REPETITION, GAME_OVER = 0, 1, 2, 3, 4, 5


@njit(cache=True, nogil=True)
def _repeats(games, game, after, to_play):
    """Whether the rules forbid a move that leads to a board of hash `after`."""
    if games.info[game, SUPERKO] == SIMPLE:
        return after == games.words[game, PREVIOUS_HASH]
    key = position_key(games, game, after, to_play)
    return maybe_seen(games, game, key) and seen(games, game, key)


@njit(cache=True, nogil=True)
def _contact_legality(games, game, cell):
    """`legality` of an empty cell by looking at the chains around it."""
    cells, words, info = games.cells[game], games.words, games.info
    stones, chains, liberties = cells[STONE], cells[CHAIN], cells[LIBERTIES]
    colour = info[game, TO_PLAY]
    width = info[game, SIZE] + 1
    # Chains beside the cell; where there is none, a number that no other direction has.
    west, east, north, south = cell - 1, cell + 1, cell - width, cell + width
    west_stone, east_stone = stones[uintp(west)], stones[uintp(east)]
    north_stone, south_stone = stones[uintp(north)], stones[uintp(south)]
    west_head = np.int64(chains[uintp(west)]) if abs(west_stone) == 1 else -1
    east_head = np.int64(chains[uintp(east)]) if abs(east_stone) == 1 else -2
    north_head = np.int64(chains[uintp(north)]) if abs(north_stone) == 1 else -3
    south_head = np.int64(chains[uintp(south)]) if abs(south_stone) == 1 else -4

    captured_hash, own_hash = np.uint64(0), np.uint64(0)
    captures, own_neighbours, breathes = False, False, cells[OPEN, uintp(cell)] > 0
    for direction in range(4):
        if direction == 0:
            stone, head, first = west_stone, west_head, True
        elif direction == 1:
            stone, head, first = east_stone, east_head, east_head != west_head
        elif direction == 2:
            stone, head = north_stone, north_head
            first = head != west_head and head != east_head
        else:
            stone, head = south_stone, south_head
            first = head != west_head and head != east_head and head != north_head
        if head < 0 or not first:
            continue
        touches = (
            (head == west_head) + (head == east_head) + (head == north_head) + (head == south_head)
        )
        last_liberty = liberties[uintp(head)] == touches
        if stone == colour:
            own_neighbours = True
            own_hash ^= words[game, uintp(CHAIN_HASH + head)]
            if not last_liberty:
                breathes = True
        elif last_liberty:
            captures = True
            captured_hash ^= words[game, uintp(CHAIN_HASH + head)]

    if captures or breathes:
        if info[game, REMOVED] == 0:
            return LEGAL  # a stone where none ever was: nothing can repeat
        after = words[game, HASH] ^ captured_hash ^ ZOBRIST[0 if colour == BLACK else 1, cell]
    else:
        superko = info[game, SUPERKO]
        if info[game, SUICIDE] == 0 or (not own_neighbours and superko != SITUATIONAL):
            return ILLEGAL_SUICIDE
        after = words[game, HASH] ^ own_hash
    return ILLEGAL_REPETITION if _repeats(games, game, after, -colour) else LEGAL


@njit(cache=True, nogil=True)
def legality(games, game, cell):
    """LEGAL, or the reason why the player to move may not play at `cell` (PASS is always legal)."""
    if games.info[game, STATUS] != RUNNING:
        return GAME_OVER
    if cell == PASS:
        return LEGAL
    if cell < 0 or games.cells[game, STONE, cell] == BORDER:
        return OFF_BOARD
    if games.cells[game, STONE, cell] != 0:
        return OCCUPIED
    if games.info[game, LEGAL_PLY] == games.info[game, PLY] + 1:
        if games.cells[game, LEGAL_MASK, cell]:
            return LEGAL
    elif games.cells[game, OPEN, cell] > 0 and games.info[game, REMOVED] == 0:
        # Until a stone is taken off, every move that is no suicide puts a stone where none ever
        # was: nothing can repeat.
        return LEGAL
    return _contact_legality(games, game, cell)


@njit(cache=True, nogil=True)
def refresh_legal(games, game):
    """Bring LEGAL_MASK of a running game up to date: for every cell whether `legality` is LEGAL.

    The pass is not in it. A move that captures nothing only adds a stone, so it can repeat a
    position only if one with the same numbers of stones occurred. What remains are points without
    an empty neighbour, and captures, which are the last liberties of chains. Lists are made
    without branches that a processor could only guess.
    """
    info = games.info
    ply = info[game, PLY] + 1
    if info[game, LEGAL_PLY] == ply:
        return
    info[game, LEGAL_PLY] = ply
    cells = games.cells[game]
    stones, opens, legal, scratch = cells[STONE], cells[OPEN], cells[LEGAL_MASK], cells[SCRATCH]
    empties = cells[EMPTIES]
    size, colour = info[game, SIZE], info[game, TO_PLAY]
    width = size + 1
    for index in range(stones.shape[0]):
        legal[index] = (stones[index] == 0) & (opens[index] > 0)
    count = info[game, EMPTY_COUNT]
    removed = info[game, REMOVED] > 0

    may_repeat = False
    row = 0 if colour == BLACK else 1
    key = position_key(games, game, games.words[game, HASH], -colour)
    if removed and info[game, SUPERKO] != SIMPLE:
        black = info[game, BLACK_COUNT]
        white = size * size - count - black
        may_repeat = counts_seen(games, game, black + (colour == BLACK), white + (colour != BLACK))
    if may_repeat:
        found = 0
        for index in range(count):
            point = uintp(empties[index])
            scratch[uintp(found)] = empties[index]
            found += (opens[point] > 0) & maybe_seen(games, game, key ^ ZOBRIST[row, point])
        for index in range(found):
            point = uintp(scratch[index])
            legal[point] = not seen(games, game, key ^ ZOBRIST[row, point])

    chains, liberties, sums = cells[CHAIN], cells[LIBERTIES], cells[LIBERTY_SUM]
    found = 0
    for index in range(count):
        scratch[uintp(found)] = empties[index]
        found += opens[uintp(empties[index])] == 0
    for index in range(found):
        cell = np.int64(scratch[index])
        # Pseudo-liberties that do not add up to this cell times their number are not all this cell.
        breathes, may_capture = False, False
        for step in (-1, 1, -width, width):
            stone = stones[uintp(cell + step)]
            head = uintp(chains[uintp(cell + step)])
            may_be_last = (np.int64(liberties[head]) * cell - sums[head]) & 0xFFFF == 0
            breathes |= (stone == colour) & (not may_be_last)
            may_capture |= (stone == -colour) & may_be_last
        if breathes and not may_capture and not may_repeat:
            legal[uintp(cell)] = True
        else:
            legal[uintp(cell)] = _contact_legality(games, game, cell) == LEGAL

    if removed:
        heads, squares = cells[HEADS], cells[LIBERTY_SQUARES]
        found = 0
        for index in range(info[game, HEAD_COUNT]):
            head = uintp(heads[index])
            scratch[uintp(found)] = heads[index]
            spread = np.int64(liberties[head]) * squares[head] - np.int64(sums[head]) * sums[head]
            in_atari = (spread & 0xFFFF == 0) & (liberties[head] <= 4)
            found += in_atari & (stones[head] == -colour)
        for index in range(found):
            head = uintp(scratch[index])
            liberty = np.int64(sums[head]) // np.int64(liberties[head])
            if stones[liberty] == 0:  # no more than likely so far: the squares wrap round
                legal[liberty] = _contact_legality(games, game, liberty) == LEGAL
