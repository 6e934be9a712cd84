"""Several leaves of a tree at a time."""

from __future__ import annotations

import numpy as np
import pytest
from search_graph_reference import GraphSearch
from search_positions import HashEvaluator, assert_same, check_tree, random_positions
from search_reference import PlainSearch

from algorithms.evaluator import UniformEvaluator
from algorithms.search import Search, SearchConfig
from algorithms.search.trees import OVER, PENDING
from goenv import GoBatch, Rules

RULES = [
    {},
    {"root": "ucb1", "interior": "ucb1"},
    {"root": "gumbel", "interior": "gumbel", "gumbel_scale": 1.0},
    {"root": "gumbel"},
]


@pytest.mark.parametrize("settings", RULES, ids=str)
@pytest.mark.parametrize("leaves", [2, 4, 8])
@pytest.mark.parametrize(("size", "plies"), [(2, 2), (3, 4), (4, 9), (5, 14)])
def test_the_plain_search_with_virtual_losses(size, plies, leaves, settings):
    batch, games = random_positions(Rules(size, komi=0.5), 4, plies, seed=size + plies)
    config = SearchConfig(simulations=70, leaves=leaves, **settings)
    evaluator = HashEvaluator()
    search = Search(config, evaluator)
    result = search.run(batch, np.random.default_rng(3))
    running = np.flatnonzero(~batch.done)
    gumbel = np.random.default_rng(3).gumbel(size=(len(running), batch.num_actions))
    calls = np.zeros(1, int)
    for row, index in enumerate(running):
        plain = GraphSearch(config, evaluator.judge_game)
        root = plain.run(games[index], 70, gumbel[row] * config.gumbel_scale)
        assert_same(result, index, root)
        nodes = check_tree(search, index, games[index])
        # One evaluation of the root, then those of each round, added over the games.
        counts = np.array([1, *(len(leaves) for leaves in plain.rounds)])
        assert 1 + (search._trees.state[index, 1:nodes] != OVER).sum() == counts.sum()
        calls = np.pad(calls, (0, max(0, len(counts) - len(calls))))
        calls[: len(counts)] += counts
    assert evaluator.counts == calls[calls > 0].tolist()


@pytest.mark.parametrize("settings", RULES, ids=str)
def test_with_one_leaf_the_other_reference_agrees(settings):
    _, games = random_positions(Rules(3, komi=0.5), 4, 3, seed=2)
    config = SearchConfig(simulations=60, **settings)
    judge = HashEvaluator().judge_game
    for game in games:
        if not game.over:
            one = PlainSearch(config, judge).run(game, 60)
            other = GraphSearch(config, judge).run(game, 60)
            assert one.visits == other.visits


@pytest.mark.parametrize("leaves", [4, 16])
def test_no_leaf_is_taken_twice_in_a_round(leaves):
    batch, _ = random_positions(Rules(4, komi=0.5), 12, 10, seed=4)
    config = SearchConfig(simulations=64, leaves=leaves)
    search = Search(config, HashEvaluator())
    running = np.flatnonzero(~batch.done)
    search.begin(batch, running, np.random.default_rng(0))
    sides = []
    while search.active.any():
        search.round(batch)
        trees = search._trees
        for game in running:
            paths = range(trees.info[game, PENDING])
            found = [trees.path_nodes[game, p, trees.path_lengths[game, p]] for p in paths]
            assert len(set(found)) == len(found)
            sides.append(len(found))
    assert max(sides) == leaves
    assert (search.result(running).visits.sum(axis=1) == 64).all()


def test_leaves_save_calls():
    batch = GoBatch(3, Rules(5))
    evaluator = HashEvaluator()
    Search(SearchConfig(simulations=64, leaves=8), evaluator).run(batch, np.random.default_rng(0))
    assert evaluator.calls < 20
    assert sum(evaluator.counts) == 3 * 65


def test_more_leaves_than_there_are_positions():
    # On 2x2 the whole tree is soon known; walks that meet a waiting leaf end the round.
    batch = GoBatch(2, Rules(2, komi=0.5, max_moves=3))
    search = Search(SearchConfig(simulations=300, leaves=64), UniformEvaluator())
    result = search.run(batch, np.random.default_rng(0))
    assert (result.visits.sum(axis=1) == 300).all()
    check_tree(search, 0)
