"""Legality, compiled: of one action with the reason, or of all points at once.

Under Tromp-Taylor rules an empty point is illegal only if playing there is a single-stone suicide
or repeats a position.
"""

from __future__ import annotations

import numpy as np
from numpy import uintp  # numba tests signed indices for a wrap-around, unsigned ones not

from goenv.bits import beside, clear_bit, has_bit, lowest_point, set_bit, without_lowest
from goenv.history import (
    HASH,
    PREVIOUS_HASH,
    SIMPLE,
    SITUATIONAL,
    ZOBRIST,
    counts_seen,
    maybe_seen,
    position_key,
    seen,
)
from goenv.kernel import inlined, kernel
from goenv.rules import BLACK
from goenv.state import (
    BLACK_COUNT,
    BLACK_STONES,
    BORDER,
    CHAIN,
    CHAIN_HEADS,
    CHAIN_SIZE,
    EMPTY_COUNT,
    EMPTY_POINTS,
    FIRST_SLOT,
    GRID,
    LEGAL_PLY,
    LEGAL_POINTS,
    LIBERTIES,
    LIBERTY_SQUARES,
    LIBERTY_SUM,
    LINK,
    PLY,
    REMOVED,
    RUNNING,
    SCRATCH_BITS,
    SIZE,
    STATUS,
    STONE,
    SUICIDE,
    SUPERKO,
    TO_PLAY,
    WHITE_STONES,
    pass_action,
)

# What `legality` answers.
LEGAL, OCCUPIED, OFF_BOARD, ILLEGAL_SUICIDE, ILLEGAL_REPETITION, GAME_OVER = 0, 1, 2, 3, 4, 5

# What `surroundings` finds beside an empty point.
BREATHES = 1  # an empty point, or an own chain with another liberty
CAPTURES = 2  # a chain of the opponent without another liberty
OWN, OPPONENT, OPEN = 4, 8, 16  # a stone of the one or the other, an empty point

# Rows of `Games.bits` while `refresh_legal` works.
SAFE_STONES, CAPTURES_AT = SCRATCH_BITS, SCRATCH_BITS + 1


@inlined
def surroundings(games, game, point):
    """What there is beside an empty point for the player to move: a sum of the flags above."""
    cells, neighbours = games.cells, games.neighbours
    colour, here = games.info[game, TO_PLAY], uintp(point)
    west, east = uintp(neighbours[here, 0]), uintp(neighbours[here, 1])
    north, south = uintp(neighbours[here, 2]), uintp(neighbours[here, 3])
    west_chain, east_chain = uintp(cells[game, west, CHAIN]), uintp(cells[game, east, CHAIN])
    north_chain, south_chain = uintp(cells[game, north, CHAIN]), uintp(cells[game, south, CHAIN])
    # A chain has no other liberty if its pseudo-liberties are as many as its stones beside here.
    west_east, west_north = west_chain == east_chain, west_chain == north_chain
    west_south, east_north = west_chain == south_chain, east_chain == north_chain
    east_south, north_south = east_chain == south_chain, north_chain == south_chain
    west_last = cells[game, west_chain, LIBERTIES] == 1 + west_east + west_north + west_south
    east_last = cells[game, east_chain, LIBERTIES] == 1 + west_east + east_north + east_south
    north_last = cells[game, north_chain, LIBERTIES] == 1 + west_north + east_north + north_south
    south_last = cells[game, south_chain, LIBERTIES] == 1 + west_south + east_south + north_south
    found = 0
    for side in range(4):
        if side == 0:
            stone, is_last = cells[game, west, STONE], west_last
        elif side == 1:
            stone, is_last = cells[game, east, STONE], east_last
        elif side == 2:
            stone, is_last = cells[game, north, STONE], north_last
        else:
            stone, is_last = cells[game, south, STONE], south_last
        empty, own, opponent = stone == 0, stone == colour, stone == -colour
        found |= BREATHES * (empty | (own & (not is_last)))
        found |= CAPTURES * (opponent & is_last)
        found |= OWN * own + OPPONENT * opponent + OPEN * empty
    return found


@kernel
def _hash_after(games, game, point, survives):
    """Hash of the board after a move that captures, or a suicide if the stone does not survive."""
    cells, words, neighbours = games.cells, games.words, games.neighbours
    colour, here = games.info[game, TO_PLAY], uintp(point)
    taken = -colour if survives else colour
    after = words[game, HASH]
    if survives:
        after ^= ZOBRIST[BLACK_STONES if colour == BLACK else WHITE_STONES, here]
    for side in range(4):
        chain = cells[game, uintp(neighbours[here, side]), CHAIN]
        touches, first = 0, True
        for other in range(4):
            same = cells[game, uintp(neighbours[here, other]), CHAIN] == chain
            touches += same
            first &= (other >= side) | (not same)
        is_taken = (cells[game, uintp(chain), STONE] == taken) & (
            cells[game, uintp(chain), LIBERTIES] == touches
        )
        if first and is_taken:
            after ^= words[game, uintp(FIRST_SLOT) + uintp(chain)]
    return after


@inlined
def judge(games, game, point, found):
    """`legality` of an empty point in a running game, from what `surroundings` found there."""
    info = games.info
    survives = found & (BREATHES | CAPTURES) != 0
    if survives:
        if info[game, REMOVED] == 0:
            return LEGAL  # a stone where none ever was: nothing can repeat
    elif info[game, SUICIDE] == 0 or (found & OWN == 0 and info[game, SUPERKO] != SITUATIONAL):
        return ILLEGAL_SUICIDE
    if survives and found & CAPTURES == 0:
        row = BLACK_STONES if info[game, TO_PLAY] == BLACK else WHITE_STONES
        after = games.words[game, HASH] ^ ZOBRIST[row, uintp(point)]
    else:
        after = _hash_after(games, game, point, survives)
    superko, words = info[game, SUPERKO], games.words
    if superko == SIMPLE:
        repeats = after == words[game, PREVIOUS_HASH]
    else:
        key = position_key(superko, after, -info[game, TO_PLAY])
        table = FIRST_SLOT + games.cells.shape[1]
        repeats = maybe_seen(words, game, key) and seen(words, game, table, key)
    return ILLEGAL_REPETITION if repeats else LEGAL


@inlined
def legality(games, game, action):
    """LEGAL, or the reason why the player to move may not play `action`; the pass is legal."""
    info = games.info
    if info[game, STATUS] != RUNNING:
        return GAME_OVER
    off = pass_action(games)
    if action == off:
        return LEGAL
    if action < 0 or action > off or games.cells[game, uintp(action), STONE] == BORDER:
        return OFF_BOARD
    if games.cells[game, uintp(action), STONE] != 0:
        return OCCUPIED
    if info[game, LEGAL_PLY] == info[game, PLY] + 1 and has_bit(
        games.bits, game, LEGAL_POINTS, action
    ):
        return LEGAL
    return judge(games, game, action, surroundings(games, game, action))


@inlined
def _bar_repetitions(games, game):
    """Take out of LEGAL_POINTS where a stone that captures nothing would repeat a position."""
    bits, words, info = games.bits, games.words, games.info
    table, colour = FIRST_SLOT + games.cells.shape[1], info[game, TO_PLAY]
    row = BLACK_STONES if colour == BLACK else WHITE_STONES
    key = position_key(info[game, SUPERKO], words[game, HASH], -colour)
    for index in range(bits.shape[2]):
        word = bits[game, LEGAL_POINTS, index]
        while word != 0:
            point = lowest_point(word, index)
            word = without_lowest(word)
            after = key ^ ZOBRIST[row, uintp(point)]
            if maybe_seen(words, game, after) and seen(words, game, table, after):
                clear_bit(bits, game, LEGAL_POINTS, point)


@inlined
def _last_liberty(games, game, head):
    """The only liberty of the chain of `head`, or -1 if it has several."""
    cells, neighbours = games.cells, games.neighbours
    count = np.int64(cells[game, head, LIBERTIES])
    total = np.int64(cells[game, head, LIBERTY_SUM])
    spread = count * cells[game, head, LIBERTY_SQUARES] - total * total
    if (spread & 0xFFFF != 0) | (count > 4):
        return -1
    # Likely only, because the squares wrap round: two liberties far apart look like one between
    # them. So the point must be empty, and as many stones must touch it.
    liberty = uintp(total // count)
    if cells[game, liberty, STONE] != 0:
        return -1
    touches = 0
    for side in range(4):
        touches += cells[game, uintp(neighbours[liberty, side]), CHAIN] == head
    return np.int64(liberty) if touches == count else -1


@inlined
def _sort_chains(games, game, own, opponent):
    """Into SAFE_STONES the own stones with a second liberty; captures into CAPTURES_AT."""
    cells, bits = games.cells, games.bits
    for index in range(bits.shape[2]):
        bits[game, SAFE_STONES, index] = bits[game, own, index]
        bits[game, CAPTURES_AT, index] = 0
    for index in range(bits.shape[2]):
        heads = bits[game, CHAIN_HEADS, index]
        word = heads & bits[game, opponent, index]
        while word != 0:
            liberty = _last_liberty(games, game, uintp(lowest_point(word, index)))
            word = without_lowest(word)
            if liberty >= 0:
                set_bit(bits, game, CAPTURES_AT, liberty)
        word = heads & bits[game, own, index]
        while word != 0:
            head = uintp(lowest_point(word, index))
            word = without_lowest(word)
            if _last_liberty(games, game, head) >= 0:
                stone = np.int64(head)
                for _ in range(cells[game, head, CHAIN_SIZE]):
                    clear_bit(bits, game, SAFE_STONES, stone)
                    stone = np.int64(cells[game, uintp(stone), LINK])


@inlined
def refresh_legal(games, game):
    """Bring LEGAL_POINTS of a running game up to date: all points where `legality` is LEGAL.

    The pass is not in it. A stone lives where there is an empty point beside it, or an own chain
    with a second liberty, or a chain to capture. If it captures nothing, it can repeat a position
    only if one with the same numbers of stones occurred; captures are looked at one by one, and so
    are suicides where they may be legal.
    """
    info = games.info
    ply = info[game, PLY] + 1
    if info[game, LEGAL_PLY] == ply:
        return
    info[game, LEGAL_PLY] = 0  # until it is done: `legality` must not believe it
    bits, size, grid = games.bits, info[game, SIZE], info[game, GRID]
    black_moves, superko = info[game, TO_PLAY] == BLACK, info[game, SUPERKO]
    own = BLACK_STONES if black_moves else WHITE_STONES
    opponent = WHITE_STONES if black_moves else BLACK_STONES
    removed = info[game, REMOVED] > 0
    may_repeat = False
    if removed and superko != SIMPLE:
        black = info[game, BLACK_COUNT]
        white = size * size - info[game, EMPTY_COUNT] - black
        may_repeat = counts_seen(games.words, game, black + black_moves, white + (not black_moves))

    _sort_chains(games, game, own, opponent)
    for index in range(bits.shape[2]):
        near = beside(bits, game, EMPTY_POINTS, index, grid)
        near |= beside(bits, game, SAFE_STONES, index, grid)
        bits[game, LEGAL_POINTS, index] = bits[game, EMPTY_POINTS, index] & near
    if may_repeat:
        _bar_repetitions(games, game)
    all_suicides, no_suicides = superko == SITUATIONAL, info[game, SUICIDE] == 0
    for index in range(bits.shape[2]):
        captures = bits[game, CAPTURES_AT, index]
        doubtful = captures
        if not removed:
            bits[game, LEGAL_POINTS, index] |= captures
            doubtful = np.uint64(0)
        if not no_suicides:
            near = beside(bits, game, EMPTY_POINTS, index, grid)
            near |= beside(bits, game, SAFE_STONES, index, grid)
            suicides = bits[game, EMPTY_POINTS, index] & ~near & ~captures
            if not all_suicides:  # those of single stones never are legal
                suicides &= beside(bits, game, own, index, grid)
            doubtful |= suicides
        while doubtful != 0:
            point = lowest_point(doubtful, index)
            doubtful = without_lowest(doubtful)
            if judge(games, game, point, surroundings(games, game, point)) == LEGAL:
                set_bit(bits, game, LEGAL_POINTS, point)
            else:
                clear_bit(bits, game, LEGAL_POINTS, point)
    info[game, LEGAL_PLY] = ply
