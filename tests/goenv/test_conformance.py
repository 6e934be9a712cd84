"""The checkers of Gymnasium and PettingZoo, over all ids, with every warning an error."""

import warnings

import gymnasium
import numpy as np
import pettingzoo.test
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test.state_test import test_state as check_state
from pettingzoo.test.state_test import test_state_space as check_state_space

import goenv
from goenv.pettingzoo_ids import AEC_IDS

pytestmark = pytest.mark.filterwarnings("error")

GYMNASIUM_IDS = ["goenv/Go-v0", "goenv/PairGo-v0", "goenv/PhantomGo-v0"]
MAKERS = {
    "goenv/Go-v0": goenv.aec_env,
    "goenv/PairGo-v0": goenv.pair_go_env,
    "goenv/PhantomGo-v0": goenv.phantom_go_env,
}
HAS_REGISTRY = hasattr(pettingzoo, "register")  # since PettingZoo 1.27


def test_no_id_is_left_out():
    ours = [name for name in gymnasium.registry if name.startswith("goenv/")]
    assert sorted(ours) == sorted(GYMNASIUM_IDS) == sorted(AEC_IDS)
    if HAS_REGISTRY:
        registered = {name for name in pettingzoo.aec_registry if name.startswith("goenv/")}
        assert registered == set(AEC_IDS)


def make_aec(name, **arguments):
    """An environment as PettingZoo makes it from its id, or goenv if there is no registry."""
    if HAS_REGISTRY:
        return pettingzoo.make("aec", name, **arguments)
    return MAKERS[name](**arguments)


# ---- Gymnasium ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GYMNASIUM_IDS)
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"colour": "white", "illegal_action": "lose"},
        {"colour": "random", "illegal_action": "lose", "size": 2, "max_moves": 60},
        {"size": 19, "komi": 0, "superko": "simple", "suicide": False, "illegal_action": "lose"},
        {"size": 3, "illegal_action": "lose", "render_mode": "rgb_array", "reward": "score"},
    ],
)
def test_gymnasium_checker(name, arguments):
    env = gymnasium.make(name, **arguments)
    check_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize("name", GYMNASIUM_IDS)
@pytest.mark.parametrize("vectorization_mode", ["sync", "vector_entry_point"])
def test_vector_environments(name, vectorization_mode):
    """Gymnasium has no checker for these: games with its own wrapper that watches each call."""
    if name != "goenv/Go-v0" and vectorization_mode == "vector_entry_point":
        pytest.skip("there is none")
    envs = gymnasium.make_vec(name, 3, vectorization_mode, size=3, colour="random", max_moves=20)
    observations, _ = envs.reset(seed=0)
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(60):
        assert envs.observation_space.contains(observations)
        mask = observations["action_mask"] | (observations["action_mask"].sum(1) == 0)[:, None]
        actions = (rng.random(mask.shape) * mask).argmax(axis=1)
        observations, rewards, terminated, truncated, _ = envs.step(actions)
        assert rewards.shape == terminated.shape == truncated.shape == (3,)
        ends += (terminated | truncated).sum()
    assert ends > 0
    envs.close()


# ---- PettingZoo ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AEC_IDS)
@pytest.mark.parametrize(
    "arguments",
    [{}, {"size": 3, "illegal_action": "lose", "max_moves": 30}, {"size": 2, "komi": 0}],
)
def test_pettingzoo_api(name, arguments):
    pettingzoo.test.api_test(make_aec(name, action_mask="info", **arguments), num_cycles=100)


@pytest.mark.parametrize("name", AEC_IDS)
def test_pettingzoo_api_with_masks_in_the_observations(name):
    """PettingZoo remarks on the dict, from which its own games are exempt by name; on no more."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pettingzoo.test.api_test(make_aec(name, size=2, max_moves=12), num_cycles=100)
    assert {str(warning.message) for warning in caught} == {
        "Observation is not a NumPy array",
        "Observation space for each agent probably should be gymnasium.spaces.box or "
        "gymnasium.spaces.discrete",
    }


@pytest.mark.parametrize("name", AEC_IDS)
@pytest.mark.parametrize("action_mask", ["observation", "info"])
def test_pettingzoo_seed(name, action_mask):
    pettingzoo.test.seed_test(lambda: make_aec(name, size=5, action_mask=action_mask), 50)


@pytest.mark.parametrize("name", AEC_IDS)
def test_pettingzoo_render(name):
    pettingzoo.test.render_test(
        lambda **options: make_aec(name, size=3, **options),
        {"svg": lambda picture: picture.startswith("<svg")},
    )


@pytest.mark.parametrize("name", AEC_IDS)
def test_pettingzoo_state(name):
    """The parts of `state_test` that do not ask for a parallel environment: agents take turns."""
    env = make_aec(name, size=3, illegal_action="lose")
    check_state_space(env)
    for seed in range(20):
        check_state(env, num_cycles=30, seed=seed)


@pytest.mark.parametrize("name", AEC_IDS)
def test_pettingzoo_save_observation(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pettingzoo.test.test_save_obs(make_aec(name, size=3, action_mask="info"))


@pytest.mark.parametrize("name", AEC_IDS)
def test_limit_of_moves(name):
    """What `max_cycles_test` is for; it wants a parallel environment, and cycles of all agents."""
    env = make_aec(name, size=5, max_moves=7)
    rng = np.random.default_rng(0)
    env.reset(seed=0)
    played = 0
    for _ in env.agent_iter():
        _, _, terminated, truncated, info = env.last()
        if terminated or truncated:
            env.step(None)
            continue
        before = env.unwrapped.batch.ply[0]
        env.step(rng.choice(np.flatnonzero(info["action_mask"][:-1])))
        played += env.unwrapped.batch.ply[0] - before
    assert played == 7
