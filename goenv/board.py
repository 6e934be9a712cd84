"""The rules, compiled: legal moves, placing stones, scoring.

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
    KOMI2,
    LAST,
    LIBERTIES,
    LIBERTY_SUM,
    MAX_MOVES,
    NEXT,
    OPEN,
    PASS,
    PASSES,
    PLY,
    PREVIOUS_HASH,
    REMOVED,
    RUNNING,
    SIMPLE,
    SITUATIONAL,
    SIZE,
    SLOT,
    STATUS,
    STONE,
    SUICIDE,
    SUPERKO,
    TO_PLAY,
    TRUNCATED,
    ZOBRIST,
    counts_seen,
    position_key,
    remember,
    seen,
)

# What `legality` answers.
LEGAL, OCCUPIED, OFF_BOARD, ILLEGAL_SUICIDE, ILLEGAL_REPETITION, GAME_OVER = 0, 1, 2, 3, 4, 5


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
def _repeats(games, game, after, to_play):
    """Whether the rules forbid a move that leads to a board of hash `after`."""
    if games.info[game, SUPERKO] == SIMPLE:
        return after == games.words[game, PREVIOUS_HASH]
    return seen(games, game, position_key(games, game, after, to_play))


@njit(cache=True, nogil=True)
def _contact_legality(games, game, cell):
    """`legality` of an empty cell by looking at the chains around it."""
    cells, words, info = games.cells, games.words, games.info
    colour = info[game, TO_PLAY]
    width = info[game, SIZE] + 1
    # Chains beside the cell; where there is none, a number that no other direction has.
    west, east, north, south = cell - 1, cell + 1, cell - width, cell + width
    west_stone, east_stone = cells[game, STONE, west], cells[game, STONE, east]
    north_stone, south_stone = cells[game, STONE, north], cells[game, STONE, south]
    west_head = cells[game, CHAIN, west] if abs(west_stone) == 1 else -1
    east_head = cells[game, CHAIN, east] if abs(east_stone) == 1 else -2
    north_head = cells[game, CHAIN, north] if abs(north_stone) == 1 else -3
    south_head = cells[game, CHAIN, south] if abs(south_stone) == 1 else -4

    captured_hash, own_hash = np.uint64(0), np.uint64(0)
    captures, own_neighbours, breathes = False, False, cells[game, OPEN, cell] > 0
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
        last_liberty = cells[game, LIBERTIES, head] == touches
        if stone == colour:
            own_neighbours = True
            own_hash ^= words[game, CHAIN_HASH + head]
            if not last_liberty:
                breathes = True
        elif last_liberty:
            captures = True
            captured_hash ^= words[game, CHAIN_HASH + head]

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
    if games.cells[game, OPEN, cell] > 0 and games.info[game, REMOVED] == 0:
        # Until a stone is taken off, every move that is no suicide puts a stone where none ever
        # was: nothing can repeat.
        return LEGAL
    return _contact_legality(games, game, cell)


@njit(cache=True, nogil=True)
def legal_cells(games, game, legal):
    """Write into ``legal`` bool [P] which cells are legal for the player to move; not the pass.

    The same answer as `legality` for every cell, sooner: a move beside an empty point that
    captures nothing only adds a stone, so it can repeat a position only if one with the same
    numbers of stones occurred; captures are found from the chains in atari.
    """
    cells, words, info = games.cells, games.words, games.info
    size, colour = info[game, SIZE], info[game, TO_PLAY]
    width = size + 1
    end = width * width
    for cell in range(legal.shape[0]):
        legal[cell] = False
    if info[game, STATUS] != RUNNING:
        return
    for cell in range(width, end):
        legal[cell] = cells[game, STONE, cell] == 0 and cells[game, OPEN, cell] > 0
    count = info[game, EMPTY_COUNT]
    removed = info[game, REMOVED] > 0
    may_repeat = False
    if removed and info[game, SUPERKO] != SIMPLE:
        black = info[game, BLACK_COUNT]
        white = size * size - count - black
        may_repeat = counts_seen(games, game, black + (colour == BLACK), white + (colour != BLACK))
    row = 0 if colour == BLACK else 1
    for index in range(count):
        empty = np.int64(cells[game, EMPTIES, index])
        if cells[game, OPEN, empty] == 0:
            legal[empty] = _contact_legality(games, game, empty) == LEGAL
        elif may_repeat:
            key = position_key(games, game, words[game, HASH] ^ ZOBRIST[row, empty], -colour)
            legal[empty] = not seen(games, game, key)
    if not removed:
        return
    for head in range(width, end):
        if cells[game, STONE, head] == -colour and cells[game, CHAIN, head] == head:
            liberties = cells[game, LIBERTIES, head]
            if liberties > 4:
                continue
            # In atari all pseudo-liberties are one cell, and it is their mean. Other chains may
            # point at some cell too; `_contact_legality` is right about every empty one.
            liberty = np.int64(cells[game, LIBERTY_SUM, head]) // liberties
            if width <= liberty < end and cells[game, STONE, liberty] == 0:
                legal[liberty] = _contact_legality(games, game, liberty) == LEGAL


@njit(cache=True, nogil=True)
def _remove_chain(games, game, head, width):
    """Take a chain off the board."""
    cells, info = games.cells, games.info
    games.words[game, HASH] ^= games.words[game, CHAIN_HASH + head]
    if cells[game, STONE, head] == BLACK:
        info[game, BLACK_COUNT] -= cells[game, CHAIN_SIZE, head]
    cell = np.int64(head)
    count = info[game, EMPTY_COUNT]
    while True:
        cells[game, STONE, cell] = 0
        cells[game, EMPTIES, count] = cell
        cells[game, SLOT, cell] = count
        count += 1
        for step in (-1, 1, -width, width):
            neighbour = cell + step
            cells[game, OPEN, neighbour] += 1
            if abs(cells[game, STONE, neighbour]) == 1:
                other = cells[game, CHAIN, neighbour]
                cells[game, LIBERTIES, other] += 1
                cells[game, LIBERTY_SUM, other] += cell
        cell = np.int64(cells[game, NEXT, cell])
        if cell == head:
            break
    info[game, REMOVED] += count - info[game, EMPTY_COUNT]
    info[game, EMPTY_COUNT] = count


@njit(cache=True, nogil=True)
def _join(games, game, head, other):
    """Join two chains of one colour; returns the head of the whole."""
    cells = games.cells
    if cells[game, CHAIN_SIZE, head] < cells[game, CHAIN_SIZE, other]:
        head, other = other, head
    cell = np.int64(other)
    while True:
        cells[game, CHAIN, cell] = head
        cell = np.int64(cells[game, NEXT, cell])
        if cell == other:
            break
    following = cells[game, NEXT, head]
    cells[game, NEXT, head] = cells[game, NEXT, other]
    cells[game, NEXT, other] = following
    for field in (LIBERTIES, LIBERTY_SUM, CHAIN_SIZE):
        cells[game, field, head] += cells[game, field, other]
    games.words[game, CHAIN_HASH + head] ^= games.words[game, CHAIN_HASH + other]
    return head


@njit(cache=True, nogil=True)
def _place(games, game, cell):
    """Put a stone of the player to move on an empty cell, take off what has no liberty."""
    cells, info = games.cells, games.info
    colour = info[game, TO_PLAY]
    width = info[game, SIZE] + 1

    count = info[game, EMPTY_COUNT] - 1
    last = cells[game, EMPTIES, count]
    slot = cells[game, SLOT, cell]
    cells[game, EMPTIES, slot] = last
    cells[game, SLOT, last] = slot
    info[game, EMPTY_COUNT] = count
    info[game, BLACK_COUNT] += colour == BLACK

    key = ZOBRIST[0 if colour == BLACK else 1, cell]
    games.words[game, HASH] ^= key
    games.words[game, CHAIN_HASH + cell] = key
    cells[game, STONE, cell] = colour
    cells[game, CHAIN, cell] = cell
    cells[game, NEXT, cell] = cell
    cells[game, CHAIN_SIZE, cell] = 1
    cells[game, LIBERTIES, cell] = cells[game, OPEN, cell]
    liberty_sum = 0
    for step in (-1, 1, -width, width):
        neighbour = cell + step
        cells[game, OPEN, neighbour] -= 1
        stone = cells[game, STONE, neighbour]
        if stone == 0:
            liberty_sum += neighbour
        elif stone != BORDER:
            head = cells[game, CHAIN, neighbour]
            cells[game, LIBERTIES, head] -= 1
            cells[game, LIBERTY_SUM, head] -= cell
    cells[game, LIBERTY_SUM, cell] = liberty_sum

    own_head = np.int64(cell)
    for step in (-1, 1, -width, width):
        if cells[game, STONE, cell + step] == colour:
            head = np.int64(cells[game, CHAIN, cell + step])
            if head != own_head:
                own_head = _join(games, game, own_head, head)
    for step in (-1, 1, -width, width):
        if cells[game, STONE, cell + step] == -colour:
            head = np.int64(cells[game, CHAIN, cell + step])
            if cells[game, LIBERTIES, head] == 0:
                _remove_chain(games, game, head, width)
    if cells[game, LIBERTIES, own_head] == 0:
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
