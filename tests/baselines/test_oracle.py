"""Exact values of small boards, against counting by hand and against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.agent import RandomAgent, sample_actions
from baselines.oracle import ENDS, ILLEGAL, Oracle
from baselines.reference import ReferenceGame
from goenv import BLACK, WHITE, GoBatch, Rules


@pytest.fixture(scope="module")
def three():
    return Oracle(Rules(3, komi=8.5, superko="simple", max_moves=24))


@pytest.fixture(scope="module")
def two():
    return Oracle(Rules(2, komi=0.5, superko="simple", max_moves=7))


def test_as_many_states_as_are_known(three):
    """12675 boards, in each of which every chain has a liberty (oeis.org/A094777)."""
    assert len({board.tobytes() for board in three.boards}) == 12675
    without = Oracle(Rules(3, superko="simple", suicide=False, max_moves=24))
    assert len(without) == 49426
    assert len(three) > 49426  # suicides lead to bans that captures do not


def test_black_owns_the_whole_board(three):
    score, outcome = three.values("score"), three.values("outcome")
    assert score[-1, three.start] == 9 - 8.5
    assert outcome[-1, three.start] == 1
    assert three.values("score")[-1].min() == -9 - 8.5
    best = np.flatnonzero(three.gives_up(score, 24)[three.start] == 0)
    assert best.tolist() == [4]  # the centre


def brute_force(game: ReferenceGame, reply=None, side: int = 0) -> float:
    """Black's score under best play, or where `side` plays best against `reply`."""
    if game.over:
        return game.score()
    values = {}
    for action, legal in enumerate(game.legal_actions()):
        if legal:
            after = game.copy()
            after.play(action)
            values[action] = brute_force(after, reply, side)
    if reply is not None and game.to_play != side:
        policy = reply(game)
        return sum(policy[action] * value for action, value in values.items())
    return game.to_play * max(game.to_play * value for value in values.values())


def reference(oracle: Oracle) -> ReferenceGame:
    rules = oracle.rules
    return ReferenceGame(rules.size, rules.komi, rules.superko, rules.suicide, rules.max_moves)


def test_minimax_is_that_of_brute_force(two):
    values = two.values()
    game, batch = reference(two), GoBatch(1, two.rules)
    # A line of play with a capture and a pass, and what is left at each of its positions.
    for action in (0, 1, 3, 4):
        assert values[7 - game.ply, two.states_of(batch)[0]] == brute_force(game)
        game.play(action)
        batch.step(np.array([action]))


@pytest.mark.parametrize("side", [BLACK, WHITE])
def test_a_best_response_is_that_of_brute_force(two, side):
    rng = np.random.default_rng(0)
    policy = rng.random(two.legal.shape) * two.legal
    policy /= policy.sum(axis=1, keepdims=True)
    number = {
        (board.tobytes(), player, legal.tobytes(), bool(passed)): index
        for index, (board, player, legal, passed) in enumerate(
            zip(two.boards, two.to_play, two.legal, two.passed, strict=True)
        )
    }

    def reply(game):
        key = (
            np.array(game.cells, np.int8).tobytes(), game.to_play,
            np.array(game.legal_actions(), np.bool_).tobytes(), game.passes_in_a_row == 1,
        )  # fmt: skip
        return policy[number[key]]

    found = two.best_response(policy, side)[-1, two.start]
    assert found == pytest.approx(brute_force(reference(two), reply, side), abs=1e-5)
    # It does no worse than against best play, nor better than is possible.
    assert side * found >= side * two.values()[-1, two.start]


def test_states_follow_each_other_as_games_do(three):
    batch = GoBatch(64, three.rules, 5)
    states = three.states_of(batch)
    assert (states == three.start).all()
    for _ in range(20):
        running = np.flatnonzero(~batch.done)
        np.testing.assert_array_equal(batch.legal_actions()[running], three.legal[states[running]])
        np.testing.assert_array_equal(batch.boards()[running], three.boards[states[running]])
        actions = batch.random_actions()
        after = three.successors[np.maximum(states, 0), actions]
        batch.step(actions)
        new = three.states_of(batch)
        for game in running:
            assert new[game] == (-1 if after[game] == ENDS else after[game])
        states = new
    assert (three.successors[~three.legal] == ILLEGAL).all()


@pytest.mark.parametrize("kind", ["score", "outcome"])
def test_something_gives_nothing_up(three, kind):
    values = three.values(kind)
    for left in (1, 2, 13, 24):
        lost = three.gives_up(values, left)
        reachable = three.depth < three.depth.max()
        assert (np.isnan(lost[reachable]) == ~three.legal[reachable]).all()
        assert (np.nanmin(lost[reachable], axis=1) == 0).all()


def test_the_policy_of_an_agent_is_how_often_it_moves_where(three):
    class Sharp:
        name = "sharp"

        def act(self, batch, rng):
            logits = np.where(batch.legal_actions(), np.arange(batch.num_actions), -np.inf)
            return sample_actions(30 * logits, rng)

        __call__ = act

    policy = three.policy_of(Sharp(), np.random.default_rng(0))
    assert (policy[:, -1] == 1).all()  # it always passes
    # Black has only to put a stone down, and to keep it.
    assert three.best_response(policy, BLACK)[-1, three.start] == 9 - 8.5
    told: list[float] = []
    policy = three.policy_of(RandomAgent(), np.random.default_rng(0), repeats=150, tell=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    np.testing.assert_allclose(policy[0], 0.1, atol=0.1)
    assert not policy[~three.legal].any()


@pytest.mark.parametrize(
    ("rules", "word"),
    [
        (Rules(4, superko="simple", max_moves=20), "size"),
        (Rules(3, max_moves=20), "superko"),
        (Rules(3, superko="simple"), "max_moves"),
    ],
)
def test_what_it_cannot_know_is_told(rules, word):
    with pytest.raises(ValueError, match=word):
        Oracle(rules)
    with pytest.raises(ValueError, match="kind"):
        Oracle(Rules(2, superko="simple", max_moves=3)).values("points")


def test_values_of_a_policy_are_the_mean_of_its_games(two):
    policy = two.legal / two.legal.sum(axis=1, keepdims=True)
    black, state, total = two.policy_values(policy, "outcome"), two.start, 0.0
    for action in np.flatnonzero(two.legal[state]):
        total += policy[state, action] * black[6, two.successors[state, action]]
    assert black[7, state] == pytest.approx(total, abs=1e-6)
    assert abs(black[7, state]) < two.values("outcome")[7].max()
    only = np.zeros_like(policy)
    only[:, -1] = 1  # two passes, and White has the komi
    assert two.policy_values(only, "score")[7, state] == -two.rules.komi


def test_moves_lead_to_their_state(three):
    for state in (0, 1, 57, len(three) - 1):
        batch = GoBatch(1, three.rules)
        for action in three.moves_to(state):
            batch.step(np.array([action]))
        assert three.states_of(batch)[0] == state
        assert len(three.moves_to(state)) == three.depth[state]
