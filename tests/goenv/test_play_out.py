"""Random playouts of a whole batch."""

import numpy as np
import pytest

from baselines.reference import ReferenceGame
from goenv import GoBatch, Rules


def is_eye(board, point, colour):
    """All neighbours own stones; of the diagonals one may be the opponent's, at the edge none."""
    size = len(board)
    y, x = divmod(point, size)

    def inside(steps):
        found = [(y + v, x + u) for v, u in steps]
        return [board[v, u] for v, u in found if 0 <= v < size and 0 <= u < size]

    if any(stone != colour for stone in inside([(0, 1), (0, -1), (1, 0), (-1, 0)])):
        return False
    diagonals = inside([(1, 1), (1, -1), (-1, 1), (-1, -1)])
    return diagonals.count(-colour) + (len(diagonals) < 4) < 2


@pytest.mark.parametrize("size", [2, 3, 5, 9])
def test_playouts_play_what_the_referee_allows_and_fill_no_eye(size):
    """Move by move: a legal point that is no eye, or the pass where there is none."""
    batch = GoBatch(6, Rules(size), seed=size)
    referees = [ReferenceGame(size, komi=7.5) for _ in range(6)]
    passes, moves = 0, 0
    while not batch.done.all():
        before, running, mover = batch.boards(), np.flatnonzero(~batch.done), batch.to_play
        batch.play_out(1)
        for game in running:
            action, referee = int(batch.last_action[game]), referees[game]
            legal = referee.legal_actions()[:-1]
            open_points = [
                point
                for point in np.flatnonzero(legal)
                if not is_eye(before[game], point, mover[game])
            ]
            assert action in open_points if open_points else action == size * size
            referee.play(action)
            np.testing.assert_array_equal(referee.board(), batch.boards()[game])
            passes, moves = passes + (action == size * size), moves + 1
    assert all(referee.over for referee in referees)
    assert passes >= 12
    assert moves > 6 * size


def test_a_playout_is_the_same_alone_and_in_company():
    rules = [Rules(2)] * 300
    alone, beside = GoBatch(300, rules, seed=0), GoBatch(301, [*rules, Rules(9)], seed=0)
    for limit in (13, 1000):
        alone.play_out(limit)
        beside.play_out(limit)
        np.testing.assert_array_equal(alone.ply, beside.ply[:300])
        assert (alone.done | (alone.ply == limit)).all()


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
