"""Positions: what text and pictures are told of a game, on boards of one size and of several."""

import numpy as np
import pytest

import goenv
from goenv.position import Position, position_of, positions


@pytest.fixture
def mixed():
    """Games on 3x3 and 5x5 in arrays of 5x5; Black at the lower right corner of each board."""
    batch = goenv.GoBatch(2, [goenv.Rules(size=3, komi=0.5), goenv.Rules(size=5, komi=0.5)])
    batch.step(np.array([2 * 5 + 2, 4 * 5 + 4]))
    return batch


def test_text_of_a_smaller_board(mixed):
    assert goenv.game_text(mixed, 0) == (
        "   A B C\n 3 . . . 3\n 2 . . . 2\n 1 . .(X)1\n   A B C\nmove 1, last C1, White (O) to play"
    )
    assert "last E1" in goenv.game_text(mixed, -1)
    mixed.step(np.array([25, 25]))
    assert goenv.game_text(mixed, 0).endswith("move 2, last pass, Black (X) to play")
    mixed.step(np.array([25, 25]))
    assert "game over, Black ahead by 8.5 on the board" in goenv.game_text(mixed, 0)


def test_positions_are_those_of_games_alone(mixed):
    """Each game of a mixed batch looks as the same game in a batch of its own."""
    rng = np.random.default_rng(0)
    alone = [goenv.GoBatch(1, rules) for rules in mixed.rules]
    batch = goenv.GoBatch(2, mixed.rules)
    for _ in range(30):
        actions = np.array([rng.choice(np.flatnonzero(row)) for row in batch.legal_actions()])
        for game, single in enumerate(alone):
            size = single.max_size
            row, column = divmod(int(actions[game]), 5)
            own = size * size if actions[game] == 25 else row * size + column
            single.step(np.array([own]))
        batch.step(actions)
        for shown, single in zip(positions(batch), alone, strict=True):
            expected = position_of(single, 0)
            assert np.array_equal(shown.board, expected.board)
            for name in ("last_action", "to_play", "ply", "score", "last_point"):
                assert getattr(shown, name) == getattr(expected, name)
        if batch.done.any():
            break


@pytest.mark.parametrize("game", [2, -3, 0.0, "0", True])
def test_unknown_games_are_named(mixed, game):
    with pytest.raises(IndexError, match="game must be a whole number below 2"):
        goenv.game_text(mixed, game)


@pytest.mark.parametrize(
    ("board", "last_action", "message"),
    [
        (np.zeros((3, 4), int), -1, r"board must be square, .* \(3, 4\)"),
        (np.zeros(9, int), -1, "board must be square"),
        (np.zeros((26, 26), int), -1, "side of 1 to 25, got 26"),
        (np.zeros((0, 0), int), -1, "side of 1 to 25, got 0"),
        (np.full((3, 3), 2), -1, "1 black, -1 white, 0 empty"),
        (np.zeros((3, 3)), -1, "whole numbers"),
        (np.zeros((3, 3), int), 10, "last_action must lie between -1 and 9 .*3x3, got 10"),
        (np.zeros((3, 3), int), -2, "last_action"),
        (np.zeros((3, 3), int), 1.5, "last_action must be a whole number, got 1.5"),
    ],
)
def test_wrong_positions_are_named(board, last_action, message):
    for show in (goenv.ansi, goenv.svg, goenv.rgb_array, Position):
        with pytest.raises(ValueError, match=message):
            show(board, last_action)
