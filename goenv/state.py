"""The arrays that hold games, and the kernels that start, copy and remember them.

A board is kept on a padded line of cells: row ``r`` and column ``c`` of a board of side ``n`` is
cell ``(r + 1) * (n + 1) + c``, and one border column between rows serves as the right edge of one
row and the left edge of the next. So the neighbours of a cell are at ``-1, +1, -(n+1), +(n+1)``
with no test for the edge. Chains are rings of stones (NEXT) that share a head (CHAIN); the head
carries count, sum and sum of squares of its pseudo-liberties (a liberty counts once for every
stone that touches it; all are one cell exactly if count times squares is the sum squared) and the
XOR of the Zobrist keys of its stones, so the hash after any move, captures and suicide included,
takes a few XORs and no copy of the board.

The history of positions is a hash table per game. It grows on request (`grow_history`), never
silently forgets, and compares 64-bit keys: two different positions of one game share a key with a
chance below 1e-12 even after thousands of moves.

All of a game lies in one row of three arrays, because compiled calls hand arrays over piece by
piece: three cost little, a dozen cost more than the move.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from goenv.rules import BLACK, MAX_SIZE, SUPERKO_CODES, Rules

BORDER = 2  # what STONE holds outside the board
PASS = 0  # the cell that stands for a pass; cell 0 is always border

# Rows of `Games.cells`. What belongs to a chain is valid at its head. Sums of squares wrap round.
STONE, CHAIN, NEXT, LIBERTIES, LIBERTY_SUM, LIBERTY_SQUARES, CHAIN_SIZE = 0, 1, 2, 3, 4, 5, 6
OPEN = 7  # number of empty neighbours of a cell
EMPTIES = 8  # the empty cells in no order, as a list; the first EMPTY_COUNT count
SLOT = 9  # where in EMPTIES an empty cell stands
HEADS = 10  # the heads of all chains in no order, as a list; the first HEAD_COUNT count
HEAD_SLOT = 11  # where in HEADS a head stands
LEGAL_MASK = 12  # 1 where the player to move may play, if LEGAL_PLY says that it is up to date
SCRATCH = 13  # a list in use within one kernel
CELL_FIELDS = 14
COPIED_FIELDS = 12  # the rows of a game without those that can be worked out anew

# Columns of `Games.info`. First the rules ...
SIZE, KOMI2, SUPERKO, SUICIDE, MAX_MOVES = 0, 1, 2, 3, 4  # KOMI2 is twice the komi
GRID = 5  # side of the largest board of the batch, on which actions are numbered
# ... then the game.
TO_PLAY, PLY, PASSES, STATUS, LAST, EMPTY_COUNT, BLACK_COUNT, REMOVED = 6, 7, 8, 9, 10, 11, 12, 13
HISTORY_COUNT = 14
HEAD_COUNT = 15
LEGAL_PLY = 16  # 1 + the ply for which LEGAL_MASK was made; 0 if for none
INFO_FIELDS = 17

# Columns of `Games.words`: hash of the board, hash before the last move, state of the random
# stream, bit sets of the (black, white) stone counts and of the uppermost bits of the keys seen so
# far, then the hashes of the chains (one per cell, valid at the head), then the history table,
# whose length is a power of 2.
HASH, PREVIOUS_HASH, STREAM, FILTER = 0, 1, 2, 3
FILTER_WORDS = 32
KEY_FILTER = FILTER + FILTER_WORDS
KEY_FILTER_WORDS = 64
CHAIN_HASH = KEY_FILTER + KEY_FILTER_WORDS
_KEY_SHIFT = np.uint64(64 - 12)  # 64 words of 64 bits are numbered by 12 bits

# Values of the STATUS column: in play; over by two passes; cut off at MAX_MOVES; lost by an illegal
# action, in an environment where that loses (the score then says nothing about who won).
RUNNING, ENDED, TRUNCATED, FORFEITED = 0, 1, 2, 3

# Values of the SUPERKO column, in the order of `goenv.rules.Superko`.
POSITIONAL, SITUATIONAL, SIMPLE = 0, 1, 2


class Games(NamedTuple):
    """State of B games in arrays; P cells a board, H slots of history. See the columns above.

    Attributes:
        cells: int16 [B, CELL_FIELDS, P].
        words: uint64 [B, CHAIN_HASH + P + H].
        info: int64 [B, INFO_FIELDS].
    """

    cells: np.ndarray
    words: np.ndarray
    info: np.ndarray


def cell_count(size: int) -> int:
    """Cells of the padded line for a board of side `size`."""
    return (size + 2) * (size + 1)


def allocate(num_games: int, max_size: int, history_slots: int) -> Games:
    """Arrays for `num_games` games on boards up to `max_size`; each must be `start`ed."""
    cells = cell_count(max_size)
    return Games(
        cells=np.zeros((num_games, CELL_FIELDS, cells), np.int16),
        words=np.zeros((num_games, CHAIN_HASH + cells + history_slots), np.uint64),
        info=np.zeros((num_games, INFO_FIELDS), np.int64),
    )


def history_slots(games: Games) -> int:
    """Slots of the history tables, H."""
    return games.words.shape[1] - CHAIN_HASH - games.cells.shape[2]


def history_slots_for(size: int) -> int:
    """Slots that hold a usual game on a board of side `size`; longer games make more room."""
    return 1 << (4 * size * size - 1).bit_length()


def grow_history(games: Games, slots: int) -> Games:
    """The games with `slots` slots of history, a power of 2; `cells` and `info` are shared."""
    head = CHAIN_HASH + games.cells.shape[2]
    words = np.zeros((games.words.shape[0], head + slots), np.uint64)
    words[:, :head] = games.words[:, :head]
    _copy_histories(games.words, words, head)
    return games._replace(words=words)


def export_games(games: Games) -> dict[str, np.ndarray]:
    """The arrays by name, for storing; `import_games` takes them back."""
    return games._asdict()


def import_games(arrays: dict[str, np.ndarray]) -> Games:
    """Games from what `export_games` returned."""
    return Games(**{name: np.ascontiguousarray(arrays[name]) for name in Games._fields})


def set_rules(games: Games, game: int, rules: Rules, largest_size: int) -> None:
    """Write the rules' columns of `info`; `start` must follow."""
    info = games.info[game]
    info[SIZE], info[KOMI2], info[GRID] = rules.size, round(2 * rules.komi), largest_size
    info[SUPERKO], info[SUICIDE] = SUPERKO_CODES[rules.superko], rules.suicide
    info[MAX_MOVES] = -1 if rules.max_moves is None else rules.max_moves


def _zobrist_keys() -> np.ndarray:
    """Keys [3, cells] by splitmix64 (Steele et al. 2014), the same on every machine for ever.

    Rows: Black's stones, White's stones, and in the third row [0] the empty board, [1] "White is
    to move" for situational superko.
    """
    mask, state = (1 << 64) - 1, 0
    keys = np.empty((3, cell_count(MAX_SIZE)), np.uint64)
    for index in np.ndindex(keys.shape):
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        keys[index] = mixed ^ (mixed >> 31)
    return keys


ZOBRIST = _zobrist_keys()
EMPTY_BOARD_KEY = ZOBRIST[2, 0]
WHITE_TO_PLAY_KEY = ZOBRIST[2, 1]


@njit(cache=True, nogil=True)
def position_key(games, game, board_hash, to_play):
    """What the history stores for a board with `to_play` to move."""
    if games.info[game, SUPERKO] == SITUATIONAL and to_play != BLACK:
        board_hash ^= WHITE_TO_PLAY_KEY
    return board_hash


@njit(cache=True, nogil=True)
def insert_key(words, game, start, key):
    """Put `key` into the hash table that begins at column `start`; False if it was there."""
    last = words.shape[1] - start - 1
    slot = np.int64(key & np.uint64(last))
    while words[game, start + slot] != 0:
        if words[game, start + slot] == key:
            return False
        slot = (slot + 1) & last
    words[game, start + slot] = key
    return True


@njit(cache=True, nogil=True)
def seen(games, game, key):
    """Whether the history of `game` holds `key`."""
    start = CHAIN_HASH + games.cells.shape[2]
    last = games.words.shape[1] - start - 1
    slot = np.int64(key & np.uint64(last))
    while games.words[game, start + slot] != 0:
        if games.words[game, start + slot] == key:
            return True
        slot = (slot + 1) & last
    return False


@njit(cache=True, nogil=True)
def maybe_seen(games, game, key):
    """False only if the history does not hold `key`; cheaper than `seen`, and seldom wrong."""
    bit = key >> _KEY_SHIFT
    word = games.words[game, KEY_FILTER + np.int64(bit >> np.uint64(6))]
    return (word >> (bit & np.uint64(63))) & np.uint64(1) != 0


@njit(cache=True, nogil=True)
def counts_seen(games, game, black, white):
    """False only if no position so far had so many black and white stones."""
    bit = (black + 29 * white) & (64 * FILTER_WORDS - 1)
    word = games.words[game, FILTER + (bit >> 6)]
    return (word >> np.uint64(bit & 63)) & np.uint64(1) != 0


@njit(cache=True, nogil=True)
def remember(games, game):
    """Add the current position to the history (simple ko needs none)."""
    info = games.info
    if info[game, SUPERKO] == SIMPLE:
        return
    start = CHAIN_HASH + games.cells.shape[2]
    if 8 * (info[game, HISTORY_COUNT] + 1) > 7 * (games.words.shape[1] - start):
        raise RuntimeError("the history of a game is full: make room with goenv.state.grow_history")
    key = position_key(games, game, games.words[game, HASH], info[game, TO_PLAY])
    if insert_key(games.words, game, start, key):
        info[game, HISTORY_COUNT] += 1
    bit = key >> _KEY_SHIFT
    word = KEY_FILTER + np.int64(bit >> np.uint64(6))
    games.words[game, word] |= np.uint64(1) << (bit & np.uint64(63))
    black = info[game, BLACK_COUNT]
    white = info[game, SIZE] * info[game, SIZE] - info[game, EMPTY_COUNT] - black
    count_bit = (black + 29 * white) & (64 * FILTER_WORDS - 1)
    games.words[game, FILTER + (count_bit >> 6)] |= np.uint64(1) << np.uint64(count_bit & 63)


@njit(cache=True, nogil=True)
def start(games, game):
    """Empty the board of `game` and set Black to move. The rules' columns must be set.

    The random stream goes on where it was.
    """
    cells, info = games.cells, games.info
    size = info[game, SIZE]
    width = size + 1
    for cell in range(cells.shape[2]):
        cells[game, STONE, cell] = BORDER
        cells[game, OPEN, cell] = 0
    count = 0
    for row in range(size):
        for column in range(size):
            cell = (row + 1) * width + column
            cells[game, STONE, cell] = 0
            cells[game, EMPTIES, count] = cell
            cells[game, SLOT, cell] = count
            cells[game, OPEN, cell] = (
                (row > 0) + (row < size - 1) + (column > 0) + (column < size - 1)
            )
            count += 1
    for column in range(FILTER, games.words.shape[1]):
        games.words[game, column] = 0
    for column in range(TO_PLAY, INFO_FIELDS):
        info[game, column] = 0
    info[game, TO_PLAY] = BLACK
    info[game, EMPTY_COUNT] = count
    info[game, LAST] = -1
    games.words[game, HASH] = EMPTY_BOARD_KEY
    games.words[game, PREVIOUS_HASH] = 0
    remember(games, game)


@njit(cache=True, nogil=True)
def copy_history(source, from_game, target, to_game, start):
    """Copy a history, which begins at column `start`, into one of another length."""
    for column in range(start, target.shape[1]):
        target[to_game, column] = 0
    for column in range(start, source.shape[1]):
        if source[from_game, column] != 0:
            insert_key(target, to_game, start, source[from_game, column])


@njit(cache=True, nogil=True)
def _copy_histories(source, target, start):
    for game in range(source.shape[0]):
        copy_history(source, game, target, game, start)


@njit(cache=True, nogil=True)
def copy_game(source, from_game, target, to_game):
    """Copy one game into a slot of `target`, whose boards must be as large; the stream goes along.

    The history of `target` may have more slots than that of `source`, or fewer if all fit.
    """
    cells = source.cells.shape[2]
    for field in range(COPIED_FIELDS):
        for cell in range(cells):
            target.cells[to_game, field, cell] = source.cells[from_game, field, cell]
    for column in range(INFO_FIELDS):
        target.info[to_game, column] = source.info[from_game, column]
    target.info[to_game, LEGAL_PLY] = 0
    head = CHAIN_HASH + cells
    if target.words.shape[1] == source.words.shape[1]:
        head = source.words.shape[1]
    for column in range(head):
        target.words[to_game, column] = source.words[from_game, column]
    if target.words.shape[1] != source.words.shape[1]:
        copy_history(source.words, from_game, target.words, to_game, head)
