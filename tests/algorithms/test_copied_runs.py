"""Runs that were copied, and what became of their link to the newest checkpoint."""

from __future__ import annotations

import shutil

import pytest

from algorithms.checkpoint import latest_checkpoint
from algorithms.config import ConfigError
from algorithms.registry import make_agent
from algorithms.run import train

BUDGET = {"env_steps": 150}


@pytest.fixture
def stopped(tiny, tmp_path):
    """A run that was stopped on its way, and its configuration."""
    config, folder = tiny("reinforce", budget=BUDGET), tmp_path / "stopped"
    steps = iter(range(100))
    train(config, folder, should_stop=lambda: next(steps) == 3)
    return config, folder


def _lose_link(folder):
    (folder / "checkpoints" / "latest").unlink()


def _follow_link(folder):
    link = folder / "checkpoints" / "latest"
    named = link.resolve()
    link.unlink()
    shutil.copytree(named, link)


def _break_link(folder):
    link = folder / "checkpoints" / "latest"
    link.unlink()
    link.symlink_to("999999")


@pytest.mark.parametrize("change", [_lose_link, _follow_link, _break_link])
def test_a_copy_goes_on_where_the_run_was_stopped(stopped, change, outcome_of, tmp_path):
    config, folder = stopped
    copied = tmp_path / "copied"
    shutil.copytree(folder, copied, symlinks=True)
    change(copied)
    newest = latest_checkpoint(copied / "checkpoints")
    assert newest is not None
    assert newest.name == (folder / "checkpoints" / "latest").resolve().name
    make_agent(str(copied))  # it plays
    for each in (folder, copied):
        train(config, each, resume=True)
    assert outcome_of(copied) == outcome_of(folder)
    assert (copied / "checkpoints" / "latest").is_symlink()


def test_a_run_without_checkpoints_has_no_latest(tmp_path):
    assert latest_checkpoint(tmp_path / "checkpoints") is None


def test_what_differs_is_named_and_more_budget_is_told(stopped, tiny):
    _, folder = stopped
    learner = tiny.data("reinforce")["learner"]
    other = tiny("reinforce", budget=BUDGET, learner={**learner, "games": 7})
    with pytest.raises(ConfigError, match=r"learner.games \(2 there, 7 here\)"):
        train(other, folder, resume=True)
    said: list[str] = []
    train(tiny("reinforce", budget={"env_steps": 170}), folder, resume=True, tell=said.append)
    assert "goes on with another budget.env_steps (150 there, 170 here)" in said
