"""`goenv.compat.pettingzoo_go_v5`: conformance, and ply by ply against PettingZoo's own `go_v5`.

The tests called ``test_theirs_*`` show where the original is wrong, as it is in PettingZoo 1.27;
`docs/compat.md` lists them. If one fails, PettingZoo has mended it: change the page.
"""

import copy
import inspect
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pettingzoo.test
import pytest

from goenv.compat import pettingzoo_go_v5 as ours

AGENTS = ("black_0", "white_0")
# On 2x2: the last move makes the position after the first one again.
CYCLE = (0, 1, 2, 3, 0, 2, 0)


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("pygame", reason="PettingZoo's go_v5 needs pygame")
    return pytest.importorskip(
        "pettingzoo.classic.go.go", reason="this PettingZoo has no go_v5 to compare with"
    )


def begin(module, *actions, **arguments):
    env = module.env(**arguments)
    env.reset(seed=0)
    for action in actions:
        env.step(action)
    return env


def planes(env, agent):
    """Planes [17, N, N] as 0 and 1."""
    return env.observe(agent)["observation"].transpose(2, 0, 1).astype(int)


# ---- ours ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 5, 9])
def test_conformance(size):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = ours.env(board_size=size)
        # Where Black passes at once, White sees nothing but zeros, of which the test would warn.
        for agent in AGENTS:
            env.action_space(agent).seed(size)
        pettingzoo.test.api_test(env, num_cycles=100)
        pettingzoo.test.seed_test(lambda: ours.env(board_size=size), num_cycles=50)
        pettingzoo.test.test_save_obs(ours.env(board_size=size))


def test_render():
    pettingzoo.test.render_test(lambda **keywords: ours.env(board_size=3, **keywords))
    env = begin(ours, 1, board_size=3, render_mode="ansi")
    assert ".(X)." in env.render()


def test_planes_by_hand():
    env = begin(ours, 0, 3, board_size=2)
    black, white = planes(env, "black_0"), planes(env, "white_0")
    first, second = [[1, 0], [0, 0]], [[0, 0], [0, 1]]
    assert black[0].tolist() == first  # own stones
    assert black[1].tolist() == second  # the opponent's
    assert black[2].tolist() == first  # own stones, one ply ago
    assert not black[3:16].any()
    assert white[0].tolist() == second
    assert white[1].tolist() == first
    assert not white[2].any()
    assert white[3].tolist() == first
    assert black[16].all()
    assert not white[16].any()


def test_planes_of_a_game():
    """Each plane against boards kept here, past the eight positions and over captures."""
    env = begin(ours, board_size=3)
    rng = np.random.default_rng(0)
    boards = [np.zeros((3, 3), int)]
    for _ in range(40):
        for agent, colour in zip(AGENTS, (1, -1), strict=True):
            seen = planes(env, agent)
            for ago in range(8):
                board = boards[-1 - ago] if ago < len(boards) else boards[0]
                assert np.array_equal(seen[2 * ago], board == colour)
                assert np.array_equal(seen[2 * ago + 1], board == -colour)
            assert (seen[16] == (colour == 1)).all()
        mask = env.last()[0]["action_mask"]
        stones = np.flatnonzero(mask[:-1])
        env.step(rng.choice(stones) if len(stones) else 9)
        if env.terminations["black_0"]:
            break
        boards.append(env.unwrapped.batch.boards()[0].astype(int))
    assert len(boards) > 20


def test_a_new_game_forgets_the_old_one():
    env = begin(ours, 0, 3, board_size=2)
    env.reset()
    assert not planes(env, "black_0")[:16].any()


def test_superko_and_draws():
    env = begin(ours, *CYCLE[:-1], board_size=2)
    assert planes(env, "black_0")[1].tolist() == [[0, 1], [1, 1]]
    assert env.last()[0]["action_mask"].tolist() == [0, 0, 0, 0, 1]
    env = begin(ours, 4, 4, board_size=2, komi=0)
    assert env.rewards == {"black_0": 0, "white_0": 0}


def test_copies_go_on_with_the_game():
    env = begin(ours, 0, board_size=3)
    for other in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        for action in (4, 8):
            other.step(action)
        assert planes(other, "black_0")[0].sum() == 2
    assert planes(env, "black_0")[0].sum() == 1


def test_several_sizes_at_once():
    games = [begin(ours, board_size=size) for size in (9, 5, 3)]
    for env, size in zip(games, (9, 5, 3), strict=True):
        env.step(size + 1)
        assert planes(env, "black_0")[0, 1, 1] == 1
        assert planes(env, "black_0").shape == (17, size, size)


def test_without_wrappers_an_illegal_action_raises():
    env = ours.raw_env(board_size=3)
    assert env.agents == list(AGENTS)
    env.reset()
    env.step(0)
    with pytest.raises(ValueError, match=r"action 0 .* occupied"):
        env.step(0)
    env.step(1)
    assert planes(env, "black_0")[0].sum() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"board_size": 1}, "board_size .* 2 to 25, got 1"),
        ({"board_size": 5.5}, "board_size .* got 5.5"),
        ({"board_size": True}, "board_size .* got True"),
        ({"komi": 0.3}, "komi"),
        ({"render_mode": "sound"}, "render_mode"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        ours.env(**arguments)


def test_the_loop_of_the_tutorials():
    env = ours.env(board_size=5, render_mode=None)
    env.reset(seed=42)
    rewards = dict.fromkeys(AGENTS, 0.0)
    for agent in env.agent_iter():
        observation, reward, termination, truncation, _info = env.last()
        rewards[agent] += reward
        if termination or truncation:
            action = None
        else:
            action = env.action_space(agent).sample(observation["action_mask"])
        env.step(action)
    env.close()
    assert sorted(rewards.values()) == [-1, 1]


def test_goenv_does_not_import_it():
    code = "import goenv, sys; print([n for n in sys.modules if 'compat' in n and 'goenv' in n])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


# ---- the same as theirs ----------------------------------------------------------------------


def test_arguments_and_spaces_are_theirs(theirs):
    signature = inspect.signature(theirs.raw_env.__init__)
    expected = {name: item.default for name, item in signature.parameters.items() if name != "self"}
    for made in (ours.env, ours.raw_env):
        parameters = inspect.signature(made).parameters.items()
        assert {name: item.default for name, item in parameters} == expected
    for size in (2, 9, 19):
        one, other = ours.env(board_size=size), theirs.env(board_size=size)
        assert one.possible_agents == other.possible_agents
        assert str(one) == str(other)
        for agent in AGENTS:
            assert one.observation_space(agent) == other.observation_space(agent)
            assert one.action_space(agent) == other.action_space(agent)
    wrappers = []
    for env in (ours.env(board_size=3), theirs.env(board_size=3)):
        wrappers.append([])
        while env is not env.unwrapped:
            wrappers[-1].append(type(env))
            env = env.env
    assert wrappers[0] == wrappers[1]


@pytest.mark.parametrize(("size", "komi"), [(2, 0.5), (3, 1), (3, 7.5), (4, 0), (5, 7.5), (7, 2.5)])
def test_games_are_theirs_but_for_the_known_departures(theirs, size, komi):
    rng = np.random.default_rng(size)
    draws = 0
    one, other = (module.env(board_size=size, komi=komi) for module in (ours, theirs))
    for _ in range(6):
        one.reset()
        other.reset()
        boards = [np.zeros((size, size), np.int8)]
        seen = {boards[0].tobytes()}
        for _ in range(60):
            go = other.unwrapped._go
            agent = one.agent_selection
            assert agent == other.agent_selection
            mine, his = one.last(), other.last()
            assert (mine[2:], one.agents) == (his[2:], other.agents)
            assert np.array_equal(one.unwrapped.batch.boards()[0], go.board)
            if mine[2]:
                if go.score() == 0:
                    draws += 1
                    assert one.rewards == {"black_0": 0, "white_0": 0}
                else:
                    assert one.rewards == other.rewards
                    assert mine[1] == his[1]
                for env in (one, other):
                    env.step(None)
                    env.step(None)
                assert one.agents == other.agents == []
                break
            # Masks: theirs less what repeats a position.
            allowed = his[0]["action_mask"].copy()
            for point in np.flatnonzero(allowed[:-1]):
                after = go.play_move(divmod(point, size)).board.tobytes()
                allowed[point] = after not in seen
            assert mine[0]["action_mask"].dtype == allowed.dtype
            assert np.array_equal(mine[0]["action_mask"], allowed)
            waiting = AGENTS[1 - AGENTS.index(agent)]
            assert not one.observe(waiting)["action_mask"].any()
            assert not other.observe(waiting)["action_mask"].any()
            # Planes: theirs once each pair is turned to the observer's side.
            for who in AGENTS:
                his_planes = other.observe(who)["observation"].copy()
                for ago in range(8):
                    mover = AGENTS[(len(boards) - ago) % 2]  # of the ply that made this position
                    if mover != who:
                        pair = his_planes[..., 2 * ago : 2 * ago + 2]
                        pair[...] = pair[..., ::-1].copy()
                his_planes[..., 16] ^= True
                my_planes = one.observe(who)["observation"]
                assert my_planes.dtype == his_planes.dtype
                assert np.array_equal(my_planes, his_planes)
            action = rng.choice(np.flatnonzero(allowed))
            one.step(action)
            other.step(action)
            boards.append(go.board)
            seen.add(other.unwrapped._go.board.tobytes())
    assert draws == 0 or komi % 1 == 0


@pytest.mark.parametrize("actions", [(4, 4), (0, 4, 0), (9, 9), (4, 9, 9)])
def test_ends_are_theirs(theirs, actions):
    """Illegal actions and passes, through the wrappers, to the last dead step."""
    traces = []
    for module in (ours, theirs):
        env = begin(module, *actions, board_size=3)
        trace = [dict(env.rewards), dict(env.terminations), dict(env.truncations)]
        while env.agents:
            trace.append((env.agent_selection, *env.last()[1:]))
            env.step(None)
        traces.append(trace)
        env.reset()
        assert env.agents == list(AGENTS)
    assert traces[0] == traces[1]


@pytest.mark.parametrize("action", [10, -1, None, 2.5])
def test_actions_outside_the_space_are_refused_as_theirs(theirs, action):
    for module in (ours, theirs):
        with pytest.raises(AssertionError, match="action is not in action space"):
            begin(module, action, board_size=3)


# ---- where theirs is wrong -------------------------------------------------------------------


def test_theirs_shows_the_opponents_stones_as_own(theirs):
    env = begin(theirs, 0, board_size=2)
    assert env.agent_selection == "white_0"
    assert planes(env, "white_0")[0].tolist() == [[1, 0], [0, 0]]  # Black's stone, as White's own
    assert planes(begin(ours, 0, board_size=2), "white_0")[1].tolist() == [[1, 0], [0, 0]]


def test_theirs_changes_sides_from_position_to_position(theirs):
    env = begin(theirs, 0, 3, board_size=2)
    black = planes(env, "black_0")
    assert black[0].tolist() == [[0, 0], [0, 1]]  # now: White's stones in the first plane
    assert black[2].tolist() == [[1, 0], [0, 0]]  # one ply ago: Black's


def test_theirs_shows_both_agents_the_same_stones(theirs):
    env = begin(theirs, 0, 3, board_size=2)
    assert np.array_equal(planes(env, "black_0")[:16], planes(env, "white_0")[:16])


def test_theirs_has_the_colour_plane_the_wrong_way_round(theirs):
    # Its page: "all 1 if the current player is black_0 or all 0 if the player is white_0".
    env = begin(theirs, board_size=2)
    assert not planes(env, "black_0")[16].any()
    assert planes(env, "white_0")[16].all()


def test_theirs_has_one_size_per_process(theirs):
    env = begin(theirs, board_size=9)
    theirs.env(board_size=5)
    with pytest.raises(ValueError, match=r"size 5 and .* size 9"):
        env.step(12)
    env.reset()
    env.step(12)  # row 1, column 3 of a 9x9 board
    assert np.argwhere(env.unwrapped._go.board).tolist() == [[2, 2]]


def test_theirs_has_no_superko(theirs):
    env = begin(theirs, *CYCLE[:1], board_size=2)
    before = env.unwrapped._go.board.copy()
    env = begin(theirs, *CYCLE, board_size=2)
    assert np.array_equal(env.unwrapped._go.board, before)
    assert not env.terminations["black_0"]


def test_theirs_gives_draws_to_white(theirs):
    env = begin(theirs, 4, 4, board_size=2, komi=0)
    assert env.unwrapped._go.score() == 0
    assert env.rewards == {"black_0": -1, "white_0": 1}


def test_theirs_loses_the_game_in_copies(theirs):
    env = begin(theirs, 0, board_size=3)
    for other in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        with pytest.raises(AttributeError, match="_go"):
            other.observe("white_0")


def test_theirs_draws_rows_as_columns(theirs):
    env = begin(theirs, 1, board_size=3, render_mode="rgb_array", screen_height=90)
    darkness = -env.render().astype(int).sum(axis=2)
    row, column = divmod(int(darkness[15::30, 15::30].argmax()), 3)
    assert (row, column) == (1, 0)  # action 1 is row 0, column 1


def test_theirs_takes_any_argument(theirs):
    theirs.env(board_size=5, render_mode="sound")
    assert theirs.env(board_size=0).observation_space("black_0")["observation"].shape == (0, 0, 17)
    theirs.env(board_size=5)  # mends the size of the process
