"""Configurations of comparisons."""

from __future__ import annotations

import pytest

from algorithms.compare_config import CompareConfig
from algorithms.config import ConfigError, dump_config, load_config

COMPARE = """
name: two
game: {size: 3, komi: 0.5}
budget: {env_steps: 100}
learners:
  az: {algorithm: alphazero}
  reinforce: {algorithm: reinforce}
"""


def load_text(tmp_path, text, overrides=()):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return load_config(CompareConfig, path, overrides)


def test_some_learners_of_a_comparison(tmp_path):
    match = "judge.matches=[{learner: az, opponent: random}]"
    config = load_text(tmp_path, COMPARE, [match])
    assert config.only(["reinforce", "az"]) == config
    alone = config.only(["reinforce"])
    assert [run.name for run in alone.runs()] == ["reinforce-seed0", "reinforce-seed1"]
    assert alone.judge.matches == ()
    assert load_text(tmp_path, dump_config(alone)) == alone
    config = load_text(tmp_path, COMPARE, ["judge.baseline=az"])
    assert config.only(["az"]).judge.baseline == "az"
    assert config.only(["reinforce"]).judge.baseline is None
    with pytest.raises(ConfigError, match=r"no learner is called 'nfsp'; there are az, reinforce"):
        config.only(["az", "nfsp"])


def test_a_stored_comparison_is_read_back_equal(tmp_path):
    changes = [
        "judge.matches=[{learner: az, opponent: uct:40, games: 6}]",
        "judge.anchors=[random, uct:4]",
        "judge.anchor=uct:4",
        "seeds=[3, 1, 2]",
        "learners.az.self_play.games=7",
    ]
    config = load_text(tmp_path, COMPARE, changes)
    again = load_text(tmp_path, dump_config(config))
    assert again == config
    assert again.runs() == config.runs()


def test_the_runs_of_a_comparison(tmp_path):
    config = load_text(tmp_path, COMPARE, ["seeds=[5, 0]", "checkpoints.snapshots=2"])
    runs = config.runs()
    assert [run.name for run in runs] == [
        "az-seed5", "reinforce-seed5", "az-seed0", "reinforce-seed0",
    ]  # fmt: skip
    assert [run.seed for run in runs] == [5, 5, 0, 0]
    assert {run.budget for run in runs} == {config.budget}
    assert runs[1].learner == config.learners["reinforce"]
    assert runs[0].checkpoints == config.checkpoints
    assert runs[0].game == config.game


WRONG_COMPARISONS = {
    "seeds twice": (["seeds=[1, 2, 1]"], ["seeds must differ", "1, 2, 1"]),
    "negative seeds": (["seeds=[-1]"], ["seeds.0", "greater than or equal to 0"]),
    "no seeds": (["seeds=[]"], ["seeds", "at least 1"]),
    "no learners": (["learners={}"], ["learners", "at least 1"]),
    "a learner's name": (["learners.a/b={algorithm: reinforce}"], ["learners.a/b"]),
    "a learner called like an anchor": (
        ["learners.random={algorithm: reinforce}"],
        ["learner", "'random'", "anchor"],
    ),
    "setting of a learner": (
        ["learners.az.search.simulation=3"],
        ["learners.az.search.simulation", "did you mean 'simulations'"],
    ),
    "setting of a learner called like its algorithm": (
        ["learners.reinforce.gaems=3"],
        ["learners.reinforce.gaems", "did you mean 'games'"],
    ),
    "a size larger than the game's": (
        ["learners.az.start.sizes={2: 1, 7: 1}"],
        ["start.sizes", "the game has size 3, got 7"],
    ),
    "algorithm": (["learners.az.algorithm=dqn"], ["learners.az", "'dqn'", "reinforce"]),
    "algorithm is missing": (
        ["learners.x={games: 3}"],
        ["learners.x", "'algorithm' is missing", "reinforce"],
    ),
    "odd games": (["judge.games=5"], ["judge", "games must be even", "5"]),
    "odd games of a match": (
        ["judge.matches=[{learner: az, opponent: random, games: 5}]"],
        ["judge.matches.0", "games must be even", "5"],
    ),
    "a match of nobody": (
        ["judge.matches=[{learner: zz, opponent: random}]"],
        ["judge.matches", "'zz'", "az, reinforce"],
    ),
    "a baseline that is no learner": (
        ["judge.baseline=zz"],
        ["judge.baseline", "'zz'", "az, reinforce"],
    ),
    "a misspelt key of a match": (
        ["judge.matches=[{learner: az, oponent: random}]"],
        ["judge.matches.0.oponent", "did you mean 'opponent'"],
    ),
    "anchor": (["judge.anchor=uct:9"], ["judge", "'uct:9'", "anchors", "random"]),
    "an anchor twice": (["judge.anchors=[random, random]"], ["judge", "anchors must differ"]),
    "workers": (["workers=0"], ["workers", "greater than or equal to 1"]),
    "a run's configuration": (["learner.games=3"], ["learner", "did you mean 'learners'"]),
}


@pytest.mark.parametrize(("overrides", "words"), WRONG_COMPARISONS.values(), ids=WRONG_COMPARISONS)
def test_a_wrong_comparison_is_named_with_what_would_be_right(tmp_path, overrides, words):
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, COMPARE, overrides)
    for word in [*words, "config.yaml"]:
        assert word in str(caught.value), str(caught.value)
