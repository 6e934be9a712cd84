"""Folders and checkpoints that a run cannot go on from are named, and left alone."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from run_helpers import stop_after, tree
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from algorithms.checkpoint import ARRAYS, NUMBERS, WEIGHTS, CheckpointError, load_weights
from algorithms.config import ConfigError, TrainConfig
from algorithms.run import (
    is_complete,
    list_snapshots,
    load_run_config,
    train,
)

# Folders that hold something else


def test_a_folder_that_holds_a_run_is_not_begun_anew(algorithm, tiny, finished):
    with pytest.raises(ConfigError, match=r"already holds a run.*--resume"):
        train(tiny(algorithm), finished(algorithm))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"seed": 8}, ["seed (3 there, 8 here)"]),
        ({"game": {"size": 4, "komi": 0.5}}, ["game.size (3 there, 4 here)"]),
        ({"name": "other", "seed": 9}, ["name (tiny there, other here)", "seed (3 there, 9 here)"]),
    ],
)
def test_a_run_is_not_resumed_with_other_settings(algorithm, tiny, finished, changes, names):
    folder = finished(algorithm)
    before = tree(folder)
    with pytest.raises(ConfigError, match="another run") as caught:
        train(tiny(algorithm, **changes), folder, resume=True)
    for name in names:
        assert name in str(caught.value)
    assert str(folder / "config.yaml") in str(caught.value)
    assert tree(folder) == before


def test_a_run_is_not_resumed_as_another_learner(tiny, finished):
    with pytest.raises(ConfigError, match=r"learner.algorithm \(reinforce there, alphazero here\)"):
        train(tiny("alphazero"), finished("reinforce"), resume=True)
    data = tiny.data("reinforce")
    data["learner"]["games"] = 8
    with pytest.raises(ConfigError, match=r"learner.games \(2 there, 8 here\)"):
        train(TrainConfig.model_validate(data), finished("reinforce"), resume=True)


def test_more_sample_games_than_openings(tiny, tmp_path):
    with pytest.raises(ConfigError, match="sample_games: there are not 500 distinct openings"):
        train(tiny("reinforce", sample_games=1000), tmp_path / "tiny")
    assert not (tmp_path / "tiny").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "keys and values"), ("a: [", "not valid YAML"), ("name: x", "missing")],
)
def test_a_damaged_configuration_in_the_folder(tiny, tmp_path, content, words):
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(ConfigError, match=words) as caught:
        train(tiny("reinforce"), tmp_path, resume=True)
    assert str(tmp_path / "config.yaml") in str(caught.value)


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(ConfigError, match="holds no run"):
        load_run_config(tmp_path)
    assert list_snapshots(tmp_path) == []
    assert not is_complete(tmp_path)


# Damage to the checkpoint to resume from


def half_done(tiny, folder):
    train(tiny("reinforce"), folder, should_stop=stop_after(3))
    return folder / "checkpoints" / "latest"


@pytest.mark.parametrize("name", [WEIGHTS, ARRAYS, NUMBERS])
def test_a_damaged_checkpoint_is_named(tiny, tmp_path, name):
    latest = half_done(tiny, tmp_path / "tiny")
    file = latest.resolve() / name
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(CheckpointError) as caught:
        train(tiny("reinforce"), tmp_path / "tiny", resume=True)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("key", ["optimiser", "rng", "pool", "updates"])
def test_a_state_that_lacks_something(tiny, tmp_path, key):
    latest = half_done(tiny, tmp_path / "tiny")
    file = latest / NUMBERS
    data = json.loads(file.read_text())
    data["state"]["learner"][key] = None
    file.write_text(json.dumps(data))
    with pytest.raises(CheckpointError, match="does not fit the learner"):
        train(tiny("reinforce"), tmp_path / "tiny", resume=True)
    del data["state"]["learner"][key]
    file.write_text(json.dumps(data))
    with pytest.raises(CheckpointError, match=f"does not fit the learner: '{key}'"):
        train(tiny("reinforce"), tmp_path / "tiny", resume=True)


# Training that diverges


@pytest.mark.parametrize("name", ["alphazero", "reinforce", "q_learning"])
def test_training_that_diverges_stops_and_keeps_what_was_stored(name, tiny, tmp_path):
    config = tiny(name)
    wild = {**config.model_dump(), "budget": {"env_steps": 20_000}}
    wild["learner"]["optimiser"]["learning_rate"] = 1e12
    folder = tmp_path / "wild"
    with pytest.raises(ConfigError, match=r"diverged in step \d+: .*learning_rate"):
        train(TrainConfig.model_validate(wild), folder)
    for each in list_snapshots(folder):
        load_weights(each.path)  # whose numbers are finite


def test_weights_that_are_no_numbers_are_refused(finished, tmp_path):
    folder = tmp_path / "nan"
    shutil.copytree(finished("alphazero") / "checkpoints" / "latest", folder)
    path = folder / WEIGHTS
    with safe_open(path, "pt") as file:
        header = file.metadata()
    weights = load_file(path)
    name = next(iter(weights))
    weights[name].flatten()[0] = torch.nan
    save_file(weights, path, metadata=header)
    with pytest.raises(CheckpointError, match=rf"{WEIGHTS} is of no use: {name} holds what is no"):
        load_weights(folder)


def test_resuming_what_is_not_there_is_said(tiny, tmp_path):
    said: list[str] = []
    train(tiny("reinforce"), tmp_path / "typo", resume=True, tell=said.append)
    assert f"there is nothing to resume in {tmp_path / 'typo'}: the run begins" in said
    network = load_weights(tmp_path / "typo" / "checkpoints" / "latest")[0].network
    count = sum(weights.numel() for weights in network.parameters())
    assert f"the network has {count:,} parameters" in said
