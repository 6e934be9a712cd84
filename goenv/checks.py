"""Whether arrays from outside, such as a stored state, hold games that kernels can go on with.

Kernels trust their arrays: a chain whose ring does not close would hang them, a number too large
would write elsewhere. So everything that is kept up is worked out anew from the stones.
"""

from __future__ import annotations

from goenv.bits import beside, clear_bit, count_bits, has_bit, set_bit
from goenv.history import (
    EMPTY_BOARD_KEY,
    HASH,
    SIMPLE,
    ZOBRIST,
    counts_seen,
    maybe_seen,
    position_key,
    seen,
)
from goenv.kernel import kernel
from goenv.rules import BLACK, SUPERKO_CODES, WHITE
from goenv.state import (
    BLACK_COUNT,
    BLACK_STONES,
    BORDER,
    CHAIN,
    CHAIN_HEADS,
    CHAIN_SIZE,
    EMPTIES,
    EMPTY_COUNT,
    EMPTY_POINTS,
    FIRST_SLOT,
    FORFEITED,
    GRID,
    HISTORY_COUNT,
    LIBERTIES,
    LIBERTY_SQUARES,
    LIBERTY_SUM,
    LINK,
    MAX_MOVES,
    PASSES,
    PLY,
    RECENT_ACTIONS,
    REMOVED,
    RUNNING,
    SCRATCH_BITS,
    SIZE,
    STATUS,
    STONE,
    SUPERKO,
    TO_PLAY,
    WHITE_STONES,
    Games,
    pass_action,
    recent_action,
)

_SUPERKO_KINDS = len(SUPERKO_CODES)
# What `fault` answers, beside 0 for none.
FAULTS = {
    1: "numbers of the game",
    2: "stones",
    3: "empty points",
    4: "chains",
    5: "liberties",
    6: "hashes",
    7: "history",
}


@kernel
def _numbers_fit(games, game):
    info, off = games.info, pass_action(games)
    size, grid = info[game, SIZE], info[game, GRID]
    if grid * grid != off or size < 2 or size > grid:
        return False
    if info[game, SUPERKO] < 0 or info[game, SUPERKO] >= _SUPERKO_KINDS:
        return False
    if abs(info[game, TO_PLAY]) != 1 or info[game, PLY] < 0 or info[game, REMOVED] < 0:
        return False
    limit = info[game, MAX_MOVES]
    if limit != -1 and (limit < 1 or info[game, PLY] > limit):
        return False
    if info[game, STATUS] < 0 or info[game, STATUS] > FORFEITED:
        return False
    if info[game, PASSES] < 0 or info[game, PASSES] > 2:
        return False
    if info[game, STATUS] == RUNNING and info[game, PASSES] == 2:
        return False
    latest = -1
    for back in range(RECENT_ACTIONS):
        latest = max(latest, recent_action(games, game, back))
    return latest <= off


@kernel
def _stones_fit(games, game):
    cells, bits, info = games.cells, games.bits, games.info
    size, grid, off = info[game, SIZE], info[game, GRID], pass_action(games)
    black, empty = 0, 0
    for point in range(off + 1):
        y = point // grid
        inside = y < size and point - y * grid < size
        stone = cells[game, point, STONE]
        if (abs(stone) > 1) if inside else (stone != BORDER):
            return False
        black += stone == BLACK
        empty += stone == 0
        if point < off:
            for row in range(EMPTY_POINTS + 1):
                if has_bit(bits, game, row, point) != (stone == (BLACK, WHITE, 0)[row]):
                    return False
    for row in range(EMPTY_POINTS + 1):  # nothing beyond the board
        count = 0
        for index in range(bits.shape[2]):
            count += count_bits(bits[game, row, index])
        if count != (black, size * size - black - empty, empty)[row]:
            return False
    return info[game, BLACK_COUNT] == black and info[game, EMPTY_COUNT] == empty


@kernel
def _empties_fit(games, game):
    cells, off = games.cells, pass_action(games)
    for slot in range(games.info[game, EMPTY_COUNT]):
        point = cells[game, slot, EMPTIES]
        if point < 0 or point >= off or cells[game, point, STONE] != 0:
            return False
        if cells[game, point, LINK] != slot:  # so no point comes twice
            return False
    for point in range(off + 1):
        if abs(cells[game, point, STONE]) != 1 and cells[game, point, CHAIN] != off:
            return False
    return True


@kernel
def _chains_fit(games, game):
    """Heads, rings and sizes: each chain is all stones of one colour that touch, once round."""
    cells, bits, neighbours = games.cells, games.bits, games.neighbours
    grid, off = games.info[game, GRID], pass_action(games)
    total, stones, heads = 0, 0, 0
    for point in range(off):
        colour = cells[game, point, STONE]
        if abs(colour) != 1:
            if has_bit(bits, game, CHAIN_HEADS, point):
                return False
            continue
        stones += 1
        head = cells[game, point, CHAIN]
        if head < 0 or head >= off or cells[game, head, STONE] != colour:
            return False
        for side in range(4):
            other = neighbours[point, side]
            if cells[game, other, STONE] == colour and cells[game, other, CHAIN] != head:
                return False
        if has_bit(bits, game, CHAIN_HEADS, point) != (head == point):
            return False
        if head != point:
            continue
        # The stones that touch, from the head on, are as many as the ring has.
        own = BLACK_STONES if colour == BLACK else WHITE_STONES
        for index in range(bits.shape[2]):
            bits[game, SCRATCH_BITS, index] = 0
        set_bit(bits, game, SCRATCH_BITS, head)
        growing, size = True, 0
        while growing:
            growing, size = False, 0
            for index in range(bits.shape[2]):
                near = beside(bits, game, SCRATCH_BITS, index, grid) & bits[game, own, index]
                growing |= near & ~bits[game, SCRATCH_BITS, index] != 0
                bits[game, SCRATCH_BITS, index] |= near
                size += count_bits(bits[game, SCRATCH_BITS, index])
        if cells[game, head, CHAIN_SIZE] != size:
            return False
        stone = head
        for _ in range(size):
            if stone < 0 or stone >= off or not has_bit(bits, game, SCRATCH_BITS, stone):
                return False  # not of the chain, or there for the second time
            clear_bit(bits, game, SCRATCH_BITS, stone)
            stone = cells[game, stone, LINK]
        if stone != head:
            return False
        total += size
        heads += 1
    marked = 0  # beyond the board too
    for index in range(bits.shape[2]):
        marked += count_bits(bits[game, CHAIN_HEADS, index])
    return total == stones and marked == heads


@kernel
def _liberties_fit(games, game):
    """Pseudo-liberties, of which each chain has at least one."""
    cells, neighbours = games.cells, games.neighbours
    for head in range(pass_action(games)):
        if abs(cells[game, head, STONE]) != 1 or cells[game, head, CHAIN] != head:
            continue
        count, total, squares = 0, 0, 0
        stone = head
        for _ in range(cells[game, head, CHAIN_SIZE]):
            for side in range(4):
                other = int(neighbours[stone, side])
                if cells[game, other, STONE] == 0:
                    count, total, squares = count + 1, total + other, squares + other * other
            stone = cells[game, stone, LINK]
        if count == 0 or cells[game, head, LIBERTIES] != count:
            return False
        if (cells[game, head, LIBERTY_SUM] - total) & 0xFFFF != 0:
            return False
        if (cells[game, head, LIBERTY_SQUARES] - squares) & 0xFFFF != 0:
            return False
    return True


@kernel
def _hashes_fit(games, game):
    cells, words = games.cells, games.words
    board = EMPTY_BOARD_KEY
    for head in range(pass_action(games)):
        if abs(cells[game, head, STONE]) != 1 or cells[game, head, CHAIN] != head:
            continue
        row = BLACK_STONES if cells[game, head, STONE] == BLACK else WHITE_STONES
        chain, stone = board ^ board, head
        for _ in range(cells[game, head, CHAIN_SIZE]):
            chain ^= ZOBRIST[row, stone]
            stone = cells[game, stone, LINK]
        if words[game, FIRST_SLOT + head] != chain:
            return False
        board ^= chain
    return words[game, HASH] == board


@kernel
def _history_fits(games, game):
    words, first = games.words, FIRST_SLOT + games.cells.shape[1]
    slots, count = words.shape[1] - first, 0
    for column in range(first, words.shape[1]):
        count += words[game, column] != 0
    if count != games.info[game, HISTORY_COUNT] or 8 * count > 7 * slots:
        return False
    if games.info[game, SUPERKO] == SIMPLE:
        return True
    for column in range(first, words.shape[1]):
        if words[game, column] != 0 and not maybe_seen(words, game, words[game, column]):
            return False
    info = games.info
    key = position_key(info[game, SUPERKO], words[game, HASH], info[game, TO_PLAY])
    black, size = info[game, BLACK_COUNT], info[game, SIZE]
    white = size * size - info[game, EMPTY_COUNT] - black
    return seen(words, game, first, key) and counts_seen(words, game, black, white)


@kernel
def fault(games, game):
    """0 for a game that kernels can go on with, else a number out of FAULTS."""
    if not _numbers_fit(games, game):
        return 1
    if not _stones_fit(games, game):
        return 2
    if not _empties_fit(games, game):
        return 3
    if not _chains_fit(games, game):
        return 4
    if not _liberties_fit(games, game):
        return 5
    if not _hashes_fit(games, game):
        return 6
    return 0 if _history_fits(games, game) else 7


def check_games(games: Games) -> None:
    """Raise a ValueError that says what is wrong unless all games can be gone on with.

    The arrays must have the right types and shapes.
    """
    slots = games.words.shape[1] - FIRST_SLOT - games.cells.shape[1]
    if slots < 1 or slots & (slots - 1):
        raise ValueError(f"a table of positions has a power of 2 of slots, got {slots}")
    for game in range(len(games.info)):
        found = fault(games, game)
        if found:
            raise ValueError(f"the {FAULTS[found]} of game {game} do not fit together")
