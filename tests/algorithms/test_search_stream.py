"""Searches in streams: budgets, early stops, long histories, checkpoints, many kinds of games."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from search_positions import (
    HashEvaluator,
    assert_same,
    check_tree,
    random_positions,
    step,
)
from search_reference import PlainSearch

from algorithms.evaluator import PlayoutEvaluator, UniformEvaluator
from algorithms.search import Search, SearchConfig
from algorithms.search.trees import HALTED, STARTED
from goenv import GoBatch, Rules, set_num_threads
from goenv.state import HISTORY_COUNT, grow_history, history_slots

RNG = np.random.default_rng(0)

MANY = [
    {},
    {"leaves": 4},
    {"merge": True},
    {"root": "gumbel", "interior": "gumbel"},
    {"stop_early": True, "root": "ucb1", "interior": "ucb1"},
    {"reuse": True, "merge": True, "leaves": 8},
]


def mixed_batch(count: int) -> GoBatch:
    """Games of sizes 2 to 5 under all sorts of rules, some of them finished."""
    kinds = ("positional", "situational", "simple")
    rules = [
        Rules(2 + i % 4, komi=0.5 + i % 3, superko=kinds[i % 3], max_moves=(None, 30)[i % 2])
        for i in range(count)
    ]
    batch = GoBatch(count, rules, seed=3)
    for _ in range(8):
        batch.step(batch.random_actions())
    return batch


def stream(search: Search, batch: GoBatch, games: list[int], budgets: list[int]) -> dict:
    """Search the games two at a time, the next one as soon as one is done; results by game."""
    waiting, found = list(zip(games, budgets, strict=True)), {}
    while waiting or search.active.any():
        while waiting and (search._trees is None or search.active.sum() < 2):
            game, budget = waiting.pop(0)
            search.begin(batch, np.array([game]), RNG, budget)
        for game in search.round(batch).tolist():
            result = search.result(np.array([game]))
            found[game] = (result.visits[0], result.q[0], result.best[0], result.policy[0])
    return found


@pytest.mark.parametrize("settings", MANY, ids=str)
def test_a_stream_finds_what_run_finds(settings):
    batch = mixed_batch(12)
    config = SearchConfig(simulations=70, **settings)
    running = np.flatnonzero(~batch.done).tolist()
    assert len(running) >= 4
    assert batch.done.any()
    budgets = [1 + 13 * i % 70 for i in range(len(running))]
    streamed = stream(Search(config, HashEvaluator()), batch, running, budgets)
    for game, budget in zip(running, budgets, strict=True):
        # Alone: company, other sizes and other slots do not matter.
        alone = Search(config, HashEvaluator()).run(batch.take([game]), RNG, budget)
        visits, q, best, policy = streamed[game]
        assert (visits == alone.visits[0]).all()
        assert (q == alone.q[0]).all()
        assert best == alone.best[0]
        assert (policy == alone.policy[0]).all()
        assert config.stop_early or config.merge or visits.sum() == budget
    together = Search(config, HashEvaluator()).run(batch, RNG)
    assert (together.visits[batch.done] == 0).all()
    assert (together.policy[batch.done] == 0).all()
    assert (together.value[batch.done] == 0).all()
    set_num_threads(2)
    try:
        threaded = Search(config, HashEvaluator()).run(batch.take(np.arange(240) % 12), RNG)
    finally:
        set_num_threads(1)
    for name in ("visits", "q", "policy", "best", "value"):
        assert (getattr(threaded, name)[:12] == getattr(together, name)).all()
        assert (getattr(threaded, name)[-12:] == getattr(together, name)).all()


def test_budgets_that_cannot_be():
    batch = GoBatch(2, Rules(3))
    search = Search(SearchConfig(simulations=8), UniformEvaluator())
    for wrong in (0, 9, np.array([3, 9])):
        with pytest.raises(ValueError, match="simulations must be 1 to 8"):
            search.begin(batch, np.arange(2), RNG, wrong)


@pytest.mark.parametrize("rule", ["puct", "ucb1"])
@pytest.mark.parametrize("leaves", [1, 4])
def test_an_early_stop_changes_no_choice(rule, leaves):
    saved = total = compared = 0
    for size in (2, 3, 4, 5):
        batch, _ = random_positions(Rules(size, komi=0.5), 64, 2 * size, seed=size)
        config = SearchConfig(
            simulations=60, root=rule, interior=rule, leaves=leaves, exploration=0.6
        )
        full = Search(config, HashEvaluator()).run(batch, RNG)
        search = Search(config.model_copy(update={"stop_early": True}), HashEvaluator())
        early = search.run(batch, RNG)
        running = ~batch.done
        assert (early.best == full.best)[running].all()
        assert (early.visits <= full.visits).all()
        saved += (full.visits - early.visits).sum()
        total += full.visits.sum()
        compared += running.sum()
        started = search._trees.info[running, STARTED]
        assert (started == early.visits[running].sum(axis=1)).all()
    assert compared > 125
    assert saved > 0.1 * total


@pytest.mark.parametrize("leaves", [1, 4])
@pytest.mark.parametrize("superko", ["positional", "situational"])
def test_long_histories_make_room_for_themselves(superko, leaves):
    # A policy that plays on for ever makes walks longer than the room they begin with.
    rules = Rules(4, komi=0.5, superko=superko)
    batch, games = random_positions(rules, 3, 0, seed=2)
    rng = np.random.default_rng(0)
    while batch.games.info[:, HISTORY_COUNT].max() < 54:  # of the 56 that a table of 64 takes
        legal = batch.legal_actions() * rng.random((3, 17))
        legal[:, -1] *= 1e-9
        step(batch, games, legal.argmax(axis=1))
    evaluator = HashEvaluator(sharpness=12, pass_logit=-200)
    config = SearchConfig(simulations=200, leaves=leaves, exploration=50, interior="puct")
    search = Search(config, evaluator)
    search.begin(batch, np.flatnonzero(~batch.done), RNG)
    # Take all room there is to spare, as a history would that is nearly full.
    fullest = int(batch.games.info[:, HISTORY_COUNT].max())
    slots = 8
    while 7 * slots < 8 * (fullest + 1):
        slots *= 2
    search._leaves.games.words[:, -history_slots(search._leaves.games) :] = 0
    search._leaves.games = grow_history(search._leaves.games, slots)
    cramped = 0
    while search.active.any():
        before = history_slots(search._leaves.games)
        search.round(batch)
        cramped += history_slots(search._leaves.games) > before
    assert (search._trees.info[:, HALTED] == 0).all()
    assert cramped >= 1
    roomy = batch.clone()
    roomy.make_room(2000)
    expected = Search(config, evaluator).run(roomy, RNG)
    result = search.result(np.arange(3))
    running = ~batch.done
    assert running.any()
    assert (result.visits == expected.visits)[running].all()
    assert (result.q == expected.q)[running].all()
    for index in np.flatnonzero(running):
        check_tree(search, index, games[index])
        if leaves == 1:
            root = PlainSearch(config, evaluator.judge_game).run(games[index], 200)
            assert_same(result, index, root)


@pytest.mark.parametrize("settings", MANY, ids=str)
def test_a_search_goes_on_from_its_state(settings):
    rules = [Rules(3, komi=0.5), Rules(3, komi=2.5), Rules(2, komi=0.5)]
    batch = GoBatch(3, rules)
    search = Search(SearchConfig(simulations=40, **settings), HashEvaluator())
    search.run(batch, RNG)
    # A game gives its place to another, under other rules, as in self-play.
    batch.set_rules(1, Rules(3, komi=1.5, superko="situational"))
    batch.set_rules(2, Rules(3, komi=4.5))
    search.begin(batch, np.arange(3), RNG)
    for _ in range(3):
        search.round(batch)
    saved = copy.deepcopy(search.state_dict())
    other = Search(search.config, HashEvaluator())
    copied = GoBatch.from_state(batch.get_state())
    other.load_state_dict(saved, copied)
    for one, games in ((search, batch), (other, copied)):
        while one.active.any():
            one.round(games)
    first, second = search.result(np.arange(3)), other.result(np.arange(3))
    for name in ("visits", "q", "policy", "best", "value"):
        assert (getattr(first, name) == getattr(second, name)).all()


def long_games(rules: Rules, count: int, positions: int) -> GoBatch:
    """Games with so many positions in their history, in which nobody passes without need."""
    batch, rng = GoBatch(count, rules), np.random.default_rng(1)
    while batch.games.info[:, HISTORY_COUNT].min() < positions:
        legal = batch.legal_actions() * rng.random((count, batch.num_actions))
        legal[:, -1] *= 1e-9
        batch.step(legal.argmax(axis=1))
        batch.reset(batch.done)
    return batch


def test_playouts_after_long_games_in_a_batch_of_short_ones():
    # The tables are made smaller then: they must not be asked to hold what they held.
    rules = Rules(4, komi=0.5)
    evaluator, long = PlayoutEvaluator(), long_games(rules, 1, 80)
    evaluator.evaluate(long, np.arange(1))
    short = GoBatch(1, rules)
    assert history_slots(short.games) < evaluator._scratch.games.info[0, HISTORY_COUNT]
    _, values = evaluator.evaluate(short, np.arange(1))
    assert set(values.tolist()) <= {-1.0, 0.0, 1.0}


@pytest.mark.parametrize("settings", [{}, {"leaves": 4}, {"merge": True}, {"reuse": True}], ids=str)
def test_uct_finds_the_centre_by_any_of_them(settings):
    batch = GoBatch(2, Rules(3, komi=8.5), seed=2)
    config = SearchConfig(simulations=2000, root="ucb1", interior="ucb1", exploration=1, **settings)
    search = Search(config, PlayoutEvaluator())
    result = search.run(batch, np.random.default_rng(0))
    assert (result.best == 4).all()
    # White sees the same game from the other side.
    batch.step(result.best)
    answer = search.run(batch, np.random.default_rng(0))
    assert answer.value == pytest.approx(-result.q[:, 4], abs=0.3)


def nbytes(search: Search) -> tuple[int, int]:
    """What its trees take, and the scratch games of its walks."""
    return sum(array.nbytes for array in search._trees), sum(
        array.nbytes for array in search._leaves.games
    )


@pytest.mark.parametrize("settings", [{}, {"reuse": True, "merge": True}])
def test_a_thousand_trees_on_9x9_fit_well_into_memory(settings):
    search = Search(SearchConfig(simulations=64, **settings), UniformEvaluator())
    batch = GoBatch(1024, Rules(9))
    search._fit(batch)
    trees, leaves = nbytes(search)
    assert trees + leaves < 2e9 / 4
    assert trees == pytest.approx(1024 * search.bytes_a_game(82), rel=0.3)


def test_trees_do_not_grow_with_the_moves_of_a_game():
    search = Search(SearchConfig(simulations=8, reuse=True), UniformEvaluator())
    batch = GoBatch(4, Rules(9))
    rng = np.random.default_rng(0)
    sizes = []
    for move in range(240):
        result = search.run(batch, rng)
        legal = batch.legal_actions() * (result.visits + rng.random((4, 82)))
        legal[:, -1] *= 1e-9
        batch.step(legal.argmax(axis=1))
        if move in (0, 239):
            sizes.append(nbytes(search))
    assert (batch.ply == 240).all()
    assert sizes[0][0] == sizes[1][0]
    # Superko needs the positions of the game: 8 bytes each in a table that is at most half empty
    # when it has doubled, and bits in front of it.
    assert sizes[1][1] - sizes[0][1] <= 4 * 240 * 64
