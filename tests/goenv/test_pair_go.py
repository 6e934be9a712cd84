"""Pair Go: order of play, shared rewards, policies in the other seats."""

import copy
import pickle

import gymnasium
import numpy as np
import pytest

import goenv

ORDER = ["black_0", "white_0", "black_1", "white_1"]


def passes(observation, info, rng):
    return len(info["action_mask"]) - 1


def first_allowed(observation, info, rng):
    return int(observation["action_mask"].argmax())


def test_order_of_play():
    env = goenv.pair_go_env(size=5, max_moves=50)
    env.reset(seed=0)
    assert env.possible_agents == env.agents == ORDER
    rng = np.random.default_rng(0)
    movers = []
    for agent in env.agent_iter():
        observation, _, terminated, truncated, info = env.last()
        if terminated or truncated:
            env.step(None)
            continue
        assert env.unwrapped.batch.to_play[0] == (1 if agent.startswith("black") else -1)
        assert observation["action_mask"].any()
        for other in ORDER:
            if other != agent:
                assert not env.observe(other)["action_mask"].any()
                assert not env.infos[other]["action_mask"].any()
        # A pass now and then changes nothing about the order.
        legal = np.flatnonzero(info["action_mask"])
        env.step(25 if len(movers) % 3 == 0 else int(rng.choice(legal[:-1])))
        movers.append(agent)
    assert movers == (ORDER * 13)[:50]


def test_partners_see_the_same_and_only_who_is_on_turn_may_move():
    planes = ("own", "opponent", "legal", "colour")
    env = goenv.pair_go_env(size=3, planes=planes)
    env.reset()
    env.step(4)
    env.step(0)
    first, second = (env.observe(agent)["observation"] for agent in ("black_0", "black_1"))
    assert np.array_equal(first[[0, 1, 3]], second[[0, 1, 3]])
    assert not first[2].any()  # its partner is on turn
    assert second[2].sum() == 7
    assert env.observe("white_1")["observation"][0].tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert env.unwrapped.batch.legal_actions()[0].sum() == 8  # looking changed nothing


def test_the_partners_last_move_is_the_plane_last_2():
    env = goenv.pair_go_env(size=3, planes=[f"last_{back}" for back in range(1, 5)])
    env.reset()
    for action in (0, 1, 2, 3):
        env.step(action)
    seen = env.observe("black_0")["observation"].reshape(4, 9).argmax(axis=1)
    assert env.agent_selection == "black_0"
    assert seen.tolist() == [3, 2, 1, 0]  # white_1, its partner black_1, white_0, itself


def test_rewards_of_all_four():
    env = goenv.pair_go_env(size=2, komi=0.5)
    env.reset()
    for action in (0, 4, 4):
        assert set(env.rewards.values()) == {0.0}
        env.step(action)
    assert env.rewards == {"black_0": 1.0, "white_0": -1.0, "black_1": 1.0, "white_1": -1.0}
    assert env.terminations == dict.fromkeys(ORDER, True)
    got = {}
    for agent in env.agent_iter():
        got[agent] = env.last()[1]
        assert env.last()[4]["score"] == 3.5
        env.step(None)
    assert got == {"black_0": 1.0, "white_0": -1.0, "black_1": 1.0, "white_1": -1.0}
    assert env.agents == []


def test_score_differences_add_up_for_each_of_the_four():
    env = goenv.pair_go_env(size=3, komi=2.5, max_moves=20, reward="score_difference")
    env.reset()
    rng = np.random.default_rng(1)
    totals = dict.fromkeys(ORDER, 0.0)
    for agent in env.agent_iter():
        observation, reward, terminated, truncated, info = env.last()
        totals[agent] += reward
        over = terminated or truncated
        legal = np.flatnonzero(observation["action_mask"])
        env.step(None if over else int(rng.choice(legal)))
    score = info["score"]
    assert totals == {"black_0": score, "white_0": -score, "black_1": score, "white_1": -score}


def test_an_illegal_action_loses_for_both_partners():
    env = goenv.pair_go_env(size=2, illegal_action="lose", komi=-50)
    env.reset()
    for action in (0, 1, 1):
        env.step(action)
    assert env.rewards == {"black_0": -1.0, "white_0": 1.0, "black_1": -1.0, "white_1": 1.0}
    env = goenv.pair_go_env(size=2)
    env.reset()
    env.step(0)
    with pytest.raises(goenv.IllegalActionError, match="occupied"):
        env.step(0)
    assert env.agent_selection == "white_0"


def test_limit_of_moves():
    env = goenv.pair_go_env(size=3, komi=0.5, max_moves=3)
    env.reset()
    for action in (0, 1, 2):
        env.step(action)
    assert env.truncations == dict.fromkeys(ORDER, True)
    assert env.terminations == dict.fromkeys(ORDER, False)
    assert set(env.rewards.values()) == {1.0, -1.0}


def test_state_tells_which_of_the_four_is_on_turn():
    env = goenv.pair_go_env(size=2)
    env.reset()
    assert env.state_space.shape == (7, 2, 2)
    for index in (0, 1, 2):
        assert env.state()[3:, 0, 0].tolist() == [int(index == seat) for seat in range(4)]
        env.step(index)


@pytest.mark.parametrize("through", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
@pytest.mark.parametrize("make", [goenv.pair_go_env, goenv.phantom_go_env])
def test_copies_go_on_alike(make, through):
    env = make(size=3)
    env.reset()
    for action in (4, 4 if make is goenv.phantom_go_env else 0, 1):
        env.step(action)
    twin = through(env)
    assert twin.agent_selection == env.agent_selection
    for each in (env, twin):
        each.step(7)
    assert np.array_equal(env.state(), twin.state())
    for agent in env.agents:
        first, second = env.observe(agent), twin.observe(agent)
        assert np.array_equal(first["observation"], second["observation"])
    env.step(8)
    assert not np.array_equal(env.state(), twin.state())


# ---- one seat, for Gymnasium --------------------------------------------------------------------


def test_who_plays_where():
    """Each policy is asked for its own seat, in turn."""
    asked = []

    def recorder(name):
        def policy(observation, info, rng):
            asked.append((name, info["colour"], info["ply"]))
            assert info["to_play"] == info["colour"]
            assert info["action_mask"].sum() == 25 - info["ply"] + 1
            assert observation["action_mask"].any()
            return first_allowed(observation, info, rng)

        return policy

    arguments = {
        "partner": recorder("partner"),
        "opponents": [recorder("next"), recorder("last")],
        "size": 5,
    }
    env = gymnasium.make("goenv/PairGo-v0", **arguments)
    observation, info = env.reset(seed=0)
    assert (info["colour"], info["ply"], info["to_play"]) == (1, 0, 1)
    assert asked == []
    observation, reward, terminated, truncated, info = env.step(24)
    assert asked == [("next", -1, 1), ("partner", 1, 2), ("last", -1, 3)]
    assert (reward, terminated, truncated, info["ply"]) == (0.0, False, False, 4)
    own, opponent, _ = observation["observation"].reshape(3, 25)
    assert np.flatnonzero(own).tolist() == [1, 24]
    assert np.flatnonzero(opponent).tolist() == [0, 2]
    asked.clear()
    env = gymnasium.make("goenv/PairGo-v0", colour="white", **arguments)
    observation, info = env.reset(seed=0)
    # White's seat is white_0: black_1 follows it, and black_0 has moved already.
    assert asked == [("last", 1, 0)]
    env.step(24)
    assert asked[1:] == [("next", 1, 2), ("partner", -1, 3), ("last", 1, 4)]


def test_one_policy_may_play_both_opponents():
    env = goenv.PairGoEnv(size=2, komi=0.5, partner=passes, opponents=passes)
    env.reset(seed=0)
    _, reward, terminated, _, info = env.step(0)  # the others pass, and the game is over
    assert (reward, terminated, info["score"], info["ply"]) == (1.0, True, 3.5, 3)
    assert not info["action_mask"].any()
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)


def test_score_differences_add_up():
    env = goenv.PairGoEnv(size=3, max_moves=30, reward="score_difference", colour="random")
    for seed in range(10):
        _, info = env.reset(seed=seed)
        total, over = 0.0, False
        while not over:
            action = np.flatnonzero(info["action_mask"])[0]
            _, reward, terminated, truncated, info = env.step(action)
            total += reward
            over = terminated or truncated
        assert total == info["score"] * info["colour"]


def test_seeds_determine_games():
    def play(env, seed):
        rng = np.random.default_rng(0)
        _, info = env.reset(seed=seed)
        over, seen = False, [info["colour"]]
        while not over:
            action = rng.choice(np.flatnonzero(env.unwrapped.action_masks()))
            observation, reward, terminated, truncated, info = env.step(action)
            over = terminated or truncated
            seen += [observation["observation"].tobytes(), reward, info["ply"]]
        return seen

    for name in ("goenv/PairGo-v0", "goenv/PhantomGo-v0"):
        env = gymnasium.make(name, size=4, colour="random", max_moves=60)
        first = [play(env, 3), play(env, None)]
        assert [play(env, 3), play(env, None)] == first
        assert play(env, 4) != first[0]
        assert play(gymnasium.make(name, size=4, colour="random", max_moves=60), 3) == first[0]


def test_mistakes_are_told_whose_they_are():
    env = goenv.PairGoEnv(size=3, opponents=lambda *_: 0, illegal_action="lose")
    env.reset()
    with pytest.raises(goenv.IllegalActionError, match=r"action 0 .*the policy of white_0"):
        env.step(0)
    env = goenv.PairGoEnv(size=3, partner=lambda *_: 0.5, opponents=passes)
    env.reset()
    with pytest.raises(ValueError, match=r"the policy of black_1: .*whole number, got 0\.5"):
        env.step(0)
    env = goenv.PairGoEnv(size=3, partner=passes, opponents=first_allowed, komi=-20)
    env.reset()
    env.step(4)
    with pytest.raises(goenv.IllegalActionError, match=r"action 4 .*occupied"):
        env.step(4)
    assert env.step(5)[4]["ply"] == 8
    env = goenv.PairGoEnv(size=3, illegal_action="lose", komi=-20)
    env.reset(seed=0)
    env.step(4)
    _, reward, terminated, truncated, info = env.step(4)
    assert (reward, terminated, truncated, info["illegal_action"]) == (-1.0, True, False, True)


def test_step_before_reset():
    with pytest.raises(gymnasium.error.ResetNeeded):
        goenv.PairGoEnv(size=3).step(0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 1}, "size"),
        ({"partner": "uct:400"}, "partner must be 'random' or a callable.*uct:400"),
        ({"opponents": None}, "opponents must be 'random' or a callable"),
        ({"opponents": ["random"]}, "opponents must be one policy or two, got 1"),
        ({"colour": "red"}, "colour"),
        ({"colour": "white", "max_moves": 1}, "max_moves"),
        ({"illegal_action": "ignore"}, "illegal_action"),
        ({"reward": "points"}, "reward"),
        ({"planes": ("mine",)}, "mine"),
        ({"render_mode": "gif"}, "render_mode"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        goenv.PairGoEnv(**arguments)


@pytest.mark.parametrize("make", [goenv.PairGoEnv, goenv.PhantomGoEnv])
def test_rendering(make):
    env = make(size=3, render_mode="ansi")
    env.reset(seed=0)
    env.step(4)
    assert env.render() == goenv.game_text(env.game.batch, 0)
    env.close()
    env = make(size=3)
    env.reset()
    with pytest.warns(UserWarning, match=r"render_mode: make\("):
        assert env.render() is None
