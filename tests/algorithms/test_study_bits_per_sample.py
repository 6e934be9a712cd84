"""Bits per sample: steps on two actions by hand, and what the samples are made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch

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
from algorithms.studies.network_bits import Pool, claimed, of_many, of_one, wrong_answer
from algorithms.studies.network_numbers import NetworkNumbers
from algorithms.studies.single_steps import (
    NETWORK_STEPS,
    HeldBack,
    PolicyLearner,
    SmallNetwork,
    tensors_of,
)
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


class OneTable(PolicyLearner):
    """Logits that all positions have in common, so that steps are those of tables."""

    def __init__(self, policy: np.ndarray):
        self.logits = torch.from_numpy(np.log(policy)).float().requires_grad_()
        super().__init__([self.logits])

    def log_policy(self, planes: torch.Tensor) -> torch.Tensor:
        return torch.log_softmax(self.logits, dim=0).expand(len(planes), -1)


def pool_of(policy: np.ndarray, positions: int) -> Pool:
    learner, planes = OneTable(policy), torch.zeros(positions, 1)
    right = np.zeros(positions, np.int64)
    return Pool(
        learner, HeldBack(learner, planes, torch.from_numpy(right), 2), planes, right,
        np.tile(policy, (positions, 1)), {"label": np.eye(len(policy))[right]},
    )  # fmt: skip


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.allclose(found, expected, rtol=1e-4, atol=1e-6))


def test_one_sample_teaches_a_table_what_theory_says():
    policy, right = np.array([[0.2, 0.8]]), np.array([0])
    found = dict(of_one(pool_of(policy[0], 3), 1, 2, np.random.default_rng(0)))
    label = np.array([
        fall(policy, step * label_change(policy, np.eye(2)[right]), right)[0]
        for step in NETWORK_STEPS
    ])  # fmt: skip
    assert close(found["label"], label)
    # It is right in one of five cases, and teaches then what a label teaches.
    assert close(found["reward"], 0.2 * label)
    less_rate = [reward_fall(policy, right, s / 0.8, True)[0] for s in NETWORK_STEPS]
    assert close(found["reward - mean"], np.array(less_rate))
    assert found["label"].max() == pytest.approx(-np.log2(0.2), abs=0.01)


def test_an_answer_of_two_moves_is_two_labels_and_rarer():
    pool, rng = pool_of(np.array([0.2, 0.8]), 3), np.random.default_rng(0)
    one, two = (dict(of_one(pool, answer, 2, rng)) for answer in (1, 2))
    assert close(two["label"][1:-1], one["label"][2:])  # twice the step
    assert close(two["reward"], 0.2**2 * two["label"])
    rate, coin, surprise = claimed(pool, 2, rng)
    assert rate == pytest.approx(0.04)
    assert coin == pytest.approx(entropy(0.04))
    assert surprise == pytest.approx(-2 * np.log2(0.2))


def test_many_samples_of_the_same_are_one():
    """Nothing to be averaged: the noise scale of labels is nought, more of them add nothing."""
    pool, rng = pool_of(np.array([0.2, 0.8]), 3), np.random.default_rng(0)
    one, many = dict(of_one(pool, 1, 2, rng)), dict(of_many(pool, 50, 200, rng))
    assert close(many["label"], one["label"])
    # Short steps on the rewards that come go as far, in the mean, as on those expected.
    short = (NETWORK_STEPS > 0) & (NETWORK_STEPS < 0.1)
    for kind in ("reward", "reward - mean"):
        assert np.allclose(many[kind][short] / one["label"][short], 1, rtol=0.05)


def test_noise_makes_more_samples_add_in_full():
    """Two positions that pull apart, three to one, in a pool; what is asked is mixed alike."""
    learner, planes = OneTable(np.array([0.5, 0.5])), torch.zeros(4000, 1)
    right = (np.arange(4000) % 20 < 9).astype(np.int64)
    asked = HeldBack(learner, planes, torch.from_numpy(right), 4000)
    pool = Pool(learner, asked, planes, right, np.full((4000, 2), 0.5),
                {"label": np.eye(2)[right]})  # fmt: skip
    rng = np.random.default_rng(0)
    one = dict(of_one(pool, 1, 400, rng))["label"].max()
    # A step s: the gradient is (e, -e) / 2, mean 0.1, so s / 100 - s s / 4 (n = 1) / 2, in nats.
    best = {n: dict(of_many(pool, n, 400, rng))["label"].max() for n in (10, 10_000)}
    assert best[10] / (10 * one) == pytest.approx(1, abs=0.3)
    assert best[10_000] < 300 * one


def test_wrong_answers_are_drawn_as_they_come():
    rng = np.random.default_rng(0)
    policy, right = np.array([[0.5, 0.5, 0.0], [0.2, 0.2, 0.6]]), np.array([0, 2])
    drawn = [tuple(wrong_answer(policy, right, rng).tolist()) for _ in range(6000)]
    for answer in ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (0, 2)):
        chance = policy[0, answer[0]] * policy[1, answer[1]] / (1 - 0.3)
        expected = 0 if answer == (0, 2) else chance
        assert drawn.count(answer) / 6000 == pytest.approx(expected, abs=0.02)


def test_steps_of_a_network(known):
    part = known.some(np.arange(0, 400, 10))
    network, (planes, right) = SmallNetwork(0), tensors_of(part)
    before = {k: v.clone() for k, v in network.model.network.state_dict().items()}
    direction = network.gradient(planes, np.eye(10)[part.right] / len(part.right))
    falls = network.falls(planes, right, direction)
    assert len(falls) == len(NETWORK_STEPS)
    assert falls[0] == 0
    assert falls[10] > 0  # a short step along the gradient helps
    assert (network.falls(planes, right, -direction)[10:14] < 0).all()
    for name, value in network.model.network.state_dict().items():
        assert (value == before[name]).all()
    # Of short steps all is in the slope.
    held = HeldBack(network, planes, right, len(right))
    assert held.slope(direction) * NETWORK_STEPS[10] == pytest.approx(falls[10], rel=0.01)
    assert np.allclose(held.bend(direction) + held.slope(direction) * NETWORK_STEPS, falls)
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
    # The first half of the first network is told the first step, the second one the other.
    assert near_best_of_twins(Rows(rows), 0).tolist() == [(0.5 + 1.0) / 2, (1.5 + 2.5) / 2]


def test_a_quarter_of_the_best_step():
    tables = ([0.0, 1.0, 3.0, 6.0, 8.0], [0.0, -1.0, -2.0, -3.0, -4.0])
    rows = [
        {"replicate": 0, "step": s, "bits": b, "samples": 1, "batch": batch}
        for batch, table in enumerate(tables)
        for s, b in zip((0, 1, 2, 4, 8), table, strict=True)
    ]
    # Of the last step it is the third, at which the second half loses 2; of none it is none.
    assert near_best_of_twins(Rows(rows)).tolist() == [(0 - 2) / 2]


def test_ratios_of_networks():
    """Twice the label's bits in all networks, also where one has hardly any."""
    rows = []
    for replicate, bits in enumerate((1e-9, 1.0, 3.0)):
        for answer, samples in ((1, 1), (2, 1), (1, 512)):
            for kind, worth in (("label", 1.0), ("gumbel", 0.5), ("reward", 0.2),
                                ("reward - mean", 2.0)):  # fmt: skip
                rows += [
                    {"replicate": replicate, "steps": 0, "answer": answer, "samples": samples,
                     "batch": batch, "method": kind, "step": step, "rate": 0.1**answer,
                     "coin": 0.4, "surprise": 2.0, "bits": samples * step * bits * worth}
                    for batch in (0, 1)
                    for step in (0, 1, 2, 4)
                ]  # fmt: skip
    found = NetworkNumbers(Rows(rows), (0,), (1, 2), (512,)).measured()
    assert found["networks, 512 rewards over 512 labels, untrained"].value == pytest.approx(2)
    claimed_ratio = found["networks, measured over claimed, trained"]
    assert (claimed_ratio.value, claimed_ratio.high) == pytest.approx((10, 10))
    worth_of_right = found["networks, a right answer over a label, trained"].value
    assert worth_of_right == pytest.approx((2 + 20) / 2)
