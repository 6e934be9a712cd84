"""GoBatch: what may be asked of it and what may not."""

import numpy as np
import pytest

import goenv
from goenv import GoBatch, Rules

# ------------------------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("size", [1, 26, 0, -9, 9.0, "9", True, None, float("nan")]),
        ("komi", [0.25, float("nan"), float("inf"), 1000.5, -1001, "7.5", True, None, 1j]),
        ("superko", ["none", "", "Positional", None, 0, ["positional"]]),
        ("suicide", ["yes", None, 2, -1, 0.5]),
        ("max_moves", [0, -1, 1.0, "100", True, float("inf")]),
    ],
)
def test_a_wrong_rule_is_named(field, values):
    for value in values:
        with pytest.raises(ValueError, match=f"^{field} must .*, got "):
            Rules(**{field: value})


def test_right_rules_become_plain_values():
    rules = Rules(np.int64(25), np.float32(-0.5), "simple", np.bool_(False), np.int16(1))
    assert rules == Rules(25, -0.5, "simple", False, 1)
    assert repr(rules) == repr(Rules(25, -0.5, "simple", False, 1))
    assert Rules(komi=7) == Rules(komi=7.0)
    assert Rules() == Rules(9, 7.5, "positional", True, None)
    assert Rules.field_names() == ("size", "komi", "superko", "suicide", "max_moves")
    with pytest.raises(AttributeError):
        rules.size = 9


# --------------------------------------------------------------------------------- wrong arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "num_games must be at least 1, got 0"),
        ((-1,), "num_games"),
        ((2.0,), "num_games must be a whole number"),
        ((True,), "num_games"),
        ((None,), "num_games"),
        ((2, [Rules()]), "2 games need as many rules, got 1"),
        ((1, 9), "rules must be a goenv.Rules or a sequence of them, got 9"),
        ((1, "9"), "rules must be a goenv.Rules"),
        ((1, None), "rules must be a goenv.Rules"),
        ((2, [Rules(), {"size": 9}]), "rules must be a goenv.Rules"),
        ((1, Rules(), -1), "seed"),
        ((1, Rules(), 0.5), "seed"),
        ((1, Rules(), None), "seed"),
        ((1, Rules(), True), "seed"),
        ((1, Rules(), "0"), "seed"),
        ((2, Rules(), [1]), "seed must be a whole number or 2 of them"),
        ((2, Rules(), [1, -1]), "seed"),
        ((2, Rules(), [1, 0.5]), "seed"),
        ((2, Rules(), np.zeros((2, 1), int)), "seed"),
    ],
)
def test_wrong_arguments_of_a_batch_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        GoBatch(*arguments)


@pytest.mark.parametrize(
    "actions",
    [
        np.zeros(3),
        np.zeros(3, bool),
        np.array([0, 0, None]),
        ["0", "1", "2"],
        [0, 1],
        np.zeros((3, 1), int),
        np.zeros((1, 3), int),
        0,
        None,
    ],
)
def test_wrong_actions(actions):
    batch = GoBatch(3, Rules(3))
    with pytest.raises(ValueError, match=r"actions must be whole numbers of shape \(3,\), got"):
        batch.step(actions)
    assert not batch.ply.any()


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.uint8, np.uint64])
def test_actions_of_any_whole_kind(kind):
    batch = GoBatch(3, Rules(3))
    actions = np.array([[4, 0], [9, 0], [0, 0]], kind)[:, 0]  # a view with strides
    actions.flags.writeable = False
    batch.step(actions)
    batch.step([3, 3, 3])
    assert batch.last_action.tolist() == [3, 3, 3]
    assert batch.boards()[:, 1, 0].tolist() == [-1, -1, -1]
    for action in (-1, 10, 2**62, -(2**62)):
        with pytest.raises(goenv.IllegalActionError, match=f"action {action} .*not on the board"):
            batch.step([9, action, 9])


@pytest.mark.parametrize(
    "out",
    [
        np.zeros((2, 10), np.uint8),
        np.zeros((2, 9), np.bool_),
        np.zeros((1, 10), np.bool_),
        np.zeros(20, np.bool_),
        [[False] * 10] * 2,
    ],
)
def test_wrong_arrays_for_legal_actions(out):
    with pytest.raises(ValueError, match=r"expected an array of bool with shape \(2, 10\), got"):
        GoBatch(2, Rules(3)).legal_actions(out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"planes": ("own", "mine")}, "unknown plane 'mine'"),
        ({"planes": ("own", 1)}, "unknown plane 1"),
        ({"planes": "own"}, "planes must be one of 'stones', 'alphago_zero', 'features'"),
        ({"planes": 3}, "planes must be a sequence of names"),
        ({"planes": ({},)}, "unknown plane {}"),
        ({"layout": "CHW"}, "layout must be one of 'NCHW', 'NHWC', got 'CHW'"),
        ({"planes": ()}, "planes must be a sequence of names"),
        ({"dtype": np.int8}, "dtype must be uint8 or float32, got int8"),
        ({"dtype": np.float64}, "dtype must be uint8 or float32"),
        ({"planes": ("komi",), "dtype": np.uint8}, "uint8 cannot hold the plane 'komi'"),
        ({"out": np.zeros((2, 3, 3, 3), np.int64)}, "dtype must be uint8 or float32"),
        ({"out": np.zeros((2, 3, 3, 2), np.uint8)}, "expected an array of uint8 with shape"),
        ({"out": np.zeros((2, 3, 3, 3), np.uint8), "dtype": np.float32}, "array of float32"),
        ({"out": np.zeros((2, 1, 3, 3), np.uint8), "planes": ("komi",)}, "cannot hold"),
    ],
)
def test_wrong_arguments_of_observe(arguments, message):
    with pytest.raises(ValueError, match=message):
        GoBatch(2, Rules(3)).observe(**arguments)


def test_arrays_to_write_into():
    batch = GoBatch(2, [Rules(3), Rules(2)])
    batch.step([0, 1])
    legal = np.ones((2, 10), np.bool_)
    assert batch.legal_actions(legal) is legal
    np.testing.assert_array_equal(legal, batch.legal_actions())
    for kind in (np.uint8, np.float32):
        names = tuple(name for name, plane in goenv.PLANES.items() if plane.binary)
        planes = np.ones((2, len(names), 3, 3), kind)
        assert batch.observe(names, out=planes) is planes
        np.testing.assert_array_equal(planes, batch.observe(names, dtype=kind))
    assert batch.observe(("komi",)).dtype == np.float32
    for out, method in ((legal, batch.legal_actions), (batch.observe(), batch.observe)):
        out.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            method(out=out)


@pytest.mark.parametrize("mask", [[1, 0, 0], np.zeros(3), np.array([True, False]), True, "all"])
def test_wrong_masks(mask):
    batch = GoBatch(3, Rules(3))
    batch.step([0, 0, 0])
    with pytest.raises(ValueError, match=r"expected an array of bool with shape \(3,\)"):
        batch.reset(mask)
    assert batch.ply.tolist() == [1, 1, 1]
    mask = np.array([[True, False, True], [False, True, False]]).T
    mask.flags.writeable = False
    batch.reset(mask[:, 0])
    assert batch.ply.tolist() == [0, 1, 0]
    batch.reset([False, True, False])
    assert batch.ply.tolist() == [0, 0, 0]


def test_take_what_is_not_there():
    batch = GoBatch(3, Rules(2))
    batch.step([0, 1, 2])
    for indices in ([3], [-4], [0.0], np.array([True, False, True]), ["0"], 0, [[0]], None):
        with pytest.raises(IndexError):
            batch.take(indices)
    assert batch.take([-1, 0, 0]).last_action.tolist() == [2, 0, 0]
    assert batch.take(range(2)).last_action.tolist() == [0, 1]
    nothing = batch.take([])
    assert (len(nothing), nothing.boards().shape) == (0, (0, 2, 2))
    nothing.step(nothing.random_actions())
    assert nothing.legal_actions().shape == (0, 5)
    assert len(GoBatch.from_state(nothing.get_state())) == 0


def test_copy_game_where_it_cannot_go():
    batch, other, larger = GoBatch(2, Rules(3)), GoBatch(1, Rules(3)), GoBatch(1, Rules(4))
    batch.step([4, 5])
    with pytest.raises(ValueError, match="largest boards differ: 3 here, 4 there"):
        batch.copy_game(0, larger, 0)
    for source, target in ((2, 0), (-3, 0), (0, 1), (0.0, 0), (None, 0)):
        with pytest.raises(IndexError, match="a game must be a whole number from 0 to"):
            batch.copy_game(source, other, target)
    with pytest.raises(ValueError, match="other must be a GoBatch, got NoneType"):
        batch.copy_game(0, None, 0)
    assert other.ply.tolist() == [0]
    batch.copy_game(-1, other, np.int64(0))
    assert other.last_action.tolist() == [5]
    # A small board fits where the largest of both batches is the same.
    mixed = GoBatch(2, [Rules(2), Rules(3)])
    mixed.copy_game(0, other, 0)
    assert (other.sizes.tolist(), other.rules) == ([2], (Rules(2),))


def test_set_rules_that_do_not_fit():
    batch = GoBatch(2, Rules(3))
    batch.step([0, 1])
    with pytest.raises(ValueError, match="size 4 exceeds this batch's largest, 3"):
        batch.set_rules(0, Rules(4))
    with pytest.raises(ValueError, match=r"rules must be a goenv\.Rules, got 3"):
        batch.set_rules(0, 3)
    with pytest.raises(IndexError):
        batch.set_rules(2, Rules(3))
    assert batch.rules == (Rules(3), Rules(3))
    assert batch.ply.tolist() == [1, 1]
    batch.set_rules(-1, Rules(2, komi=0.5, max_moves=1))
    assert (batch.sizes.tolist(), batch.komi.tolist()) == ([3, 2], [7.5, 0.5])
    assert batch.ply.tolist() == [1, 0]
    batch.step([1, 0])
    assert batch.truncated.tolist() == [False, True]


def test_threads_must_be_a_positive_number():
    for count in (0, -1, 1.0, True, None, "2"):
        with pytest.raises(ValueError, match="number of threads"):
            goenv.set_num_threads(count)
