"""Games of thousands of moves: nothing ends them that was not asked for, and they stay exact."""

from __future__ import annotations

import numpy as np

from baselines.reference import ReferenceGame
from goenv import GoBatch, Rules
from goenv.state import HISTORY_COUNT


def test_a_random_game_on_19x19_stays_exact_for_thousands_of_moves():
    rules = Rules(19)
    batch, game = GoBatch(1, rules, seed=3), ReferenceGame(19, rules.komi)
    rng = np.random.default_rng(3)
    captures = 0
    while game.ply < 3600:
        legal = batch.legal_actions()[0]
        if game.ply % 150 == 0:
            assert legal.tolist() == game.legal_actions()
            np.testing.assert_array_equal(batch.boards()[0], game.board())
            assert batch.score()[0] == game.score()
            assert (batch.to_play[0], batch.ply[0]) == (game.to_play, game.ply)
            # Positions that 64 bits tell apart are as many as the boards.
            assert batch.games.info[0, HISTORY_COUNT] == len(game.seen_boards)
        points = np.flatnonzero(legal[:-1])
        action = int(rng.choice(points)) if len(points) else game.pass_action
        stones = np.count_nonzero(game.cells)
        game.play(action)  # refuses what it holds illegal
        captures += np.count_nonzero(game.cells) <= stones
        batch.step(np.array([action]))
        assert not batch.done[0]
    np.testing.assert_array_equal(batch.boards()[0], game.board())
    assert captures > 200
