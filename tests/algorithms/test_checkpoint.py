"""Checkpoints: what goes in comes out, damage is named, nothing in a file is executed."""

from __future__ import annotations

import json
import os
import pickle
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from algorithms.budget import Ledger
from algorithms.checkpoint import (
    ARRAYS,
    NUMBERS,
    WEIGHTS,
    CheckpointError,
    WeightsHeader,
    drop_state,
    load_state,
    load_weights,
    save_checkpoint,
    save_weights,
)
from algorithms.config import make_learner
from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.players import PlayConfig, PolicyAgent
from goenv import GoBatch, Rules

NETWORK = NetworkConfig(blocks=1, channels=4, head_channels=4)
HEADER = WeightsHeader(
    algorithm="alphazero", size=3, network=NETWORK, play=PlayConfig(simulations=7)
)
STATE = {
    "number": 3,
    "fraction": 0.1,
    "large": 2**127 + 1,  # numpy's generators hold such
    "nothing": None,
    "truth": True,
    "text": "with 'quotes' and ü",
    "list": [1, 2.5, "three", None],
    "numpy number": np.float32(0.25),
    "empty": {},
    "array": np.arange(6).reshape(2, 3),  # a key that could be taken for a mark
    "deep": {"er": {"array": np.array([1.5, np.nan, np.inf], np.float32)}},
    "only": {"array": 5},
    "scalar": np.array(2.5),
    "none of it": np.zeros((0, 4), np.int8),
    "words": np.array([2**63 + 5], np.uint64),
    "halves": np.array([0.5], np.float16),
    "flags": np.array([True, False]),
    "backwards": np.arange(5)[::-1],
    "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "tensor": torch.tensor(4.0),
    "weights": {"blocks.0.first.weight": torch.ones(2, 2).to(torch.bfloat16).float()},
}


@pytest.fixture
def checkpoint(tmp_path):
    return save_checkpoint(tmp_path, 10, Model(NETWORK, seed=1), HEADER, STATE)


def assert_same(left, right):
    if isinstance(left, dict):
        assert list(left) == list(right)
        for key in left:
            assert_same(left[key], right[key])
    elif isinstance(left, (np.ndarray, torch.Tensor)):
        expected = np.asarray(left)
        assert (right.dtype, right.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(right, expected)
    else:
        assert right == left


# Round trips


def test_state_comes_back_as_it_was(checkpoint):
    assert_same(STATE, load_state(checkpoint))


def test_arrays_that_share_memory_come_back_whole(tmp_path):
    array = np.arange(10)
    tensor = torch.arange(10)
    state = {"all": array, "part": array[2:5], "again": array, "t": tensor, "u": tensor[5:]}
    path = save_checkpoint(tmp_path, 1, Model(NETWORK), HEADER, state)
    assert_same(state, load_state(path))


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, [np.zeros(2)], [[1]], b"bytes", {3: 4}, {"a/b": 1}, {"$array": "/x"}],
)
def test_what_cannot_be_held_is_refused_and_nothing_is_left(tmp_path, value):
    save_checkpoint(tmp_path, 1, Model(NETWORK), HEADER, {"fine": 1})
    with pytest.raises(TypeError, match="a checkpoint cannot hold"):
        save_checkpoint(tmp_path, 2, Model(NETWORK), HEADER, {"deep": {"odd": value}})
    assert load_state(tmp_path / "latest") == {"fine": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001", "latest"]


def test_weights_and_header_come_back(tmp_path):
    model = Model(NETWORK, seed=5)
    path = tmp_path / "weights.safetensors"
    save_weights(path, model, HEADER)
    loaded, header = load_weights(path)
    assert header == HEADER
    for name, value in model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    planes = np.random.default_rng(0).random((2, 5, 3, 3), np.float32)
    for left, right in zip(model.evaluate(planes), loaded.evaluate(planes), strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_learner_goes_on_from_its_state_as_if_nothing_had_been(algorithm, tiny, tmp_path):
    """The learner alone: state, step, step equals step, step."""
    config = tiny(algorithm)
    rules = config.game.rules()
    first = make_learner(config.learner, rules, seed=1)
    ledger = Ledger()
    for _ in range(7):
        first.step(ledger)
    header = WeightsHeader(
        algorithm=algorithm, size=3, network=config.learner.network, play=config.learner.play
    )
    path = save_checkpoint(tmp_path, 7, first.model, header, first.state_dict())
    second = make_learner(config.learner, rules, seed=2)  # of another seed: all must be restored
    model, _ = load_weights(path)
    second.model.load_state_dict(model.state_dict())
    second.load_state_dict(load_state(path))
    for _ in range(5):
        assert first.step(ledger) == second.step(Ledger())
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name


def test_what_a_state_says_does_not_change_with_the_learner(algorithm, tiny):
    """A state is a copy: a step that follows leaves the weights in it alone."""
    learner = make_learner(tiny(algorithm).learner, tiny(algorithm).game.rules(), seed=1)
    weights = learner.model.state_dict()
    before = {name: value.clone() for name, value in weights.items()}
    for _ in range(5):
        learner.step(Ledger())
    assert all(torch.equal(value, before[name]) for name, value in weights.items())


# Files


def test_latest_is_the_newest_and_survives_what_a_kill_leaves(tmp_path):
    for step in (5, 10):
        save_checkpoint(tmp_path, step, Model(NETWORK), HEADER, {"step": step})
    partial = tmp_path / ".000015.partial"
    partial.mkdir()
    (partial / WEIGHTS).write_bytes(b"half")
    (tmp_path / ".latest.partial").symlink_to("000005")
    assert load_state(tmp_path / "latest") == {"step": 10}
    # The run repeats the steps and stores the same number.
    save_checkpoint(tmp_path, 15, Model(NETWORK), HEADER, {"step": 15})
    assert load_state(tmp_path / "latest") == {"step": 15}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "000005", "000010", "000015", "latest",
    ]  # fmt: skip


def test_a_complete_folder_that_latest_does_not_name_is_replaced(tmp_path):
    save_checkpoint(tmp_path, 5, Model(NETWORK), HEADER, {"step": 5})
    (tmp_path / "000010").mkdir()
    (tmp_path / "000010" / "stray").write_text("x")
    save_checkpoint(tmp_path, 10, Model(NETWORK), HEADER, {"step": 10})
    assert load_state(tmp_path / "latest") == {"step": 10}
    assert not (tmp_path / "000010" / "stray").exists()


def test_the_latest_checkpoint_is_never_replaced(tmp_path):
    """Between removing the old and renaming the new a kill would leave none."""
    save_checkpoint(tmp_path, 5, Model(NETWORK), HEADER, {"step": 5})
    with pytest.raises(ValueError, match="step 5"):
        save_checkpoint(tmp_path, 5, Model(NETWORK), HEADER, {"step": 5})
    assert load_state(tmp_path / "latest") == {"step": 5}


def test_notes_stay_with_the_weights(tmp_path):
    path = save_checkpoint(tmp_path, 5, Model(NETWORK), HEADER, {}, {"note.json": {"a": [1]}})
    drop_state(path)
    assert json.loads((path / "note.json").read_text()) == {"a": [1]}


def test_the_folder_can_be_moved(tmp_path):
    save_checkpoint(tmp_path / "a", 3, Model(NETWORK), HEADER, {"step": 3})
    (tmp_path / "a").rename(tmp_path / "b")
    assert load_state(tmp_path / "b" / "latest") == {"step": 3}


def test_without_its_state_a_checkpoint_still_plays(checkpoint):
    drop_state(checkpoint)
    assert load_weights(checkpoint)[1] == HEADER
    with pytest.raises(CheckpointError, match=NUMBERS):
        load_state(checkpoint)


# Damage


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def damage(kind, path, trap):
    content = path.read_bytes()
    if kind == "missing":
        path.unlink()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "a folder":
        path.unlink()
        path.mkdir()
    elif kind == "truncated":
        path.write_bytes(content[: len(content) * 2 // 3])
    elif kind == "short by a byte":
        path.write_bytes(content[:-1])
    elif kind == "corrupted":
        path.write_bytes(b"\xff" * 40 + content[40:])
    elif kind == "noise":
        path.write_bytes(np.random.default_rng(0).bytes(len(content)))
    elif kind == "a huge header":
        path.write_bytes(struct.pack("<Q", 2**62) + content[8:])
    elif kind == "pickled":
        path.write_bytes(pickle.dumps(Payload(trap)))
    elif kind == "saved by torch":
        torch.save({"weights": Payload(trap)}, path)


KINDS = ["missing", "empty", "a folder", "truncated", "short by a byte", "corrupted", "noise",
         "a huge header", "pickled", "saved by torch"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [WEIGHTS, ARRAYS, NUMBERS])
def test_a_damaged_file_is_named_and_nothing_in_it_runs(checkpoint, tmp_path, kind, name):
    trap = tmp_path / "trap"
    damage(kind, checkpoint / name, trap)
    with pytest.raises(CheckpointError) as caught:
        load_weights(checkpoint) if name == WEIGHTS else load_state(checkpoint)
    assert str(checkpoint / name) in str(caught.value)
    assert len(str(caught.value)) < 500
    assert not trap.exists()


def test_the_trap_would_work(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "trap")))
    assert (tmp_path / "trap").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[]", "format"),
        ("5", "format"),
        ("{}", "format"),
        ('{"format": 99, "state": {}}', "99"),
        ('{"format": 1}', "state"),
        ('{"format": 1, "state": {"x": {"$array": "/nowhere"}}}', "/nowhere"),
        ('{"format": 1, "state": [1]}', "state"),
        ('{"format": 1, "state": {"x": {"$array": 5}}}', "array 5"),
        ("{" * 100_000, "JSON"),
    ],
)
def test_a_strange_state(checkpoint, content, words):
    (checkpoint / NUMBERS).write_text(content)
    with pytest.raises(CheckpointError, match=NUMBERS) as caught:
        load_state(checkpoint)
    assert words in str(caught.value)


def rewrite(path, header=None, weights=None):
    """The weights file anew with another header or other weights."""
    changed = json.loads(HEADER.model_dump_json()) | (header or {})
    save_file(load_file(path) | (weights or {}), path, {"gozoo": json.dumps(changed)})


def test_a_foreign_safetensors_file(tmp_path):
    path = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match=r"foreign.safetensors was not written by GoZoo"):
        load_weights(path)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"network": {"blocks": 2, "channels": 4, "head_channels": 4}}, "do not fit its header"),
        ({"network": {"blocks": 1, "channels": 8, "head_channels": 4}}, "do not fit its header"),
        ({"network": {"blocks": 10**9}}, "the header"),
        ({"format": 2}, "has format 2; this version reads 1"),
        ({"play": {"simulations": -1}}, "the header"),
        ({"surprise": 1}, "the header"),
    ],
)
def test_weights_that_do_not_fit_their_header(checkpoint, header, words):
    rewrite(checkpoint / WEIGHTS, header)
    with pytest.raises(CheckpointError, match=WEIGHTS) as caught:
        load_weights(checkpoint)
    assert words in str(caught.value)


def test_weights_too_many(checkpoint):
    rewrite(checkpoint / WEIGHTS, weights={"surprise": torch.zeros(3)})
    with pytest.raises(CheckpointError, match="do not fit its header"):
        load_weights(checkpoint)


def test_a_header_that_is_no_json(checkpoint):
    path = checkpoint / WEIGHTS
    save_file(load_file(path), path, {"gozoo": "}{"})
    with pytest.raises(CheckpointError, match="the header of"):
        load_weights(checkpoint)


def test_the_network_plays_the_same_after_a_round_trip(checkpoint):
    """From the folder, from the file, through the link."""
    batch = GoBatch(6, Rules(3, komi=0.5), seed=4)
    for _ in range(4):
        batch.step(batch.random_actions())
    expected = PolicyAgent(Model(NETWORK, seed=1)).act(batch, np.random.default_rng(0))
    for path in (checkpoint, checkpoint / WEIGHTS, checkpoint.parent / "latest"):
        actions = PolicyAgent(load_weights(path)[0]).act(batch, np.random.default_rng(0))
        np.testing.assert_array_equal(actions, expected)
