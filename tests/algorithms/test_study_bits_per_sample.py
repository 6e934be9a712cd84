"""Bits per sample: steps on two actions by hand, and what the samples are made of."""

from __future__ import annotations

import numpy as np
import pytest

from algorithms.studies.best_steps import best_of_others, near_best_of_twins
from algorithms.studies.data import Rows
from algorithms.studies.known_moves import (
    entropy,
    fall,
    known_moves,
    label_change,
    pass_rate_policies,
    reward_fall,
    search_targets,
)
from algorithms.studies.single_steps import NETWORK_STEPS, SmallNetwork, draw_answers, tensors_of
from baselines.oracle import Oracle
from goenv import Rules


@pytest.fixture(scope="module")
def known():
    return known_moves()


def test_a_step_on_two_actions():
    policy, right = np.array([[0.25, 0.75]]), np.array([0])
    change = 2.0 * label_change(policy, np.eye(2)[right])
    assert change.tolist() == [[1.5, -1.5]]
    after = 0.25 * np.exp(1.5) / (0.25 * np.exp(1.5) + 0.75 * np.exp(-1.5))
    assert fall(policy, change, right)[0] == pytest.approx(np.log2(after / 0.25))
    # A long step takes all the surprise that there is.
    assert fall(policy, 100 * change, right)[0] == pytest.approx(2.0)


def test_a_reward_is_worth_its_rate_times_a_label():
    rng = np.random.default_rng(0)
    policy, right = rng.dirichlet(np.ones(6), size=5), np.array([0, 1, 2, 3, 4])
    rate = policy[np.arange(5), right]
    for step in (0.1, 1.0, 30.0):
        label = fall(policy, step * label_change(policy, np.eye(6)[right]), right)
        assert np.allclose(reward_fall(policy, right, step, False), rate * label)
    # Of two actions a failure names the right one, where it is learned from.
    two = np.array([[0.25, 0.75]])
    assert reward_fall(two, np.array([0]), 1000.0, True)[0] == pytest.approx(2.0)
    assert reward_fall(two, np.array([0]), 1000.0, False)[0] == pytest.approx(0.5)


def test_impossible_actions_are_left_alone():
    policy, right = np.array([[0.5, 0.5, 0.0]]), np.array([0])
    change = np.array([[1.0, -1.0, 50.0]])
    assert fall(policy, change, right)[0] == pytest.approx(
        np.log2(np.e / (0.5 * np.e + 0.5 / np.e))
    )
    assert np.isfinite(reward_fall(policy, right, 10.0, True)).all()


def test_entropy_of_coins():
    assert entropy(0.5) == pytest.approx(1)
    assert entropy(np.array([0.11]))[0] == pytest.approx(0.5, abs=0.001)


def test_right_moves_are_the_only_ones(known):
    oracle = Oracle(Rules(3, komi=0.5, superko="simple", max_moves=42))
    lost = oracle.gives_up(oracle.values("outcome"), 24)
    chosen = np.arange(0, len(known.right), 97)
    states = oracle.states_of(known.batch)[chosen]
    for state, right in zip(states, known.right[chosen], strict=True):
        assert np.flatnonzero(lost[state] == 0).tolist() == [right]
        assert np.isfinite(lost[state]).sum() >= 3
    assert np.array_equal(known.legal, known.batch.legal_actions())


def test_policies_have_the_pass_rate(known):
    part = known.some(np.arange(50))
    policy = pass_rate_policies(part.legal, part.right, 0.03, np.random.default_rng(0))
    assert np.allclose(policy.sum(axis=1), 1)
    assert np.allclose(policy[np.arange(50), part.right], 0.03)
    assert (policy[~part.legal] == 0).all()


def test_searches_differ_in_what_they_try(known):
    rng = np.random.default_rng(0)
    part = known.some(rng.choice(len(known.right), 60, replace=False))
    policy = pass_rate_policies(part.legal, part.right, 1e-4, rng)
    found = {
        (rule, count): search_targets(part, policy, rule, count, rng)[np.arange(60), part.right]
        for rule, count in (("gumbel", 48), ("puct", 48), ("puct", 1))
    }
    assert found["gumbel", 48].mean() > 0.3
    # By the prior it is tried only after the others have disappointed.
    assert found["puct", 48].mean() < 0.8 * found["gumbel", 48].mean()
    assert not found["puct", 1].any()


def test_answers_are_right_as_often_as_theory_says():
    rng = np.random.default_rng(0)
    policy = np.array([[0.5, 0.5], [0.2, 0.8]])
    hits, draws = draw_answers(policy, np.array([0, 0]), 2, 60_000, rng)
    assert draws.sum() == 120_000
    assert hits[:, 1].sum() == 0
    assert hits.sum() / 120_000 == pytest.approx(0.35**2, rel=0.05)
    # Right answers are of what is known already.
    assert hits[0, 0] / hits[1, 0] == pytest.approx(2.5, rel=0.1)


def test_steps_of_a_network(known):
    part = known.some(np.arange(0, 400, 10))
    network, (planes, right) = SmallNetwork(0), tensors_of(part)
    before = {k: v.clone() for k, v in network.model.network.state_dict().items()}
    weights = np.eye(10)[part.right] / len(part.right)
    falls = network.falls(planes, right, weights)
    assert len(falls) == len(NETWORK_STEPS)
    assert falls[0] == 0
    assert falls[6] > 0  # a short step along the gradient helps
    assert (network.falls(planes, right, -weights)[6:9] < 0).all()
    for name, value in network.model.network.state_dict().items():
        assert (value == before[name]).all()
    network.train(planes, right, 30, np.random.default_rng(0))
    with_labels = network.log_policy(planes).gather(1, right[:, None]).mean().item()
    assert with_labels > np.log(0.3)


def test_the_best_step_is_that_of_the_others():
    rows = [
        {"replicate": r, "step": s, "bits": b, "samples": 2.0}
        for r, table in enumerate(([1.0, 8.0], [3.0, 2.0], [3.0, 2.0]))
        for s, b in zip((0.1, 0.2), table, strict=True)
    ]
    # For the first the others prefer the first step, for them the first one's 8 bits decide.
    assert best_of_others(Rows(rows)).tolist() == [0.5, 1.0, 1.0]


def test_the_best_step_of_a_network_is_that_of_its_other_batch():
    tables = [([1.0, 8.0], [3.0, 2.0]), ([3.0, 2.0], [5.0, 4.0])]
    rows = [
        {"replicate": r, "batch": batch, "step": s, "bits": b, "samples": 2.0}
        for r, both in enumerate(tables)
        for batch, table in enumerate(both)
        for s, b in zip((0.1, 0.2), table, strict=True)
    ]
    # The first batch of the first network is told the first step, the second one the other.
    assert near_best_of_twins(Rows(rows), 0).tolist() == [(0.5 + 1.0) / 2, (1.5 + 2.5) / 2]
    # Half of the second step is the first; there is nothing below it.
    assert near_best_of_twins(Rows(rows), 1).tolist() == [(0.5 + 1.5) / 2, (1.5 + 2.5) / 2]
