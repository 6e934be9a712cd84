"""What is refused changes nothing, and an opponent's error ends the game it is made in."""

import pickle

import gymnasium
import numpy as np
import pytest

import goenv
import goenv.compat.pettingzoo_go_v5
from goenv import GoBatch, IllegalActionError, Rules
from goenv.state import CHAIN_HEADS, copy_game


class Failing:
    """A player that passes, but for one call, in which it does something else."""

    def __init__(self, at, what):
        self.at, self.what, self.calls = at, what, 0

    def answer(self, passing):
        self.calls += 1
        return self.what() if self.calls == self.at else passing

    def __call__(self, seen, *others):
        if isinstance(seen, GoBatch):
            return self.answer(np.full(len(seen), seen.num_actions - 1))
        return self.answer(len(seen["action_mask"]) - 1)


def broken():
    raise KeyError("no idea")


FAULTS = [broken, lambda: "pass", lambda: np.array([12, 12]), lambda: 99]


@pytest.mark.parametrize("what", FAULTS)
@pytest.mark.parametrize("colour", ["black", "white"])
@pytest.mark.parametrize("env_id", ["Go", "PairGo", "PhantomGo"])
def test_after_an_opponents_error_there_is_no_game(env_id, colour, what):
    # A partner that fails is no better than an opponent.
    player = Failing(2 if colour == "black" else 3, what)
    names = ("opponents", "partner") if env_id == "PairGo" else ("opponent",)
    env = gymnasium.make(
        f"goenv/{env_id}-v0", size=5, colour=colour, **dict.fromkeys(names, player)
    )
    env.reset(seed=0)

    def go_on():
        for action in (12, 3, 4, 5, 6):
            env.step(action)

    with pytest.raises((KeyError, ValueError)):
        go_on()
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(7)
    env.reset()
    env.step(12)


@pytest.mark.parametrize("what", [*FAULTS, lambda: np.full(3, 12)])
def test_after_an_opponents_error_all_games_must_be_reset(what):
    envs = gymnasium.make_vec("goenv/Go-v0", 3, size=5, opponent=Failing(2, what))
    envs.reset(seed=0)
    envs.step(np.full(3, 12))
    with pytest.raises((KeyError, ValueError)):
        envs.step(np.full(3, 3))
    with pytest.raises(gymnasium.error.ResetNeeded):
        envs.step(np.full(3, 4))
    seen, infos = envs.reset()
    assert (seen["action_mask"] == 1).all()
    assert (infos["ply"] == 0).all()
    envs.step(np.full(3, 12))


WRONG_OPTIONS = [
    {"handicap": 9},
    {"handicap": 2, "to_play": 1},
    {"board": np.ones((7, 7))},
    {"to_play": 0},
    {"board": [[1]]},
]


def frozen(env):
    return env.unwrapped.batch.get_state()


@pytest.mark.parametrize("options", [*WRONG_OPTIONS, {"nonsense": 1}])
@pytest.mark.parametrize("env_id", ["Go", "PairGo", "PhantomGo"])
def test_a_refused_reset_leaves_the_game(env_id, options):
    env = gymnasium.make(f"goenv/{env_id}-v0", size=7, colour="white")
    inner = env.unwrapped.game if env_id != "Go" else env.unwrapped
    env.reset(seed=1)
    env.step(10)
    before, generator = inner.batch.get_state(), env.unwrapped.np_random.bit_generator.state
    with pytest.raises(ValueError, match=r"handicap|board|to_play|options|phantom"):
        env.unwrapped.reset(seed=5, options=options)
    assert inner.batch.get_state() == before
    assert env.unwrapped.np_random.bit_generator.state == generator
    mask = env.unwrapped.action_masks()
    env.step(int(np.flatnonzero(mask)[0]))


@pytest.mark.parametrize("options", WRONG_OPTIONS)
@pytest.mark.parametrize("make", [goenv.aec_env, goenv.pair_go_env, goenv.phantom_go_env])
def test_a_refused_reset_leaves_the_turn(make, options):
    env = make(size=7)
    env.reset()
    env.step(10)
    before, agent = frozen(env), env.agent_selection
    with pytest.raises(ValueError, match=r"handicap|board|to_play|phantom"):
        env.reset(options=options)
    assert frozen(env) == before
    assert env.agent_selection == agent == "white_0"
    env.step(11)
    assert env.unwrapped.batch.boards()[0, 1, 4] == -1


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": [1, 2]},
        {"seed": -1},
        {"seed": [1, "2", 3]},
        *({"options": options} for options in WRONG_OPTIONS),
        {"options": {"nonsense": 1}},
        {"options": {"reset_mask": [True, False, False]}},
    ],
)
def test_a_refused_reset_leaves_all_games(arguments):
    envs = gymnasium.make_vec("goenv/Go-v0", 3, size=7)
    envs.reset(seed=1)
    envs.step(np.array([3, 4, 5]))
    before, generator = frozen(envs), envs.unwrapped.np_random.bit_generator.state
    with pytest.raises((ValueError, gymnasium.error.Error)):
        envs.unwrapped.reset(**arguments)
    assert frozen(envs) == before
    assert envs.unwrapped.np_random.bit_generator.state == generator


def test_a_vector_environment_begins_from_a_position_as_a_single_one_does():
    envs = gymnasium.make_vec("goenv/Go-v0", 3, size=7, colour="white")
    single = gymnasium.make("goenv/Go-v0", size=7, colour="white")
    board = np.zeros((7, 7))
    board[3, 3] = 1
    for options in ({"handicap": 4}, {"board": board, "to_play": -1}, {"board": board}):
        seen, _ = envs.reset(seed=5, options=options)
        for game in range(3):
            alone, _ = single.reset(seed=5 + game, options=options)
            for name in alone:
                np.testing.assert_array_equal(alone[name], seen[name][game])
    envs.step(np.flatnonzero(seen["action_mask"].all(axis=0))[[0, 0, 0]])
    plies = envs.unwrapped.batch.ply
    mask = np.array([False, True, False])
    envs.reset(options={"reset_mask": mask, "handicap": 2})
    assert envs.unwrapped.batch.ply.tolist() == [plies[0], 0, plies[2]]
    assert (envs.unwrapped.batch.boards() == 1).sum(axis=(1, 2))[1] == 2


def test_in_pair_go_a_handicap_lets_white_begin_and_the_agent_has_a_move():
    seats = set()
    for seed in range(30):
        env = gymnasium.make("goenv/PairGo-v0", size=7, colour="random")
        seen, info = env.reset(seed=seed, options={"handicap": 4})
        seats.add(env.unwrapped.seat)
        assert seen["action_mask"].any()
        assert info["to_play"] == info["colour"]
    assert seats == {"white_0", "black_1"}


@pytest.mark.parametrize("make", [goenv.aec_env, lambda **kw: gymnasium.make("goenv/Go-v0", **kw)])
def test_white_cannot_begin_a_game_of_one_move(make):
    env = make(size=5, max_moves=1)
    with pytest.raises(ValueError, match="max_moves must be at least 2 where White begins"):
        env.reset(options={"to_play": -1})


def test_a_refused_position_leaves_the_game():
    batch = GoBatch(1, Rules(3), seed=0)
    batch.step([4])
    before = batch.get_state()
    for board in (np.ones((3, 3)), [[1, -1, 0], [-1, 0, 0], [0, 0, 0]]):
        with pytest.raises(ValueError, match="a chain without liberties"):
            batch.set_position(0, board)
        assert batch.get_state() == before
    batch.set_position(0, [[0, -1, 0]] * 3)


def test_the_error_of_an_illegal_action_can_be_pickled():
    error = pickle.loads(pickle.dumps(IllegalActionError(2, 7, "the point is occupied")))
    assert (error.game, error.action, error.reason) == (2, 7, "the point is occupied")
    assert str(error) == "action 7 is illegal in game 2: the point is occupied"


def test_a_history_that_does_not_fit_is_not_copied():
    full, small = GoBatch(1, Rules(3), seed=1), GoBatch(1, Rules(3))
    while full.games.words.shape == small.games.words.shape:
        full.step(full.random_actions())
        full.reset(full.done)
    while full.ply[0] < 70:
        full.step(np.where(full.legal_actions().sum(axis=1) > 1, full.random_actions(), 9))
        full.reset(full.done)
    before = small.get_state()
    with pytest.raises(RuntimeError, match="grow_history"):
        copy_game(full.games, 0, small.games, 0)
    assert small.get_state() == before
    small.copy_game(0, small, 0)
    full.copy_game(0, small, 0)  # makes room by itself
    assert small.ply[0] == full.ply[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_moves", 10**30), ("max_moves", 0), ("komi", 10**400), ("komi", float("nan"))],
)
def test_rules_beyond_all_measure(name, value):
    with pytest.raises(ValueError, match=name):
        Rules(**{name: value})


@pytest.mark.parametrize("move", [1.5, None, True, [1], 26, -1])
def test_what_is_no_move(move):
    game = goenv.Game(Rules(5))
    with pytest.raises(ValueError, match="action"):
        game.play(move)
    assert game.moves == ()


def test_planes_need_an_order():
    for planes in ({"own", "empty"}, frozenset(["own"]), iter(["own"])):
        with pytest.raises(ValueError, match="planes must be a sequence"):
            goenv.GoEnv(planes=planes)


def test_numpy_says_how_many_threads():
    goenv.set_num_threads(np.int64(1))
    assert goenv.get_num_threads() == 1
    with pytest.raises(ValueError, match="number of threads"):
        goenv.set_num_threads(True)


def test_a_colour_means_nothing_where_both_seats_are_played():
    envs = gymnasium.make_vec("goenv/Go-v0", 2, opponent=None, colour="white", max_moves=1)
    envs.reset()
    assert envs.step(np.array([0, 1]))[3].all()


def test_the_compatible_environment_ignores_options():
    env = goenv.compat.pettingzoo_go_v5.raw_env(9)
    env.reset(options={"handicap": 4})
    assert (env.batch.boards() == 0).all()
    assert env.agent_selection == "black_0"


@pytest.mark.parametrize("value", [True, np.bool_(True), 1.0, "1"])
def test_what_is_no_action(value):
    env = gymnasium.make("goenv/Go-v0", size=5)
    env.reset()
    with pytest.raises(ValueError, match="an action must be a whole number"):
        env.unwrapped.step(value)


@pytest.mark.parametrize("moves", [0, -1, 1.5, "x", None])
def test_room_for_how_many_moves(moves):
    with pytest.raises(ValueError, match="moves must be"):
        GoBatch(1).make_room(moves)


@pytest.mark.parametrize("options", [3, "handicap", [("handicap", 2)]])
def test_options_are_a_dict(options):
    env = gymnasium.make("goenv/Go-v0", size=9)
    with pytest.raises(ValueError, match="options of reset must be a dict"):
        env.unwrapped.reset(options=options)


def test_heads_of_chains_beyond_the_board_are_refused():
    batch = GoBatch(1, Rules(9), seed=1)
    for _ in range(30):
        batch.step(batch.random_actions())
    batch.games.bits[0, CHAIN_HEADS, 1] |= np.uint64(0xFF << 32)
    with pytest.raises(ValueError, match="chains"):
        GoBatch.from_state(batch.get_state())
