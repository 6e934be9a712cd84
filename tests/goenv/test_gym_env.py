"""GoEnv: Gymnasium's own checker, and rewards, sides and ends checked by hand."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import goenv
from goenv.render import ansi


def passes(batch, rng):
    return np.full(batch.num_games, batch.num_actions - 1)


def first_legal(batch, rng):
    return batch.legal_actions().argmax(axis=1)


def play_out(env, seed, policy_seed=0):
    """All that a random agent sees in one game."""
    rng = np.random.default_rng(policy_seed)
    observation, info = env.reset(seed=seed)
    trace = [(observation, 0.0, info)]
    over = False
    while not over:
        action = rng.choice(np.flatnonzero(info["action_mask"]))
        observation, reward, terminated, truncated, info = env.step(action)
        over = terminated or truncated
        trace.append((observation, reward, info))
    return trace


def same(first, second):
    return len(first) == len(second) and all(
        np.array_equal(a[0]["observation"], b[0]["observation"])
        and np.array_equal(a[0]["action_mask"], b[0]["action_mask"])
        and a[1] == b[1]
        for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"colour": "white"},
        {"colour": "random", "planes": ("own", "opponent", "colour", "komi", "legal")},
        {"size": 2, "illegal_action": "lose", "max_moves": 60},
        {"size": 19, "opponent": first_legal, "render_mode": "ansi"},
        {"size": 13, "komi": 0, "planes": ["komi", "own"], "superko": "simple", "suicide": False},
    ],
)
def test_gymnasium_checker(arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make("goenv/Go-v0", **arguments)
        check_env(env.unwrapped)
        env.close()


def test_make_by_module_name():
    env = gymnasium.make("goenv:goenv/Go-v0", size=3)
    assert isinstance(env.unwrapped, goenv.GoEnv)
    assert isinstance(env.unwrapped.batch, goenv.GoBatch)
    assert len(env.unwrapped.batch) == 1


def test_black_wins():
    env = goenv.GoEnv(size=2, komi=0.5, opponent=passes)
    observation, info = env.reset(seed=0)
    assert observation["observation"].shape == (3, 2, 2)
    assert observation["action_mask"].dtype == np.int8
    assert (info["colour"], info["to_play"], info["ply"]) == (1, 1, 0)
    observation, reward, terminated, truncated, info = env.step(0)
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert (info["to_play"], info["ply"]) == (1, 2)
    assert "score" not in info
    assert observation["observation"][0].tolist() == [[1, 0], [0, 0]]  # own
    assert not observation["observation"][1].any()  # opponent
    observation, reward, terminated, truncated, info = env.step(4)
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert info["score"] == 3.5
    assert not observation["action_mask"].any()
    # Still the agent's own side, though White would be on turn.
    assert observation["observation"][0].tolist() == [[1, 0], [0, 0]]


def test_white_wins_and_the_opponent_moves_first():
    env = goenv.GoEnv(size=2, komi=0.5, opponent=first_legal, colour="white")
    observation, info = env.reset(seed=0)
    assert (info["colour"], info["to_play"], info["ply"]) == (-1, -1, 1)
    assert not observation["observation"][0].any()
    assert observation["observation"][1].tolist() == [[1, 0], [0, 0]]
    assert info["action_mask"].tolist() == [0, 1, 1, 1, 1]
    env = goenv.GoEnv(size=2, komi=0.5, opponent=passes, colour="white")
    env.reset()
    observation, *_ = env.step(3)
    assert observation["observation"][0].tolist() == [[0, 0], [0, 1]]
    _, reward, terminated, _, info = env.step(4)
    assert (reward, terminated, info["score"]) == (1.0, True, -4.5)


@pytest.mark.parametrize(("komi", "reward"), [(0.5, -1.0), (0.0, 0.0), (-0.5, 1.0)])
def test_komi_decides_an_empty_board(komi, reward):
    env = goenv.GoEnv(size=3, komi=komi, opponent=passes)
    env.reset()
    assert env.step(9)[1] == reward


def test_truncation_is_scored_as_it_stands():
    env = goenv.GoEnv(size=3, komi=0.5, max_moves=3, opponent=passes)
    env.reset()
    assert env.step(0)[1:4] == (0.0, False, False)
    _, reward, terminated, truncated, info = env.step(1)
    assert (reward, terminated, truncated) == (1.0, False, True)
    assert (info["ply"], info["score"]) == (3, 8.5)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(2)
    # The opponent's move may be the one that reaches the limit.
    env = goenv.GoEnv(size=3, komi=0.5, max_moves=2, opponent=passes)
    env.reset()
    assert env.step(0)[1:4] == (1.0, False, True)


def test_illegal_action_raises_and_leaves_the_game():
    env = goenv.GoEnv(size=3, opponent=first_legal)
    env.reset(seed=0)
    env.step(4)
    before = env.batch.boards()
    with pytest.raises(
        goenv.IllegalActionError, match=r"action 4 .*the point is occupied"
    ) as caught:
        env.step(4)
    assert (caught.value.action, caught.value.game) == (4, 0)
    with pytest.raises(goenv.IllegalActionError, match=r"action 10 .*not on the board"):
        env.step(10)
    with pytest.raises(goenv.IllegalActionError, match=r"action -1 .*not on the board"):
        env.step(-1)
    with pytest.raises(ValueError, match=r"whole number, got 1\.0"):
        env.step(1.0)
    with pytest.raises(ValueError, match="64 bits"):
        env.step(1 << 64)
    assert np.array_equal(env.batch.boards(), before)
    assert env.step(np.int32(5))[4]["ply"] == 4


def test_illegal_action_loses():
    env = goenv.GoEnv(size=3, komi=-20, illegal_action="lose")  # Black is far ahead
    env.reset(seed=0)
    env.step(4)
    observation, reward, terminated, truncated, info = env.step(4)
    assert (reward, terminated, truncated) == (-1.0, True, False)
    assert info["illegal_action"] is True
    assert info["score"] > 0
    assert not observation["action_mask"].any()
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)
    assert "illegal_action" not in env.reset()[1]
    assert "illegal_action" not in env.step(4)[4]


def test_the_opponents_mistakes_are_told_as_such():
    env = goenv.GoEnv(size=3, opponent=lambda batch, rng: np.array([0]), illegal_action="lose")
    env.reset()
    with pytest.raises(goenv.IllegalActionError, match=r"action 0 .*occupied.*the opponent's"):
        env.step(0)
    env = goenv.GoEnv(size=3, opponent=lambda batch, rng: np.array([0.5]), colour="white")
    with pytest.raises(ValueError, match="the opponent's actions must be whole numbers"):
        env.reset()


def test_step_before_reset():
    with pytest.raises(gymnasium.error.ResetNeeded):
        goenv.GoEnv(size=3).step(0)


def test_colour_is_drawn():
    env = goenv.GoEnv(size=2, colour="random", planes=("colour", "own"))
    env.reset(seed=1)
    colours = []
    for _ in range(100):
        observation, info = env.reset()
        assert info["to_play"] == info["colour"]
        assert info["ply"] == (0 if info["colour"] == 1 else 1)
        assert (observation["observation"][0] == (info["colour"] == 1)).all()
        colours.append(info["colour"])
    assert 30 < colours.count(1) < 70
    env.reset(seed=1)
    assert [env.reset()[1]["colour"] for _ in range(100)] == colours


def test_seeds_determine_the_games():
    def trace(seed):
        return play_out(goenv.GoEnv(size=5, colour="random"), seed)

    assert same(trace(3), trace(3))
    assert not same(trace(3), trace(4))
    env = goenv.GoEnv(size=5)
    first = [play_out(env, 3), play_out(env, None)]
    assert same(first[0], play_out(env, 3))
    assert same(first[1], play_out(env, None))
    assert not same(first[0], first[1])
    # Unseeded environments differ.
    assert not same(play_out(goenv.GoEnv(), None), play_out(goenv.GoEnv(), None))


def test_the_callable_gets_the_generator_of_the_environment():
    def opponent(batch, rng):
        return np.array([rng.choice(np.flatnonzero(batch.legal_actions()[0]))])

    env = goenv.GoEnv(size=4, opponent=opponent)
    assert same(play_out(env, 5), play_out(env, 5))
    assert not same(play_out(env, 5), play_out(env, 6))


def test_a_generator_of_the_users_own():
    traces = []
    for _ in range(2):
        env = goenv.GoEnv(size=4)
        env.np_random = np.random.default_rng(8)
        traces.append(play_out(env, None))
    assert same(*traces)


def test_the_random_opponent_is_uniform_over_the_legal_actions():
    env = goenv.GoEnv(size=2)
    env.reset(seed=0)
    counts = np.zeros(5)
    for _ in range(1000):
        env.reset()
        env.step(0)
        counts[env.batch.last_action[0]] += 1
    assert counts[0] == 0
    assert (np.abs(counts[1:] - 250) < 60).all()  # 4.4 standard deviations


def test_long_games_outgrow_the_first_history():
    env = goenv.GoEnv(size=3, superko="situational", colour="random")
    room = env.batch.games.words.shape[1]
    rng = np.random.default_rng(0)
    longest = 0
    for seed in range(30):
        _, info = env.reset(seed=seed)
        over = False
        while not over:
            legal = np.flatnonzero(info["action_mask"])
            action = rng.choice(legal[:-1] if len(legal) > 1 else legal)  # no pass if possible
            _, _, over, _, info = env.step(action)
        longest = max(longest, info["ply"])
    assert longest > 64
    assert env.batch.games.words.shape[1] > room


def test_action_masks():
    env = goenv.GoEnv(size=3)
    _, info = env.reset(seed=0)
    _, _, _, _, info = env.step(4)
    assert env.action_masks().dtype == np.bool_
    assert np.array_equal(env.action_masks(), info["action_mask"].astype(bool))
    assert not env.action_masks()[4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 1}, "size"),
        ({"opponent": "uct:400"}, "opponent"),
        ({"opponent": None}, "opponent.*aec_env"),
        ({"colour": "red"}, "colour"),
        ({"colour": 1}, "colour"),
        ({"colour": "white", "max_moves": 1}, "max_moves"),
        ({"illegal_action": "ignore"}, "illegal_action"),
        ({"planes": ("mine",)}, "mine"),
        ({"planes": "own"}, "planes"),
        ({"planes": ()}, "planes"),
        ({"render_mode": "gif"}, "render_mode"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        goenv.GoEnv(**arguments)


def test_ansi():
    env = gymnasium.make("goenv/Go-v0", size=3, komi=0.5, opponent=passes, render_mode="ansi")
    env.reset()
    env.step(2)
    assert env.render() == (
        "   A B C\n"
        " 3 . . X 3\n"
        " 2 . . . 2\n"
        " 1 . . . 1\n"
        "   A B C\n"
        "move 2, last pass, Black (X) to play"
    )
    env.step(9)
    assert env.render().endswith("move 3, last pass, game over, Black ahead by 8.5 on the board")
    board = np.zeros((10, 10), np.int8)
    board[0, 9], board[9, 8] = 1, -1
    lines = ansi(board, last_action=98).split("\n")
    assert lines[0] == "   A B C D E F G H J K"
    assert lines[1] == "10 . . . . . . . . . X 10"
    assert lines[10] == " 1 . . . . . . . .(O). 1"
    assert lines[12] == "last J1"
