"""Trees that are kept from move to move."""

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
from search_reference import PlainSearch

from algorithms.search import Search, SearchConfig
from algorithms.search.trees import FREE, USED
from goenv import BLACK, WHITE, GoBatch, Rules

NO_NOISE = np.random.default_rng(0)


def evaluations(search: Search, batch: GoBatch) -> int:
    """Positions that a search of the batch evaluates: one more than its budget if it is new."""
    before = sum(search.evaluator.counts)
    search.run(batch, np.random.default_rng(0))
    return sum(search.evaluator.counts) - before


@pytest.mark.parametrize("superko", ["positional", "situational", "simple"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"root": "ucb1", "interior": "ucb1", "exploration": 0.7},
        {"root": "gumbel", "interior": "gumbel"},
        {"root": "gumbel", "gumbel_scale": 1.0},
        {"leaves": 4},
        {"merge": True},
        {"merge": True, "root": "gumbel"},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [2, 3, 4])
def test_a_search_goes_on_where_the_last_one_was(size, settings, superko):
    if superko == "simple" and "merge" in settings and "root" in settings:
        return  # halving counts the visits of a root to which no way leads back
    rules = Rules(size, komi=0.5, superko=superko)
    batch, games = random_positions(rules, 3, 2, seed=size)
    config = SearchConfig(simulations=200, reuse=True, **settings)  # room for all
    evaluator = HashEvaluator()
    search = Search(config, evaluator)
    textbook = not (config.merge or config.leaves > 1)
    plain = [
        (PlainSearch if textbook else GraphSearch)(config, evaluator.judge_game) for _ in games
    ]
    choices = np.random.default_rng(size)
    kept = 0
    for turn in range(7):
        running = np.flatnonzero(~batch.done)
        if len(running) == 0:
            break
        gumbel = np.zeros((len(games), batch.num_actions))
        if config.gumbel_scale > 0:
            gumbel[running] = np.random.default_rng(turn).gumbel(size=gumbel[running].shape)
        result = search.run(batch, np.random.default_rng(turn), 40)
        for index in running:
            kept += plain[index].root is not None
            root = plain[index].run(games[index].copy(), 40, gumbel[index])
            assert_same(result, index, root)
            check_tree(search, index, None if config.merge else games[index])
            if config.root == "gumbel":
                assert result.best[index] == plain[index].gumbel_root.best()
        # One move, or two without a search between.
        for _ in range(1 + turn % 2):
            drawn = choices.random(result.visits.shape) * batch.legal_actions()
            actions = (drawn * (1 + result.visits)).argmax(axis=1)
            for index in np.flatnonzero(~batch.done):
                game, passed = games[index], actions[index] == batch.num_actions - 1
                repeats = (game.cells, -game.to_play) in game.seen_situations
                if superko == "situational" and passed and repeats:
                    plain[index].root = None  # the tree is not found again after such a pass
                if plain[index].root is not None:
                    plain[index].follow(int(actions[index]))
            step(batch, games, actions)
            result.visits[...] = 0
    assert kept >= 3


def test_the_next_search_begins_with_the_subtree():
    batch, _ = random_positions(Rules(3, komi=0.5), 5, 2, seed=3)
    evaluator = HashEvaluator()
    search = Search(SearchConfig(simulations=100, reuse=True), evaluator)
    first = search.run(batch, NO_NOISE)
    trees = search._trees
    children = trees.child[np.arange(5), 0, first.best]
    visits = trees.visits[np.arange(5), children].copy()
    q = trees.q[np.arange(5), children].copy()
    batch.step(first.best)
    running = np.flatnonzero(~batch.done)
    search.begin(batch, running, NO_NOISE, 1)
    result = search.result(running)
    assert (result.visits == visits[running]).all()
    assert (result.q == np.where(visits > 0, q, 0)[running]).all()
    assert (visits[running].sum(axis=1) == first.visits.max(axis=1)[running] - 1).all()
    assert len(running) >= 3


def test_nothing_is_reused_that_is_of_another_game():
    rules = Rules(3, komi=0.5)
    search = Search(SearchConfig(simulations=50, reuse=True, exploration=50), HashEvaluator())

    def searched(*moves: int, rules=rules) -> GoBatch:
        batch = GoBatch(1, rules)
        for move in moves:
            batch.step(np.array([move]))
        return batch

    def is_new(batch: GoBatch) -> bool:
        twin = Search(search.config.model_copy(update={"reuse": False}), HashEvaluator())
        expected = twin.run(batch, NO_NOISE)
        search.begin(batch, [0], NO_NOISE)
        new = search._trees.info[0, USED] == 0
        while search.active.any():
            search.round(batch)
        if new:
            assert (search.result([0]).visits == expected.visits).all()
        return new

    assert is_new(searched())
    assert not is_new(searched(4))
    assert not is_new(searched(4, 0))
    assert is_new(searched(4, 1))  # a sibling
    assert is_new(searched(5, 1, 4, 2))  # a game to which no move leads from there
    assert is_new(searched())  # a game begun anew
    assert is_new(searched(rules=Rules(3, komi=1.5)))
    assert is_new(searched(rules=Rules(3, komi=1.5, superko="situational")))
    assert is_new(searched(rules=Rules(3, komi=1.5, max_moves=20)))
    assert is_new(searched(1, 2, 4))
    assert is_new(searched(4, 2, 1))  # the same board, reached by the same moves in other order
    assert not is_new(searched(4, 2, 1, 9))


@pytest.mark.parametrize("superko", ["positional", "situational", "simple"])
def test_the_same_stones_with_another_player_to_move_are_another_game(superko):
    batch = GoBatch(1, Rules(3, komi=0.5, superko=superko))
    search = Search(SearchConfig(simulations=50, reuse=True), HashEvaluator())
    board = np.zeros((3, 3), np.int8)
    board[1, 1] = 1
    batch.set_position(0, board, BLACK)
    search.run(batch, NO_NOISE)
    batch.set_position(0, board, WHITE)
    plain = Search(SearchConfig(simulations=50), HashEvaluator()).run(batch, NO_NOISE)
    assert (search.run(batch, NO_NOISE).visits == plain.visits).all()


def ko(retaken: bool, rules: Rules) -> GoBatch:
    """4x4, a ko that Black has just taken, or the same stones with White free to take it."""
    batch = GoBatch(1, rules)
    if retaken:
        moves = [1, 2, 4, 7, 9, 10, 15, 5, 6]  # White 5, Black takes it with 6
    else:
        moves = [1, 2, 4, 7, 9, 10, 15, 16, 6]  # White passes: Black 6 takes nothing
    for move in moves:
        batch.step(np.array([move]))
    return batch


@pytest.mark.parametrize("superko", ["positional", "situational", "simple"])
def test_the_same_board_with_another_ko_is_another_game(superko):
    rules = Rules(4, komi=0.5, superko=superko)
    barred, free = ko(True, rules), ko(False, rules)
    assert (barred.boards() == free.boards()).all()
    assert not barred.legal_actions()[0, 5]
    assert free.legal_actions()[0, 5]
    for first, second in ((barred, free), (free, barred)):
        search = Search(SearchConfig(simulations=60, reuse=True), HashEvaluator())
        search.run(first, NO_NOISE)
        assert evaluations(search, second) > 50
        again = search.run(second, NO_NOISE).prior[0] > 0
        assert (again == second.legal_actions()[0]).all()
    # So with the move before: from the board without White's stone the same move is no ko.
    before = GoBatch(1, rules)
    for move in [1, 2, 4, 7, 9, 10, 15, 5]:
        before.step(np.array([move]))
    search = Search(SearchConfig(simulations=200, reuse=True, exploration=9), HashEvaluator())
    search.run(before, NO_NOISE)
    assert ((search.run(free, NO_NOISE).prior[0] > 0) == free.legal_actions()[0]).all()


def test_a_pass_and_a_suicide_that_leave_the_same_board_are_told_apart():
    # Under situational superko the suicide of a stone is legal, and does not count as a pass.
    rules = Rules(3, komi=0.5, superko="situational")
    passed, played = GoBatch(1, rules), GoBatch(1, rules)
    for batch, last in ((passed, 9), (played, 0)):
        for move in (1, 8, 3, 9, 4, last):
            batch.step(np.array([move]))
    assert (passed.boards() == played.boards()).all()
    assert (passed.ply == played.ply).all()
    search = Search(SearchConfig(simulations=60, reuse=True), HashEvaluator())
    search.run(played, NO_NOISE)
    plain = Search(SearchConfig(simulations=60), HashEvaluator()).run(passed, NO_NOISE)
    assert (search.run(passed, NO_NOISE).visits == plain.visits).all()


def test_a_search_broken_off_leaves_nothing_behind():
    batch = GoBatch(2, Rules(3, komi=0.5))
    config = SearchConfig(simulations=60, reuse=True, leaves=8)
    search = Search(config, HashEvaluator())
    search.begin(batch, np.arange(2), NO_NOISE)
    for _ in range(4):
        search.round(batch)
    result = search.run(batch, NO_NOISE)
    assert (result.visits.sum(axis=1) >= 60).all()
    check_tree(search, 0, reference_game(batch.rules[0]))


def test_noise_of_an_earlier_search_of_the_same_position_is_gone():
    batch = GoBatch(1, Rules(3, komi=0.5))
    config = SearchConfig(simulations=30, noise_fraction=0.5, reuse=True)
    search = Search(config, HashEvaluator())
    clean = Search(SearchConfig(simulations=30), HashEvaluator()).run(batch, NO_NOISE)
    priors = []
    for seed, noisy in ((1, True), (2, False), (3, True), (4, True)):
        search.begin(batch, [0], np.random.default_rng(seed), noisy=noisy)
        while search.active.any():
            search.round(batch)
        priors.append(search.result([0]).prior)
    assert np.allclose(priors[1], clean.prior, atol=1e-6)
    assert all(np.abs(priors[i] - clean.prior).max() > 0.01 for i in (0, 2, 3))
    assert np.abs(priors[2] - priors[3]).max() > 0.01


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize("superko", ["positional", "situational", "simple"])
def test_200_moves_never_overflow(superko, merge):
    # Budgets vary, and some positions are searched again and again: more than can be kept.
    rules = Rules(3, komi=0.5, superko=superko)
    batch, games = random_positions(rules, 6, 0, seed=1)
    config = SearchConfig(simulations=24, reuse=True, merge=merge)
    search = Search(config, HashEvaluator(sharpness=3))
    rng = np.random.default_rng(0)
    fullest = 0
    for move in range(200):
        over = batch.done
        batch.reset(over)
        for index in np.flatnonzero(over):
            games[index] = reference_game(rules)
        result = search.run(batch, rng, int(rng.integers(1, 25)))
        info = search._trees.info
        assert (info[:, USED] <= search._trees.value.shape[1]).all()
        fullest = max(fullest, int((info[:, USED] - info[:, FREE]).max()))
        assert (result.visits.sum(axis=1) >= 1).all()
        assert (result.visits[~batch.legal_actions()] == 0).all()
        for index, game in enumerate(games):
            if move % 20 == 0:
                check_tree(search, index, None if merge else game, cut=True)
        stay = rng.random(6) < 0.3
        if not stay.all():
            go = np.flatnonzero(~stay)
            moved = batch.take(go)
            actions = np.where(rng.random(6) < 0.2, 9, result.best)[go]
            step(moved, [games[index] for index in go], actions)
            for at, index in enumerate(go):
                moved.copy_game(at, batch, int(index))
    assert fullest > 25
