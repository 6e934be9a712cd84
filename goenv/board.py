"""The rules, compiled: playing a move, the end of a game, scoring. See `goenv.legality` too.

Every kernel is a plain ``@njit(nogil=True)`` function over the arrays of a `Games` tuple and the
index of a game in it, so a user's own compiled code can call it:

    @njit
    def count_legal_points(games, game):
        count = 0
        for index in range(games.info[game, EMPTY_COUNT]):
            count += legality(games, game, games.cells[game, index, EMPTIES]) == LEGAL
        return count

Points and actions have the same numbers, those of the largest board of the batch:
``row * N + column``, and ``N * N`` is the pass.
"""

from __future__ import annotations

import numpy as np
from numpy import uintp  # see goenv.legality

from goenv.bits import beside, clear_bit, count_bits, set_bit
from goenv.history import HASH, PREVIOUS_HASH, SITUATIONAL, ZOBRIST
from goenv.kernel import inlined, kernel
from goenv.rules import BLACK
from goenv.state import (
    BLACK_COUNT,
    BLACK_STONES,
    CHAIN,
    CHAIN_HEADS,
    CHAIN_SIZE,
    EMPTIES,
    EMPTY_COUNT,
    EMPTY_POINTS,
    ENDED,
    FIRST_SLOT,
    GRID,
    KOMI2,
    LIBERTIES,
    LIBERTY_SQUARES,
    LIBERTY_SUM,
    LINK,
    MAX_MOVES,
    PASSES,
    PLY,
    REMOVED,
    SCRATCH_BITS,
    SIZE,
    STATUS,
    STONE,
    SUPERKO,
    TO_PLAY,
    TRUNCATED,
    WHITE_STONES,
    clear_board,
    earlier_row,
    note_action,
    pass_action,
    remember,
)


@inlined
def _remove_chain(games, game, head):
    """Take a chain off the board."""
    cells, bits, words = games.cells, games.bits, games.words
    info, neighbours = games.info, games.neighbours
    colour = np.int64(cells[game, uintp(head), STONE])
    row = BLACK_STONES if colour == BLACK else WHITE_STONES
    off, count = pass_action(games), info[game, EMPTY_COUNT]
    size = np.int64(cells[game, uintp(head), CHAIN_SIZE])
    words[game, HASH] ^= words[game, uintp(FIRST_SLOT + head)]
    clear_bit(bits, game, CHAIN_HEADS, head)
    info[game, BLACK_COUNT] -= size if colour == BLACK else 0
    info[game, REMOVED] += size
    info[game, EMPTY_COUNT] = count + size
    point = np.int64(head)
    for slot in range(count, count + size):
        here = uintp(point)
        following = np.int64(cells[game, here, LINK])
        cells[game, here, STONE] = 0
        cells[game, here, CHAIN] = off
        cells[game, here, LINK] = slot
        cells[game, uintp(slot), EMPTIES] = point
        clear_bit(bits, game, row, point)
        set_bit(bits, game, EMPTY_POINTS, point)
        for side in range(4):
            chain = uintp(cells[game, uintp(neighbours[here, side]), CHAIN])
            cells[game, chain, LIBERTIES] += 1
            cells[game, chain, LIBERTY_SUM] += point
            cells[game, chain, LIBERTY_SQUARES] += point * point
        point = following


@inlined
def _join(games, game, head, other):
    """Join two chains of one colour; returns the head of the whole."""
    cells, words = games.cells, games.words
    if cells[game, uintp(head), CHAIN_SIZE] < cells[game, uintp(other), CHAIN_SIZE]:
        head, other = other, head
    clear_bit(games.bits, game, CHAIN_HEADS, other)
    kept, lost = uintp(head), uintp(other)
    point = np.int64(other)
    for _ in range(cells[game, lost, CHAIN_SIZE]):
        cells[game, uintp(point), CHAIN] = head
        point = np.int64(cells[game, uintp(point), LINK])
    after = cells[game, kept, LINK]
    cells[game, kept, LINK] = cells[game, lost, LINK]
    cells[game, lost, LINK] = after
    cells[game, kept, LIBERTIES] += cells[game, lost, LIBERTIES]
    cells[game, kept, LIBERTY_SUM] += cells[game, lost, LIBERTY_SUM]
    cells[game, kept, LIBERTY_SQUARES] += cells[game, lost, LIBERTY_SQUARES]
    cells[game, kept, CHAIN_SIZE] += cells[game, lost, CHAIN_SIZE]
    words[game, uintp(FIRST_SLOT + head)] ^= words[game, uintp(FIRST_SLOT + other)]
    return head


@inlined
def place(games, game, point):
    """Put a stone of the player to move on an empty point, take off what has no liberty."""
    cells, bits, words = games.cells, games.bits, games.words
    info, neighbours = games.info, games.neighbours
    colour = info[game, TO_PLAY]
    row = BLACK_STONES if colour == BLACK else WHITE_STONES
    here = uintp(point)

    count = info[game, EMPTY_COUNT] - 1
    last, slot = cells[game, uintp(count), EMPTIES], cells[game, here, LINK]
    cells[game, uintp(slot), EMPTIES] = last
    cells[game, uintp(last), LINK] = slot
    info[game, EMPTY_COUNT] = count
    info[game, BLACK_COUNT] += colour == BLACK
    set_bit(bits, game, row, point)
    set_bit(bits, game, CHAIN_HEADS, point)
    clear_bit(bits, game, EMPTY_POINTS, point)
    key = ZOBRIST[row, here]
    words[game, HASH] ^= key
    words[game, uintp(FIRST_SLOT + point)] = key

    # Every neighbour's chain loses a liberty; for empty points and the border that is a chain
    # that means nothing, which costs less than a branch that no processor can guess.
    liberties, total, squares = 0, 0, 0
    joins, captures = False, False
    for side in range(4):
        point_beside = int(neighbours[here, side])
        stone = cells[game, uintp(point_beside), STONE]
        chain = uintp(cells[game, uintp(point_beside), CHAIN])
        empty = int(stone == 0)
        liberties += empty
        total += empty * point_beside
        squares += empty * point_beside * point_beside
        left = cells[game, chain, LIBERTIES] - 1
        cells[game, chain, LIBERTIES] = left
        cells[game, chain, LIBERTY_SUM] -= point
        cells[game, chain, LIBERTY_SQUARES] -= point * point
        joins |= stone == colour
        captures |= (stone == -colour) & (left == 0)
    cells[game, here, STONE] = colour
    cells[game, here, CHAIN] = point
    cells[game, here, LINK] = point
    cells[game, here, LIBERTIES] = liberties
    cells[game, here, LIBERTY_SUM] = total
    cells[game, here, LIBERTY_SQUARES] = squares
    cells[game, here, CHAIN_SIZE] = 1

    head = np.int64(point)
    if joins:
        for side in range(4):
            neighbour = uintp(neighbours[here, side])
            other = np.int64(cells[game, neighbour, CHAIN])
            if cells[game, neighbour, STONE] == colour and other != head:
                head = _join(games, game, head, other)
    if captures:
        for side in range(4):
            neighbour = uintp(neighbours[here, side])
            other = np.int64(cells[game, neighbour, CHAIN])
            if (
                cells[game, neighbour, STONE] == -colour
                and cells[game, uintp(other), LIBERTIES] == 0
            ):
                _remove_chain(games, game, other)
    elif cells[game, uintp(head), LIBERTIES] == 0:
        _remove_chain(games, game, head)


@kernel
def set_position(games, game, stones, to_play):
    """Begin a game with these stones, int8 [N, N]; False if some chain has no liberty.

    The position becomes the first of the game's history. After a False the game must be `start`ed.
    """
    info, grid, filled = games.info, games.info[game, GRID], 0
    clear_board(games, game)
    for row in range(info[game, SIZE]):
        for column in range(info[game, SIZE]):
            if stones[row, column] != 0:
                info[game, TO_PLAY] = stones[row, column]
                place(games, game, row * grid + column)
                filled += 1
    size = info[game, SIZE]
    info[game, TO_PLAY] = to_play
    if size * size - info[game, EMPTY_COUNT] != filled:
        return False  # stones were taken off: a chain whose last liberty another stone has filled
    remember(games, game)
    return True


@inlined
def play(games, game, action):
    """Play a legal action in a running game. Legality is the caller's business."""
    info, bits, words = games.info, games.bits, games.words
    ply, passed = info[game, PLY], action == pass_action(games)
    row = uintp(earlier_row(ply))
    for index in range(bits.shape[2]):
        bits[game, row, index] = bits[game, BLACK_STONES, index]
        bits[game, row + uintp(1), index] = bits[game, WHITE_STONES, index]
    words[game, PREVIOUS_HASH] = words[game, HASH]
    if not passed:
        place(games, game, action)
    passes = info[game, PASSES] + 1 if passed else 0
    info[game, PASSES] = passes
    info[game, TO_PLAY] = -info[game, TO_PLAY]
    info[game, PLY] = ply + 1
    note_action(games, game, action)
    if passes == 2:
        info[game, STATUS] = ENDED
    elif ply + 1 == info[game, MAX_MOVES]:
        info[game, STATUS] = TRUNCATED
    if not passed or info[game, SUPERKO] == SITUATIONAL:
        remember(games, game)


@kernel
def _flood(games, game, stones, reached):
    """Into the row `reached`: the empty points joined to a stone of the row `stones`."""
    bits, grid = games.bits, games.info[game, GRID]
    count = bits.shape[2]
    for index in range(count):
        near = beside(bits, game, stones, index, grid)
        bits[game, reached, index] = near & bits[game, EMPTY_POINTS, index]
    growing = True
    while growing:
        growing = False
        # Down the board and up again: regions are seldom more winding than that.
        for step in range(2 * count):
            index = step if step < count else 2 * count - 1 - step
            near = beside(bits, game, reached, index, grid) & bits[game, EMPTY_POINTS, index]
            growing |= near & ~bits[game, reached, index] != 0
            bits[game, reached, index] |= near


@kernel
def area_score(games, game):
    """Black's area minus White's area, in points, komi not counted (Tromp-Taylor, rule 9).

    A side's area is its stones and the empty regions that touch only its stones.
    """
    bits = games.bits
    black, white = SCRATCH_BITS, SCRATCH_BITS + 1
    _flood(games, game, BLACK_STONES, black)
    _flood(games, game, WHITE_STONES, white)
    score = 0
    for index in range(bits.shape[2]):
        score += count_bits(bits[game, BLACK_STONES, index]) - count_bits(
            bits[game, WHITE_STONES, index]
        )
        score += count_bits(bits[game, black, index] & ~bits[game, white, index])
        score -= count_bits(bits[game, white, index] & ~bits[game, black, index])
    return score


@kernel
def final_score(games, game):
    """Black's area minus White's area minus komi, in points."""
    return area_score(games, game) - 0.5 * games.info[game, KOMI2]
