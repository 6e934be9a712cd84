"""Openings: legal, and no two alike however the board is turned or the moves are ordered."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from baselines import openings
from baselines.openings import count_openings, make_openings
from baselines.reference import ReferenceGame
from baselines.reference_perft import images, symmetries
from goenv import GoBatch, Rules

RULES = Rules(3, komi=0.5, max_moves=21)
PASS = 9


def position(opening, size):
    """Stones and legal moves after an opening, by the slow referee; the same for all images."""
    game = ReferenceGame(size)
    for move in opening:
        game.play(move)
    shown = zip(
        images(tuple(game.cells), size),
        images(tuple(game.legal_actions()[:-1]), size),
        strict=True,
    )
    return min(shown)


def sequences(moves, size):
    """All sequences of legal moves without passes, by the slow referee."""
    found = [()]
    for _ in range(moves):
        longer = []
        for opening in found:
            game = ReferenceGame(size)
            for move in opening:
                game.play(move)
            legal = game.legal_actions()[:-1]
            longer += [(*opening, move) for move, fine in enumerate(legal) if fine]
        found = longer
    return found


# How many there are


@pytest.mark.parametrize(("size", "first"), [(2, 1), (3, 3), (4, 3), (5, 6), (7, 10), (9, 15)])
def test_points_up_to_symmetry_by_burnside(size, first):
    """The number of classes is the mean number of points that a symmetry leaves where they are."""
    fixed = [sum(old == new for new, old in enumerate(table)) for table in symmetries(size)]
    assert sum(fixed) / 8 == first == count_openings(1, Rules(size))
    # Of two moves, the ordered pairs of different points that stay.
    if size > 2:  # where a second move may be a suicide, or take the first
        assert sum(n * (n - 1) for n in fixed) / 8 == count_openings(2, Rules(size))


@pytest.mark.parametrize(("size", "moves"), [(2, 2), (2, 6), (2, 7), (3, 2), (3, 4), (4, 3)])
def test_all_there_are_by_trying_all(size, moves):
    wanted = {position(opening, size) for opening in sequences(moves, size)}
    made = make_openings(count_openings(moves, Rules(size)), moves, Rules(size), 0)
    assert len(made) == len(wanted)
    assert {position(opening, size) for opening in made} == wanted


def test_orders_of_moves_that_lead_to_one_position_are_one_opening():
    """Two black stones and a white one on 5x5, none of which is taken: 25 * 24 / 2 * 23 boards."""
    boards = {
        min(images(tuple(1 if p in (a, c) else -1 if p == b else 0 for p in range(25)), 5))
        for a, b, c in permutations(range(25), 3)
    }
    assert count_openings(3, Rules(5)) == len(boards) == 904


def test_no_more_are_counted_than_can_be_listed(monkeypatch):
    with pytest.raises(ValueError, match="too many openings of 4 moves on 9x9"):
        count_openings(4, Rules(9))
    with pytest.raises(ValueError, match="no openings of 7 moves on 2x2"):
        count_openings(7, Rules(2, max_moves=7))
    with pytest.raises(ValueError, match="0 moves or more"):
        count_openings(-1, Rules(9))
    assert count_openings(0, Rules(9)) == 1


# Which ones are made


@pytest.mark.parametrize(("count", "moves"), [(1, 1), (3, 1), (7, 2), (12, 2), (100, 5)])
@pytest.mark.parametrize("listed", [True, False])
def test_openings_are_distinct_legal_and_reproducible(count, moves, listed, monkeypatch):
    if not listed:  # as on boards where there are too many
        monkeypatch.setattr(openings, "MOST_POSITIONS", 0)
    openings._all_openings.cache_clear()
    made = make_openings(count, moves, RULES, seed=3)
    assert len({position(opening, 3) for opening in made}) == len(made) == count
    assert made == make_openings(count, moves, RULES, seed=3)
    for opening in made:
        assert len(opening) == moves
        assert PASS not in opening
        batch = GoBatch(1, RULES)
        for move in opening:
            assert batch.legal_actions()[0, move]
            batch.step(np.array([move]))
        assert not batch.done[0]
    if count > 1:
        assert made != make_openings(count, moves, RULES, seed=4)
    openings._all_openings.cache_clear()


@pytest.mark.parametrize(("size", "moves"), [(3, 3), (9, 2), (9, 5)])
def test_fewer_are_the_first_of_more(size, moves):
    rules = Rules(size)
    assert make_openings(5, moves, rules, 0) == make_openings(30, moves, rules, 0)[:5]


def test_every_image_of_an_opening_is_as_likely():
    counts = np.zeros(9, int)
    for seed in range(400):
        counts[[opening[0] for opening in make_openings(3, 1, RULES, seed)]] += 1
    assert counts[4] == 400  # the centre is alone in its class
    corners, sides = counts[[0, 2, 6, 8]], counts[[1, 3, 5, 7]]
    assert corners.sum() == sides.sum() == 400
    assert min(corners.min(), sides.min()) > 65
    assert max(corners.max(), sides.max()) < 135  # four standard deviations


def test_no_moves_are_the_empty_board():
    assert make_openings(4, 0, RULES, seed=0) == [()] * 4


class _Corners:
    """Plays a corner by lot, of those that are free, or else passes."""

    name = "corners"

    def act(self, batch, rng):
        free = np.zeros((len(batch), 10))
        free[:, [0, 2, 6, 8]] = batch.legal_actions()[:, [0, 2, 6, 8]]
        free[:, PASS] = 0.1
        return np.argmax(free * (1 + rng.random(free.shape)), axis=1)


def test_openings_by_an_agent_are_of_its_moves_and_distinct():
    # Two stones in corners: side by side, or across.
    found = make_openings(2, 2, RULES, seed=0, by=_Corners())
    assert found == make_openings(2, 2, RULES, seed=0, by=_Corners())
    assert {move for opening in found for move in opening} <= {0, 2, 6, 8}
    assert len({position(opening, 3) for opening in found}) == 2
    assert make_openings(1, 2, RULES, seed=0, by=_Corners()) == found[:1]


def test_an_agent_that_knows_few_openings_is_told():
    with pytest.raises(ValueError, match="corners finds only 2 distinct openings of 2 moves, not"):
        make_openings(3, 2, RULES, seed=0, by=_Corners())
    with pytest.raises(ValueError, match="corners finds only 0"):  # the fifth is a pass
        make_openings(1, 5, RULES, seed=0, by=_Corners())


def test_an_opening_never_passes():
    """On 2x2 a player may have nothing but the pass."""
    rules = Rules(2, komi=0.5, max_moves=50)
    for opening in make_openings(2, 6, rules, seed=0):
        assert 4 not in opening


@pytest.mark.parametrize(
    ("count", "moves", "rules", "words"),
    [
        (13, 2, RULES, "not 13 distinct openings of 2 moves on 3x3: found 12, those that are"),
        (10, 1, RULES, "found 3"),
        (100_000, 2, RULES, "found 12"),
        (1, 4, Rules(3, max_moves=4), "found 0"),  # over before it began
        (0, 2, RULES, "count >= 1"),
        (3, -1, RULES, "moves >= 0"),
    ],
)
def test_more_openings_than_there_are(count, moves, rules, words):
    with pytest.raises(ValueError, match=words):
        make_openings(count, moves, rules, seed=0)
