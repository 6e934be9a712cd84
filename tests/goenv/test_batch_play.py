"""GoBatch in play: random streams, threads, copies, room for histories."""

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.stats
from drawing import draw

import goenv
from baselines.reference import SUPERKO_KINDS, ReferenceGame
from goenv import GoBatch, Rules, state
from goenv.history import STREAM
from goenv.threads import for_games


@pytest.fixture
def two_threads():
    before = goenv.get_num_threads()
    goenv.set_num_threads(2)
    yield
    goenv.set_num_threads(before)


def play_random(batch, plies, restart=False):
    """Random moves; what the games look like after each, as arrays [plies, B, ...]."""
    frames = []
    for _ in range(plies):
        batch.step(batch.random_actions())
        if restart:
            batch.reset(batch.done)
        frames.append((batch.boards(), batch.legal_actions(), batch.score(), batch.last_action))
    return [np.array(kind) for kind in zip(*frames, strict=True)]


def assert_equal(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


# ---------------------------------------------------------------------------------- random streams


def test_seeds_one_by_one():
    batch = GoBatch(3, Rules(5), seed=[7, 8, 9])
    single = [GoBatch(1, Rules(5), seed=seed) for seed in (7, 8, 9)]
    whole = play_random(batch, 20)
    for game, alone in enumerate(single):
        for one, other in zip(whole, play_random(alone, 20), strict=True):
            np.testing.assert_array_equal(one[:, game], other[:, 0])
    batch.seed(np.array([1, 2, 3]))
    numpy_drawn = batch.random_actions()
    batch.seed((1, 2, 3))
    assert_equal([batch.random_actions()], [numpy_drawn])
    # None: the stream goes on.
    streams = batch.games.words[:, STREAM].copy()
    batch.seed([None, 5, None])
    changed = batch.games.words[:, STREAM] != streams
    assert changed.tolist() == [False, True, False]
    # Nothing changes if one of them is wrong.
    streams = batch.games.words[:, STREAM].copy()
    with pytest.raises(ValueError, match="seed must be a whole number, zero or more, got -1"):
        batch.seed([1, 2, -1])
    assert_equal([batch.games.words[:, STREAM]], [streams])


def test_streams_differ_between_games_and_seeds():
    streams = np.array([GoBatch(500, Rules(2), seed).games.words[:, 2] for seed in range(8)])
    assert STREAM == 2
    assert len(np.unique(streams)) == streams.size
    assert_equal([GoBatch(500, Rules(2), 3).games.words[:, 2]], [streams[3]])
    assert GoBatch(1, Rules(2), 2**200).random_actions().shape == (1,)


def test_a_game_does_not_depend_on_the_others_in_its_batch():
    """Alone, among games of other rules, and in another slot it goes the same way."""
    rng = np.random.default_rng(0)
    rules = [
        Rules(
            size=int(size),
            komi=float(komi),
            superko=SUPERKO_KINDS[superko],
            suicide=bool(suicide),
            max_moves=40,
        )
        for size, komi, superko, suicide in zip(
            rng.integers(2, 10, 24),
            rng.integers(-5, 6, 24),
            rng.integers(0, 3, 24),
            rng.integers(0, 2, 24),
            strict=True,
        )
    ]
    seeds = list(range(100, 124))
    together = GoBatch(24, rules, seeds)
    side = together.max_size
    boards, legal, scores, last = play_random(together, 60, restart=True)
    order = rng.permutation(24)
    elsewhere = GoBatch(24, [rules[index] for index in order], [seeds[index] for index in order])
    for one, other in zip(
        (boards, legal, scores, last), play_random(elsewhere, 60, restart=True), strict=True
    ):
        np.testing.assert_array_equal(one[:, order], other)
    for game in range(24):
        alone = GoBatch(1, rules[game], seeds[game])
        size = rules[game].size
        own = play_random(alone, 60, restart=True)
        np.testing.assert_array_equal(boards[:, game, :size, :size], own[0][:, 0])
        assert not boards[:, game, size:].any()
        assert not boards[:, game, :, size:].any()
        grid = legal[:, game, :-1].reshape(60, side, side)
        np.testing.assert_array_equal(grid[:, :size, :size].reshape(60, -1), own[1][:, 0, :-1])
        assert grid.sum() == own[1][:, 0, :-1].sum()
        np.testing.assert_array_equal(legal[:, game, -1], own[1][:, 0, -1])
        np.testing.assert_array_equal(scores[:, game], own[2][:, 0])


KO = draw("""
    . X O .
    X O a O
    . X O .
    . . . .
""")
# After Black takes, White may neither retake nor put a single stone to death in the corner.
POSITIONS = {"empty board": [], "ko and suicide": [*KO.moves(), KO.names["a"]]}


@pytest.mark.parametrize(("name", "points"), [("empty board", 16), ("ko and suicide", 7)])
def test_random_actions_are_uniform_over_the_legal_ones(name, points):
    batch = GoBatch(1, Rules(4), seed=2)
    for action in POSITIONS[name]:
        batch.step([action])
    legal = batch.legal_actions()[0]
    assert legal[:-1].sum() == points
    draws = batch.take(np.zeros(20_000, np.int64))
    draws.seed(1)
    counts = np.bincount(draws.random_actions(), minlength=17)
    assert not counts[~legal].any()
    assert scipy.stats.chisquare(counts[legal]).pvalue > 0.001
    # So are draws one after the other of one stream.
    counts = np.bincount([batch.random_actions()[0] for _ in range(5_000)], minlength=17)
    assert not counts[~legal].any()
    assert scipy.stats.chisquare(counts[legal]).pvalue > 0.001


def test_streams_go_on_over_a_reset():
    batch = GoBatch(1, Rules(9), seed=4)
    first = batch.random_actions()
    batch.reset()
    second = [batch.random_actions()[0] for _ in range(8)]
    assert set(second) != set(first)
    batch.seed(4)
    assert_equal([batch.random_actions()], [first])


# ----------------------------------------------------------------------------------------- threads


def test_for_games_splits_the_games_among_threads(two_threads):
    calls = []
    meet = threading.Barrier(2, timeout=30)

    def kernel(first, last, name):
        meet.wait()  # both run at the same time
        calls.append((first, last, name, threading.get_ident()))

    for_games(kernel, 1001, 82, "name")
    assert sorted(call[:3] for call in calls) == [(0, 500, "name"), (500, 1001, "name")]
    assert len({call[3] for call in calls}) == 2
    assert threading.get_ident() in {call[3] for call in calls}


def test_small_batches_stay_on_one_thread(two_threads):
    calls = []
    for_games(lambda first, last: calls.append((first, last)), 64, 82)
    assert calls == [(0, 64)]


@pytest.mark.parametrize("failing", [0, 500])
def test_an_error_in_a_thread_comes_out_after_all_have_ended(two_threads, failing):
    ended = []

    def kernel(first, last):
        if first == failing:
            raise RuntimeError("no more")
        ended.append(first)

    with pytest.raises(RuntimeError, match="no more"):
        for_games(kernel, 1000, 82)
    assert len(ended) == 1


def test_games_do_not_depend_on_the_number_of_threads(two_threads):
    goenv.set_num_threads(1)
    rules = [Rules(size=4 + index % 6, max_moves=50) for index in range(400)]
    serial = GoBatch(400, rules, seed=3)
    one = play_random(serial, 60, restart=True), serial.observe()
    goenv.set_num_threads(2)
    parallel = GoBatch(400, rules, seed=3)
    two = play_random(parallel, 60, restart=True), parallel.observe()
    assert_equal(one[0], two[0])
    assert_equal(serial.games, parallel.games)
    assert_equal([one[1]], [two[1]])


@pytest.mark.parametrize("threads", [1, 2])
def test_batches_may_be_stepped_from_several_python_threads(two_threads, threads):
    """Each batch by one thread at a time; the pool of threads is shared."""
    goenv.set_num_threads(1)
    batches = [GoBatch(300, Rules(size), seed=size) for size in (7, 8, 9, 9)]
    expected = [play_random(batch, 25, restart=True) for batch in batches]
    goenv.set_num_threads(threads)
    batches = [GoBatch(300, Rules(size), seed=size) for size in (7, 8, 9, 9)]
    with ThreadPoolExecutor(4) as executor:
        results = list(executor.map(lambda batch: play_random(batch, 25, restart=True), batches))
    for one, other in zip(expected, results, strict=True):
        assert_equal(one, other)


# ------------------------------------------------------------------------------------------ copies


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.deepcopy,
        GoBatch.clone,
        lambda batch: pickle.loads(pickle.dumps(batch)),
        lambda batch: pickle.loads(pickle.dumps(batch, protocol=2)),
    ],
    ids=["deepcopy", "clone", "pickle", "pickle2"],
)
def test_copies_go_on_alike_and_apart(duplicate):
    rules = [Rules(size, komi, max_moves=90) for size, komi in ((3, 1), (5, 2), (4, -1), (5, 0))]
    batch = GoBatch(4, rules, seed=6)
    play_random(batch, 30)
    twin = duplicate(batch)
    assert (twin.rules, twin.num_games, twin.max_size) == (batch.rules, 4, 5)
    assert repr(twin) == repr(batch)
    # The twin's games outgrow their histories, the original stands still.
    before = [array.copy() for array in batch.games]
    ahead = play_random(twin, 60)
    assert_equal(batch.games, before)
    assert_equal(play_random(batch, 60), ahead)
    assert_equal([batch.done, batch.ply], [twin.done, twin.ply])


# ------------------------------------------------------------------------------ room for histories


def test_make_room_is_enough_for_the_moves_announced():
    """Compiled code that plays many moves a call never finds the history full."""
    batch = GoBatch(2, [Rules(3, superko="situational"), Rules(2)], seed=0)
    rng = np.random.default_rng(0)
    slots = state.history_slots(batch.games)
    played = 0
    while played < 600:
        moves = int(rng.integers(1, 40))
        batch.make_room(moves)
        free = 7 * state.history_slots(batch.games) // 8
        assert free - batch.games.info[:, state.HISTORY_COUNT].max() >= moves
        for _ in range(moves):
            # As compiled code does: past `step`, and its room.
            legal = batch.legal_actions()
            actions = np.array([np.flatnonzero(row)[0] if row.any() else 0 for row in legal])
            goenv.batch.play_games(0, 2, *batch.games, actions)
        played += moves
        batch.reset(batch.done)
    assert state.history_slots(batch.games) > slots


def test_room_is_looked_for_seldom(monkeypatch):
    looks = []
    original = state.history_slots
    monkeypatch.setattr(state, "history_slots", lambda games: looks.append(1) or original(games))
    batch = GoBatch(4, Rules(9), seed=0)
    looks.clear()
    play_random(batch, 100)
    assert len(looks) <= 3


def test_rules_set_later_find_room_too():
    """From rules that remember nothing to rules that remember every position."""
    batch = GoBatch(1, Rules(2, superko="simple"), seed=0)
    for _ in range(30):
        batch.step([batch.legal_actions()[0].argmax()])
        batch.set_rules(0, Rules(2, superko="situational"))
        for _ in range(40):
            if batch.done[0]:
                break
            batch.step([batch.legal_actions()[0].argmax()])
        batch.set_rules(0, Rules(2, superko="simple"))


# ------------------------------------------------------------------------------ forfeits, and size


def test_a_forfeited_game_is_over_and_scored_as_the_board_says():
    env = goenv.GoEnv(size=3, komi=0.5, illegal_action="lose")
    env.reset(seed=0)
    env.step(4)
    _, reward, terminated, truncated, info = env.step(4)
    batch = env.batch
    assert batch.games.info[0, state.STATUS] == state.FORFEITED
    assert (reward, terminated, truncated) == (-1.0, True, False)
    assert batch.done.tolist() == [True]
    assert batch.truncated.tolist() == [False]
    assert batch.score().tolist() == [info["score"]]
    assert not batch.legal_actions().any()
    assert "1 finished" in repr(batch)
    batch.step([0])  # ignored
    batch.reset()
    assert batch.done.tolist() == [False]


@pytest.mark.parametrize("size", [20, 21, 22, 23, 24, 25])
def test_boards_larger_than_usual(size):
    """A few dozen plies in a corner, where stones are soon taken."""
    rng = np.random.default_rng(size)
    superko = SUPERKO_KINDS[size % 3]
    game, batch = ReferenceGame(size, 6.5, superko), GoBatch(1, Rules(size, 6.5, superko))
    corner = [row * size + column for row in range(size)[-5:] for column in range(size)[-5:]]
    taken = 0
    for ply in range(90):
        legal = batch.legal_actions()[0]
        if ply % 15 == 0:
            assert legal.tolist() == game.legal_actions()
        near = [point for point in corner if legal[point]]
        takes = [point for point in near if game.after(point).count(0) >= game.cells.count(0)]
        taken += len(takes) > 0
        action = rng.choice(takes or near) if near else batch.random_actions()[0]
        game.play(int(action))
        batch.step([action])
        np.testing.assert_array_equal(batch.boards()[0], game.board())
        assert batch.last_action[0] == action
    assert batch.score()[0] == game.score()
    assert batch.legal_actions()[0].tolist() == game.legal_actions()
    assert taken > 2
