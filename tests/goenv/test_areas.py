"""The map behind the score against flood filling as the slow referee does it."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.reference import EMPTY, ReferenceGame, region
from goenv import GoBatch, Rules, area_map


def plain_map(board: np.ndarray) -> np.ndarray:
    """Owners of the points, int8 [n, n]: stones, and empty regions that touch one colour only."""
    size, cells = len(board), board.ravel().tolist()
    owners = list(cells)
    for point, stone in enumerate(cells):
        if stone == EMPTY:
            colours = {cells[other] for other in region(cells, size, point)[1]}
            owners[point] = colours.pop() if len(colours) == 1 else EMPTY
    return np.array(owners, np.int8).reshape(size, size)


def check(batch: GoBatch, maps: np.ndarray, games: np.ndarray) -> None:
    boards, scores = batch.boards(), batch.score()
    for found, game in zip(maps, games.tolist(), strict=True):
        size = batch.rules[game].size
        np.testing.assert_array_equal(found[:size, :size], plain_map(boards[game][:size, :size]))
        assert not found[size:].any()
        assert not found[:, size:].any()
        assert found.sum(dtype=np.int64) == scores[game] + batch.rules[game].komi


@pytest.mark.parametrize("sizes", [(2, 3, 4), (5, 7, 5), (9, 6, 2), (19, 13, 9), (25, 2, 8)])
def test_areas_are_those_of_a_flood_fill(sizes):
    rules = [Rules(size, komi=komi) for size in sizes for komi in (-3, 0.5, 7)]
    batch = GoBatch(len(rules), rules, seed=sum(sizes))
    seen = set()
    for _ in range(6):
        for _ in range(max(sizes) ** 2 // 5):
            batch.step(batch.random_actions())
        maps = area_map(batch)
        assert (maps.dtype, maps.shape) == (np.int8, (len(rules), max(sizes), max(sizes)))
        check(batch, maps, np.arange(len(rules)))
        empty = batch.boards() == EMPTY
        seen |= set(np.unique(maps[empty]).tolist())
    assert seen == {-1, 0, 1}, "regions of either colour and of none"


def test_areas_of_chosen_games_in_the_order_asked_for():
    batch = GoBatch(5, [Rules(3), Rules(5), Rules(4), Rules(5), Rules(2)], seed=3)
    for _ in range(8):
        batch.step(batch.random_actions())
    games = np.array([3, 0, 3, 2])
    maps = area_map(batch, games)
    check(batch, maps, games)
    assert area_map(batch, np.zeros(0, np.int64)).shape == (0, 5, 5)
    assert not area_map(GoBatch(2, Rules(4))).any(), "an empty board is nobody's"
    # Only scratch is written: the games go on as if nobody had looked.
    twin = GoBatch(5, batch.rules, seed=3)
    for _ in range(8):
        twin.step(twin.random_actions())
    for _ in range(30):
        for each in (batch, twin):
            each.step(each.random_actions())
    assert (batch.boards() == twin.boards()).all()


def test_a_region_that_touches_both_is_nobodys():
    game = ReferenceGame(4)
    for action in (1, 2, 5, 6, 9, 10, 13, 14):  # two walls side by side, each with its own edge
        game.play(action)
    batch = GoBatch(1, Rules(4))
    for action in (1, 2, 5, 6, 9, 10, 13, 14):
        batch.step(np.array([action]))
    assert area_map(batch)[0].tolist() == [[1, 1, -1, -1]] * 4
    assert (plain_map(game.board()) == area_map(batch)[0]).all()
