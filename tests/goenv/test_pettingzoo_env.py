"""The PettingZoo environment: checked by hand; PettingZoo's tests are in test_conformance."""

import numpy as np
import pettingzoo.test
import pytest

import goenv


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_api_with_other_planes(layout):
    planes = ("own", "opponent", "empty", "colour", "komi", "legal")
    env = goenv.aec_env(size=2, planes=planes, layout=layout, action_mask="info")
    pettingzoo.test.api_test(env, num_cycles=100)


def test_the_mask_may_be_in_the_infos_alone():
    env, apart = goenv.aec_env(size=2), goenv.aec_env(size=2, action_mask="info")
    for each in (env, apart):
        each.reset()
        each.step(0)
    assert apart.observation_space("black_0") == env.observation_space("black_0")["observation"]
    for agent in env.agents:
        seen = env.observe(agent)
        assert np.array_equal(apart.observe(agent), seen["observation"])
        assert np.array_equal(apart.infos[agent]["action_mask"], seen["action_mask"])


def test_state():
    env = goenv.aec_env(size=2)
    env.reset()
    env.step(1)
    black, white, empty, black_0, white_0 = env.state()
    assert black.tolist() == [[0, 1], [0, 0]]
    assert not white.any()
    assert empty.tolist() == [[1, 0], [1, 1]]
    assert not black_0.any()
    assert white_0.all()
    env.step(4)
    env.step(4)
    assert not env.state()[3:].any()


def test_random_games():
    """What PettingZoo's bombardment and cycles tests are for, without their flaws."""
    env = goenv.aec_env(size=3, max_moves=12)
    rng = np.random.default_rng(0)
    ends = set()
    for _ in range(50):
        env.reset()
        steps = 0
        for agent in env.agent_iter():
            observation, reward, terminated, truncated, info = env.last()
            assert env.observation_space(agent).contains(observation)
            if terminated or truncated:
                ends.add((agent, reward, terminated, truncated))
                env.step(None)
                continue
            assert reward == 0
            assert np.array_equal(observation["action_mask"], info["action_mask"])
            env.step(rng.choice(np.flatnonzero(observation["action_mask"])))
            steps += 1
        assert steps <= 12
    # Komi is 7.5: Black wins only with the whole board.
    assert {end[2:] for end in ends} == {(True, False), (False, True)}
    assert {end[:2] for end in ends} >= {("black_0", -1.0), ("white_0", 1.0)}


def test_a_game_by_hand():
    env = goenv.aec_env(size=2, komi=0.5)
    env.reset(seed=0)
    assert env.agent_selection == "black_0"
    assert env.possible_agents == env.agents == ["black_0", "white_0"]
    assert env.infos["black_0"]["action_mask"].tolist() == [1, 1, 1, 1, 1]
    assert env.infos["white_0"]["action_mask"].tolist() == [0, 0, 0, 0, 0]
    env.step(0)
    assert env.agent_selection == "white_0"
    black, white = env.observe("black_0"), env.observe("white_0")
    assert black["observation"][0].tolist() == [[1, 0], [0, 0]]  # own
    assert white["observation"][1].tolist() == [[1, 0], [0, 0]]  # opponent
    assert not black["observation"][1].any()
    assert not white["observation"][0].any()
    assert not black["action_mask"].any()
    assert white["action_mask"].tolist() == [0, 1, 1, 1, 1]
    assert env.unwrapped.batch.to_play[0] == -1  # looking changed nothing
    env.step(4)
    assert env.rewards == {"black_0": 0.0, "white_0": 0.0}
    env.step(4)
    assert env.rewards == {"black_0": 1.0, "white_0": -1.0}
    assert env.terminations == {"black_0": True, "white_0": True}
    assert env.truncations == {"black_0": False, "white_0": False}
    assert env.infos["white_0"]["score"] == 3.5
    assert not env.observe("white_0")["action_mask"].any()
    assert env.last()[1] == -1.0  # White's
    env.step(None)
    assert env.last()[1] == 1.0  # Black's
    env.step(None)
    assert env.agents == []


def test_draw_and_truncation():
    env = goenv.aec_env(size=2, komi=0, max_moves=1)
    env.reset()
    env.step(4)
    assert env.rewards == {"black_0": 0.0, "white_0": 0.0}
    assert env.truncations == {"black_0": True, "white_0": True}
    assert env.terminations == {"black_0": False, "white_0": False}


def test_the_legal_plane_is_for_who_is_on_turn():
    env = goenv.aec_env(size=2, planes=("legal",))
    env.reset()
    assert env.observe("black_0")["observation"].all()
    assert not env.observe("white_0")["observation"].any()


def test_illegal_action_raises_and_leaves_the_game():
    env = goenv.aec_env(size=2)
    env.reset()
    env.step(0)
    for action, reason in ((0, "the point is occupied"), (5, "it is not on the board")):
        with pytest.raises(goenv.IllegalActionError, match=f"action {action} .*{reason}"):
            env.step(action)
    with pytest.raises(ValueError, match="whole number, got None"):
        env.step(None)
    assert env.agent_selection == "white_0"
    env.step(3)
    assert env.agent_selection == "black_0"


def test_illegal_action_loses():
    env = goenv.aec_env(size=2, illegal_action="lose", komi=50)
    env.reset()
    env.step(0)
    env.step(0)
    assert env.rewards == {"black_0": 1.0, "white_0": -1.0}
    assert env.terminations == {"black_0": True, "white_0": True}
    assert not env.observe("black_0")["action_mask"].any()
    env.step(None)
    env.step(None)
    env.reset()
    assert env.observe("black_0")["action_mask"].all()


def test_order_is_enforced():
    env = goenv.aec_env(size=2)
    with pytest.raises(AttributeError, match="before reset"):
        _ = env.agents


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 1}, "size"),
        ({"illegal_action": "ignore"}, "illegal_action"),
        ({"action_mask": "both"}, "action_mask"),
        ({"planes": ("mine",)}, "mine"),
        ({"render_mode": "gif"}, "render_mode"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        goenv.aec_env(**arguments)
