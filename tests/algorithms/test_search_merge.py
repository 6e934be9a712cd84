"""One node for a position, however it was reached."""

from __future__ import annotations

import numpy as np
import pytest
from search_graph_reference import GraphSearch
from search_positions import (
    HashEvaluator,
    assert_same,
    check_tree,
    random_positions,
    reference_game,
    step,
)

from algorithms.search import Search, SearchConfig
from algorithms.search.trees import ILLEGAL, OPEN
from goenv import GoBatch, Rules

RULES = [
    {},
    {"root": "ucb1", "interior": "ucb1", "exploration": 1.5},
    {"root": "gumbel", "interior": "gumbel"},
    {"leaves": 4},
]


class Watching(HashEvaluator):
    """Replays the way to every leaf by the slow rules, where an illegal move is an error."""

    def watch(self, search: Search, games: list) -> None:
        self.search, self.games, self.watched = search, [game.copy() for game in games], 0

    def evaluate(self, batch, slots):
        trees, boards, to_play = self.search._trees, batch.boards(), batch.to_play
        for slot in slots:
            game, path = divmod(int(slot), self.search.config.leaves)
            replayed = self.games[game].copy()
            for at in range(trees.path_lengths[game, path]):
                node = trees.path_nodes[game, path, at]
                assert trees.state[game, node] == OPEN
                legal = trees.prior[game, node] != ILLEGAL
                assert legal.tolist() == replayed.legal_actions()
                replayed.play(int(trees.path_actions[game, path, at]))
            assert (replayed.board() == boards[slot]).all()
            assert replayed.to_play == to_play[slot]
            assert not replayed.over
            self.watched += 1
        return super().evaluate(batch, slots)


@pytest.mark.parametrize("settings", RULES, ids=str)
@pytest.mark.parametrize("superko", ["positional", "situational", "simple"])
@pytest.mark.parametrize(
    ("size", "plies", "max_moves"), [(2, 1, None), (2, 2, 9), (3, 3, None), (3, 3, 8), (4, 8, None)]
)
def test_the_plain_search_of_a_graph(size, plies, max_moves, superko, settings):
    rules = Rules(size, komi=0.5, superko=superko, max_moves=max_moves)
    batch, games = random_positions(rules, 4, plies, seed=size + plies)
    simulations = 100 if size < 4 else 60
    config = SearchConfig(simulations=simulations, merge=True, **settings)
    evaluator = Watching()
    search = Search(config, evaluator)
    evaluator.watch(search, games)
    result = search.run(batch, np.random.default_rng(0))
    for index, game in enumerate(games):
        if not game.over:
            plain = GraphSearch(config, evaluator.judge_game)
            root = plain.run(game, simulations)
            assert_same(result, index, root)
            check_tree(search, index)
            tree = search._trees.identities[index]
            assert len(plain.known) <= len(set(tree[tree != 0]))


def test_it_needs_fewer_evaluations_than_a_tree():
    batch = GoBatch(4, Rules(2, komi=0.5))
    config = SearchConfig(simulations=600, root="ucb1", interior="ucb1")
    counts = []
    for merge in (False, True):
        evaluator = HashEvaluator()
        search = Search(config.model_copy(update={"merge": merge}), evaluator)
        search.run(batch, np.random.default_rng(0))
        counts.append(sum(evaluator.counts))
    assert counts[1] < 0.9 * counts[0]


@pytest.mark.parametrize("superko", ["positional", "situational", "simple"])
@pytest.mark.parametrize("leaves", [1, 4])
@pytest.mark.parametrize("size", [2, 3])
def test_no_move_is_illegal_from_move_to_move(size, leaves, superko):
    # The same position is reached with histories that forbid different moves later on.
    rules = Rules(size, komi=0.5, superko=superko)
    batch, games = random_positions(rules, 6, 3, seed=7)
    config = SearchConfig(
        simulations=60, merge=True, reuse=True, leaves=leaves, root="ucb1", interior="ucb1"
    )
    evaluator = Watching()
    search = Search(config, evaluator)
    rng = np.random.default_rng(0)
    for turn in range(10):
        over = batch.done
        batch.reset(over)
        for index in np.flatnonzero(over):
            games[index] = reference_game(rules)
        evaluator.watch(search, games)
        result = search.run(batch, rng)
        legal = batch.legal_actions()
        assert ((result.prior > 0) == legal).all()
        assert (result.visits.sum(axis=1) >= 60).all()
        for index in range(6):
            check_tree(search, index)
        for _ in range(1 + turn % 4):
            running = ~batch.done
            drawn = rng.random(legal.shape) * batch.legal_actions()
            drawn[:, -1] *= 0.3
            assert running.any() or batch.done.all()
            step(batch, games, drawn.argmax(axis=1))
    assert evaluator.watched > 0


@pytest.mark.parametrize("merge", [False, True])
def test_cycles_end(merge):
    # On 2x2 under simple superko the stones of both sides are captured for ever.
    batch, _ = random_positions(Rules(2, komi=0.5, superko="simple"), 4, 6, seed=0)
    evaluator = HashEvaluator(sharpness=4, pass_logit=-12)
    config = SearchConfig(simulations=300, merge=merge, exploration=5)
    result = Search(config, evaluator).run(batch, np.random.default_rng(0))
    visits = result.visits.sum(axis=1)[~batch.done]
    assert (visits >= 300).all()  # a walk may come back to the root
    assert merge or (visits == 300).all()
