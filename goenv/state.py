"""The arrays that hold games, and the kernels that start and copy them.

A point has the number of its action, ``row * N + column`` on the largest board of the batch, N * N
stands for the pass and for everything off the board, and a table gives the four neighbours of each
point, so kernels compute no coordinates and test no edges. All that is known of a point lies side
by side, in 16 bytes. Chains are rings of stones (LINK) that share a head (CHAIN); the head carries
count, sum and sum of squares of the chain's pseudo-liberties (a liberty counts once for every
stone that touches it; all are one point exactly if count times squares is the sum squared) and the
XOR of the Zobrist keys of its stones, so the hash after any move, captures and suicide included,
takes a few XORs and no copy of the board. Empty points, border and pass belong to a chain at N * N
that means nothing: what a kernel writes there need not be avoided.

Stones, empty points and heads are kept as sets of bits too (see `goenv.bits`), of which masks and
observations are made. The history of positions is in `goenv.history`.

All of a game lies in one row of four arrays, because compiled calls hand arrays over piece by
piece: four cost little, a dozen cost more than the move.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from goenv.bits import set_bit, words_for
from goenv.history import (
    COUNT_FILTER,
    EMPTY_BOARD_KEY,
    FIRST_SLOT,
    HASH,
    PREVIOUS_HASH,
    copy_table,
    remember_position,
)
from goenv.kernel import inlined, kernel
from goenv.rules import BLACK, SUPERKO_CODES, Rules

BORDER = 2  # what STONE holds off the board

# Columns of `Games.cells`, by point. What belongs to a chain is valid at its head.
STONE, CHAIN = 0, 1
LINK = 2  # of a stone: the next of its chain; of an empty point: where in EMPTIES it stands
EMPTIES = 3  # the empty points in no order, as a list; the first EMPTY_COUNT count
LIBERTIES, LIBERTY_SUM, LIBERTY_SQUARES, CHAIN_SIZE = 4, 5, 6, 7  # sums wrap round
CELL_FIELDS = 8

# Rows of `Games.bits`: sets of points.
BLACK_STONES, WHITE_STONES, EMPTY_POINTS, CHAIN_HEADS = 0, 1, 2, 3
LEGAL_POINTS = 4  # where the player to move may play, if LEGAL_PLY says that it is up to date
SCRATCH_BITS = 5  # two rows in use within one kernel
EARLIER = 7  # (black, white) stones of the last positions: that of ply t from row `earlier_row`
EARLIER_POSITIONS = 7
BIT_ROWS = EARLIER + 2 * EARLIER_POSITIONS

# Columns of `Games.info`. First the rules ...
SIZE, KOMI2, SUPERKO, SUICIDE, MAX_MOVES = 0, 1, 2, 3, 4  # KOMI2 is twice the komi
GRID = 5  # side of the largest board of the batch, on which actions are numbered
# ... then the game.
TO_PLAY, PLY, PASSES, STATUS, EMPTY_COUNT, BLACK_COUNT, REMOVED = 6, 7, 8, 9, 10, 11, 12
RECENT = 13  # the last five actions, 12 bits each, the latest lowest: 1 + action, or 0 for none
HISTORY_COUNT = 14
LEGAL_PLY = 15  # 1 + the ply for which LEGAL_POINTS was made; 0 if for none
INFO_FIELDS = 16

RECENT_ACTIONS = 5
_RECENT_MASK = (1 << 12 * RECENT_ACTIONS) - 1

# Columns of `Games.words`: see `goenv.history`. The hashes of chains come after those, one for each
# point, then the table of positions.

# Values of the STATUS column: in play; over by two passes; cut off at MAX_MOVES; lost by an illegal
# action, in an environment where that loses (the score then says nothing about who won).
RUNNING, ENDED, TRUNCATED, FORFEITED = 0, 1, 2, 3


class Games(NamedTuple):
    """State of B games in arrays; A = N * N + 1 actions, H slots of history. See the columns above.

    Attributes:
        cells: int16 [B, A, CELL_FIELDS].
        bits: uint64 [B, BIT_ROWS, words of a set].
        words: uint64 [B, FIRST_SLOT + A + H].
        info: int64 [B, INFO_FIELDS].
        neighbours: int16 [A, 4]: west, east, north and south of each point, N * N off the board;
            the same for all games.
    """

    cells: np.ndarray
    bits: np.ndarray
    words: np.ndarray
    info: np.ndarray
    neighbours: np.ndarray


@cache
def _neighbours(size: int) -> np.ndarray:
    """The table `Games.neighbours` of boards of side `size`."""
    points = np.arange(size * size)
    off, column = size * size, points % size
    table = np.full((size * size + 1, 4), off, np.int16)
    table[:-1, 0] = np.where(column > 0, points - 1, off)
    table[:-1, 1] = np.where(column < size - 1, points + 1, off)
    table[:-1, 2] = np.where(points >= size, points - size, off)
    table[:-1, 3] = np.where(points < off - size, points + size, off)
    return table


def allocate(num_games: int, max_size: int, slots: int) -> Games:
    """Arrays for `num_games` games on boards up to `max_size`; each must be `start`ed."""
    actions = max_size * max_size + 1
    return Games(
        cells=np.zeros((num_games, actions, CELL_FIELDS), np.int16),
        bits=np.zeros((num_games, BIT_ROWS, words_for(max_size)), np.uint64),
        words=np.zeros((num_games, FIRST_SLOT + actions + slots), np.uint64),
        info=np.zeros((num_games, INFO_FIELDS), np.int64),
        neighbours=_neighbours(max_size),
    )


def history_slots(games: Games) -> int:
    """Slots of the tables of positions, H."""
    return games.words.shape[1] - FIRST_SLOT - games.cells.shape[1]


def history_slots_for(size: int) -> int:
    """Slots that hold a usual game on a board of side `size`; longer games make more room."""
    return 1 << (4 * size * size - 1).bit_length()


def grow_history(games: Games, slots: int) -> Games:
    """The games with `slots` slots of history, a power of 2; the other arrays are shared."""
    head = FIRST_SLOT + games.cells.shape[1]
    words = np.zeros((games.words.shape[0], head + slots), np.uint64)
    words[:, :head] = games.words[:, :head]
    _copy_tables(games.words, words, head)
    return games._replace(words=words)


def with_room(games: Games, moves: int) -> tuple[Games, int]:
    """The games with room in each history for so many more moves, and for how many there is."""
    slots = history_slots(games)
    fullest = int(games.info[:, HISTORY_COUNT].max(initial=0))
    # A move adds one position at most; a table takes seven eighths of its slots. It doubles
    # earlier, at three quarters, so that this is seldom looked into.
    while 4 * fullest >= 3 * slots or 7 * slots // 8 - fullest < moves:
        slots *= 2
    if slots > history_slots(games):
        games = grow_history(games, slots)
    return games, 7 * slots // 8 - fullest


def export_games(games: Games) -> dict[str, np.ndarray]:
    """The arrays by name, for storing; `import_games` takes them back."""
    return {name: array for name, array in games._asdict().items() if name != "neighbours"}


def import_games(arrays: dict[str, np.ndarray]) -> Games:
    """Games from what `export_games` returned."""
    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    side = round((kept["cells"].shape[1] - 1) ** 0.5)
    return Games(**kept, neighbours=_neighbours(side))


def set_rules(games: Games, game: int, rules: Rules, largest_size: int) -> None:
    """Write the rules' columns of `info`; `start` must follow."""
    info = games.info[game]
    info[SIZE], info[KOMI2], info[GRID] = rules.size, round(2 * rules.komi), largest_size
    info[SUPERKO], info[SUICIDE] = SUPERKO_CODES[rules.superko], rules.suicide
    info[MAX_MOVES] = -1 if rules.max_moves is None else rules.max_moves


def read_rules(games: Games, game: int) -> Rules:
    """The rules that `set_rules` wrote."""
    info = games.info[game].tolist()
    return Rules(
        size=info[SIZE],
        komi=info[KOMI2] / 2,
        superko=tuple(SUPERKO_CODES)[info[SUPERKO]],
        suicide=bool(info[SUICIDE]),
        max_moves=None if info[MAX_MOVES] < 0 else info[MAX_MOVES],
    )


@inlined
def pass_action(games):
    """The action that passes, N * N: the last of all."""
    return games.cells.shape[1] - 1


@inlined
def recent_action(games, game, back):
    """The action `back` plies before the last one, up to RECENT_ACTIONS - 1; -1 for none."""
    return ((games.info[game, RECENT] >> (12 * back)) & 0xFFF) - 1


@inlined
def note_action(games, game, action):
    """Make `action` the last one."""
    recent = (games.info[game, RECENT] << 12) | (action + 1)
    games.info[game, RECENT] = recent & _RECENT_MASK


@inlined
def earlier_row(ply):
    """Row of `bits` with the black stones of the position of `ply`; the white ones come next."""
    return EARLIER + 2 * (ply % EARLIER_POSITIONS)


@inlined
def remember(games, game):
    """Add the current position to the history."""
    info = games.info
    white = info[game, SIZE] * info[game, SIZE] - info[game, EMPTY_COUNT] - info[game, BLACK_COUNT]
    info[game, HISTORY_COUNT] += remember_position(
        games.words,
        game,
        FIRST_SLOT + games.cells.shape[1],
        info[game, HISTORY_COUNT],
        info[game, SUPERKO],
        info[game, TO_PLAY],
        info[game, BLACK_COUNT],
        white,
    )


@kernel
def clear_board(games, game):
    """Empty the board of `game` and its history, set Black to move. The rules' columns must be set.

    The random stream goes on where it was. A position must be `remember`ed next.
    """
    cells, bits, words, info = games.cells, games.bits, games.words, games.info
    size, grid, off = info[game, SIZE], info[game, GRID], pass_action(games)
    for row in range(bits.shape[1]):
        for index in range(bits.shape[2]):
            bits[game, row, index] = 0
    for point in range(off + 1):
        cells[game, point, STONE] = BORDER
        cells[game, point, CHAIN] = off
    count = 0
    for row in range(size):
        for column in range(size):
            point = row * grid + column
            cells[game, point, STONE] = 0
            cells[game, count, EMPTIES] = point
            cells[game, point, LINK] = count
            set_bit(bits, game, EMPTY_POINTS, point)
            count += 1
    for column in range(COUNT_FILTER, words.shape[1]):
        words[game, column] = 0
    for column in range(TO_PLAY, INFO_FIELDS):
        info[game, column] = 0
    info[game, TO_PLAY] = BLACK
    info[game, EMPTY_COUNT] = count
    words[game, HASH] = EMPTY_BOARD_KEY
    words[game, PREVIOUS_HASH] = 0


@kernel
def start(games, game):
    """Begin a game on the empty board; see `clear_board`."""
    clear_board(games, game)
    remember(games, game)


@kernel
def _copy_tables(source, target, first):
    for game in range(source.shape[0]):
        copy_table(source, game, target, game, first)


@inlined
def copy_position(source, from_game, target, to_game):
    """Copy all of a game but its table of positions; the boards must be as large."""
    for point in range(source.cells.shape[1]):
        for field in range(CELL_FIELDS):
            target.cells[to_game, point, field] = source.cells[from_game, point, field]
    for row in range(BIT_ROWS):
        for index in range(source.bits.shape[2]):
            target.bits[to_game, row, index] = source.bits[from_game, row, index]
    for column in range(INFO_FIELDS):
        target.info[to_game, column] = source.info[from_game, column]
    for column in range(FIRST_SLOT + source.cells.shape[1]):
        target.words[to_game, column] = source.words[from_game, column]


@kernel
def copy_game(source, from_game, target, to_game):
    """Copy one game into a slot of `target`, whose boards must be as large; the stream goes along.

    The history of `target` may have more slots than that of `source`, or fewer if all fit; they
    take seven eighths of the slots.

    Raises:
        RuntimeError: the history of `target` has no room for that of `source`.
    """
    head = FIRST_SLOT + source.cells.shape[1]
    if 8 * source.info[from_game, HISTORY_COUNT] > 7 * (target.words.shape[1] - head):
        raise RuntimeError("the history does not fit: make room with goenv.state.grow_history")
    copy_position(source, from_game, target, to_game)
    if target.words.shape[1] == source.words.shape[1]:
        for column in range(head, source.words.shape[1]):
            target.words[to_game, column] = source.words[from_game, column]
    else:
        copy_table(source.words, from_game, target.words, to_game, head)
