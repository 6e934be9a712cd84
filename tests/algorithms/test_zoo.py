"""Best response, league and fictitious self-play: what each does beside learning."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from algorithms.budget import Budget, Ledger
from algorithms.config import ConfigError, make_learner
from algorithms.learner import OptimiserConfig, StartConfig, Starts, companions_of
from algorithms.model import Model, NetworkEvaluator
from algorithms.networks import NetworkConfig
from algorithms.players import PolicyAgent
from algorithms.pool import Pool
from algorithms.ppo import Ppo, PpoConfig
from algorithms.replay import WHOLE
from algorithms.seat_games import SeatGames
from baselines.agent import RandomAgent, distribution
from goenv import BLACK, GoBatch, Rules

RULES = Rules(3, komi=0.5, max_moves=20)
SMALL = NetworkConfig(blocks=1, channels=8, head_channels=4)


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


# ---- PPO ----------------------------------------------------------------------------------------


def make_ppo(model, rules, games=64, **settings):
    config = PpoConfig.model_validate({"games": games, "moves": 4, "batch_size": 64, **settings})
    league = SeatGames([RandomAgent()], [1.0], Starts(StartConfig(), rules), games, 1)
    return Ppo(model, OptimiserConfig(learning_rate=5e-3), config, league, 2)


def test_ppo_finds_the_one_move_that_wins():
    """Games of one move each: a stone takes the board, a pass gives it to the other side."""
    model = Model(SMALL, 0)
    ppo = make_ppo(model, Rules(2, komi=2, max_moves=1), entropy_weight=0.0)
    ledger = Ledger(budget=Budget(env_steps=10**9))
    for _ in range(30):
        metrics = ppo.step(ledger)
    assert metrics["won"] > 0.97
    batch = GoBatch(1, Rules(2, komi=2, max_moves=1))
    assert PolicyAgent(model, 1.0).policy(batch)[0, 4] < 0.03
    _, value = NetworkEvaluator(model).evaluate(batch, np.zeros(1, int))
    assert value[0] > 0.8


def test_the_first_pass_over_new_moves_changes_nothing_yet():
    """What was played and what is trained is the same policy: the ratio begins at one."""
    ppo = make_ppo(Model(SMALL, 0), RULES, epochs=1, batch_size=256)
    metrics = ppo.step(Ledger(budget=Budget(env_steps=10**9)))
    assert metrics["approximate_kl"] < 1e-3
    assert metrics["clipped"] == 0


def test_ppo_leaves_the_generators_that_all_share_alone():
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(6)
    wanted = np.random.random(), torch.rand(1).item()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(6)
    ppo = make_ppo(Model(SMALL, 0), RULES)
    ppo.step(Ledger(budget=Budget(env_steps=10**9)))
    assert (np.random.random(), torch.rand(1).item()) == wanted  # noqa: NPY002


# ---- best response ------------------------------------------------------------------------------


def test_the_weights_of_opponents_are_seen_to(tiny):
    with pytest.raises(ValueError, match=r"opponents\.random\n.*greater than 0.*input_value=0"):
        tiny("best_response", learner={"algorithm": "best_response", "opponents": {"random": 0}})
    config = tiny(
        "best_response", learner={"algorithm": "best_response", "opponents": {"uct:x": 1}}
    )
    with pytest.raises(ConfigError, match="uct:400"):
        make_learner(config.learner, RULES, 0)


def test_a_best_response_tells_its_win_rates_with_intervals(tiny):
    learner = make_learner(tiny("best_response").learner, RULES, 0)
    ledger = Ledger(budget=Budget(env_steps=10**6))
    for _ in range(30):
        metrics = learner.step(ledger)
    for name in ("random", "uct:2"):
        low, rate, high = (metrics[f"{key}/{name}"] for key in ("won_low", "won", "won_high"))
        assert 0 <= low <= rate <= high <= 1
        assert high - low < 0.6
    assert ledger.playouts > 0  # the search of an opponent is charged too


# ---- league -------------------------------------------------------------------------------------


def test_a_league_answers_every_member_and_then_its_student_joins(tiny):
    config = tiny("league").learner  # 2 updates a response, 2 steps of the student, 2 students
    learner = make_learner(config, RULES, 0)
    ledger = Ledger(budget=Budget(env_steps=10**6))
    rounds, responding, responses = [], [], []
    for _ in range(24):
        metrics = learner.step(ledger)
        rounds.append(int(metrics["round"]))
        responding.append("approximate_kl" in metrics)
        responses.append(len(learner._responses))
    # One new member a round, so one new response; then the student.
    assert responding == [True, True, False, False] * 6
    assert rounds[3::4] == [1, 2, 3, 4, 5, 6]
    # `random` and the last two students, but for the one that has none yet.
    assert responses[1::4] == [1, 2, 3, 3, 3, 3]
    assert [member.name for member in learner._members()] == ["random", "student 5", "student 6"]
    assert same(learner._students[-1], learner.model.state_dict())


def test_students_learn_what_the_fitting_response_plays(tiny):
    data = tiny.data("league")["learner"]
    config = tiny("league", learner={**data, "members": {"random": 1, "uct:2": 3}}).learner
    learner = make_learner(config, RULES, 0)
    ledger = Ledger(budget=Budget(env_steps=10**6))
    while len(learner._responses) < 2:
        learner.step(ledger)
    assert not same(learner._responses[0], learner._responses[1])
    learner._visit_first(2)
    np.testing.assert_allclose(learner._visits._shares, [0.25, 1])
    learner._advisers = learner._responders()
    learner._visits.begin()
    for _ in range(5):
        games, before = learner._visits, learner._buffer.added
        opponents, batch = games.opponent.copy(), games.batch.clone()
        learner._visit(ledger)
        slots = (before + np.arange(4)) % learner._buffer.capacity
        for game, slot in enumerate(slots):
            adviser = learner._advisers[opponents[game]]
            logits, worth = adviser.evaluate(batch, np.array([game]))
            wanted = distribution(logits, batch.legal_actions()[[game]])[0]
            found = learner._buffer.positions[slot : slot + 1]
            np.testing.assert_allclose(found.policy[0] / WHOLE, wanted, atol=1e-4)
            assert found.value[0] == pytest.approx(worth[0])


def test_a_student_that_leaves_takes_its_response_along():
    pool = Pool(3)
    weights = [{"w": torch.full((1,), float(index))} for index in range(5)]
    for each in weights[:3]:
        pool.add(each)
    pool.remove(1)
    assert [pool[index]["w"].item() for index in range(len(pool))] == [0, 2]
    for each in weights[3:]:
        pool.add(each)
    assert [pool[index]["w"].item() for index in range(len(pool))] == [2, 3, 4]
    other = Pool(3)
    other.load_state_dict({k: {n: v.numpy() for n, v in w.items()}
                           for k, w in pool.state_dict().items()})  # fmt: skip
    assert [other[index]["w"].item() for index in range(len(other))] == [2, 3, 4]


# ---- fictitious self-play -----------------------------------------------------------------------


def test_only_moves_of_best_responses_come_into_the_reservoir(tiny):
    learner = make_learner(tiny("nfsp").learner, RULES, 0)
    calls = []
    real = learner._q.act

    def act(batch, games, explored, rng):
        calls.append(len(games))
        return real(batch, games, explored, rng)

    learner._q.act = act
    ledger = Ledger(budget=Budget(env_steps=10**6))
    for _ in range(40):
        learner.step(ledger)
    assert learner._reservoir.added == sum(calls)
    # Two in five sides play it, and sides move in turns.
    assert sum(calls) / ledger.env_steps == pytest.approx(0.4, abs=0.12)
    kept = learner._reservoir.positions[: len(learner._reservoir)]
    assert ((kept.policy == WHOLE).sum(axis=1) == 1).all()
    assert (np.abs(kept.value) <= 1).all()


def test_the_average_policy_is_judged_and_the_response_is_beside_it(tiny):
    learner = make_learner(tiny("nfsp").learner, RULES, 0)
    assert learner.agent().temperature == 1.0
    ((name, (model, play)),) = companions_of(learner).items()
    assert name == "best_response"
    assert play.temperature == 0
    assert model is not learner.model


def test_a_best_response_looks_at_its_own_next_position(tiny):
    data = tiny.data("nfsp")["learner"]
    with pytest.raises(ValueError, match="plies must be even"):
        tiny("nfsp", learner={**data, "q": {"plies": 1}})


# ---- learning on 3x3 ----------------------------------------------------------------------------


def test_random_agents_know_their_chances():
    batch = GoBatch(3, RULES)
    batch.step(np.array([0, 4, 9]))
    policy = RandomAgent().policy(batch)
    np.testing.assert_allclose(policy.sum(axis=1), 1)
    np.testing.assert_array_equal(policy > 0, batch.legal_actions())
    assert batch.to_play[0] != BLACK
