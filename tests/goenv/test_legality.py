"""The mask of all points and the legality of one, worked out apart, say the same."""

import numpy as np
import pytest
from numba import njit

from baselines.reference import SUPERKO_KINDS
from goenv import GoBatch, Rules
from goenv.legality import GAME_OVER, LEGAL, legality, refresh_legal
from goenv.state import (
    BIT_ROWS,
    BLACK_STONES,
    CELL_FIELDS,
    CHAIN,
    CHAIN_HEADS,
    CHAIN_SIZE,
    EMPTIES,
    EMPTY_COUNT,
    EMPTY_POINTS,
    LEGAL_PLY,
    LEGAL_POINTS,
    LIBERTIES,
    LIBERTY_SQUARES,
    LIBERTY_SUM,
    LINK,
    PLY,
    STONE,
    WHITE_STONES,
)


@njit
def one_by_one(games, game, out):
    """`legality` of every point of the board, with no mask to look it up in."""
    for action in range(out.shape[0]):
        games.info[game, LEGAL_PLY] = 0
        out[action] = legality(games, game, action)


def check(batch):
    for game in np.flatnonzero(~batch.done):
        verdicts = np.empty(batch.max_size**2, np.int64)
        one_by_one(batch.games, game, verdicts)
        mask = batch.legal_actions()[game]
        np.testing.assert_array_equal(verdicts == LEGAL, mask[:-1])
        # With the mask made, the reasons are still the same.
        assert batch.games.info[game, LEGAL_PLY] == batch.games.info[game, PLY] + 1
        again = [legality(batch.games, game, action) for action in range(len(verdicts))]
        np.testing.assert_array_equal(verdicts, again)


@pytest.mark.parametrize("superko", SUPERKO_KINDS)
@pytest.mark.parametrize("suicide", [True, False])
@pytest.mark.parametrize(("size", "plies"), [(2, 40), (3, 120), (5, 150), (9, 250), (19, 700)])
def test_mask_and_single_verdicts_agree(size, plies, superko, suicide):
    games = 2 if size == 19 else 6
    batch = GoBatch(games, Rules(size, superko=superko, suicide=suicide), seed=size)
    for ply in range(plies):
        batch.step(batch.random_actions())
        batch.reset(batch.done)
        if ply % (1 + size // 2) == 0:
            check(batch)


def points_of(words):
    """The points of a set of bits, in order."""
    return [64 * i + b for i, word in enumerate(words) for b in range(64) if int(word) >> b & 1]


def chains_of(cells, size):
    """What the columns of a chain must hold, worked out from STONE alone: {head: ...}."""
    stones = cells[:-1, STONE].reshape(size, size)
    chains = {}
    for point in np.flatnonzero(stones):
        chains.setdefault(int(cells[point, CHAIN]), []).append(int(point))
    found = {}
    for head, members in chains.items():
        touched = []
        for row, column in (divmod(point, size) for point in members):
            for r, c in (
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            ):
                if 0 <= r < size and 0 <= c < size and stones[r, c] == 0:
                    touched.append(r * size + c)
        sums = len(touched), sum(touched), sum(point * point for point in touched)
        found[head] = (members, *sums)
    return found


@pytest.mark.parametrize("size", [2, 3, 5, 9, 19])
def test_what_is_kept_up_is_what_the_stones_say(size):
    batch = GoBatch(3, Rules(size), seed=4)
    for _ in range(8 * size):
        batch.step(batch.random_actions())
        batch.reset(batch.done)
        for game in range(3):
            cells, bits = batch.games.cells[game].astype(np.int64), batch.games.bits[game]
            assert cells.shape == (size * size + 1, CELL_FIELDS)
            assert bits.shape[0] == BIT_ROWS
            chains = chains_of(cells, size)
            assert points_of(bits[CHAIN_HEADS]) == sorted(chains)
            for head, (members, number, total, squares) in chains.items():
                ring = [head]
                while cells[ring[-1], LINK] != head:
                    ring.append(int(cells[ring[-1], LINK]))
                assert sorted(ring) == members
                assert cells[head, CHAIN_SIZE] == len(members)
                assert cells[head, LIBERTIES] == number
                assert (cells[head, LIBERTY_SUM] - total) % 65536 == 0
                assert (cells[head, LIBERTY_SQUARES] - squares) % 65536 == 0
            empty = np.flatnonzero(cells[:-1, STONE] == 0).tolist()
            assert points_of(bits[EMPTY_POINTS]) == empty
            assert batch.games.info[game, EMPTY_COUNT] == len(empty)
            assert sorted(cells[: len(empty), EMPTIES]) == empty
            assert all(cells[cells[point, LINK], EMPTIES] == point for point in empty)
            for row, colour in ((BLACK_STONES, 1), (WHITE_STONES, -1)):
                assert points_of(bits[row]) == np.flatnonzero(cells[:, STONE] == colour).tolist()


def test_a_mask_is_made_once_and_never_used_for_another_position():
    batch = GoBatch(1, Rules(5))
    batch.legal_actions()
    batch.games.bits[0, LEGAL_POINTS] = 0  # a mark: whoever makes the mask anew wipes it out
    refresh_legal(batch.games, 0)
    assert not batch.legal_actions()[0, :-1].any()
    batch.step(np.array([25]))
    assert batch.legal_actions()[0, :-1].all()
    batch.legal_actions()
    copy = batch.clone()  # takes the mask along
    copy.step(np.array([3]))
    assert not copy.legal_actions()[0, 3]
    assert batch.legal_actions()[0, :-1].all()
    batch.step(np.array([25]))
    assert batch.done[0]
    assert not batch.legal_actions().any()
    assert legality(batch.games, 0, 3) == GAME_OVER
    batch.reset()
    assert batch.legal_actions().all()


def keep_two_black(board, point):
    """Empty a point and leave it two black neighbours; the others become White's."""
    size = len(board)
    y, x = divmod(point, size)
    board[y, x] = 0
    beside = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
    inside = [(v, u) for v, u in beside if 0 <= v < size and 0 <= u < size]
    for v, u in inside[2:]:
        board[v, u] = -1


@pytest.mark.parametrize("suicide", [True, False])
@pytest.mark.parametrize("to_play", [1, -1])
@pytest.mark.parametrize("size", [13, 19, 25])
def test_two_liberties_whose_sums_look_like_one(size, to_play, suicide):
    # Sums of squares are kept in 16 bits: liberties 128 or 256 points apart look like one, twice
    # as far up, right between them.
    apart = [128 if size < 17 else 256 if to_play == 1 else 128]
    pairs = [(p, p + gap) for gap in apart for p in range(0, size * size - gap, 3)]
    batch = GoBatch(len(pairs), Rules(size, suicide=suicide))
    for game, pair in enumerate(pairs):
        board = np.ones((size, size), np.int8)
        for point in pair:
            keep_two_black(board, point)
        board.flat[list(pair)] = 0
        batch.set_position(game, board, to_play)
    check(batch)
