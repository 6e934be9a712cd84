"""Any sequence of calls with any arguments works or raises a documented error, and a call touches
no game but those that it is about.

Errors are ValueError and IndexError, as documented; after any of them everything is as it was.
"""

from __future__ import annotations

import contextlib

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import goenv
from goenv import GoBatch, IllegalActionError, Rules
from goenv.checks import check_games
from goenv.history import FIRST_SLOT, STREAM

ERRORS = (ValueError, IndexError)
GAMES, LARGEST = 4, 4
FAST = settings(max_examples=150, stateful_step_count=30, deadline=None, derandomize=True)

ABSURD = st.sampled_from([
    None, True, -1, 0, 10**30, -(10**30), 1.5, float("nan"), "x", "", b"a", 1j, (), [], {}, {1, 2},
    [1], [None] * GAMES, [1.5] * GAMES, ["a"] * GAMES, [2**70] * GAMES, [[1] * GAMES], range(GAMES),
    np.zeros(GAMES), np.zeros(GAMES, bool), np.zeros((GAMES, 2), int), np.array(3),
    np.array([np.nan] * GAMES), np.full(GAMES, 2**63, np.uint64), np.zeros((GAMES, 0)),
    np.array([1] * GAMES, object), np.zeros((GAMES, LARGEST**2 + 1), np.int8), Rules(3), Rules,
    [Rules(2)] * GAMES, slice(None), object(), ("black",), ("black", "nope"), np.float32, "float32",
])  # fmt: skip
# Where a number says how much memory to take.
MODEST = ABSURD.filter(lambda thing: not isinstance(thing, int) or thing < 10**9)
RULES = st.builds(
    Rules,
    size=st.integers(2, LARGEST),
    komi=st.integers(-9, 9).map(lambda twice: twice / 2),
    superko=st.sampled_from(["positional", "situational", "simple"]),
    suicide=st.booleans(),
    max_moves=st.none() | st.integers(1, 40),
)
SEEDS = st.lists(st.none() | st.integers(-1, 9), min_size=GAMES - 1, max_size=GAMES)
INDEX = st.integers(-GAMES - 2, GAMES + 2)
BOARDS = st.integers(1, LARGEST).flatmap(
    lambda side: st.lists(
        st.lists(st.sampled_from([0, 0, 1, -1]), min_size=side, max_size=side),
        min_size=side, max_size=side,
    )
)  # fmt: skip


def snapshot(batch):
    """All that a user can tell of each game, its random stream and its past."""
    twin = batch.clone()  # looking makes masks, which may be made late or not at all
    boards, scores, legal = twin.boards(), twin.score(), twin.legal_actions()
    start = FIRST_SLOT + batch.games.cells.shape[1]
    return [
        (
            batch.rules[game], boards[game].tobytes(), scores[game], legal[game].tobytes(),
            batch.to_play[game], batch.ply[game], batch.done[game], batch.truncated[game],
            batch.last_action[game], batch.sizes[game], batch.komi[game],
            batch.games.words[game, STREAM], frozenset(batch.games.words[game, start:].tolist()),
        )
        for game in range(len(batch))
    ]  # fmt: skip


def place(game, count):
    """The place of a game among so many, as a list; none if there is no such game."""
    try:
        return [range(count)[game] % count]
    except (TypeError, IndexError):
        return []


class Calls(RuleBasedStateMachine):
    """A batch, another one to copy to and from, and calls of all sorts."""

    @initialize(rules=st.lists(RULES, min_size=GAMES - 1, max_size=GAMES - 1))
    def begin(self, rules):
        rules = [Rules(LARGEST), *rules]
        self.batch = GoBatch(GAMES, rules, seed=1)
        self.other = GoBatch(2, Rules(LARGEST), seed=2)

    def call(self, function, touched=range(GAMES), touched_there=()):
        """Call it; only the games named may change, and none if it raises."""
        before, there = snapshot(self.batch), snapshot(self.other)
        answer = None
        try:
            answer = function()
        except ERRORS:
            touched, touched_there = (), ()
        for games, batch, may in (
            (before, self.batch, touched),
            (there, self.other, touched_there),
        ):
            for game, after in enumerate(snapshot(batch)):
                if game not in may:
                    assert after == games[game], f"game {game} was touched"
        return answer

    @rule(times=st.integers(1, 12))
    def play_at_random(self, times):
        for _ in range(times):
            running = np.flatnonzero(~self.batch.done)
            actions = self.batch.random_actions()
            self.batch.legal_actions()
            self.call(lambda actions=actions: self.batch.step(actions), running)

    @rule(actions=st.lists(st.integers(-3, LARGEST**2 + 3), min_size=GAMES, max_size=GAMES))
    def play_anything(self, actions):
        legal = self.batch.legal_actions()
        running = np.flatnonzero(~self.batch.done)
        allowed = all(0 <= actions[g] <= LARGEST**2 and legal[g, actions[g]] for g in running)
        if allowed:
            self.call(lambda: self.batch.step(np.array(actions)), running)
            return
        with pytest.raises(IllegalActionError) as error:
            self.call_unsafely(lambda: self.batch.step(np.array(actions)))
        assert error.value.game in running
        assert error.value.action == actions[error.value.game]

    def call_unsafely(self, function):
        before = snapshot(self.batch)
        try:
            function()
        finally:
            assert snapshot(self.batch) == before

    @rule(actions=ABSURD)
    def step_absurdly(self, actions):
        self.call(lambda: self.batch.step(actions), np.flatnonzero(~self.batch.done))

    @rule(limit=st.none() | st.integers(-2, 60) | ABSURD)
    def play_out(self, limit):
        self.call(lambda: self.batch.play_out(limit), np.flatnonzero(~self.batch.done))

    @rule(mask=st.none() | st.lists(st.booleans(), min_size=GAMES, max_size=GAMES) | ABSURD)
    def reset(self, mask):
        listed = isinstance(mask, list) and len(mask) == GAMES and set(mask) <= {True, False}
        games = np.flatnonzero(mask) if listed else range(GAMES)
        if isinstance(mask, np.ndarray):
            games = ()  # those here select nothing, or are no masks
        self.call(lambda: self.batch.reset(mask), games)
        assert not self.batch.done[list(games)].any() or mask is not None

    @rule(game=INDEX | ABSURD, rules=RULES | st.just(Rules(LARGEST + 1)) | ABSURD)
    def set_rules(self, game, rules):
        self.call(lambda: self.batch.set_rules(game, rules), place(game, GAMES))

    @rule(game=INDEX | ABSURD, board=BOARDS | ABSURD, to_play=st.sampled_from([1, -1]) | ABSURD)
    def set_position(self, game, board, to_play):
        games = place(game, GAMES)
        self.call(lambda: self.batch.set_position(game, board, to_play), games)
        check_games(self.batch.games)

    @rule(game=INDEX | ABSURD, stones=st.integers(0, 9) | ABSURD)
    def place_handicap(self, game, stones):
        self.call(lambda: self.batch.place_handicap(game, stones), ())  # boards are too small

    @rule(data=ABSURD | st.binary(max_size=30))
    def set_state_absurdly(self, data):
        self.call(lambda: self.batch.set_state(data), ())

    @rule(byte=st.integers(0, 10**6), value=st.integers(0, 255))
    def go_on_from_a_state(self, byte, value):
        before, data = snapshot(self.batch), bytearray(self.batch.get_state())
        self.batch.set_state(bytes(data))
        assert snapshot(self.batch) == before
        data[byte % len(data)] ^= value
        # A few bits of compressed data mean nothing; any other that is wrong is found.
        with contextlib.suppress(ValueError):
            self.batch.set_state(bytes(data))
        assert snapshot(self.batch) == before

    @rule(seed=st.integers(-1, 9) | ABSURD | SEEDS)
    def seed(self, seed):
        games = range(GAMES)
        if isinstance(seed, list):
            games = [game for game, one in enumerate(seed) if one is not None]
        self.call(lambda: self.batch.seed(seed), games)

    @rule(source=INDEX | ABSURD, slot=INDEX | ABSURD, here=st.booleans())
    def copy_game(self, source, slot, here):
        other = self.batch if here else self.other
        games = place(slot, len(other))
        self.call(lambda: self.batch.copy_game(source, other, slot),
                  games if here else (), () if here else games)  # fmt: skip
        if games and place(source, GAMES):
            assert snapshot(other)[slot] == snapshot(self.batch)[source]

    @rule(slot=INDEX)
    def copy_back(self, slot):
        self.call(lambda: self.other.copy_game(1, self.batch, slot), place(slot, GAMES))

    @rule(indices=st.lists(INDEX, max_size=6) | ABSURD)
    def take(self, indices):
        taken = self.call(lambda: self.batch.take(indices), ())
        if taken is not None and len(taken):
            whole = snapshot(self.batch)
            assert snapshot(taken) == [whole[int(index)] for index in indices]
            taken.step(taken.random_actions())  # it is a batch like any other
            assert snapshot(self.batch) == whole

    @rule(planes=st.lists(st.sampled_from(sorted(goenv.PLANES)), max_size=4).map(tuple) | ABSURD,
          dtype=st.sampled_from([None, np.uint8, np.float32]) | ABSURD,
          layout=st.sampled_from(["NCHW", "NHWC"]) | ABSURD)  # fmt: skip
    def observe(self, planes, dtype, layout):
        self.call(lambda: self.batch.observe(planes, dtype, layout=layout), ())

    @rule(out=ABSURD, dtype=st.sampled_from([None, np.uint8, np.float32]))
    def observe_into(self, out, dtype):
        self.call(lambda: self.batch.observe("features", dtype, out), ())

    @rule(out=ABSURD)
    def legal_actions_into(self, out):
        self.call(lambda: self.batch.legal_actions(out), ())

    @rule()
    def other_size(self):
        with pytest.raises(ValueError, match="largest"):
            self.call_unsafely(lambda: self.batch.copy_game(0, GoBatch(1, Rules(LARGEST - 1)), 0))


TestCalls = Calls.TestCase
TestCalls.settings = FAST


@given(
    num_games=st.integers(-2, 3) | MODEST,
    rules=RULES | st.lists(RULES, max_size=3) | ABSURD,
    seed=st.integers(0, 5) | ABSURD,
)
@FAST
def test_a_batch_is_made_or_refused(num_games, rules, seed):
    try:
        batch = GoBatch(num_games, rules, seed)
    except ERRORS:
        return
    batch.step(batch.random_actions())


@given(size=st.integers(0, 27) | ABSURD, komi=st.floats() | st.integers() | ABSURD,
       superko=st.sampled_from(["positional", "simple"]) | ABSURD, suicide=st.booleans() | ABSURD,
       max_moves=st.none() | st.integers(-2, 5) | ABSURD)  # fmt: skip
@FAST
def test_rules_are_made_or_refused(size, komi, superko, suicide, max_moves):
    try:
        rules = Rules(size, komi, superko, suicide, max_moves)
    except ValueError as error:
        named = [name for name in Rules.field_names() if str(error).startswith(name)]
        assert len(named) == 1
        return
    assert hash(rules) == hash(Rules(*(getattr(rules, name) for name in Rules.field_names())))


CALLS = st.lists(
    st.tuples(st.just("step"), st.integers(-2, 11) | ABSURD)
    | st.tuples(st.just("step"), st.sampled_from(["legal"] * 5))
    | st.tuples(st.just("reset"), st.none() | st.integers(-1, 3)),
    max_size=25,
)


def legal_action(batch):
    legal = np.flatnonzero(batch.legal_actions()[0])
    return int(legal[len(legal) // 2]) if len(legal) else 0


@pytest.mark.parametrize("illegal_action", ["raise", "lose"])
def test_any_calls_of_the_gymnasium_environment(illegal_action):
    env = goenv.GoEnv(3, illegal_action=illegal_action)
    spaces = env.observation_space, env.action_space
    resets = gymnasium.error.ResetNeeded

    @given(calls=CALLS)
    @FAST
    def play(calls):
        env.reset(seed=0)
        for name, argument in calls:
            before = snapshot(env.batch)
            try:
                if name == "reset":
                    observation, _ = env.reset(seed=argument)
                else:
                    action = legal_action(env.batch) if isinstance(argument, str) else argument
                    observation, reward, ended, cut_off, _ = env.step(action)
                    assert reward in (-1.0, 0.0, 1.0)
                    assert (ended or cut_off) == env.batch.done[0]
            except (*ERRORS, resets, gymnasium.error.Error):
                assert snapshot(env.batch) == before
            else:
                assert observation in spaces[0]

    play()


@pytest.mark.parametrize("illegal_action", ["raise", "lose"])
def test_any_calls_of_the_pettingzoo_environment(illegal_action):
    env = goenv.aec_env(3, illegal_action=illegal_action)

    @given(calls=CALLS)
    @FAST
    def play(calls):
        env.reset(seed=0)
        for name, argument in calls:
            before = snapshot(env.unwrapped.batch)
            try:
                if name == "reset":
                    env.reset(seed=argument)
                elif env.agents:
                    over = any(env.terminations.values()) or any(env.truncations.values())
                    legal = None if over else legal_action(env.unwrapped.batch)
                    env.step(legal if isinstance(argument, str) else argument)
            except ERRORS:
                assert snapshot(env.unwrapped.batch) == before
            for agent in env.agents:
                assert env.observe(agent) in env.observation_space(agent)

    play()
