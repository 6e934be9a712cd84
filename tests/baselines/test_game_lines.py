"""Games known again by what was played."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.game_lines import LineBook
from goenv import BLACK, WHITE, GoBatch, Rules


def replayed(line):
    """The position to which a line leads."""
    batch = GoBatch(1, line.rules)
    size = line.rules.size
    if any(line.start) or line.to_start != BLACK:
        batch.set_position(0, np.frombuffer(line.start, np.int8).reshape(size, size), line.to_start)
    for move in line.moves:
        batch.step(np.array([move]))
    return batch


def assert_there(lines, batch, games):
    assert len({id(line) for line in lines}) == len(lines)
    for line, game in zip(lines, games, strict=True):
        size = batch.rules[game].size
        there = replayed(line)
        np.testing.assert_array_equal(there.boards()[0], batch.boards()[game, :size, :size])
        assert there.to_play[0] == batch.to_play[game] == line.to_play
        if line.whole:
            assert there.ply[0] == batch.ply[game]


@pytest.mark.parametrize("sizes", [[5] * 6, [2, 3, 5, 9, 19, 25]])
@pytest.mark.parametrize("seed", range(3))
def test_lines_lead_to_the_games_whatever_is_shown_of_them(sizes, seed):
    batch = GoBatch(6, [Rules(size) for size in sizes], seed=seed)
    book, generator = LineBook(), np.random.default_rng(seed)
    last = np.zeros(6, int)  # ply at which each game was shown
    unbroken = np.ones(6, bool)
    for _ in range(80):
        running = np.flatnonzero(~batch.done)
        shown = generator.permutation(running)[: generator.integers(0, len(running) + 1)]
        if len(shown):
            lines = book.find(batch.take(shown), range(len(shown)))
            assert_there(lines, batch, shown)
            unbroken[shown] &= batch.ply[shown] - last[shown] <= 5
            last[shown] = batch.ply[shown]
            for line, game in zip(lines, shown, strict=True):
                assert line.whole or not unbroken[game]
        batch.step(batch.random_actions())
    assert unbroken.any()


def test_a_game_seen_too_late_begins_five_moves_ago():
    batch = GoBatch(1, Rules(9), seed=1)
    for ply in range(12):
        (line,) = LineBook().find(batch, [0])
        assert line.whole == (ply <= 5)
        assert len(line.moves) == min(ply, 5)
        assert_there([line], batch, [0])
        batch.step(batch.random_actions())


def test_a_game_goes_on_with_its_line_and_others_that_were_the_same_get_their_own():
    batch, book = GoBatch(3, Rules(9)), LineBook()
    first = book.find(batch, range(3))
    batch.step(np.array([0, 0, 5]))
    batch.step(np.array([1, 1, 1]))
    second = book.find(batch, range(3))
    assert set(first) == set(second)
    batch.step(np.array([9, 10, 11]))
    other = book.find(batch, range(3))  # the other colour has lines of its own
    assert not set(first) & set(other)
    batch.step(np.array([20, 21, 22]))
    third = book.find(batch, [2, 1, 0])
    assert set(third) == set(first)
    assert_there(third, batch, [2, 1, 0])


def test_an_earlier_position_is_known_though_its_game_went_on():
    book, batch = LineBook(), GoBatch(1, Rules(9), seed=2)
    shown = []
    for _ in range(20):
        (line,) = book.find(batch, [0])
        shown.append(batch.clone())
        batch.step(batch.random_actions())
        batch.step(batch.random_actions())
    (back,) = book.find(shown[-2], [0])
    assert back is not line
    assert back.whole
    assert_there([back], shown[-2], [0])


def test_other_rules_make_another_game_but_a_limit_of_moves_does_not():
    book = LineBook()
    (line,) = book.find(GoBatch(1, Rules(5)), [0])
    assert book.find(GoBatch(1, Rules(5, max_moves=30)), [0]) == [line]
    for rules in (Rules(5, komi=0.5), Rules(5, superko="simple"), Rules(5, suicide=False)):
        assert book.find(GoBatch(1, rules), [0]) != [line]


def test_white_may_begin():
    batch, book = GoBatch(1, Rules(9)), LineBook()
    batch.place_handicap(0, 3)
    (line,) = book.find(batch, [0])
    assert (line.to_start, line.whole) == (WHITE, True)
    assert_there([line], batch, [0])
    batch.step(np.array([0]))
    batch.step(np.array([1]))
    assert book.find(batch, [0]) == [line]


def test_old_lines_are_forgotten():
    book = LineBook(most=10)
    for seed in range(30):
        batch = GoBatch(4, Rules(9), seed=seed)
        for _ in range(3):
            batch.step(batch.random_actions())
        book.find(batch, range(4))
    assert len(book) <= 14
    assert sum(map(len, book._at.values())) == sum(map(len, book._asked.values()))
