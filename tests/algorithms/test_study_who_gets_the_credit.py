"""Who gets the credit: the measure, the truth, and weights with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from algorithms.model import Model, flops_per_position
from algorithms.networks import NetworkConfig
from algorithms.players import PolicyAgent
from algorithms.studies.credit_sources import (
    Setting,
    chances,
    even_source,
    ladder_sources,
    learn_value,
    learner_sources,
    replay_sources,
    search_sources,
    target_weights,
    train_policy,
)
from algorithms.studies.estimates import area_under_roc
from algorithms.studies.games import play
from algorithms.studies.judged_moves import (
    Truth,
    exact_truth,
    replay_played,
    searched_truth,
    tempered,
)
from algorithms.studies.two_networks import TwoNetworks
from algorithms.studies.who_gets_the_credit import agreement
from baselines.oracle import Oracle
from goenv import Rules

RULES = Rules(3, komi=0.5, superko="simple", max_moves=20)
SMALL = NetworkConfig(blocks=1, channels=8, head_channels=4)


@pytest.fixture(scope="module")
def oracle():
    return Oracle(RULES)


@pytest.fixture(scope="module")
def setting():
    model = tempered(Model(SMALL, seed=3), 0.02)  # far from even
    return Setting(RULES, model, model, 0.0, 0.0)


@pytest.fixture(scope="module")
def played(setting):
    return play(setting.policy, RULES, 60, np.random.default_rng(0))


def test_the_area_under_the_curve():
    wanted = np.array([True, True, False, False, False])
    assert area_under_roc(np.array([5, 4, 3, 2, 1]), wanted) == 1
    assert area_under_roc(np.array([1, 2, 3, 4, 5]), wanted) == 0
    assert area_under_roc(np.zeros(5), wanted) == 0.5
    # Of six pairs the wanted one is higher in three, equal in one.
    assert area_under_roc(np.array([4, 1, 3, 1, 2]), wanted) == pytest.approx(3.5 / 6)
    assert np.isnan(area_under_roc(np.zeros(5), np.ones(5, np.bool_)))
    rng = np.random.default_rng(0)
    assert area_under_roc(rng.random(20_000), rng.random(20_000) < 0.3) == pytest.approx(
        0.5, abs=0.015
    )


def test_agreement_with_the_truth():
    truth = Truth(np.array([2.0, 0, 0, 2, 0]), np.array([False, True, False, False, False]))
    perfect = agreement(np.array([-1.0, 1, 0, -1, 0]), truth)
    assert (perfect["auc"], perfect["only"]) == (1, 1)
    assert perfect["correlation"] > 0.8
    assert (perfect["moves"], perfect["blunders"]) == (5, 2)
    nothing = agreement(np.zeros(5), truth)
    assert (nothing["auc"], nothing["only"], nothing["correlation"]) == (0.5, 0.5, 0)


def test_the_exact_truth_knows_the_first_move(oracle, played):
    truth = exact_truth(played, oracle)
    first = played.at == 0
    corner = first & np.isin(played.action, (0, 2, 6, 8, 9))
    assert (truth.lost[corner] == 2).all()  # corners and the pass lose the board
    assert (truth.lost[first & ~corner] == 0).all()
    assert set(np.unique(truth.lost)) <= {0.0, 2.0}
    assert not (truth.only & truth.blunder).any()
    assert truth.only.any()


def test_replayed_games_are_the_same(played):
    seen = np.zeros(len(played.action), np.bool_)
    for moves, games, batch in replay_played(played, RULES, 0):
        assert np.array_equal(batch.to_play[games], played.colour[moves])
        assert not batch.done[games].any()
        seen[moves] = True
    assert seen.all()
    assert np.array_equal(batch.outcome(), played.outcome)


def test_what_a_search_says_was_given_up_sums_up(setting, played):
    truth = searched_truth(played, RULES, setting.policy, 4, np.random.default_rng(0))
    total = played.table(played.colour * truth.lost).sum(axis=1) + played.outcome
    # From Black's side: the value at the start, the same for all, less the outcome.
    assert np.allclose(total, total[0], atol=1e-4)
    assert abs(total[0]) <= 1


def test_a_temperature_divides_logits(setting, played):
    warm = tempered(setting.policy, 2.0)
    first, second = chances(setting.policy, played), chances(warm, played)
    flat = np.sqrt(first)
    assert np.allclose(second, flat / flat.sum(axis=1, keepdims=True), atol=1e-3)
    values = [m.evaluate(played.planes[:9])[1] for m in (setting.policy, warm)]
    assert np.allclose(*values)


def test_a_target_is_worth_its_ratio():
    rng = np.random.default_rng(0)
    policy, target = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(4))
    each = target_weights(np.tile(target, (4, 1)), np.tile(policy, (4, 1)), np.arange(4))
    gradient = (policy * each) @ (np.eye(4) - policy)  # mean over draws of weight * grad log pi
    assert np.allclose(gradient, target - policy)


def test_an_even_target_raises_what_is_rare(setting, played):
    weights = even_source(setting, played).weights
    chance = chances(setting.policy, played)[np.arange(len(played.action)), played.action]
    moves = played.allowed.sum(axis=1)
    assert np.allclose(weights, 1 / (moves * chance) - 1)
    rare = chance < 1 / moves
    assert (weights[rare] > 0).all()
    assert rare.any()
    # Had blunders been the rare moves, it would know them worse than a coin: the wrong way round.
    lost = np.where(chance < np.quantile(chance * moves, 0.1) / moves, 2.0, 0.0)
    assert agreement(weights, Truth(lost, np.zeros(len(lost), np.bool_)))["auc"] == 0


def test_rungs_that_rank_alike(setting, played, oracle):
    truth, found = exact_truth(played, oracle), ladder_sources(setting, played)
    z = played.colour * played.outcome[played.game]
    assert np.array_equal(found["outcome"].weights, z)
    areas = {kind: agreement(source.weights, truth)["auc"] for kind, source in found.items()}
    assert areas["winner"] == areas["outcome"]
    lost = [(z[rows] < 0).mean() for rows in (truth.blunder, ~truth.blunder)]
    assert areas["outcome"] == pytest.approx(0.5 + (lost[0] - lost[1]) / 2)
    assert found["value"].flops > found["outcome"].flops > 0


def test_further_games_estimate_the_advantage(setting, oracle):
    few = play(setting.policy, RULES, 5, np.random.default_rng(1))
    sources = replay_sources(setting, few, (2, 40), np.random.default_rng(0))
    policy = oracle.policy_of(PolicyAgent(setting.policy, 1.0), np.random.default_rng(0))
    values = oracle.policy_values(policy, "outcome")
    before = np.zeros(len(few.action))
    for moves, games, batch in replay_played(few, RULES, 0):
        left = 20 - int(batch.ply[games[0]])
        before[moves] = few.colour[moves] * values[left, oracle.states_of(batch)[games]]
    later = np.pad(few.table(before), ((0, 0), (0, 1)))[few.game, few.at + 1]
    last = few.at == few.length[few.game] - 1
    exact = np.where(last, few.colour * few.outcome[few.game], -later) - before
    errors = [np.abs(source.weights - exact).mean() for source in sources]
    assert errors[1] < 0.24
    assert errors[1] < 0.5 * errors[0]
    assert sources[1].flops == pytest.approx(20 * sources[0].flops, rel=0.3)
    assert [source.level for source in sources] == [2, 40]


def test_searches_are_charged_for_every_simulation(setting, played):
    small, large = search_sources(setting, played, (4, 16), np.random.default_rng(0))
    assert 2 < large.flops / small.flops < 4.2  # simulations that end a game cost nothing
    assert (small.weights >= -1).all()


def test_two_networks_judge_together(setting, played):
    other = Model(SMALL, seed=9)
    batch = next(replay_played(played, RULES, 0))[2]
    logits, values = TwoNetworks(setting.policy, other).evaluate(batch, np.arange(2))
    assert np.allclose(logits, setting.policy.evaluate(played.planes[:1])[0][0])
    assert np.allclose(values, other.evaluate(played.planes[:1])[1][0])


def test_a_policy_is_trained_and_paid_for():
    model, cost = train_policy(RULES, 64, 0)
    playing, _ = flops_per_position(model.config, 3)
    assert cost >= 16 * 0.5 * playing  # each move of self-play is searched


def test_a_value_is_learned_and_paid_for():
    model = Model(SMALL, seed=3)
    value, cost, mean = learn_value(model, RULES, 8, 2, np.random.default_rng(0))
    assert value is not model
    assert cost > 0
    assert -1 <= mean <= 1


@pytest.mark.parametrize("size", [3, 5])
def test_learners_labels_are_targets_of_one_move(size):
    rules = Rules(size, komi=0.5, superko="simple", max_moves=12)
    policy = tempered(Model(SMALL, seed=3), 0.1)
    own = Setting(rules, policy, policy, 0.0, 0.0)
    played = play(policy, rules, 4, np.random.default_rng(0))
    heard: list[float] = []
    found = learner_sources(own, played, 1500, 0, heard.append)
    assert set(found) == {"q_learning", "response", "nfsp"}
    # Nothing is worth more than the best move, and who made it has nothing to regret.
    worth = found["q_learning"].weights
    assert worth.max() == 0
    assert worth.min() < 0
    # One move has all of the label: the one that was made, or another.
    chance = chances(policy, played)[np.arange(len(played.action)), played.action]
    label = found["nfsp"].weights
    assert (np.isclose(label, -1) | np.isclose(label, 1 / chance - 1)).all()
    # The chances of a distribution: at least none, at most all.
    response = found["response"].weights
    assert (response > -1).all()
    assert (response < 1 / chance - 1).all()
    assert heard == sorted(heard)
    assert 0 <= heard[0] < heard[-1] < 1


def test_long_work_can_be_ended(setting, played):
    class Enough(Exception):
        pass

    def tell(share):
        if share > 0.5:
            raise Enough

    rng = np.random.default_rng(0)
    for work in (
        lambda: searched_truth(played, RULES, setting.policy, 2, rng, tell),
        lambda: search_sources(setting, played, (2, 3), rng, tell),
        lambda: replay_sources(setting, played, (1, 2), rng, tell),
    ):
        with pytest.raises(Enough):
            work()
