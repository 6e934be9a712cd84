"""Rewards by name, and whose they are, through every environment."""

import gymnasium
import numpy as np
import pytest

import goenv

KINDS = ("outcome", "score", "score_difference")


def sizes(kind):
    return {"size": 4, "komi": 2, "max_moves": 60, "reward": kind}


def wanted(kind, score):
    """The return of Black."""
    return np.sign(score) if kind == "outcome" else score


@pytest.mark.parametrize("colour", ["black", "white"])
@pytest.mark.parametrize("kind", KINDS)
def test_one_seat(kind, colour):
    env = gymnasium.make("goenv/Go-v0", colour=colour, **sizes(kind))
    side = 1 if colour == "black" else -1
    drawn = 0
    for seed in range(20):
        observation, info = env.reset(seed=seed)
        env.action_space.seed(seed)
        rewards, over = [], False
        while not over:
            action = env.action_space.sample(observation["action_mask"])
            observation, reward, terminated, truncated, info = env.step(action)
            over = terminated or truncated
            rewards.append(reward)
        assert sum(rewards) == side * wanted(kind, info["score"])
        assert (kind == "score_difference") == any(rewards[:-1])
        drawn += info["score"] == 0
    assert drawn < 20


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
@pytest.mark.parametrize("kind", KINDS)
def test_games_side_by_side(kind, mode):
    """Returns of each game add up to its score, over several games in each place."""
    settings = {**sizes(kind), "autoreset_mode": mode}
    envs = gymnasium.make_vec("goenv/Go-v0", num_envs=8, colour="random", **settings)
    observations, infos = envs.reset(seed=1)
    colours, returns, ended = infos["colour"].copy(), np.zeros(8), 0
    rng = np.random.default_rng(0)
    for _ in range(150):
        mask = observations["action_mask"]
        actions = (rng.random(mask.shape) * (mask + 1e-9)).argmax(axis=1)
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        returns += rewards
        over = terminated | truncated
        final = infos.get("final_info", infos) if mode == "SameStep" else infos
        for game in np.flatnonzero(over):
            assert returns[game] == colours[game] * wanted(kind, final["score"][game])
            returns[game], ended = 0, ended + 1
        colours = infos["colour"].copy()
    assert ended > 20


@pytest.mark.parametrize("kind", KINDS)
def test_both_seats(kind):
    """The reward is the mover's: with its sign as Black's, a game's rewards add up to its score."""
    envs = gymnasium.make_vec("goenv/Go-v0", num_envs=6, opponent=None, **sizes(kind))
    observations, infos = envs.reset(seed=1)
    returns, ended = np.zeros(6), 0
    rng = np.random.default_rng(0)
    for _ in range(200):
        mask = observations["action_mask"]
        actions = (rng.random(mask.shape) * (mask + 1e-9)).argmax(axis=1)
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        returns += rewards * infos["mover"]
        for game in np.flatnonzero(terminated | truncated):
            assert returns[game] == wanted(kind, infos["score"][game])
            returns[game], ended = 0, ended + 1
    assert ended > 10


@pytest.mark.parametrize("kind", KINDS)
def test_pettingzoo(kind):
    env = goenv.aec_env(**sizes(kind))
    for seed in range(10):
        env.reset(seed=seed)
        returns = {"black_0": 0.0, "white_0": 0.0}
        for agent in env.agent_iter():
            observation, reward, terminated, truncated, info = env.last()
            returns[agent] += reward
            assert sum(env.rewards.values()) == 0
            if terminated or truncated:
                score = info["score"]
                env.step(None)
            else:
                space = env.action_space(agent)
                space.seed(seed + int(observation["observation"].sum()))
                env.step(space.sample(observation["action_mask"]))
        assert returns["black_0"] == wanted(kind, score) == -returns["white_0"]


def test_differences_by_hand():
    """Komi 2 on 3x3. Black in the centre owns all 9 points, White's stone takes the rest away."""
    env = goenv.aec_env(size=3, komi=2, reward="score_difference")
    env.reset()
    env.step(4)
    assert env.rewards == {"black_0": 7, "white_0": -7}  # from nothing to 9 - 2
    env.step(0)
    assert env.rewards == {"black_0": -9, "white_0": 9}  # one stone each, nobody's points: -2
    env.step(9)
    assert env.rewards == {"black_0": 0, "white_0": 0}


@pytest.mark.parametrize(
    ("kind", "loss"), [("outcome", 1), ("score", 11), ("score_difference", 11)]
)
def test_losing_by_an_illegal_action(kind, loss):
    """Costs the whole board and the komi, 9 + 2, whatever was gained before."""
    settings = {"size": 3, "komi": -2, "illegal_action": "lose", "reward": kind}
    env = gymnasium.make("goenv/Go-v0", **settings)
    env.reset(seed=0)
    first = env.step(4)[1]
    _, reward, terminated, _, info = env.step(4)
    assert terminated
    assert info["illegal_action"]
    assert first + reward == -loss
    aec = goenv.aec_env(**settings)
    aec.reset()
    black = 0
    for action in (4, 4):  # White is at fault
        aec.step(action)
        black += aec.rewards["black_0"]
    assert black == loss
    assert aec.rewards["white_0"] == -aec.rewards["black_0"]


@pytest.mark.parametrize("reward", ["win", "", None, 1])
def test_unknown_rewards(reward):
    words = "reward must be one of 'outcome', 'score', 'score_difference', got"
    for make in (
        lambda: gymnasium.make("goenv/Go-v0", reward=reward),
        lambda: gymnasium.make_vec("goenv/Go-v0", num_envs=2, reward=reward),
        lambda: goenv.aec_env(reward=reward),
    ):
        with pytest.raises(ValueError, match=words):
            make()
