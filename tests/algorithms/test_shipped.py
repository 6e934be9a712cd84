"""Trained players that come with GoZoo."""

from __future__ import annotations

import csv
import shutil

import numpy as np
import pytest

from algorithms import shipped
from algorithms.checkpoint import load_weights
from algorithms.config import TrainConfig, load_config
from algorithms.registry import AgentError, make_agent
from algorithms.run import begin_from, train
from algorithms.shipped import locate, shipped_players
from baselines.arena import play_games, summarise
from baselines.openings import make_openings
from goenv import Rules


@pytest.mark.parametrize("text", shipped_players())
def test_each_is_whole_and_plays(text):
    size, folder = int(text.removeprefix("az:")), locate(text)
    config = load_config(TrainConfig, folder / "config.yaml")
    _, header = load_weights(folder)
    assert config.game.size == header.size == size
    assert (config.learner.network, config.learner.play) == (header.network, header.play)
    with (folder / "curve.csv").open(newline="") as file:
        assert sum(1 for _ in csv.DictReader(file)) >= 5
    rules = Rules(size, komi=0.5 if size % 2 else 1.5, max_moves=3 * size * size)
    agent = make_agent(f"{text}?simulations=8")
    assert agent.name == f"{text}?simulations=8"
    records = play_games(
        agent, make_agent("random"), rules, make_openings(5, 2, rules, 0), np.random.default_rng(0)
    )
    assert summarise(records, agent.name).rate == 1.0


def test_together_they_are_small():
    files = [path for folder in shipped_players().values() for path in folder.iterdir()]
    assert sum(path.stat().st_size for path in files) < 15e6


@pytest.fixture
def one_player(finished, tmp_path, monkeypatch):
    """A player `az:3` and no other."""
    latest = finished("alphazero") / "checkpoints" / "latest"
    shutil.copytree(latest, tmp_path / "players" / "az3")
    monkeypatch.setattr(shipped, "_HERE", tmp_path / "players")
    return latest


def test_names_become_players(one_player):
    assert list(shipped_players()) == ["az:3"]
    assert make_agent("az:3?simulations=0").name == "az:3?simulations=0"
    for text in ("az:4", "az:", "az:3x", "az:../az3"):
        with pytest.raises(AgentError, match=f"'{text}': the players that come .* are az:3"):
            make_agent(text)
    assert str(locate("runs/mine")) == "runs/mine"


def test_training_may_begin_from_one(one_player, tiny, tmp_path):
    config = tiny("alphazero", initial="az:3", budget={"env_steps": 4})
    train(config, tmp_path / "run")
    first = sorted((tmp_path / "run" / "checkpoints").glob("0*"))[0]
    begun, given = (load_weights(path)[0].state_dict() for path in (first, one_player))
    assert all((begun[name] == value).all() for name, value in given.items())
    with pytest.raises(ValueError, match="initial: 'az:9': the players that come with GoZoo are"):
        begin_from(None, "az:9")
