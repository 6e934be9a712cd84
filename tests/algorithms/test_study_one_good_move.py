"""One good move: its parts, by hand and against exact values."""

from __future__ import annotations

import numpy as np
import pytest

from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.studies.data import Rows
from algorithms.studies.exact_games import (
    StateGames,
    TableValues,
    board_at,
    noisy_policy,
    play_states,
    replay,
)
from algorithms.studies.games import log_policy_of
from algorithms.studies.good_move_boards import BoardSpot, board_block
from algorithms.studies.good_move_games import (
    advantages,
    drawn_weights,
    experiments,
    play_spot,
    summary,
    target_block,
    target_lifts,
)
from algorithms.studies.good_move_numbers import (
    enough_games,
    exponent_over_odds,
    games_in_theory,
    taught,
    visits_by_position,
)
from algorithms.studies.good_moves import (
    after_values,
    drawn_update,
    find_spot,
    find_spots,
    games_needed,
    learned_values,
    lift,
    made_worse,
    make_oracle,
    q_weights,
    response_targets,
    target_update,
)
from goenv import GoBatch, Rules

T = 8


@pytest.fixture(scope="module")
def spot():
    return find_spot(make_oracle(T), T, 0.6)


@pytest.fixture(scope="module")
def played(spot):
    return play_spot(spot, 4000, np.random.default_rng(0))


def test_games_needed_for_two_arms():
    # One arm wins 51 %, the other 49 %; each is drawn half of the time, and counts 1 or -1.
    assert games_needed(0.01, 0.5) == pytest.approx((1.645 * 50) ** 2, rel=1e-3)
    assert games_needed(1.0, 0.0) == pytest.approx(1.0)
    assert games_needed(-0.1, 1.0) == np.inf
    # Who does not know which of two holds needs more; where one misleads, nothing is enough.
    both = games_needed(np.array([0.1, 0.3]), np.array([1.0, 1.0]))
    assert games_needed(0.3, 1.0) < both < games_needed(0.1, 1.0)
    assert games_needed(np.array([0.1, -0.1]), np.array([1.0, 1.0])) == np.inf


def test_so_many_games_are_enough_in_95_of_100():
    rng = np.random.default_rng(1)
    arm = rng.random(400_000) < 0.5
    outcome = np.where(rng.random(400_000) < np.where(arm, 0.6, 0.4), 1, -1)
    found = experiments(np.split(outcome * (arm - 0.5), 4))
    assert found["said"] == pytest.approx(67, rel=0.1)
    assert found["tried"] > 2000
    assert 0.93 < found["raised"] < 0.97
    assert experiments([np.full(10, -1.0)] * 4)["tried"] == 0


def test_a_block_in_numbers():
    found = summary(np.full(250, 0.5), np.random.default_rng(0))
    assert found == {"games": 250, "sum": 125.0, "squares": 62.5, "hundred": 1.0}
    few = summary(np.array([1.0, -1.0] * 20), np.random.default_rng(0))
    assert 0.35 < few["hundred"] < 0.65


def test_the_spot_is_what_was_asked_for(spot):
    oracle, pair = spot.oracle, [spot.good, spot.other]
    assert spot.odds == pytest.approx(0.6, abs=0.02)
    lost = oracle.gives_up(oracle.values("outcome"), 26)[spot.state, pair]
    assert lost.tolist() == [0, 2]
    assert spot.policy[spot.state, pair].tolist() == [0.5, 0.5]
    assert np.allclose(spot.policy.sum(axis=1), 1)
    assert (spot.policy[~oracle.legal] == 0).all()


def test_games_are_those_of_the_policy(spot, played):
    exact = spot.values[T, spot.state]
    assert played.outcome.mean() == pytest.approx(exact, abs=4 / np.sqrt(len(played.outcome)))
    here = played.state == spot.state
    good = (played.action[here] == spot.good).mean()
    assert good == pytest.approx(0.5, abs=0.05)
    assert (played.length == T).all()
    few = played.some(slice(0, 5))
    for ply, batch in replay(spot.oracle, few, 0):
        assert np.array_equal(spot.oracle.states_of(batch), few.state[:, ply])
    assert np.array_equal(batch.outcome(), few.outcome)


def test_games_may_end_by_two_passes(spot):
    oracle = spot.oracle
    passes = np.zeros(oracle.legal.shape)
    passes[:, -1] = 1
    ended = play_states(oracle, passes, 3, np.random.default_rng(0), left=6)
    assert ended.length.tolist() == [2, 2, 2]
    assert ended.outcome.tolist() == [-1, -1, -1]
    assert ended.colour.tolist() == [[1, -1]] * 3


def test_nobody_passes_who_can_move(spot):
    policy = noisy_policy(spot.oracle, 0.3)
    free = spot.oracle.legal[:, :-1].any(axis=1)
    assert (policy[free, -1] == 0).all()
    assert (policy[~free, -1] == 1).all()
    assert np.allclose(policy.sum(axis=1), 1)


def test_advantages_sum_up_to_the_outcome(spot, played):
    found = advantages(spot, played)
    total = (played.colour * found).sum(axis=1)
    assert np.allclose(total, played.outcome - spot.values[T, spot.state], atol=1e-5)
    # The credit of a game is the variance of its outcome, whoever gets it.
    assert (found**2).sum(axis=1).mean() == pytest.approx(played.outcome.var(), rel=0.06)
    own = (found**2)[:, 0].mean()
    assert own == pytest.approx((2 * spot.odds - 1) ** 2, rel=0.1)


def test_the_lift_of_the_outcome_is_as_theory_says(spot, played):
    weights = dict(drawn_weights(spot, played, spot.values))
    lifted = lift(spot, played, weights["outcome"])
    difference = 4 * spot.odds - 2
    assert lifted.mean() == pytest.approx(difference / 4, abs=0.03)
    assert (lifted**2).mean() == pytest.approx(0.25, rel=0.15)
    # With exact values for learned ones both are the same.
    assert np.allclose(weights["learned"], weights["gae"])
    one = StateGames(
        np.array([[spot.state, 1], [spot.state, 1]]), np.array([[spot.good, 0], [spot.other, 0]]),
        np.ones((2, 2), np.int8), np.array([2, 1]), np.ones(2), 2,
    )  # fmt: skip
    assert lift(spot, one, np.array([[3.0, 9.0], [2.0, 0.0]])).tolist() == [1.5, -1.0]


def test_values_of_actions(spot):
    oracle, states = spot.oracle, np.array([spot.state])
    worth = after_values(oracle, spot.values, T, states)[0]
    chances = spot.policy[spot.state]
    mean = oracle.to_play[spot.state] * (chances * np.nan_to_num(worth)).sum()
    assert mean == pytest.approx(spot.values[T, spot.state], abs=1e-5)
    assert np.isnan(worth[~oracle.legal[spot.state]]).all()


def test_a_best_response_with_one_move_left(spot):
    states = np.flatnonzero(spot.oracle.legal[:, :-1].sum(axis=1) > 2)[:50]
    found = response_targets(spot, states, np.ones(50, np.int64))
    worth = after_values(spot.oracle, spot.values, 1, states)[:, :-1]
    best = worth == np.nanmax(worth, axis=1, keepdims=True)
    assert np.array_equal(found[:, :-1] > 0, best)
    assert np.allclose(found.sum(axis=1), 1)


def test_in_the_spot_a_best_response_has_the_policys_two_moves(spot):
    found = response_targets(spot, np.array([spot.state]), np.array([T]))[0]
    assert set(np.flatnonzero(found)) <= {spot.good, spot.other}
    side = spot.responses[spot.mover]
    worth = after_values(spot.oracle, side, T, np.array([spot.state]))[0]
    assert (found[spot.good] >= found[spot.other]) == (worth[spot.good] >= worth[spot.other])


def test_a_table_judges_for_whoever_moves(spot):
    oracle = spot.oracle
    evaluator = TableValues(oracle, spot.policy, spot.values)
    batch = board_at(oracle, spot.state, T, 2, 0)
    logits, values = evaluator.evaluate(batch, np.arange(2))
    assert np.allclose(np.exp(logits[0]), spot.policy[spot.state], atol=1e-6)
    assert values[0] == pytest.approx(spot.mover * spot.values[T, spot.state])
    # After a move each: the other side's view, one move later.
    worth = after_values(oracle, spot.values, T, np.array([spot.state]))[0]
    batch.step(np.array([spot.good, spot.other]))
    _, values = evaluator.evaluate(batch, np.arange(2))
    assert np.allclose(-values, worth[[spot.good, spot.other]], atol=1e-5)


def test_a_search_with_exact_values_prefers_the_good_move(spot):
    found, others = target_block(spot, "search value", 32, 4, np.random.default_rng(0))
    assert (found > 0.1).all()
    assert others["noise"] > 0


def test_learned_values_are_mean_outcomes(spot):
    state = np.array([[5, 7], [5, 8]])
    games = StateGames(
        state, np.zeros((2, 2), np.int64), np.array([[1, -1], [1, -1]], np.int8),
        np.array([2, 2]), np.array([1.0, 1.0]), 2,
    )  # fmt: skip
    values = learned_values(spot, games)
    assert values[2, 5] == pytest.approx(2 / 3)  # two wins, and one imagined draw
    assert values[1, 7] == values[1, 8] == 0.5
    assert values[2, 7] == 0
    assert np.array_equal(values[0], spot.oracle.now("outcome"))


def test_targets_of_q_learning(spot):
    games = play_states(spot.oracle, spot.policy, 50, np.random.default_rng(0), spot.state, 4)
    found, best = q_weights(spot, games), spot.oracle.values("outcome")
    mover = spot.mover
    # The first move looks three on, where one move is left; the second one sees the end.
    expected = after_values(spot.oracle, best, 4, np.array([spot.state]))[0]
    mean = 0.5 * (expected[spot.good] + expected[spot.other])
    target = mover * best[1, games.state[:, 3]]
    assert np.allclose(found[:, 0], target - mean, atol=1e-5)
    before = after_values(spot.oracle, best, 3, games.state[:, 1])
    mean = (spot.policy[games.state[:, 1]] * np.nan_to_num(before)).sum(axis=1)
    assert np.allclose(found[:, 1], -mover * games.outcome - mean, atol=1e-5)


def test_updates_of_other_moves(spot, played):
    some = played.some(slice(0, 30))
    weights = np.random.default_rng(0).normal(size=some.state.shape)
    change = drawn_update(spot, some, weights)
    assert np.allclose(change.sum(axis=1), 0)
    assert not change[spot.state].any()
    by_hand = np.zeros(change.shape)
    for game in range(30):
        for t in range(T):
            state = some.state[game, t]
            if state != spot.state:
                by_hand[state] -= weights[game, t] * spot.policy[state]
                by_hand[state, some.action[game, t]] += weights[game, t]
    assert np.allclose(change, by_hand)
    states = some.state.ravel()
    assert not target_update(spot, states, spot.policy[states]).any()
    shifted = spot.policy[states] + np.eye(10)[0]
    counts = np.bincount(states, minlength=len(change)) * (np.arange(len(change)) != spot.state)
    assert np.allclose(target_update(spot, states, shifted)[:, 0], counts)


def test_harm_is_told_from_help(spot, played):
    some = played.some(slice(0, 200))
    states = some.state.ravel()
    left = np.broadcast_to(T - np.arange(T), some.state.shape).ravel()
    worth = np.nan_to_num(after_values(spot.oracle, spot.values, left, states))
    policy = spot.policy[states]
    advantage = policy * (worth - (policy * worth).sum(axis=1, keepdims=True))
    change = np.zeros(spot.policy.shape)
    # The last visit to a state says what to change there; visits at other times may disagree.
    change[states] = advantage
    assert made_worse(spot, change, states, left) < 0.15
    assert made_worse(spot, -change, states, left) > 0.85
    assert made_worse(spot, 0 * change, states, left) == 0.5


def test_games_that_are_never_enough():
    def part(means):
        rows = [{"games": 100, "sum": 100 * m, "squares": 25.0, "real_odds": 0.55} for m in means]
        return Rows(rows)

    key = (10, 0.51, "outcome")
    # Odds of 55:45 in place of 51:49: a fifth of the difference, 25 times the games.
    found = enough_games(key, part([0.05] * 4))
    deviation = np.sqrt(0.25 - 0.05**2)
    assert found.value == pytest.approx(25 * games_needed(0.05, deviation))
    never = enough_games(key, part([-0.1, -0.2, -0.1]))
    assert (never.value, never.low, never.high) == (np.inf, np.inf, np.inf)
    perhaps = enough_games(key, part([0.3, 0.3, 0.3, -0.2, -0.3]))
    assert np.isfinite([perhaps.value, perhaps.low]).all()
    assert perhaps.high == np.inf


def test_games_around_a_position_of_a_board():
    rules = Rules(3, komi=0.5, max_moves=12)
    model = Model(NetworkConfig(blocks=1, channels=4, head_channels=4), seed=0)
    batch = GoBatch(1, rules)
    chance = np.exp(log_policy_of(model, batch))[0, [4, 0]]
    place = BoardSpot(batch, 4, 0, chance, 2.0)
    found, length = board_block(model, place, rules, 60, 16, np.random.default_rng(0))
    assert set(np.abs(found["outcome"])) == {0.5}
    assert set(found["winner"]) <= {-0.5, 0.0, 0.5}
    # Whoever wins with the good move raises it, whoever wins with the other one lowers it.
    won = found["winner"] != 0
    assert np.array_equal(found["winner"][won], found["outcome"][won])
    assert 2 <= length <= 12
    assert len(set(found["search network"])) == 1
    assert -0.5 <= found["search network"][0] <= 0.5


def test_positions_are_different_ones():
    oracle = make_oracle(T)
    spots = find_spots(oracle, T, 0.6, 4)
    assert len({spot.state for spot in spots}) == 4
    gap = [abs(spot.odds - 0.6) for spot in spots]
    assert max(gap) < 0.03
    first = find_spot(oracle, T, 0.6)
    assert (first.state, first.good, first.other) == (
        spots[0].state, spots[0].good, spots[0].other,
    )  # fmt: skip
    for spot in spots[1:]:
        # A twin by a symmetry would be worth exactly the same.
        same = [np.array_equal(spot.values[:, spot.state], o.values[:, o.state]) for o in spots]
        assert sum(same) == 1


def test_positions_that_few_visits_teach():
    def row(position, lift, kind="search"):
        return {"moves": 8, "odds": 0.51, "real_odds": 0.5123, "position": position, "kind": kind,
                "games": 10, "sum": 10 * lift, "squares": 10 * 0.25}  # fmt: skip

    # Means over a deviation of about a half: one visit, one, (1.645 / 0.75)**2, and never.
    rows = Rows([row(0, 0.45), row(1, 0.45), row(2, 0.3), row(3, -0.1), row(0, 0.0, "response")])
    found = taught(rows, "search")
    assert found.value == 0.5
    assert 0.1 < found.low < 0.2
    assert taught(rows, "response").value == 0
    table = visits_by_position(rows.where(kind="search"), {"search": "visits"})
    assert [each["visits"] for each in table] == pytest.approx([1, 1, 4.81, np.inf], rel=1e-2)
    assert table[0]["odds"] == 0.5123


def test_visits_of_a_search_to_the_position(spot):
    found = target_lifts(spot, "search value", 32, 6, np.random.default_rng(0))
    assert found.shape == (6,)
    assert (found > 0.1).all()
    worth = after_values(spot.oracle, spot.responses[spot.mover], T, np.array([spot.state]))[0]
    best = target_lifts(spot, "response", 2, 3, np.random.default_rng(0))
    assert np.array_equal(best, [0.5 * np.sign(worth[spot.good] - worth[spot.other])] * 3)


def test_games_fall_with_the_square_of_the_improvement():
    def part(odds):
        lift = (4 * odds - 2) / 4
        rows = [{"games": 100, "sum": 100 * each, "squares": 25.0, "real_odds": odds}
                for each in (lift, 1.1 * lift, 0.9 * lift)]  # fmt: skip
        return Rows(rows)

    ends = {(30, odds, "outcome"): part(odds) for odds in (0.51, 0.6)}
    found = exponent_over_odds(ends)
    exact = np.log(games_in_theory(0.51) / games_in_theory(0.6)) / np.log(0.1)
    assert found.value == pytest.approx(exact, abs=1e-6)
    assert found.value == pytest.approx(-2, abs=0.03)
    assert found.low < -2 < found.high
