"""The batched search against a plain one, and against positions small enough to work out."""

from __future__ import annotations

import numpy as np
import pytest
from search_positions import HashEvaluator, random_positions
from search_reference import PlainSearch
from search_reference import search as plain_search

from algorithms.evaluator import NotFiniteError, PlayoutEvaluator, UniformEvaluator
from algorithms.search import Search, SearchConfig
from goenv import GoBatch, Rules, set_num_threads


def reference_evaluate(game):
    return HashEvaluator().judge_game(game)


@pytest.mark.parametrize(("rule", "reduction"), [("puct", 0.0), ("puct", 0.4), ("ucb1", 0.0)])
@pytest.mark.parametrize(("size", "plies"), [(2, 3), (3, 0), (3, 9), (4, 20)])
def test_same_visits_and_values_as_the_plain_tree(rule, reduction, size, plies):
    rules = Rules(size, komi=0.5)
    batch, games = random_positions(rules, 6, plies, seed=size + plies)
    config = SearchConfig(
        simulations=120, root=rule, interior=rule, exploration=1.1, first_play_reduction=reduction
    )
    result = Search(config, HashEvaluator()).run(batch, np.random.default_rng(0))
    compared = 0
    for index, game in enumerate(games):
        if game.over:
            assert result.visits[index].sum() == 0
            continue
        root = plain_search(game, 120, rule, 1.1, reduction, reference_evaluate)
        expected = [root.visits.get(action, 0) for action in range(size * size + 1)]
        assert result.visits[index].tolist() == expected
        for action, visits in root.visits.items():
            if visits:
                assert result.q[index, action] == pytest.approx(root.q(action), abs=1e-4)
            assert result.prior[index, action] == pytest.approx(root.prior[action], abs=1e-5)
        compared += 1
    assert compared >= 3


@pytest.mark.parametrize("rule", ["puct", "gumbel"])
@pytest.mark.parametrize(("size", "komi"), [(2, 0.5), (2, 4), (3, 2.5)])
def test_ends_of_games_count_by_their_score(rule, size, komi):
    batch, games = random_positions(Rules(size, komi=komi), 6, 2 * size, seed=size)
    config = SearchConfig(simulations=150, root=rule, interior=rule, score_weight=0.4)
    result = Search(config, HashEvaluator()).run(batch, np.random.default_rng(0))
    without = Search(config.model_copy(update={"score_weight": 0.0}), HashEvaluator()).run(
        batch, np.random.default_rng(0)
    )
    running = [index for index, game in enumerate(games) if not game.over]
    assert len(running) >= 3
    for index in running:
        root = PlainSearch(config, reference_evaluate).run(games[index], 150)
        expected = [root.visits.get(action, 0) for action in range(size * size + 1)]
        assert result.visits[index].tolist() == expected
        for action, visits in root.visits.items():
            if visits:
                assert result.q[index, action] == pytest.approx(root.q(action), abs=1e-4)
    assert (result.q[running] != without.q[running]).any()


def test_every_round_evaluates_one_leaf_of_each_game_in_one_batch():
    evaluator = HashEvaluator()
    batch = GoBatch(5, Rules(3))
    result = Search(SearchConfig(simulations=17), evaluator).run(batch, np.random.default_rng(0))
    assert evaluator.calls == 18
    assert (result.visits.sum(axis=1) == 17).all()


def test_the_batch_is_left_as_it_was():
    batch, _ = random_positions(Rules(4), 4, 6, seed=1)
    before = [array.copy() for array in batch.games]
    Search(SearchConfig(simulations=30), HashEvaluator()).run(batch, np.random.default_rng(0))
    for old, new in zip(before, batch.games, strict=True):
        assert (old == new).all()


def test_results_do_not_depend_on_threads_or_company():
    rules = Rules(9)
    batch = GoBatch(64, rules, seed=3)
    for _ in range(12):
        batch.step(batch.random_actions())
    config = SearchConfig(simulations=24)
    alone = Search(config, HashEvaluator()).run(batch.take([7]), np.random.default_rng(0))
    together = Search(config, HashEvaluator()).run(batch, np.random.default_rng(0))
    set_num_threads(2)
    try:
        threaded = Search(config, HashEvaluator()).run(batch, np.random.default_rng(0))
    finally:
        set_num_threads(1)
    assert (alone.visits[0] == together.visits[7]).all()
    assert (threaded.visits == together.visits).all()


def winning_pass() -> GoBatch:
    """2x2, komi 0.5; only Black has stones, and White has just passed: Black wins by passing."""
    batch = GoBatch(1, Rules(2, komi=0.5))
    for action in (0, 4, 3, 4):  # Black two diagonal stones, White only passes
        batch.step(np.array([action]))
    return batch


class Saying:
    """Says the same of every position."""

    def __init__(self, logit, value):
        self.logit, self.value = logit, value

    def evaluate(self, batch, games):
        logits = np.zeros((len(games), batch.num_actions), np.float32)
        logits[:, -1] = self.logit
        return logits, np.full(len(games), self.value, np.float32)

    def seed(self, rng):
        pass


@pytest.mark.parametrize(
    ("logit", "value", "name"),
    [(np.nan, 0, "policy"), (np.inf, 0, "policy"), (0, np.nan, "value"), (0, -np.inf, "value")],
)
def test_what_is_no_number_is_refused(logit, value, name):
    batch = GoBatch(3, Rules(3, komi=0.5))
    search = Search(SearchConfig(simulations=20), Saying(logit, value))
    with pytest.raises(NotFiniteError, match=f"the {name} of a position is .* no number"):
        search.run(batch, np.random.default_rng(0))
    # A logit of -inf is a prior of nothing; and the same search goes on with better answers.
    search.evaluator = Saying(-np.inf, 0)
    result = search.run(batch, np.random.default_rng(0))
    assert (result.prior[:, -1] < 1e-30).all()
    assert (result.visits.sum(axis=1) == 20).all()


def test_finds_a_win_in_one_and_values_it_from_the_movers_side():
    batch = winning_pass()
    assert batch.to_play[0] == 1
    result = Search(SearchConfig(simulations=200), UniformEvaluator()).run(
        batch, np.random.default_rng(0)
    )
    assert result.best[0] == 4
    assert result.q[0, 4] == 1.0
    assert result.value[0] > 0.5


def test_white_takes_a_win_in_one_too():
    batch = GoBatch(1, Rules(2, komi=0.5))
    for action in (0, 3, 4):
        batch.step(np.array([action]))
    # A stone each and two empty points that touch both: 0 to 0, so by komi White's pass wins.
    result = Search(SearchConfig(simulations=300), UniformEvaluator()).run(
        batch, np.random.default_rng(0)
    )
    assert batch.to_play[0] == -1
    assert result.best[0] == 4
    assert result.q[0, 4] == 1.0


def test_root_noise_is_a_distribution_over_legal_moves_drawn_once():
    batch, _ = random_positions(Rules(3), 4, 3, seed=5)
    quiet = Search(SearchConfig(simulations=8), HashEvaluator())
    loud = Search(SearchConfig(simulations=8, noise_fraction=0.5), HashEvaluator())
    base = quiet.run(batch, np.random.default_rng(0)).prior
    first = loud.run(batch, np.random.default_rng(1)).prior
    again = loud.run(batch, np.random.default_rng(1)).prior
    other = loud.run(batch, np.random.default_rng(2)).prior
    legal = batch.legal_actions()
    assert np.allclose(first.sum(axis=1)[~batch.done], 1, atol=1e-5)
    assert (first[~legal] == 0).all()
    assert (first == again).all()
    assert (first != other).any()
    assert (first >= 0.5 * base - 1e-6).all()


def test_superko_is_exact_inside_the_tree():
    # Every node of a deep search on 2x2, where nearly all moves end in repetition.
    rules = Rules(2, komi=0.5)
    batch, games = random_positions(rules, 8, 5, seed=9)
    config = SearchConfig(simulations=600, root="ucb1", interior="ucb1", exploration=2.0)
    result = Search(config, HashEvaluator()).run(batch, np.random.default_rng(0))
    for index, game in enumerate(games):
        if not game.over:
            root = plain_search(game, 600, "ucb1", 2.0, 0.0, reference_evaluate)
            assert result.visits[index].tolist() == [root.visits.get(a, 0) for a in range(5)]


def test_playouts_are_repeatable_unbiased_and_leave_the_leaf_alone():
    batch = winning_pass().take(np.zeros(4000, int))
    evaluator = PlayoutEvaluator()
    evaluator.seed(np.random.default_rng(0))
    before = batch.games.cells.copy()
    _, values = evaluator.evaluate(batch, np.arange(len(batch)))
    assert (batch.games.cells == before).all()
    assert set(np.unique(values)) <= {-1.0, 0.0, 1.0}
    evaluator.seed(np.random.default_rng(0))
    _, again = evaluator.evaluate(batch, np.arange(len(batch)))
    assert (values == again).all()
    # Different games of one batch draw differently.
    first = GoBatch(2000, Rules(5, komi=0.5))
    _, values = evaluator.evaluate(first, np.arange(len(first)))
    assert 0.05 < (values > 0).mean() < 0.95


def test_uct_finds_the_centre_on_3x3():
    batch = GoBatch(1, Rules(3, komi=8.5))
    config = SearchConfig(simulations=3000, root="ucb1", interior="ucb1", exploration=1.0)
    result = Search(config, PlayoutEvaluator()).run(batch, np.random.default_rng(0))
    assert result.best[0] == 4
