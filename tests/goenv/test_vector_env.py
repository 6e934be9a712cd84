"""GoVectorEnv: against GoEnv in Gymnasium's own vector environment, and by hand."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import goenv

PASS_2X2 = 4


def first_legal(batch, rng):
    return batch.legal_actions().argmax(axis=1)


def passes(batch, rng):
    return np.full(batch.num_games, batch.num_actions - 1)


def choose(rng, mask):
    """A random legal action for each row; 0 where there is none."""
    return (rng.random(mask.shape) * mask).argmax(axis=1)


def assert_same(first, second, where="result"):
    if isinstance(first, dict):
        assert first.keys() == second.keys(), where
        for key in first:
            assert_same(first[key], second[key], f"{where}[{key!r}]")
    elif isinstance(first, tuple) or (isinstance(first, np.ndarray) and first.dtype.kind == "O"):
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            assert_same(one, other, f"{where}[{index}]")
    else:
        assert np.array_equal(first, second), where


@pytest.mark.parametrize("opponent", ["random", first_legal])
@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("colour", ["black", "white", "random"])
def test_equals_single_environments(opponent, mode, colour):
    """The same as Gymnasium's SyncVectorEnv over GoEnv, seeds, infos and autoresets included."""
    arguments = {"size": 3, "komi": 0, "max_moves": 15, "opponent": opponent, "colour": colour}
    native = gymnasium.make_vec("goenv/Go-v0", 5, autoreset_mode=mode, **arguments)
    single = gymnasium.make_vec(
        "goenv/Go-v0", 5, "sync", vector_kwargs={"autoreset_mode": mode}, **arguments
    )
    assert isinstance(native.unwrapped, goenv.GoVectorEnv)
    assert native.metadata["autoreset_mode"] == single.metadata["autoreset_mode"] == mode
    assert native.observation_space == single.observation_space
    assert native.action_space == single.action_space
    result = native.reset(seed=11)
    assert_same(result, single.reset(seed=11))
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(80):
        actions = choose(rng, result[0]["action_mask"])
        result = native.step(actions)
        assert_same(result, single.step(actions))
        over = result[2] | result[3]
        ends += over.sum()
        if mode == AutoresetMode.DISABLED and over.any():
            result = native.reset(options={"reset_mask": over})
            assert_same(result, single.reset(options={"reset_mask": over}))
    assert ends > 20


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_equals_single_environments_where_illegal_actions_lose(mode):
    arguments = {"size": 2, "komi": 0, "illegal_action": "lose", "colour": "random"}
    native = gymnasium.make_vec("goenv/Go-v0", 6, autoreset_mode=mode, **arguments)
    single = gymnasium.make_vec(
        "goenv/Go-v0", 6, "sync", vector_kwargs={"autoreset_mode": mode}, **arguments
    )
    assert_same(native.reset(seed=2), single.reset(seed=2))
    rng = np.random.default_rng(1)
    forfeits = 0
    for _ in range(40):
        actions = rng.integers(0, 5, 6)
        result = native.step(actions)
        assert_same(result, single.step(actions))
        over = result[2] | result[3]
        infos = result[4].get("final_info", result[4])
        forfeits += infos.get("_illegal_action", np.zeros(1)).sum()
        if mode == AutoresetMode.DISABLED and over.any():
            for envs in (native, single):
                envs.reset(options={"reset_mask": over})
    assert forfeits > 10


def test_no_warnings_and_wrappers():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        envs = gymnasium.make_vec("goenv/Go-v0", num_envs=4, size=2, max_moves=10)
        envs = gymnasium.wrappers.vector.RecordEpisodeStatistics(envs)
        observations, _ = envs.reset(seed=0)
        assert observations in envs.observation_space
        rng = np.random.default_rng(0)
        episodes = 0
        for _ in range(30):
            actions = choose(rng, observations["action_mask"])
            assert actions in envs.action_space
            observations, _, _, _, infos = envs.step(actions)
            assert observations in envs.observation_space
            episodes += infos.get("_episode", np.zeros(1)).sum()
        assert episodes > 5
        envs.close()


def both_seats(num_envs=2, **arguments):
    arguments = {"size": 2, "komi": 0.5, "opponent": None, **arguments}
    return gymnasium.make_vec("goenv/Go-v0", num_envs=num_envs, **arguments)


def test_both_seats_by_hand():
    """The reward is the mover's, the observation the next player's."""
    envs = both_seats()
    observations, infos = envs.reset(seed=0)
    assert infos["to_play"].tolist() == [1, 1]
    assert infos["mover"].tolist() == [0, 0]
    # Game 0: Black takes the corner, White passes, Black passes and wins by 3.5.
    # Game 1: Black passes, White passes and wins by komi.
    observations, rewards, terminated, _, infos = envs.step(np.array([0, PASS_2X2]))
    assert infos["mover"].tolist() == [1, 1]
    assert infos["to_play"].tolist() == [-1, -1]
    assert rewards.tolist() == [0, 0]
    assert observations["observation"][0, 0].tolist() == [[0, 0], [0, 0]]  # White's own stones
    assert observations["observation"][0, 1].tolist() == [[1, 0], [0, 0]]  # Black's
    observations, rewards, terminated, _, infos = envs.step(np.array([PASS_2X2, PASS_2X2]))
    assert infos["mover"].tolist() == [-1, -1]
    assert infos["to_play"].tolist() == [1, 1]
    assert terminated.tolist() == [False, True]
    assert rewards.tolist() == [0, 1]  # White's, who has just moved; Black's is its negative
    assert infos["_score"].tolist() == [False, True]
    assert infos["score"][1] == -0.5
    assert observations["observation"][0, 0].tolist() == [[1, 0], [0, 0]]  # Black's own again
    assert not observations["action_mask"][1].any()
    observations, rewards, terminated, _, infos = envs.step(np.array([PASS_2X2, 0]))
    assert infos["mover"].tolist() == [1, 0]  # the second game has begun anew
    assert infos["to_play"].tolist() == [-1, 1]
    assert rewards.tolist() == [1, 0]
    assert terminated.tolist() == [True, False]
    assert infos["ply"].tolist() == [3, 0]


def test_both_seats_rewards_are_the_outcome_for_the_mover():
    envs = both_seats(64, size=3, komi=0, autoreset_mode=AutoresetMode.SAME_STEP, max_moves=20)
    observations, infos = envs.reset(seed=0)
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        to_play = infos["to_play"]
        result = envs.step(choose(rng, observations["action_mask"]))
        observations, rewards, terminated, truncated, infos = result
        assert np.array_equal(infos["mover"] == 0, terminated | truncated)  # begun anew
        for game in (terminated | truncated).nonzero()[0]:
            final = {name: values[game] for name, values in infos["final_info"].items()}
            assert final["mover"] == to_play[game] == -final["to_play"]
            assert rewards[game] == np.sign(final["score"]) * final["mover"]
            assert infos["to_play"][game] == 1
            assert infos["ply"][game] == 0
            seen.add((int(final["mover"]), int(rewards[game])))
            # The end is seen by who would be next, and the board still stands.
            assert infos["final_obs"][game]["observation"].shape == (3, 3, 3)
        running = ~(terminated | truncated)
        assert np.array_equal(infos["to_play"][running], -to_play[running])
    assert seen == {(colour, reward) for colour in (1, -1) for reward in (1, 0, -1)}


def test_next_step_ignores_the_action_of_a_finished_game():
    envs = both_seats()
    envs.reset()
    envs.step(np.array([PASS_2X2, 0]))
    assert envs.step(np.array([PASS_2X2, 1]))[2].tolist() == [True, False]
    observations, rewards, terminated, _, infos = envs.step(np.array([99, 3]))
    assert rewards.tolist() == [0, 0]
    assert terminated.tolist() == [False, False]
    assert infos["ply"].tolist() == [0, 3]
    assert not observations["observation"][0, :2].any()


def test_same_step_gives_the_end_in_the_infos():
    envs = both_seats(autoreset_mode="SameStep")
    envs.reset()
    envs.step(np.array([0, 0]))
    envs.step(np.array([PASS_2X2, 3]))
    observations, rewards, terminated, _, infos = envs.step(np.array([PASS_2X2, PASS_2X2]))
    assert terminated.tolist() == [True, False]
    assert rewards.tolist() == [1, 0]
    assert infos["_final_obs"].tolist() == infos["_final_info"].tolist() == [True, False]
    assert infos["final_obs"][1] is None
    # White's view of the end; the observation is that of the new game.
    assert infos["final_obs"][0]["observation"][1].tolist() == [[1, 0], [0, 0]]
    assert infos["final_info"]["score"].tolist() == [3.5, 0]
    assert infos["final_info"]["ply"].tolist() == [3, 0]
    assert "score" not in infos
    assert infos["ply"].tolist() == [0, 3]
    assert not observations["observation"][0, :2].any()
    assert observations["action_mask"][0].all()


def test_disabled_waits_for_a_reset():
    envs = both_seats(autoreset_mode=AutoresetMode.DISABLED)
    envs.reset(seed=0)
    envs.step(np.array([PASS_2X2, 0]))
    envs.step(np.array([PASS_2X2, 1]))
    with pytest.raises(gymnasium.error.ResetNeeded, match=r"\[0\]"):
        envs.step(np.array([0, 2]))
    options = {"reset_mask": np.array([True, False])}
    observations, infos = envs.reset(options=options)
    assert options.keys() == {"reset_mask"}
    assert infos["_ply"].tolist() == [True, False]
    assert observations["observation"][1, :2].any()
    assert envs.step(np.array([0, 2]))[4]["ply"].tolist() == [1, 3]
    for wrong in ([True, False], np.array([1, 0]), np.array([True]), np.array([False, False])):
        with pytest.raises(ValueError, match="reset_mask"):
            envs.reset(options={"reset_mask": wrong})


@pytest.mark.parametrize("opponent", [None, "random", first_legal])
def test_an_illegal_action_stops_the_whole_step(opponent):
    envs = both_seats(3, opponent=opponent, size=3)
    envs.reset(seed=0)
    envs.step(np.array([4, 5, 6]))
    batch = envs.unwrapped.batch
    boards, plies = batch.boards(), batch.ply
    actions = np.array([9, 9, 6])
    with pytest.raises(goenv.IllegalActionError, match="action 6 is illegal in game 2") as caught:
        envs.step(actions)
    assert caught.value.game == 2
    assert np.array_equal(batch.boards(), boards)
    assert np.array_equal(batch.ply, plies)
    for wrong in (np.array([9, 9]), np.array([9.0, 9.0, 9.0])):
        with pytest.raises(ValueError, match="whole numbers"):
            envs.step(wrong)


def test_an_illegal_action_loses_for_the_mover():
    envs = both_seats(2, illegal_action="lose", komi=-3)
    envs.reset()
    envs.step(np.array([0, 0]))
    _, rewards, terminated, _, infos = envs.step(np.array([0, 1]))
    assert rewards.tolist() == [-1, 0]
    assert terminated.tolist() == [True, False]
    assert infos["illegal_action"].tolist() == [True, False]
    assert infos["mover"].tolist() == [-1, -1]


def test_the_opponents_illegal_action_is_told_as_such():
    envs = both_seats(2, opponent=lambda batch, rng: np.array([3, 0]))
    envs.reset()
    with pytest.raises(goenv.IllegalActionError, match=r"action 0 .*game 1.*the opponent's"):
        envs.step(np.array([0, 0]))


def test_a_callable_sees_only_its_own_turns_running():
    seen = []

    def opponent(batch, rng):
        assert (batch.to_play[~batch.done] == -colours[~batch.done]).all()
        seen.append(batch.done.copy())
        return first_legal(batch, rng)

    colours = np.zeros(8)
    envs = gymnasium.make_vec("goenv/Go-v0", 8, size=2, opponent="random", colour="random")
    _, infos = envs.reset(seed=1)
    colours = infos["colour"]
    assert set(colours) == {1, -1}
    envs = gymnasium.make_vec("goenv/Go-v0", 8, size=2, opponent=opponent, colour="random")
    _, infos = envs.reset(seed=1)
    assert np.array_equal(infos["colour"], colours)
    assert np.array_equal(seen[0], colours == 1)  # it begins only where the agent is White
    assert not envs.unwrapped.batch.done.any()
    envs.step(np.full(8, 4))
    assert len(seen) == 2


def test_seeds():
    def trace(seed):
        envs = gymnasium.make_vec("goenv/Go-v0", 3, size=4, colour="random")
        observations, _ = envs.reset(seed=seed)
        rng = np.random.default_rng(0)
        frames = []
        for _ in range(6):
            observations, *_ = envs.step(choose(rng, observations["action_mask"]))
            frames.append(observations["observation"])
        return np.array(frames)

    assert np.array_equal(trace(5), trace(5))
    assert not np.array_equal(trace(5), trace(6))
    assert np.array_equal(trace(5), trace([5, 6, 7]))
    assert not np.array_equal(trace(None), trace(None))
    assert np.array_equal(trace([5, None, 7])[:, 0], trace(5)[:, 0])
    with pytest.raises(ValueError, match="as many seeds"):
        trace([1, 2])


def test_threads_change_nothing():
    def trace():
        envs = gymnasium.make_vec("goenv/Go-v0", 256, size=9, colour="random", max_moves=12)
        observations, _ = envs.reset(seed=5)
        rng = np.random.default_rng(0)
        for _ in range(10):
            observations, rewards, *_ = envs.step(choose(rng, observations["action_mask"]))
        return observations["observation"], rewards

    one = trace()
    threads = goenv.get_num_threads()
    goenv.set_num_threads(2)
    try:
        two = trace()
    finally:
        goenv.set_num_threads(threads)
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])


def test_long_games_outgrow_the_first_history():
    envs = gymnasium.make_vec(
        "goenv/Go-v0", 64, size=3, superko="situational", colour="random", max_moves=200
    )
    room = envs.unwrapped.batch.games.words.shape[1]
    observations, _ = envs.reset(seed=0)
    rng = np.random.default_rng(0)
    longest = 0
    for _ in range(150):
        mask = observations["action_mask"].copy()
        mask[mask.sum(axis=1) > 1, -1] = 0  # pass only where nothing else is legal
        observations, _, _, _, infos = envs.step(choose(rng, mask))
        longest = max(longest, infos["ply"].max())
    assert longest > 64
    assert envs.unwrapped.batch.games.words.shape[1] > room


def test_step_before_reset_and_render():
    envs = both_seats(2, render_mode="ansi")
    with pytest.raises(gymnasium.error.ResetNeeded):
        envs.step(np.array([0, 0]))
    envs.reset()
    texts = envs.render()
    assert len(texts) == 2
    assert texts[0].endswith("Black (X) to play")
    assert envs.unwrapped.action_masks().shape == (2, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_envs": 0}, "num_games"),
        ({"opponent": "uct:400"}, "opponent"),
        ({"colour": "red"}, "colour"),
        ({"illegal_action": "ignore"}, "illegal_action"),
        ({"planes": ("mine",)}, "mine"),
        ({"autoreset_mode": "never"}, "autoreset_mode"),
        ({"render_mode": "human"}, "render_mode"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        goenv.GoVectorEnv(**arguments)
