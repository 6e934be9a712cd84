"""Positions set up, handicap, and states as bytes that may come from anywhere."""

import zlib

import gymnasium
import numpy as np
import pytest

from goenv import (
    GoBatch,
    IllegalActionError,
    Rules,
    aec_env,
    handicap_points,
    pair_go_env,
    phantom_go_env,
)
from goenv.checks import check_games
from goenv.state import CHAIN_HEADS, INFO_FIELDS


def mixed_batch(plies=80):
    kinds = ("positional", "situational", "simple")
    rules = [Rules(size, superko=kind, max_moves=200) for size in (2, 4, 7) for kind in kinds]
    batch = GoBatch(len(rules), rules, seed=5)
    for _ in range(plies):
        batch.step(batch.random_actions())
        batch.reset(batch.done)
    return batch


def assert_same_future(one, other, plies=60):
    for _ in range(plies):
        np.testing.assert_array_equal(one.legal_actions(), other.legal_actions())
        np.testing.assert_array_equal(one.observe("alphago_zero"), other.observe("alphago_zero"))
        actions = one.random_actions()
        np.testing.assert_array_equal(actions, other.random_actions())
        one.step(actions)
        other.step(actions)
    np.testing.assert_array_equal(one.score(), other.score())


def test_a_state_goes_on_bit_by_bit():
    batch = mixed_batch()
    copy = GoBatch.from_state(batch.get_state())
    assert copy.rules == batch.rules
    assert_same_future(batch, copy)
    other = GoBatch(1)  # of another size and number
    other.set_state(batch.get_state())
    assert (other.num_games, other.max_size, len(other)) == (9, 7, 9)
    assert_same_future(batch, other)


def test_a_state_keeps_a_long_history():
    batch = GoBatch(1, Rules(3), seed=1)
    for _ in range(400):
        action = batch.random_actions()[0]
        legal = np.flatnonzero(batch.legal_actions()[0, :-1])
        batch.step([legal[0] if action == 9 and len(legal) else action])
        if batch.done[0]:
            break
    assert_same_future(batch, GoBatch.from_state(batch.get_state()), 20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: None, "a state is bytes from get_state, got NoneType"),
        (lambda data: b"", "no state of goenv"),
        (lambda data: data[5:], "no state of goenv"),
        (lambda data: data.replace(b"state 1", b"state 2", 1), "of version '2' cannot be read"),
        (lambda data: data[:-5], "damaged: it is cut off"),
        (lambda data: data + b"?", "damaged: it is cut off, or something follows"),
        (lambda data: data[:40] + b"xxxx" + data[44:], "damaged"),
    ],
)
def test_bytes_that_are_no_state(change, message):
    batch = mixed_batch(5)
    before, data = batch.boards(), batch.get_state()
    with pytest.raises(ValueError, match=message):
        batch.set_state(change(data))
    np.testing.assert_array_equal(batch.boards(), before)


def repacked(data, change):
    head, _, packed = data.partition(b"\n")
    return head + b"\n" + zlib.compress(change(zlib.decompress(packed)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"size": 7', b'"size": 9'),
        (b'"size": 7', b'"size": 6'),
        (b'"size": 7', b'"size": -'),
        (b'"komi": 7.5', b'"komi": 7.1'),
        (b'"komi": 7.5', b'"kami": 7.5'),
        (b'"max_moves": 200', b'"max_moves": 201'),
        (b'"cells": [9, 50', b'"cells": [9, 65'),
        (b'"cells": [9, 50', b'"cells": [8, 50'),
        (b'"bits"', b'"bats"'),
        (b'"rules": [', b'"rules": 0, "r": ['),
    ],
)
def test_headers_that_do_not_fit(old, new):
    data = mixed_batch(5).get_state()
    assert old in zlib.decompress(data.partition(b"\n")[2])
    with pytest.raises(ValueError, match="the state is damaged"):
        GoBatch.from_state(repacked(data, lambda body: body.replace(old, new)))


def test_any_bit_may_be_wrong():
    """What is accepted can be played on with; what could hang or write elsewhere is not."""
    data, rng = mixed_batch().get_state(), np.random.default_rng(0)
    accepted = 0
    for _ in range(150):

        def flip(body):
            changed = bytearray(body)
            changed[rng.integers(len(changed))] ^= 1 << rng.integers(8)
            return bytes(changed)

        try:
            batch = GoBatch.from_state(repacked(data, flip))
        except ValueError:
            continue
        accepted += 1
        for _ in range(50):
            batch.step(batch.random_actions())
        batch.play_out()
        check_games(batch.games)
    assert 10 < accepted < 140


def test_every_number_kept_up_is_checked():
    """A wrong stone, link, head or count is found; what each number may be is known."""
    batch = mixed_batch()
    check_games(batch.games)
    rng = np.random.default_rng(1)
    game = 8  # of 7x7, whose points are those of the arrays
    stones = np.flatnonzero(batch.boards()[game].ravel())
    heads = [point for point in stones if batch.games.cells[game, point, 1] == point]
    for field in range(8):
        for _ in range(20):
            copy = batch.clone()
            # The number of a chain counts at its head, that of EMPTIES in its used part.
            point = rng.choice(heads) if field != 3 else 0
            copy.games.cells[game, point, field] += rng.choice([-1, 1, 5])
            with pytest.raises(ValueError, match=r"of game 8 do not fit together"):
                check_games(copy.games)
    for row in range(CHAIN_HEADS + 1):
        copy = batch.clone()
        copy.games.bits[game, row, 0] ^= np.uint64(1 << 20)
        with pytest.raises(ValueError, match="do not fit together"):
            check_games(copy.games)
    for column in range(INFO_FIELDS):
        copy = batch.clone()
        copy.games.info[game, column] = 10**6
        if column in (0, 2, 5, 6, 7, 8, 9, 10, 11, 13, 14):
            with pytest.raises(ValueError, match="do not fit together"):
                check_games(copy.games)
    copy = batch.clone()
    copy.games.words[game, 0] ^= np.uint64(1)
    with pytest.raises(ValueError, match="the hashes of game 8"):
        check_games(copy.games)


# ---- positions ----------------------------------------------------------------------------------


def test_a_position_is_the_first_of_its_game():
    """Black takes the ko; White may not take it back, and nobody may restore what was set up."""
    board = np.array([[0, 1, -1, 0], [1, -1, 0, -1], [0, 1, -1, 0], [0, 0, 0, 0]])
    batch = GoBatch(2, Rules(4))
    batch.set_position(1, board)
    np.testing.assert_array_equal(batch.boards()[1], board)
    assert not batch.boards()[0].any()
    assert batch.ply.tolist() == [0, 0]
    assert batch.last_action.tolist() == [-1, -1]
    assert not batch.observe("alphago_zero")[1, 2:16].any()
    batch.step([0, 6])  # takes the stone at 5
    assert batch.boards()[1, 1, 1] == 0
    assert not batch.legal_actions()[1, 5]
    with pytest.raises(IllegalActionError, match="repeats an earlier position"):
        batch.step([5, 5])
    batch.set_position(-1, board, -1)
    assert batch.to_play.tolist() == [-1, -1]
    check_games(batch.games)


def test_positions_of_random_games_can_be_set_up():
    batch = mixed_batch()
    again = GoBatch(len(batch), batch.rules)
    for game, rules in enumerate(batch.rules):
        board = batch.boards()[game, : rules.size, : rules.size]
        again.set_position(game, board.tolist(), int(batch.to_play[game]))
    np.testing.assert_array_equal(again.boards(), batch.boards())
    np.testing.assert_array_equal(again.score(), batch.score())
    check_games(again.games)


@pytest.mark.parametrize(
    ("board", "to_play", "message"),
    [
        ([[1, -1], [-1, 0]], 1, "chain without liberties"),
        ([[1, 1], [1, 1]], 1, "chain without liberties"),
        ([[1, 2], [0, 0]], 1, "board must be 2 by 2 of 1"),
        ([[1, 0.5], [0, 0]], 1, "board must be 2 by 2 of 1"),
        ([1, 0, 0, 0], 1, r"board must be 2 by 2 .* of shape \(4,\)"),
        (None, 1, "board must be 2 by 2"),
        ("ab", 1, "board must be 2 by 2"),
        ([[0, 0], [0, 0]], 0, "to_play must be 1"),
        ([[0, 0], [0, 0]], "black", "to_play must be 1"),
    ],
)
def test_positions_that_cannot_be(board, to_play, message):
    batch = GoBatch(2, Rules(2))
    batch.step([0, 1])
    with pytest.raises(ValueError, match=message):
        batch.set_position(0, board, to_play)
    assert batch.boards()[1].ravel().tolist() == [0, 1, 0, 0]
    batch.step(batch.random_actions())


def test_handicap_by_hand():
    """9x9: the corners of the third lines, then the sides, then the centre."""
    assert handicap_points(9, 2) == [2 * 9 + 6, 6 * 9 + 2]
    assert handicap_points(9, 5)[-1] == 40
    assert sorted(handicap_points(9, 8)) == [20, 22, 24, 38, 42, 56, 58, 60]
    assert sorted(handicap_points(19, 4)) == [3 * 19 + 3, 3 * 19 + 15, 15 * 19 + 3, 15 * 19 + 15]
    batch = GoBatch(2, Rules(9))
    batch.place_handicap(1, 9)
    assert (batch.boards()[1] == 1).sum() == 9
    assert batch.to_play.tolist() == [1, -1]


@pytest.mark.parametrize(
    ("size", "stones"), [(9, 1), (9, 10), (9, 0), (8, 5), (7, 5), (6, 2), (9, 2.0), (9, True)]
)
def test_handicaps_without_usual_points(size, stones):
    with pytest.raises(ValueError, match=f"a board of side {size} has usual points for"):
        GoBatch(1, Rules(size)).place_handicap(0, stones)


# ---- the Gymnasium environment ------------------------------------------------------------------


def test_an_environment_goes_on_from_a_state():
    def opponent(batch, rng):
        legal = np.flatnonzero(batch.legal_actions()[0])
        return np.array([rng.choice(legal)])

    settings = {"size": 4, "colour": "random", "opponent": opponent, "reward": "score_difference"}
    env = gymnasium.make("goenv/Go-v0", **settings).unwrapped
    twin = gymnasium.make("goenv/Go-v0", **settings).unwrapped
    observation, info = env.reset(seed=3)
    for _ in range(3):
        action = np.flatnonzero(observation["action_mask"])[0]
        observation, _, _, _, info = env.step(action)
    seen, known = twin.set_state(env.get_state())
    over = False
    while not over:
        for name in observation:
            np.testing.assert_array_equal(observation[name], seen[name])
        assert (info["colour"], info["ply"]) == (known["colour"], known["ply"])
        action = np.flatnonzero(observation["action_mask"])[-1]
        observation, reward, terminated, truncated, info = env.step(action)
        seen, other_reward, *_, known = twin.step(action)
        assert reward == other_reward
        over = terminated or truncated


def test_a_state_with_a_long_past_finds_room():
    """Whatever room the histories before it had."""

    def stubborn(batch, rng):
        points = np.flatnonzero(batch.legal_actions()[0, :-1])
        return np.array([rng.choice(points) if len(points) else batch.num_actions - 1])

    env = gymnasium.make("goenv/Go-v0", size=3, opponent=stubborn).unwrapped
    rng, longest = np.random.default_rng(0), 0
    for seed in range(10):
        observation, info = env.reset(seed=seed)
        over = False
        while not over:
            if info["ply"] == 20:
                env.batch._room = 1000  # what a batch with larger histories would have left
                observation, info = env.set_state(env.get_state())
            points = np.flatnonzero(observation["action_mask"][:-1])
            observation, _, over, _, info = env.step(rng.choice(points) if len(points) else 9)
        longest = max(longest, info["ply"])
    assert longest > 70


def test_states_of_something_else():
    env = gymnasium.make("goenv/Go-v0", size=4).unwrapped
    env.reset(seed=1)
    with pytest.raises(ValueError, match="the state is of Rules"):
        env.set_state(GoBatch(1).get_state())
    with pytest.raises(ValueError, match="not of a Gymnasium environment"):
        env.set_state(GoBatch(1, Rules(4)).get_state())
    env.np_random = np.random.Generator(np.random.MT19937(1))
    with pytest.raises(ValueError, match="default_rng only"):
        env.get_state()


def test_a_reset_to_a_position():
    env = gymnasium.make("goenv/Go-v0", size=9, colour="white")
    observation, info = env.reset(seed=1, options={"handicap": 4})
    assert (info["ply"], info["to_play"]) == (0, -1)  # White moves first, and is the agent
    assert observation["observation"][1].sum() == 4
    board = np.zeros((9, 9), int)
    board[4, 4] = -1
    observation, info = env.reset(options={"board": board, "to_play": 1})
    assert info["ply"] == 1  # the opponent has played
    assert observation["observation"][0, 4, 4] == 1
    for options, message in (
        ({"bord": board}, "options of reset are 'board', 'to_play', 'handicap', got 'bord'"),
        ({"handicap": 4, "to_play": 1}, "not both"),
        ({"board": board[1:]}, "board must be 9 by 9"),
    ):
        with pytest.raises(ValueError, match=message):
            env.reset(options=options)


def test_a_reset_of_pettingzoo_to_a_position():
    """White begins; with two players a side the rotation goes on from there."""
    for env, after in ((aec_env(size=9), "black_0"), (pair_go_env(size=9), "black_1")):
        env.reset(options={"handicap": 4})
        assert env.agent_selection == "white_0"
        assert env.observe("white_0")["observation"][1].sum() == 4
        env.step(40)
        assert env.agent_selection == after
        with pytest.raises(ValueError, match="usual points"):
            env.reset(options={"handicap": 40})
    with pytest.raises(ValueError, match="phantom Go begins on the empty board, got handicap"):
        phantom_go_env(size=9).reset(options={"handicap": 4})
