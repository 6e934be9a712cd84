"""Which game agents play where nobody says so."""

from __future__ import annotations

import shutil

import pytest

from algorithms.config import ConfigError, GameConfig
from algorithms.home_game import choose_game, home_game


@pytest.fixture(scope="module")
def run(finished):
    """The folder of a run on 3x3."""
    return finished("reinforce")


def test_a_trained_agent_has_the_game_of_its_run(run):
    expected = GameConfig(size=3, komi=0.5)
    latest = run / "checkpoints" / "latest"
    for text in (run, f"{run}?temperature=1", latest, latest / "weights.safetensors"):
        assert home_game(str(text)) == expected
    assert home_game("az:7") == GameConfig(size=7, komi=8.5)


@pytest.mark.parametrize(
    "text", ["random", "uct:7", "gtp:x/y --z", "az:77", "runs/none", "", "a\0b"]
)
def test_others_have_none(text):
    assert home_game(text) is None


def test_weights_by_themselves_know_their_size(run, tmp_path, gozoo):
    alone = tmp_path / "mine.safetensors"
    shutil.copyfile(run / "checkpoints" / "latest" / "weights.safetensors", alone)
    assert home_game(str(alone)) == GameConfig(size=3)
    alone.write_bytes(b"no weights")
    assert home_game(str(alone)) is None
    assert "is no readable safetensors file" in gozoo("match", alone, "random").error


@pytest.mark.parametrize("text", ["a: [", "name: x", "game: {size: 99}", "game: 3"])
def test_a_run_whose_configuration_is_damaged_plays_no_other_game(run, tmp_path, gozoo, text):
    mine = tmp_path / "mine"
    shutil.copytree(run, mine, symlinks=True)
    (mine / "config.yaml").write_text(text)
    answer = gozoo("match", mine, "random", "--games", 2)
    assert answer.code == 1
    assert f"{mine / 'config.yaml'} does not say which game was learned" in answer.error


def test_what_is_said_goes_before_what_was_learned(run):
    assert choose_game(["uct:5", str(run)], {}) == GameConfig(size=3, komi=0.5)
    assert choose_game([str(run)], {"komi": 2.5}) == GameConfig(size=3, komi=2.5)
    # On another board the rest of its game has no meaning.
    assert choose_game([str(run)], {"size": 7, "komi": None}) == GameConfig(size=7, komi=6.5)
    assert choose_game(["az:7", str(run)], {"size": 3}) == GameConfig(size=3, komi=0.5)
    usual = GameConfig(size=9, komi=7.5)
    assert choose_game(["random"], {}, usual) == usual
    with pytest.raises(ConfigError, match=r"size 7 \(az:7\), 5 \(az:5\): say --size"):
        choose_game(["az:7", "az:5"], {})
    # az:3 has learned another game on the same board.
    with pytest.raises(
        ConfigError, match=r"different games, komi 8.5 \(az:3\), 0.5 .*: say --komi"
    ):
        choose_game(["az:3", str(run)], {})
    same = {"komi": 8.5, "superko": "simple", "max_moves": 24}
    assert choose_game([str(run), "az:3"], same) == GameConfig(size=3, **same)


def test_a_match_and_an_exploiter_play_the_game_that_was_learned(gozoo, run, tmp_path):
    answer = gozoo("match", run, "random", "--games", 2)
    assert "3x3, komi 0.5" in " ".join(answer.out.split())
    answer = gozoo(
        "exploit", run, "--budget", "env_steps=50", "--games", 2, "--runs", tmp_path,
        "--superko", "simple", "--max-moves", 24, "--name", "mine",
    )  # fmt: skip
    assert "3x3, komi 0.5" in " ".join(answer.out.split()), answer.error
    stored = home_game(str(tmp_path / "mine"))
    assert stored == GameConfig(size=3, komi=0.5, superko="simple", max_moves=24)
