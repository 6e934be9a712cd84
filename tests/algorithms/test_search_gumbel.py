"""Gumbel rules, uniform priors and root noise, against the plain search."""

from __future__ import annotations

import numpy as np
import pytest
from search_positions import HashEvaluator, assert_same, check_tree, random_positions
from search_reference import PlainSearch, halving, improved_policy

from algorithms.search import Search, SearchConfig
from algorithms.search.rules import considered_visits
from goenv import Rules

POSITIONS = [(2, 2), (3, 4), (4, 9), (5, 14)]  # size, plies


def compare(config: SearchConfig, size: int, plies: int, simulations: int, seed: int = 0) -> None:
    """Search random positions and compare with the plain search, given the same noise."""
    rules = Rules(size, komi=0.5)
    batch, games = random_positions(rules, 4, plies, seed=10 * size + plies + seed)
    evaluator = HashEvaluator()
    search = Search(config, evaluator)
    result = search.run(batch, np.random.default_rng(seed), simulations)
    running = [index for index, game in enumerate(games) if not game.over]
    rng, shape = np.random.default_rng(seed), (len(running), batch.num_actions)
    gumbel, dirichlet = [None] * len(games), [None] * len(games)
    if config.root == "gumbel" and config.gumbel_scale > 0:
        for index, draw in zip(running, rng.gumbel(size=shape), strict=True):
            gumbel[index] = config.gumbel_scale * draw
    if config.noise_fraction > 0:
        legal = batch.legal_actions()[running]
        parameters = config.noise_concentration / legal.sum(axis=1, keepdims=True)
        draws = np.maximum(rng.gamma(np.broadcast_to(parameters, shape)), 1e-30) * legal
        for index, draw in zip(running, draws, strict=True):
            dirichlet[index] = draw / draw.sum()
    assert len(running) >= 2
    for index in running:
        plain = PlainSearch(config, evaluator.judge_game)
        root = plain.run(games[index], simulations, gumbel[index], dirichlet[index])
        assert root.count() == simulations
        assert_same(result, index, root)
        check_tree(search, index, games[index])
        actions = range(batch.num_actions)
        if config.root == "gumbel":
            assert result.best[index] == plain.gumbel_root.best()
            policy = improved_policy(root, config.visit_offset, config.value_scale)
            expected = [policy.get(action, 0.0) for action in actions]
            assert result.policy[index] == pytest.approx(expected, abs=1e-4)
        else:
            share = [root.visits.get(action, 0) / simulations for action in actions]
            assert result.policy[index] == pytest.approx(share, abs=1e-6)
            most = max(root.visits.values())
            top = [action for action, visits in root.visits.items() if visits == most]
            assert result.best[index] == max(top, key=root.q)


def test_the_turns_of_sequential_halving():
    for considered in [1, 2, 3, 4, 5, 7, 8, 16, 17, 26, 100]:
        for simulations in [1, 2, 7, 16, 50, 200]:
            turns = [considered_visits(considered, simulations, i) for i in range(simulations)]
            assert turns == halving(considered, simulations)
    # 16 actions in 4 phases of 16 simulations: 16 once, 8 twice, 4 four times, 2 eight times.
    phases = [0] * 16 + [1] * 8 + [2] * 8
    phases += [visits for visits in range(3, 7) for _ in range(4)]
    phases += [visits for visits in range(7, 15) for _ in range(2)]
    assert halving(16, 64) == phases


@pytest.mark.parametrize("simulations", [1, 2, 7, 16, 50])
@pytest.mark.parametrize(("considered", "scale"), [(2, 0.0), (5, 1.0), (16, 0.0), (60, 2.0)])
@pytest.mark.parametrize(("size", "plies"), POSITIONS)
def test_gumbel_at_the_root_and_below(size, plies, considered, scale, simulations):
    config = SearchConfig(
        simulations=64, root="gumbel", interior="gumbel", considered=considered, gumbel_scale=scale
    )
    compare(config, size, plies, simulations)


@pytest.mark.parametrize(
    ("root", "interior"),
    [("gumbel", "puct"), ("gumbel", "ucb1"), ("puct", "gumbel"), ("ucb1", "gumbel")],
)
@pytest.mark.parametrize(("size", "plies"), POSITIONS)
def test_rules_mixed(size, plies, root, interior):
    config = SearchConfig(simulations=90, root=root, interior=interior, gumbel_scale=1.0)
    compare(config, size, plies, 90)


@pytest.mark.parametrize(("offset", "scale"), [(0.0, 1.0), (50.0, 1.0), (10.0, 0.02)])
def test_other_scales_of_completed_q(offset, scale):
    config = SearchConfig(
        simulations=60, root="gumbel", interior="gumbel", visit_offset=offset, value_scale=scale
    )
    compare(config, 3, 3, 60)
    compare(config, 5, 12, 60)


@pytest.mark.parametrize(
    ("root", "interior"), [("puct", "puct"), ("ucb1", "ucb1"), ("gumbel", "gumbel")]
)
@pytest.mark.parametrize(("size", "plies"), POSITIONS)
def test_without_the_evaluators_prior(size, plies, root, interior):
    config = SearchConfig(
        simulations=80, root=root, interior=interior, use_prior=False, gumbel_scale=0.5
    )
    compare(config, size, plies, 80)


@pytest.mark.parametrize(("size", "plies"), POSITIONS)
def test_dirichlet_noise_at_the_root_of_puct(size, plies):
    for fraction in (0.25, 1.0):
        config = SearchConfig(simulations=60, noise_fraction=fraction, first_play_reduction=0.4)
        compare(config, size, plies, 60)


def test_no_noise_where_none_is_wanted():
    batch, games = random_positions(Rules(3, komi=0.5), 6, 3, seed=8)
    running = np.flatnonzero(~batch.done)
    noisy = np.arange(len(running)) % 2 == 0
    for settings in ({"noise_fraction": 0.5}, {"root": "gumbel", "gumbel_scale": 5.0}):
        config = SearchConfig(simulations=30, **settings)
        evaluator = HashEvaluator()
        search = Search(config, evaluator)
        search.begin(batch, running, np.random.default_rng(0), noisy=noisy)
        while search.active.any():
            search.round(batch)
        result = search.result(running)
        differ = 0
        for row, (index, loud) in enumerate(zip(running, noisy, strict=True)):
            root = PlainSearch(config, evaluator.judge_game).run(games[index], 30)
            if loud:
                expected = [root.visits.get(action, 0) for action in range(batch.num_actions)]
                differ += result.visits[row].tolist() != expected
            else:
                assert_same(result, row, root)
        assert differ >= 1


def test_noise_is_a_distribution_over_the_legal_moves_drawn_once_a_search():
    batch, _ = random_positions(Rules(4), 40, 12, seed=5)
    search = Search(SearchConfig(simulations=12, noise_fraction=1.0), HashEvaluator())
    running = np.flatnonzero(~batch.done)
    search.begin(batch, running, np.random.default_rng(1))
    search.round(batch)
    search.round(batch)
    first = search.result(running).prior
    while search.active.any():
        search.round(batch)
    last = search.result(running).prior
    assert (first == last).all()
    legal = batch.legal_actions()[running]
    assert (last >= 0).all()
    assert (last[~legal] == 0).all()
    assert np.allclose(last.sum(axis=1), 1, atol=1e-5)
    # The parameters add up to 10: a share p of n has the variance p (1 - p) / 11.
    n = legal.sum(axis=1)
    variance = (((last - 1 / n[:, None]) ** 2) * legal).sum() / ((1 - 1 / n) / 11).sum()
    assert 0.7 < variance < 1.4
