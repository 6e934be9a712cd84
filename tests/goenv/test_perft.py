"""Perft by the engine, by the slow referee, and as it is stored."""

from __future__ import annotations

import pytest

from algorithms.bench.perft_run import expected_counts
from baselines.reference import ReferenceGame
from baselines.reference_perft import ReferencePerft
from goenv import Rules
from goenv.perft import Perft, perft

STORED = dict(expected_counts())


def cut(counts, depth):
    return Perft(*(tuple(numbers[: depth + 1]) for numbers in counts))


def by_reference(rules, depth, **settings):
    game = ReferenceGame(rules.size, rules.komi, rules.superko, rules.suicide, rules.max_moves)
    counts = ReferencePerft(game, depth, **settings)
    return Perft(counts.sequences, counts.games, counts.positions)


def named(rules):
    return f"{rules.size}-{rules.superko}-{rules.suicide}"


def test_the_store_goes_as_deep_as_it_should():
    assert len(STORED) == 4 * 3 * 2
    for size in (2, 3, 4, 5):
        assert len(STORED[Rules(size)].sequences) > 6


@pytest.mark.parametrize("rules", STORED, ids=named)
def test_the_engine_counts_what_is_stored(rules):
    depth = {2: 10, 3: 6, 4: 5, 5: 4}[rules.size]
    assert perft(rules, depth) == cut(STORED[rules], depth)


@pytest.mark.parametrize("rules", STORED, ids=named)
def test_the_referee_counts_what_is_stored(rules):
    depth = {2: 10, 3: 5, 4: 4, 5: 3}[rules.size]
    assert by_reference(rules, depth) == cut(STORED[rules], depth)


@pytest.mark.parametrize("rules", STORED, ids=named)
def test_counting_the_same_future_once_changes_no_number(rules):
    depth = {2: 7, 3: 4, 4: 3, 5: 2}[rules.size]
    assert by_reference(rules, depth, memoise=False) == cut(STORED[rules], depth)


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_games_that_are_cut_off_go_no_further(limit):
    rules = Rules(3, max_moves=limit)
    counts = perft(rules, 4)
    assert counts == by_reference(rules, 4)
    assert counts.games[limit] == counts.sequences[limit]
    assert not any(counts.sequences[limit + 1 :])


def test_small_depths_by_hand():
    assert perft(Rules(19), 0) == ((1,), (0,), (1,))
    assert perft(Rules(19), 1) == ((1, 362), (0, 0), (1, 362))
    # A pass and a pass; a stone and a pass; a pass and a stone; two stones on different points.
    pairs = 1 + 361 + 361 + 361 * 360
    assert perft(Rules(19), 2) == ((1, 362, pairs), (0, 0, 1), (1, 362, pairs))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((5, 3), "rules"), ((Rules(3), -1), "depth"), ((Rules(3), 2.0), "depth"),
     ((Rules(3), True), "depth")],
)  # fmt: skip
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        perft(*arguments)
