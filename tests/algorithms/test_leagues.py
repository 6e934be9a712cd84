"""Leagues as files: what is read, who takes part, and where they can stand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from algorithms import leagues
from algorithms.compare import run_comparison
from algorithms.compare_config import CompareConfig
from algorithms.config import ConfigError, TrainConfig, load_config, make_learner, validate
from algorithms.display import Display
from algorithms.leagues import (
    expand,
    expand_names,
    load_league,
    resolve_comparison,
    resolve_run,
    standard_leagues,
)
from algorithms.registry import AgentError, make_agent
from algorithms.run import train
from baselines import engines
from baselines.engine_process import find_program

ROOT = Path(__file__).parents[2]


@pytest.fixture
def league(tmp_path):
    """Writes a league: ``league(*members, **fields) -> its path``; a text is a member."""

    def write(*members, name="mine.yaml", **fields):
        path = tmp_path / name
        plain = [{"agent": m} if isinstance(m, str) else m for m in members]
        path.write_text(yaml.safe_dump({"members": plain, **fields}))
        return str(path)

    return write


@pytest.fixture
def no_gnugo(monkeypatch):
    monkeypatch.setattr(engines, "find_program", lambda name: None)


# Those that come with GoZoo


@pytest.mark.parametrize("name", standard_leagues())
def test_the_standard_leagues(name):
    league = load_league(name)
    assert f"{league.size}x{league.size}" == name.removeprefix("league/")
    agents = [member.agent for member in league.members]
    assert agents[:4] == ["random", "uct:50", "uct:400", "uct:3000"]
    assert {m.agent for m in league.members if m.optional} == {a for a in agents if "gnugo" in a}
    everybody = expand_names([name], league.size)
    wanted = agents if find_program("gnugo") else [a for a in agents if "gnugo" not in a]
    assert list(everybody) == wanted


def test_there_is_one_for_each_usual_size_with_the_players_that_come_along():
    assert list(standard_leagues()) == ["league/3x3", "league/5x5", "league/7x7", "league/9x9"]
    assert "az:5" in expand_names(["league/5x5"], 5)
    assert "az:7" in expand_names(["league/7x7"], 7)


def test_they_are_part_of_the_package():
    assert '"algorithms.leagues" = ["*.yaml"]' in (ROOT / "pyproject.toml").read_text()
    assert all(path.parent == Path(leagues.__file__).parent for path in standard_leagues().values())


# Who takes part


def test_members_take_the_place_of_a_league(league):
    path = league({"agent": "random", "weight": 3}, {"agent": "uct:5", "weight": 0.5})
    assert expand({path: 2, "uct:7": 1, "random": 4}, 5) == {"random": 10, "uct:5": 1, "uct:7": 1}
    assert expand_names(["uct:7", path, "random"], 5) == ("uct:7", "random", "uct:5")


def test_who_is_not_installed_is_left_out_if_optional(league, no_gnugo):
    notes = []
    path = league("random", {"agent": "gnugo:10", "optional": True})
    assert expand({path: 1}, 9, notes.append) == {"random": 1}
    (note,) = notes
    assert note.startswith(f"{path}: left out: 'gnugo:10': GNU Go is not installed")
    with pytest.raises(ConfigError, match=r"not installed.*'optional: true' would leave it out"):
        expand({league("random", "gnugo:10"): 1}, 9)
    with pytest.raises(ConfigError, match="none of its members is there"):
        expand({league({"agent": "gnugo:10", "optional": True}): 1}, 9)


WRONG = {
    "nobody": ([], {}, "members: .*at least 1"),
    "an agent that is none": (["random", "uct:x"], {}, "'uct:x': after 'uct:' comes"),
    "an optional one that is none": (
        [{"agent": "gnugo:99", "optional": True}], {}, "level from 0 to 20",
    ),
    "a league in a league": (["random", "league/5x5"], {}, "'league/5x5' names a league"),
    "one twice": (["random", "uct:5", "random"], {}, "members must differ, got random twice"),
    "no weight": ([{"agent": "random", "weight": 0}], {}, r"members\.0\.weight: .*greater than 0"),
    "an endless weight": ([{"agent": "random", "weight": float("inf")}], {}, "weight: .*finite"),
    "a word": ([{"agent": "random", "wieght": 1}], {}, "wieght: .*did you mean 'weight'"),
    "no agent": ([{"weight": 1}], {}, r"members\.0\.agent: this key is missing"),
    "another key": (["random"], {"sise": 5}, "sise: .*did you mean 'size'"),
    "another size": (["random"], {"size": 7}, "is for boards of 7x7, the game has 5x5"),
}  # fmt: skip


@pytest.mark.parametrize(("members", "fields", "words"), WRONG.values(), ids=WRONG)
def test_a_league_that_is_wrong(league, members, fields, words):
    path = league(*members, **fields)
    with pytest.raises(ConfigError, match=words) as caught:
        expand({path: 1}, 5)
    assert path in str(caught.value)


def test_a_league_that_is_not_there():
    with pytest.raises(ConfigError, match=r"'league/6x6': .* are league/3x3, .*path of its file"):
        expand({"league/6x6": 1}, 6)
    with pytest.raises(ConfigError, match=r"cannot read nowhere\.yaml"):
        expand({"nowhere.yaml": 1}, 6)
    with pytest.raises(AgentError, match="'league/5x5' names a league, and here one agent"):
        make_agent("league/5x5")


# Where they can stand


def test_a_run_is_stored_with_those_who_took_part(tiny, league, no_gnugo, tmp_path):
    path = league({"agent": "random", "weight": 3}, "uct:2", {"agent": "gnugo:1", "optional": True})
    data = tiny.data("best_response")["learner"]
    config = tiny(
        "best_response", learner={**data, "opponents": {path: 1}}, budget={"env_steps": 8}
    )
    said = []
    train(config, tmp_path / "run", tell=said.append)
    assert any("left out: 'gnugo:1'" in text for text in said)
    stored = load_config(TrainConfig, tmp_path / "run" / "config.yaml")
    assert stored.learner.opponents == {"random": 3, "uct:2": 1}
    # The same league goes on, another one is another run.
    train(config, tmp_path / "run", resume=True)
    league("random")
    with pytest.raises(
        ConfigError, match=r"another run: learner.opponents.random \(3.0 there, 1.0 here\)"
    ):
        train(config, tmp_path / "run", resume=True)


def test_weights_reach_the_learners(tiny, league):
    path = league({"agent": "random", "weight": 3}, "uct:2")
    for algorithm, field in (("best_response", "opponents"), ("league", "members")):
        data = tiny.data(algorithm)["learner"]
        config = resolve_run(tiny(algorithm, learner={**data, field: {path: 1}}), print)
        learner = make_learner(config.learner, config.game.rules(), 0)
        if algorithm == "league":
            learner._visit_first(2)
            games = learner._visits
        else:
            games = learner._ppo._games
        assert [member.name for member in games.members] == ["random", "uct:2"]
        assert games._shares.tolist() == [0.75, 1]


def test_a_comparison_takes_them_as_anchors_and_opponents(tiny, league):
    path = league("random", "uct:2")
    learner = {**tiny.data("best_response")["learner"], "opponents": {path: 1}}
    data = {
        "name": "both", "game": {"size": 3, "komi": 0.5}, "budget": {"env_steps": 10},
        "learners": {"a": learner},
        "judge": {"anchors": [path, "uct:3"], "anchor": "uct:2"},
    }  # fmt: skip
    config = resolve_comparison(validate(CompareConfig, data, "it"), print)
    assert config.judge.anchors == ("random", "uct:2", "uct:3")
    assert [run.learner.opponents for run in config.runs()] == [{"random": 1, "uct:2": 1}] * 2
    assert resolve_comparison(config, print) is config
    data["judge"]["anchor"] = "uct:4"
    with pytest.raises(ConfigError, match=r"judge: anchor 'uct:4' must be one of anchors"):
        resolve_comparison(validate(CompareConfig, data, "it"), print)


def test_a_comparison_is_stored_with_those_who_took_part(tiny, league, capsys, tmp_path):
    path = league("random", "uct:2", {"agent": "katago:none.cfg", "optional": True})
    data = {
        "name": "both", "game": {"size": 3, "komi": 0.5}, "budget": {"env_steps": 60},
        "learners": {"a": tiny.data("reinforce")["learner"]},
        "judge": {"anchors": [path], "games": 2},
    }  # fmt: skip
    config, folder = validate(CompareConfig, data, "it"), tmp_path / "both"
    with Display(Console()) as display:
        assert run_comparison(config, folder, False, display, lambda: True) is None  # at once
    assert "left out: 'katago:none.cfg'" in " ".join(capsys.readouterr().out.split())
    assert load_config(CompareConfig, folder / "config.yaml").judge.anchors == ("random", "uct:2")


def test_a_curve_against_a_league(finished, league, gozoo, tmp_path):
    path = league("random", "uct:2")
    folder = shutil.copytree(finished("reinforce"), tmp_path / "run", symlinks=True)
    command = ["curve", folder, "--against", path, "--games", 2, "--last", 1]
    answer = gozoo(*command)
    assert answer.code == 0, answer.error
    rows = (folder / "curve" / "curve.csv").read_text().splitlines()[1:]
    assert sorted(row.partition(",")[0] for row in rows) == ["random", "uct:2"]
