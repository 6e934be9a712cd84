"""The mask of all points and the legality of one, worked out apart, say the same."""

import numpy as np
import pytest
from numba import njit

from baselines.reference import SUPERKO_KINDS
from goenv import GoBatch, Rules
from goenv.board import action_cell
from goenv.legality import GAME_OVER, LEGAL, legality, refresh_legal
from goenv.state import (
    CHAIN,
    HEAD_COUNT,
    HEADS,
    LEGAL_MASK,
    LEGAL_PLY,
    LIBERTIES,
    LIBERTY_SQUARES,
    LIBERTY_SUM,
    PLY,
    STONE,
)


@njit
def one_by_one(games, game, out):
    """`legality` of every point of the board, with no mask to look it up in."""
    for action in range(out.shape[0]):
        games.info[game, LEGAL_PLY] = 0
        out[action] = legality(games, game, action_cell(games, game, action))


def check(batch):
    for game in np.flatnonzero(~batch.done):
        verdicts = np.empty(batch.max_size**2, np.int64)
        one_by_one(batch.games, game, verdicts)
        mask = batch.legal_actions()[game]
        np.testing.assert_array_equal(verdicts == LEGAL, mask[:-1])
        # With the mask made, the reasons are still the same.
        assert batch.games.info[game, LEGAL_PLY] == batch.games.info[game, PLY] + 1
        again = [
            legality(batch.games, game, action_cell(batch.games, game, action))
            for action in range(len(verdicts))
        ]
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


def chains_of(cells, size):
    """What the rows of a chain must hold, worked out from STONE alone: {head: ...}."""
    stones, width = cells[STONE], size + 1
    chains = {}
    for cell in np.flatnonzero(abs(stones) == 1):
        chains.setdefault(int(cells[CHAIN, cell]), []).append(int(cell))
    found = {}
    for head, members in chains.items():
        touched = [
            cell + step
            for cell in members
            for step in (-1, 1, -width, width)
            if stones[cell + step] == 0
        ]
        found[head] = (len(touched), sum(touched), sum(cell * cell for cell in touched))
    return found


@pytest.mark.parametrize("size", [3, 5, 9, 19])
def test_liberties_and_heads_are_kept_up(size):
    batch = GoBatch(3, Rules(size), seed=4)
    for _ in range(8 * size):
        batch.step(batch.random_actions())
        batch.reset(batch.done)
        for game in range(3):
            cells = batch.games.cells[game].astype(np.int64)
            chains = chains_of(cells, size)
            count = batch.games.info[game, HEAD_COUNT]
            assert sorted(cells[HEADS, :count]) == sorted(chains)
            for head, (number, total, squares) in chains.items():
                assert cells[LIBERTIES, head] == number
                assert (cells[LIBERTY_SUM, head] - total) % 65536 == 0
                assert (cells[LIBERTY_SQUARES, head] - squares) % 65536 == 0


def test_a_mask_is_made_once_and_never_used_for_another_position():
    batch = GoBatch(1, Rules(5))
    batch.legal_actions()
    batch.games.cells[0, LEGAL_MASK] = 0  # a mark: whoever makes the mask anew wipes it out
    refresh_legal(batch.games, 0)
    assert not batch.legal_actions()[0, :-1].any()
    batch.step(np.array([25]))
    assert batch.legal_actions()[0, :-1].all()
    copy = batch.clone()
    assert copy.games.info[0, LEGAL_PLY] == 0
    assert copy.legal_actions()[0, :-1].all()
    batch.step(np.array([25]))
    assert batch.done[0]
    assert not batch.legal_actions().any()
    assert legality(batch.games, 0, action_cell(batch.games, 0, 3)) == GAME_OVER
    batch.reset()
    assert batch.legal_actions().all()
