"""Random playouts of a whole batch."""

import numpy as np
import pytest

from goenv import GoBatch, Rules


def test_playouts_end_games_by_legal_moves_that_fill_no_eye():
    batch = GoBatch(20, [Rules(size) for size in (2, 3, 5, 9) for _ in range(5)], seed=1)
    batch.play_out()
    assert batch.done.all()
    assert (batch.ply > 0).all()
    # Played out: every empty point belongs to somebody or is shared, hardly any room is left.
    empty = (batch.boards() == 0).reshape(20, -1).sum(axis=1) - (81 - batch.sizes**2)
    assert (empty <= batch.sizes**2 // 2).all()


def test_a_limit_of_moves():
    batch = GoBatch(8, Rules(9), seed=1)
    batch.play_out(7)
    assert (batch.ply == 7).all()
    assert not batch.done.any()


def test_draws_come_from_the_streams():
    first, second, third = (GoBatch(8, Rules(5), seed=seed) for seed in (1, 1, 2))
    for batch in (first, second, third):
        batch.play_out()
    np.testing.assert_array_equal(first.boards(), second.boards())
    assert (first.boards() != third.boards()).any()


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "9"])
def test_wrong_limits(limit):
    with pytest.raises(ValueError, match="move_limit must be"):
        GoBatch(1).play_out(limit)
