"""The rules, compiled: placing stones, the end of a game, scoring. See `goenv.legality` too.

Every kernel is a plain ``@njit(nogil=True)`` function over the arrays of a `Games` tuple and the
index of a game in it, so a user's own compiled code can call it:

    @njit
    def count_legal_points(games, game):
        count = 0
        for index in range(games.info[game, EMPTY_COUNT]):
            count += legality(games, game, games.cells[game, EMPTIES, index]) == LEGAL
        return count

Moves are cells of the padded board (see `goenv.state`) or PASS; `action_cell` and `cell_action`
translate from and to actions, which are numbered on the largest board of the batch:
``row * N + column``, and ``N * N`` is the pass.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy import uintp  # see goenv.legality

from goenv.rules import BLACK
from goenv.state import (
    BLACK_COUNT,
    BORDER,
    CHAIN,
    CHAIN_HASH,
    CHAIN_SIZE,
    EMPTIES,
    EMPTY_COUNT,
    ENDED,
    GRID,
    HASH,
    HEAD_COUNT,
    HEAD_SLOT,
    HEADS,
    KOMI2,
    LAST,
    LIBERTIES,
    LIBERTY_SQUARES,
    LIBERTY_SUM,
    MAX_MOVES,
    NEXT,
    OPEN,
    PASS,
    PASSES,
    PLY,
    PREVIOUS_HASH,
    REMOVED,
    SITUATIONAL,
    SIZE,
    SLOT,
    STATUS,
    STONE,
    SUPERKO,
    TO_PLAY,
    TRUNCATED,
    ZOBRIST,
    remember,
)


@njit(cache=True, nogil=True)
def action_cell(games, game, action):
    """Cell of an action (numbered on the largest board), PASS for the pass, -1 off the board."""
    grid = games.info[game, GRID]
    if action == grid * grid:
        return PASS
    if action < 0 or action > grid * grid:
        return -1
    size = games.info[game, SIZE]
    row = action // grid
    column = action - row * grid
    if row >= size or column >= size:
        return -1
    return (row + 1) * (size + 1) + column


@njit(cache=True, nogil=True)
def cell_action(games, game, cell):
    """Action (numbered on the largest board) of a cell of the board, or of PASS."""
    grid = games.info[game, GRID]
    if cell == PASS:
        return grid * grid
    width = games.info[game, SIZE] + 1
    row = cell // width
    return (row - 1) * grid + cell - row * width


@njit(cache=True, nogil=True)
def _forget_head(games, game, head):
    """Take a head off the list of heads; the last of the list moves to its place."""
    heads, slots = games.cells[game, HEADS], games.cells[game, HEAD_SLOT]
    count = games.info[game, HEAD_COUNT] - 1
    last = heads[uintp(count)]
    heads[uintp(slots[uintp(head)])] = last
    slots[uintp(last)] = slots[uintp(head)]
    games.info[game, HEAD_COUNT] = count


@njit(cache=True, nogil=True)
def _remove_chain(games, game, head, width):
    """Take a chain off the board."""
    _forget_head(games, game, head)
    cells, info = games.cells[game], games.info
    stones, chains, following, opens = cells[STONE], cells[CHAIN], cells[NEXT], cells[OPEN]
    liberties, sums, squares = cells[LIBERTIES], cells[LIBERTY_SUM], cells[LIBERTY_SQUARES]
    empties, slots = cells[EMPTIES], cells[SLOT]
    games.words[game, HASH] ^= games.words[game, uintp(CHAIN_HASH + head)]
    if stones[uintp(head)] == BLACK:
        info[game, BLACK_COUNT] -= cells[CHAIN_SIZE, uintp(head)]
    cell = np.int64(head)
    count = info[game, EMPTY_COUNT]
    while True:
        stones[uintp(cell)] = 0
        empties[uintp(count)] = cell
        slots[uintp(cell)] = count
        count += 1
        for step in (-1, 1, -width, width):
            neighbour = uintp(cell + step)
            opens[neighbour] += 1
            if abs(stones[neighbour]) == 1:
                other = uintp(chains[neighbour])
                liberties[other] += 1
                sums[other] += cell
                squares[other] += cell * cell
        cell = np.int64(following[uintp(cell)])
        if cell == head:
            break
    info[game, REMOVED] += count - info[game, EMPTY_COUNT]
    info[game, EMPTY_COUNT] = count


@njit(cache=True, nogil=True)
def _join(games, game, head, other):
    """Join two chains of one colour; returns the head of the whole."""
    cells = games.cells[game]
    if cells[CHAIN_SIZE, uintp(head)] < cells[CHAIN_SIZE, uintp(other)]:
        head, other = other, head
    _forget_head(games, game, other)
    chains, following = cells[CHAIN], cells[NEXT]
    cell = np.int64(other)
    while True:
        chains[uintp(cell)] = head
        cell = np.int64(following[uintp(cell)])
        if cell == other:
            break
    after = following[uintp(head)]
    following[uintp(head)] = following[uintp(other)]
    following[uintp(other)] = after
    for field in (LIBERTIES, LIBERTY_SUM, LIBERTY_SQUARES, CHAIN_SIZE):
        cells[field, uintp(head)] += cells[field, uintp(other)]
    words = games.words[game]
    words[uintp(CHAIN_HASH + head)] ^= words[uintp(CHAIN_HASH + other)]
    return head


@njit(cache=True, nogil=True)
def _place(games, game, cell):
    """Put a stone of the player to move on an empty cell, take off what has no liberty."""
    cells, words, info = games.cells[game], games.words[game], games.info
    stones, chains, opens = cells[STONE], cells[CHAIN], cells[OPEN]
    liberties, sums, squares = cells[LIBERTIES], cells[LIBERTY_SUM], cells[LIBERTY_SQUARES]
    empties, slots = cells[EMPTIES], cells[SLOT]
    colour = info[game, TO_PLAY]
    width = info[game, SIZE] + 1
    here = uintp(cell)

    count = info[game, EMPTY_COUNT] - 1
    last, slot = empties[uintp(count)], slots[here]
    empties[uintp(slot)] = last
    slots[uintp(last)] = slot
    info[game, EMPTY_COUNT] = count
    info[game, BLACK_COUNT] += colour == BLACK

    key = ZOBRIST[0 if colour == BLACK else 1, here]
    words[HASH] ^= key
    words[uintp(CHAIN_HASH + cell)] = key
    stones[here] = colour
    chains[here] = cell
    cells[NEXT, here] = cell
    cells[CHAIN_SIZE, here] = 1
    head_count = info[game, HEAD_COUNT]
    cells[HEADS, uintp(head_count)] = cell
    cells[HEAD_SLOT, here] = head_count
    info[game, HEAD_COUNT] = head_count + 1
    liberties[here] = opens[here]
    own_sum, own_squares = 0, 0
    for step in (-1, 1, -width, width):
        neighbour = uintp(cell + step)
        opens[neighbour] -= 1
        stone = stones[neighbour]
        if stone == 0:
            own_sum += cell + step
            own_squares += (cell + step) * (cell + step)
        elif stone != BORDER:
            head = uintp(chains[neighbour])
            liberties[head] -= 1
            sums[head] -= cell
            squares[head] -= cell * cell
    sums[here], squares[here] = own_sum, own_squares

    own_head = np.int64(cell)
    for step in (-1, 1, -width, width):
        if stones[uintp(cell + step)] == colour:
            other = np.int64(chains[uintp(cell + step)])
            if other != own_head:
                own_head = _join(games, game, own_head, other)
    for step in (-1, 1, -width, width):
        if stones[uintp(cell + step)] == -colour:
            other = np.int64(chains[uintp(cell + step)])
            if liberties[uintp(other)] == 0:
                _remove_chain(games, game, other, width)
    if liberties[uintp(own_head)] == 0:
        _remove_chain(games, game, own_head, width)


@njit(cache=True, nogil=True)
def play(games, game, cell):
    """Play a legal move (a cell, or PASS) in a running game. Legality is the caller's business."""
    info = games.info
    games.words[game, PREVIOUS_HASH] = games.words[game, HASH]
    if cell == PASS:
        info[game, PASSES] += 1
    else:
        info[game, PASSES] = 0
        _place(games, game, cell)
    info[game, TO_PLAY] = -info[game, TO_PLAY]
    info[game, PLY] += 1
    info[game, LAST] = cell
    if info[game, PASSES] == 2:
        info[game, STATUS] = ENDED
    elif info[game, PLY] == info[game, MAX_MOVES]:
        info[game, STATUS] = TRUNCATED
    if cell != PASS or info[game, SUPERKO] == SITUATIONAL:
        remember(games, game)


@njit(cache=True, nogil=True)
def area_score(games, game):
    """Black's area minus White's area, in points, komi not counted (Tromp-Taylor, rule 9).

    A side's area is its stones and the empty regions that touch only its stones.
    """
    cells = games.cells
    width = games.info[game, SIZE] + 1
    count = games.info[game, EMPTY_COUNT]
    black = games.info[game, BLACK_COUNT]
    score = 2 * black - ((width - 1) * (width - 1) - count)
    visited = np.zeros(cells.shape[2], np.bool_)
    stack = np.empty(count, np.int16)
    for index in range(count):
        seed = cells[game, EMPTIES, index]
        if visited[seed]:
            continue
        visited[seed] = True
        stack[0] = seed
        depth, region, touches_black, touches_white = 1, 0, False, False
        while depth > 0:
            depth -= 1
            cell = np.int64(stack[depth])
            region += 1
            for step in (-1, 1, -width, width):
                neighbour = cell + step
                stone = cells[game, STONE, neighbour]
                if stone == 0:
                    if not visited[neighbour]:
                        visited[neighbour] = True
                        stack[depth] = neighbour
                        depth += 1
                elif stone == 1:
                    touches_black = True
                elif stone == -1:
                    touches_white = True
        if touches_black and not touches_white:
            score += region
        elif touches_white and not touches_black:
            score -= region
    return score


@njit(cache=True, nogil=True)
def final_score(games, game):
    """Black's area minus White's area minus komi, in points."""
    return area_score(games, game) - 0.5 * games.info[game, KOMI2]
