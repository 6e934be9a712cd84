"""Phantom Go: refusals, announcements, and that nothing else gets through."""

import gymnasium
import numpy as np
import pytest

import goenv
from goenv.phantom_go import PHANTOM_PLANES


def play(env, actions):
    for action in actions:
        env.step(action)


def seen(env, agent):
    """Planes of an agent by name, flat, as lists of points; those of one number as numbers."""
    planes = env.observe(agent)["observation"]
    points = {name: np.flatnonzero(planes[i]) for i, name in enumerate(PHANTOM_PLANES)}
    return {
        name: int(len(where) > 0) if name in ("passed", "colour") else where.tolist()
        for name, where in points.items()
    }


def started(**arguments):
    env = goenv.phantom_go_env(**arguments)
    env.reset(seed=0)
    return env


def test_each_side_sees_its_own_stones():
    env = started(size=2)
    nothing = {"refused": [], "refused_before": [], "taken": [], "lost": [], "passed": 0}
    assert seen(env, "black_0") == {"own": [], "unknown": [0, 1, 2, 3], "colour": 1, **nothing}
    assert seen(env, "white_0") == {"own": [], "unknown": [0, 1, 2, 3], "colour": 0, **nothing}
    env.step(0)
    assert seen(env, "black_0") == {"own": [0], "unknown": [1, 2, 3], "colour": 1, **nothing}
    assert seen(env, "white_0") == {"own": [], "unknown": [0, 1, 2, 3], "colour": 0, **nothing}
    assert env.observe("white_0")["action_mask"].tolist() == [1, 1, 1, 1, 1]
    assert env.infos["white_0"]["action_mask"].tolist() == [1, 1, 1, 1, 1]
    assert env.observe("black_0")["action_mask"].tolist() == [0, 0, 0, 0, 0]
    assert env.infos["black_0"]["action_mask"].tolist() == [0, 0, 0, 0, 0]


def test_a_hidden_stone_is_refused_and_the_turn_goes_on():
    env = started(size=3)
    env.step(4)
    env.step(4)
    assert env.agent_selection == "white_0"
    assert env.rewards == {"black_0": 0.0, "white_0": 0.0}
    assert seen(env, "white_0")["refused"] == [4]
    assert seen(env, "white_0")["unknown"] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert np.flatnonzero(env.infos["white_0"]["action_mask"] == 0).tolist() == [4]
    assert seen(env, "black_0")["refused"] == []  # Black does not hear of it
    assert env.unwrapped.batch.ply[0] == 1
    env.step(1)
    assert env.agent_selection == "black_0"
    told = seen(env, "white_0")
    assert (told["own"], told["refused"], told["refused_before"]) == ([1], [], [4])
    env.step(0)
    # The next turn is a new one: the point may be tried again.
    assert env.observe("white_0")["action_mask"][4] == 1
    assert seen(env, "white_0")["refused_before"] == [4]
    env.step(4)
    assert seen(env, "white_0")["refused"] == [4]


def test_suicide_and_repetition_are_refused_like_hidden_stones():
    env = started(size=3)
    play(env, (1, 8, 3, 0))  # for White, the corner would be a suicide of one stone
    assert env.agent_selection == "white_0"
    assert seen(env, "white_0")["refused"] == [0]
    env = started(size=4, suicide=False)
    play(env, (2, 16, 5, 0, 4, 1))  # two stones in the corner, without liberty
    assert env.agent_selection == "white_0"
    assert seen(env, "white_0")["refused"] == [1]
    assert seen(env, "white_0")["own"] == [0]
    # A ko: Black 5 takes 6, and White may not take back at once.
    env = started(size=4)
    play(env, (1, 2, 4, 7, 9, 10, 15, 5, 6))
    assert seen(env, "black_0")["taken"] == [5]
    assert seen(env, "white_0")["lost"] == [5]
    env.step(5)
    assert env.agent_selection == "white_0"
    assert seen(env, "white_0")["refused"] == [5]


def test_captures_are_announced_to_both():
    env = started(size=3)
    play(env, (1, 0, 3))
    black, white = seen(env, "black_0"), seen(env, "white_0")
    assert (black["taken"], black["lost"], black["own"]) == ([0], [], [1, 3])
    assert (white["taken"], white["lost"], white["own"]) == ([], [0], [])
    env.step(8)
    assert seen(env, "black_0")["taken"] == [0]  # since its own last move
    assert seen(env, "white_0")["lost"] == []
    env.step(7)
    assert seen(env, "black_0")["taken"] == []


def test_a_capture_frees_what_was_refused_before():
    env = started(size=3)
    play(env, (4, 0, 0, 1))
    assert seen(env, "black_0")["refused_before"] == [0]
    play(env, (8, 3))
    assert seen(env, "black_0")["taken"] == [0]
    assert seen(env, "black_0")["refused_before"] == []


def test_an_own_stone_frees_what_was_refused_before():
    env = started(size=4)
    play(env, (1, 2, 4, 7, 9, 10, 15, 5, 6, 5, 12))  # the ko of above, and a move elsewhere
    assert seen(env, "white_0")["refused_before"] == [5]
    play(env, (14, 5))  # by now it may take
    assert env.agent_selection == "black_0"
    assert seen(env, "white_0")["refused_before"] == []
    assert seen(env, "white_0")["taken"] == [6]


def test_suicide_is_announced_to_both():
    env = started(size=3)
    play(env, (0, 3, 9, 4, 9, 2, 1))
    black, white = seen(env, "black_0"), seen(env, "white_0")
    assert (black["own"], black["lost"], black["taken"]) == ([], [0, 1], [])
    assert (white["own"], white["lost"], white["taken"]) == ([2, 3, 4], [], [0, 1])
    # Where a single stone may do so, it never stands on the board at all.
    env = started(size=3, superko="situational")
    play(env, (1, 8, 3, 0))
    assert env.agent_selection == "black_0"
    assert (seen(env, "white_0")["own"], seen(env, "white_0")["lost"]) == ([8], [0])
    assert seen(env, "black_0")["taken"] == [0]


def test_a_pass_is_announced():
    env = started(size=2)
    env.step(4)
    assert (seen(env, "white_0")["passed"], seen(env, "black_0")["passed"]) == (1, 0)
    env.step(0)
    assert (seen(env, "white_0")["passed"], seen(env, "black_0")["passed"]) == (1, 0)
    env.step(1)
    assert (seen(env, "white_0")["passed"], seen(env, "black_0")["passed"]) == (0, 0)


def test_two_passes_end_the_game():
    env = started(size=2, komi=0.5)
    play(env, (0, 0, 4))  # a refused try does not come between
    assert not any(env.terminations.values())
    env.step(4)
    assert env.rewards == {"black_0": 1.0, "white_0": -1.0}
    assert env.terminations == {"black_0": True, "white_0": True}
    assert env.infos["black_0"]["score"] == 3.5
    for agent in env.agents:
        assert not env.observe(agent)["action_mask"].any()
    assert seen(env, "white_0")["own"] == []  # nothing is revealed but the score
    env = started(size=2, komi=0.5, reward="score")
    play(env, (0, 4, 4))
    assert env.rewards == {"black_0": 3.5, "white_0": -3.5}


def test_refused_tries_do_not_count_as_moves():
    env = started(size=3, komi=0.5, max_moves=3)
    play(env, (0, 0, 4, 4))
    assert not any(env.truncations.values())
    env.step(8)
    assert env.truncations == {"black_0": True, "white_0": True}
    assert env.terminations == {"black_0": False, "white_0": False}
    assert env.rewards == {"black_0": 1.0, "white_0": -1.0}


def test_tries_outside_the_mask():
    env = started(size=2)
    env.step(0)
    env.step(0)
    before = env.state()
    for action, reason in (
        (0, "it was refused in this turn already"),
        (5, "it is not on the board"),
        (-1, "it is not on the board"),
    ):
        with pytest.raises(goenv.IllegalActionError, match=f"action {action} .*{reason}"):
            env.step(action)
    env.step(3)
    with pytest.raises(goenv.IllegalActionError, match=r"action 0 .*a stone of its own"):
        env.step(0)
    with pytest.raises(ValueError, match="whole number"):
        env.step(None)
    assert env.state()[:3].sum() == before[:3].sum()
    env = started(size=2, illegal_action="lose", komi=-50)
    play(env, (0, 3, 0))
    assert env.rewards == {"black_0": -1.0, "white_0": 1.0}
    assert env.terminations == {"black_0": True, "white_0": True}


# ---- nothing gets through -----------------------------------------------------------------------


def test_hidden_stones_change_nothing():
    """Two games that differ in White's stones only look the same to Black, at every step."""
    first, second = started(size=5), started(size=5)
    for black, white_first, white_second in ((12, 0, 24), (7, 2, 1), (8, 4, 20), (13, 3, 23)):
        for env, white in ((first, white_first), (second, white_second)):
            env.step(black)
            env.step(white)
        assert not np.array_equal(first.state(), second.state())
        one, other = (env.observe("black_0") for env in (first, second))
        assert np.array_equal(one["observation"], other["observation"])
        assert np.array_equal(one["action_mask"], other["action_mask"])
        info, other_info = first.infos["black_0"], second.infos["black_0"]
        assert info.keys() == other_info.keys() == {"action_mask"}
        assert np.array_equal(info["action_mask"], other_info["action_mask"])
        assert first.rewards == second.rewards


@pytest.mark.parametrize("superko", ["positional", "situational"])
def test_what_is_seen_follows_from_what_was_told(superko):
    """In random games, whoever has been told the same sees the same, whatever the board."""
    rng = np.random.default_rng(0)
    env = goenv.phantom_go_env(size=2, superko=superko, max_moves=8)
    known, boards = {}, {}
    for _ in range(3000):
        env.reset()
        told = {"black_0": (), "white_0": ()}
        over = False
        while not over:
            agent = env.agent_selection
            for each in env.agents:
                observation, info = env.observe(each), env.infos[each]
                assert info.keys() == {"action_mask"}
                assert np.array_equal(observation["action_mask"], info["action_mask"])
                key = (each, each == agent, told[each])
                shown = observation["observation"].tobytes() + info["action_mask"].tobytes()
                assert known.setdefault(key, shown) == shown
                boards.setdefault(key, set()).add(env.state()[:3].tobytes())
            before, ply = env.state()[:2], env.unwrapped.batch.ply[0]
            action = int(rng.choice(np.flatnonzero(env.infos[agent]["action_mask"])))
            env.step(action)
            over = any(env.terminations.values()) or any(env.truncations.values())
            if env.unwrapped.batch.ply[0] == ply:
                told[agent] += (("refused", action),)
                continue
            if action < 4:  # it may be a suicide, and gone at once
                before[0 if agent == "black_0" else 1].reshape(-1)[action] = 1
            gone = tuple(np.flatnonzero((before & ~env.state()[:2]).ravel()))
            for each in env.agents:
                what = action if each == agent else action == 4
                told[each] += ((agent, what, gone),)
    # The test would be empty if what was told determined the board.
    assert sum(len(which) > 1 for which in boards.values()) > 300


@pytest.mark.parametrize("suicide", [True, False])
def test_the_observation_is_a_summary_of_the_announcements(suicide):
    """Random games against a second bookkeeping, from announcements to planes."""
    rng = np.random.default_rng(1)
    env = goenv.phantom_go_env(size=4, suicide=suicide, max_moves=80)
    refusals = captures = 0
    for _ in range(40):
        env.reset()
        books = {
            agent: {"refused": set(), "refused_before": set(), "taken": set(), "lost": set()}
            for agent in env.agents
        }
        while not any(env.terminations.values()) and not any(env.truncations.values()):
            agent = env.agent_selection
            other = "white_0" if agent == "black_0" else "black_0"
            before, ply = env.state()[:2].reshape(2, 16), env.unwrapped.batch.ply[0]
            action = int(rng.choice(np.flatnonzero(env.infos[agent]["action_mask"])))
            env.step(action)
            if env.unwrapped.batch.ply[0] == ply:
                books[agent]["refused"].add(action)
                refusals += 1
            else:
                after = env.state()[:2].reshape(2, 16)
                gone = [set(np.flatnonzero(before[c] & ~after[c])) for c in (0, 1)]
                mine = gone[0 if agent == "black_0" else 1]
                theirs = gone[1 if agent == "black_0" else 0]
                if mine:
                    mine.add(action)  # a suicide
                captures += len(theirs)
                book = books[agent]
                book["refused_before"] |= book["refused"]
                book.update(refused=set(), taken=set(theirs), lost=set(mine))
                books[other]["taken"] |= mine
                books[other]["lost"] |= theirs
                for each, colour in (("black_0", 0), ("white_0", 1)):
                    books[each]["refused_before"] -= mine | theirs
                    books[each]["refused_before"] -= set(np.flatnonzero(after[colour]))
            for each, book in books.items():
                shown = seen(env, each)
                assert {name: set(shown[name]) for name in book} == book
                colour = 0 if each == "black_0" else 1
                assert shown["own"] == np.flatnonzero(env.state()[colour]).tolist()
                assert set(shown["unknown"]) == set(range(16)) - set(shown["own"]) - book["refused"]
    assert refusals > 500
    assert captures > 200


# ---- one seat, for Gymnasium --------------------------------------------------------------------


def test_a_refused_try_costs_a_step():
    calls = []

    def fourth(observation, info, rng):
        calls.append(info["action_mask"].copy())
        return 4 if observation["action_mask"][4] else 9

    env = gymnasium.make("goenv/PhantomGo-v0", size=3, opponent=fourth)
    _, info = env.reset(seed=0)
    assert (info["colour"], info["to_play"], info["ply"]) == (1, 1, 0)
    _, reward, terminated, truncated, info = env.step(0)
    assert (info["ply"], info["to_play"], len(calls)) == (2, 1, 1)
    observation, reward, terminated, truncated, info = env.step(4)
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert (info["ply"], info["to_play"], len(calls)) == (2, 1, 1)
    assert np.flatnonzero(info["action_mask"] == 0).tolist() == [0, 4]
    assert np.array_equal(env.unwrapped.action_masks(), info["action_mask"].astype(bool))
    assert np.flatnonzero(observation["observation"][2]).tolist() == [4]
    env.step(1)  # the opponent passes, its 4 being its own
    assert len(calls) == 2


def test_the_opponent_is_asked_again_after_a_refusal():
    masks = []

    def lowest(observation, info, rng):
        masks.append(observation["action_mask"].tolist())
        return int(observation["action_mask"].argmax())

    env = goenv.PhantomGoEnv(size=2, opponent=lowest)
    env.reset(seed=0)
    _, _, _, _, info = env.step(0)
    assert masks == [[1, 1, 1, 1, 1], [0, 1, 1, 1, 1]]
    assert info["ply"] == 2


def test_the_random_opponent_is_uniform_over_the_legal_actions():
    env = goenv.PhantomGoEnv(size=2)
    env.reset(seed=0)
    counts = np.zeros(5)
    for _ in range(1000):
        env.reset()
        env.step(0)
        counts[env.game.batch.last_action[0]] += 1
    assert counts[0] == 0
    assert (np.abs(counts[1:] - 250) < 60).all()  # 4.4 standard deviations


@pytest.mark.parametrize("make", [goenv.PhantomGoEnv, goenv.PhantomGoAECEnv, goenv.phantom_go_env])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 1}, "size"),
        ({"reward": "score_difference"}, "hidden stones.*'outcome' or 'score'"),
        ({"reward": "points"}, "reward must be one of 'outcome', 'score', got 'points'"),
        ({"illegal_action": "ignore"}, "illegal_action"),
        ({"render_mode": "gif"}, "render_mode"),
    ],
)
def test_wrong_arguments_are_named(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)
