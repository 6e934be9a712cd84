"""The command line: help worth reading, errors in a line, commands that do what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sgfmill import sgf
from typer.testing import CliRunner

from algorithms.checkpoint import NUMBERS, WEIGHTS
from algorithms.cli import app
from algorithms.run import is_complete
from algorithms.tracking import read_metrics
from baselines.engine_process import find_program


def even(text):
    """Text without line breaks and the frames of tables."""
    for frame in "│┃─━╭╮╰╯┏┓┗┛┡┩└┘├┤┼╇┴┬┳":
        text = text.replace(frame, " ")
    return " ".join(text.split())


def assert_told(answer, *words, code=1):
    """An error of use: told in a few lines, without a trace."""
    assert answer.code == code
    for word in words:
        assert word in even(answer.error), answer.error
    assert "Traceback" not in answer.error + answer.out
    assert "error in GoZoo itself" not in answer.error
    assert answer.lines <= 10, answer.error


# Help


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["train", "compare", "match", "warmup", "key=value", "budget.seconds=60"]),
        (["train"], ["CONFIG", "[KEY=VALUE]...", "--resume", "--tensorboard", "--wandb", "--runs",
                     "Ctrl-C", "configs/alphazero_5x5.yaml"]),
        (["compare"], ["CONFIG", "[KEY=VALUE]...", "--resume", "--learners", "--runs",
                       "report/index.html"]),
        (["match"], ["FIRST", "SECOND", "--size", "--komi", "--superko", "--max-moves", "--games",
                     "--opening-moves", "--all-openings", "--seed", "--sprt", "--alpha", "--beta",
                     "--at-once", "--sgf", "uct:400", "gnugo:10", "runs/NAME?simulations=0"]),
        (["games"], ["PATH", "--sgf", "--recount", "GNU Go"]),
    ],
)  # fmt: skip
def test_help(arguments, words):
    result = CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    text = even(result.output).lower()  # versions of typer write arguments differently
    for word in words:
        assert word.lower() in text
    for line in result.output.splitlines():
        assert len(line) <= 200


def test_without_arguments_it_tells_what_there_is():
    result = CliRunner().invoke(app, [])
    assert "Usage" in result.output
    assert "train" in result.output


ENVIRONMENTS = """
import goenv
from goenv.compat import pettingzoo_go_v5
envs = goenv.GoVectorEnv(8, size=5, komi=0.5, opponent=None)
envs.reset(seed=0)
for _ in range(9):
    envs.step(envs.batch.random_actions())
env = pettingzoo_go_v5.env(board_size=5)
env.reset()
env.step(3)
env.last()
env = goenv.GoEnv(size=5)
env.reset(seed=0)
env.step(3)
"""


def test_warmup_leaves_nothing_to_compile(tmp_path):
    """Other processes train, play, draw and step environments without compiling anything."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "GOENV_QUIET": "0"}

    def python(*words):
        command = [sys.executable, *words]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )

    def run(*words):
        return python("-m", "algorithms.cli", *words)

    assert "compiling" in run("warmup").stderr
    assert "compiling" not in python("-c", ENVIRONMENTS).stderr
    config = Path(__file__).parents[2] / "configs" / "compare_5x5.yaml"
    small = ["game.size=3", "budget.seconds=null", "budget.env_steps=200", "judge.games=2",
             "judge.anchors=[random, 'uct:2']", "judge.matches=[]", "judge.snapshots=1",
             "judge.bootstrap=10", "seeds=[0]", "learners.alphazero.warm_up_games=2",
             "learners.alphazero.relabel=1"]  # fmt: skip
    assert "compiling" not in run("compare", str(config), *small).stderr


def test_help_does_not_wait_for_torch():
    code = (
        "import sys, algorithms.cli; sys.argv = ['gozoo', '--help']\n"
        "try: algorithms.cli.main()\n"
        "except SystemExit as end: print(end.code, 'torch' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stdout.splitlines()[-1] == "0 False", process.stderr


# Errors of use


def test_errors_in_a_configuration(gozoo, store, tiny, tmp_path):
    runs = ["--runs", tmp_path / "runs"]
    good = store(tiny.data("reinforce"))
    assert_told(gozoo("train", tmp_path / "no.yaml", *runs), "no.yaml", "No such file")
    assert_told(gozoo("train", tmp_path, *runs), "is a folder, not a configuration")
    assert_told(gozoo("train", store("", "empty.yaml"), *runs), "empty.yaml", "keys and values")
    assert_told(gozoo("train", good, "learner.gmaes=3", *runs), "learner.gmaes", "'games'")
    assert_told(gozoo("train", good, "seed", *runs), "'seed'", "game.size=7")
    assert_told(gozoo("train", good, "game.size=1", *runs), "size", "2 to 25")
    assert_told(gozoo("train", good, "budget.flops=-1", *runs), "budget.flops", "greater than 0")
    assert_told(gozoo("compare", good, *runs), "has 'learner'", "`gozoo train`")
    comparison = store({"name": "c", "learners": {}}, "comparison.yaml")
    assert_told(gozoo("train", comparison, *runs), "has 'learners'", "`gozoo compare`")
    assert_told(gozoo("train", good, "sample_games=5000", *runs), "sample_games", "openings")
    assert not (tmp_path / "runs").exists()


def test_errors_in_arguments(gozoo):
    assert_told(gozoo("train"), "Missing argument", code=2)
    assert_told(gozoo("fly"), "No such command 'fly'; there are warmup, train, compare", code=2)
    assert_told(gozoo("trian"), "Did you mean 'train'", code=2)
    assert_told(gozoo("study", "nope"), "No such command 'nope'", "one-good-move", code=2)
    assert_told(
        gozoo("match", "random", "random", "--games", "x"), "--games", "valid integer", code=2
    )
    assert_told(gozoo("match", "random", "random", "--quiet"), "No such option", code=2)
    assert_told(gozoo("match", "random", "random", "--seed", "-1"), "--seed", code=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["random", "uct:x"], ["'uct:x'", "uct:400"]),
        (["nobody", "random"], ["'nobody'", "Agents are"]),
        (["random", "random", "--games", "7"], ["even", "7"]),
        (["random", "random", "--games", "0"], ["at least 2"]),
        (["random", "random", "--size", "1", "--komi", "7.3"], ["the game", "size", "2 to 25"]),
        (["random", "random", "--komi", "7.3"], ["komi", "multiple of 0.5", "7.3"]),
        (["random", "random", "--komi", "nan"], ["komi", "finite"]),
        (["random", "random", "--superko", "none"], ["superko", "'positional'", "'none'"]),
        (["random", "random", "--max-moves", "0"], ["max_moves", "from 1 to"]),
        (
            ["random", "random", "--size", "3", "--games", "200"],
            ["not 100 distinct openings of 2 moves on 3x3", "found 12"],
        ),
        (["random", "random", "--opening-moves", "-1"], ["moves >= 0"]),
    ],
)
def test_errors_in_a_match(gozoo, arguments, words):
    assert_told(gozoo("match", *arguments), *words)


def test_a_runs_folder_that_cannot_be(gozoo, store, tiny, tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    answer = gozoo("train", store(tiny.data("reinforce")), "--runs", file)
    assert_told(answer, str(file), "directory")
    answer = gozoo("match", "random", "random", "--size", 3, "--games", 2, "--sgf", file)
    assert_told(answer, str(file), "a file, where a folder is needed")


def test_a_folder_of_runs_is_no_agent(gozoo, finished, tmp_path):
    shutil.copytree(finished("reinforce"), tmp_path / "runs" / "tiny", symlinks=True)
    answer = gozoo("match", tmp_path / "runs", "random")
    assert_told(answer, "holds no run and no checkpoint; in it there are", "runs/tiny")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_runs_folder_without_the_right_to_write(gozoo, store, tiny, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    answer = gozoo("train", store(tiny.data("reinforce")), "--runs", folder)
    assert_told(answer, "Permission denied")


def test_runs_that_are_there_and_damaged(gozoo, store, tiny, finished, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(finished("reinforce"), runs / "tiny", symlinks=True)
    file = store(tiny.data("reinforce"))
    assert_told(gozoo("train", file, "--runs", runs), "already holds a run", "--resume")
    answer = gozoo("train", file, "seed=9", "--runs", runs, "--resume")
    assert_told(answer, "cannot be resumed", "seed")
    latest = runs / "tiny" / "checkpoints" / "latest"
    for name in (NUMBERS, WEIGHTS):
        content = (latest / name).read_bytes()
        (latest / name).write_bytes(content[:50])
        answer = gozoo("train", file, "budget.env_steps=9999", "--runs", runs, "--resume")
        assert_told(answer, name)
    answer = gozoo("match", runs / "tiny", "random", "--size", 3)
    assert_told(answer, WEIGHTS, "no readable safetensors file")


def test_an_error_of_ours_leaves_its_trace_in_a_file(gozoo, monkeypatch):
    def fail(*arguments):
        raise ZeroDivisionError("oh no")

    monkeypatch.setattr("algorithms.matches.play_match", fail)
    answer = gozoo("match", "random", "random")
    assert answer.code == 1
    assert "an error in GoZoo itself: ZeroDivisionError: oh no" in answer.error
    assert "Traceback" not in answer.error
    path = answer.error.split()[-1]
    with open(path) as file:
        assert "Traceback" in file.read()
    os.unlink(path)


# What commands do


def test_a_run_that_was_moved_and_renamed_goes_on_where_it_lies(
    gozoo, store, tiny, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    data = tiny.data("reinforce", budget={"env_steps": 60})
    assert gozoo("train", store(data)).code == 0
    moved = Path("runs/tiny").rename(tmp_path / "elsewhere")
    more = ("budget.env_steps=120", "--resume")
    answer = gozoo("train", "elsewhere/config.yaml", *more)
    assert answer.code == 0, answer.error
    assert "goes on with another budget.env_steps (60 there, 120 here)" in even(answer.out)
    assert is_complete(moved)
    assert not any(Path("runs").iterdir())
    # Without --resume it is repeated; a folder that is named counts; a file by itself is no run.
    for given in ([], ["--runs", "others", "--resume"]):
        answer = gozoo("train", moved / "config.yaml", "budget.env_steps=60", *given)
        assert answer.code == 0, answer.error
    assert is_complete(Path("runs/tiny"))
    assert is_complete(Path("others/tiny"))
    shutil.copy(moved / "config.yaml", tmp_path / "config.yaml")
    answer = gozoo("train", "config.yaml", "name=another", "budget.env_steps=60", "--resume")
    assert answer.code == 0, answer.error
    assert is_complete(Path("runs/another"))


def test_train_and_resume(gozoo, store, tiny, tmp_path):
    runs = tmp_path / "odd [/b] name"
    file = store(tiny.data("reinforce"))
    answer = gozoo("train", file, "budget.env_steps=60", "--runs", runs)
    assert answer.code == 0, answer.error
    assert "training reinforce in" in answer.out
    assert "tiny: 100%" in answer.out
    assert str(runs / "tiny") in "".join(answer.out.split("\n"))
    assert is_complete(runs / "tiny")
    steps = len(read_metrics(runs / "tiny" / "metrics.jsonl"))
    answer = gozoo("train", file, "budget.env_steps=120", "--runs", runs, "--resume")
    assert answer.code == 0, answer.error
    assert len(read_metrics(runs / "tiny" / "metrics.jsonl")) > steps
    answer = gozoo("match", runs / "tiny", "random", "--size", 3, "--games", 4)
    assert answer.code == 0, answer.error


def test_a_match_of_engines(gozoo):
    standin = Path(__file__).parents[1] / "standin_engine.py"
    engine = f"gtp:{sys.executable} {standin} --seeds"
    fixed = ["--size", 3, "--komi", 0.5, "--games", 4]
    answer = gozoo("match", engine, "random", *fixed)
    assert answer.code == 0, answer.error
    assert "forfeited" not in answer.out
    assert "faults" not in answer.out
    answer = gozoo("match", "random", f"{engine} --do words --at 2", *fixed)
    assert answer.code == 0, answer.error
    assert "forfeited 4 of 4 games: 4 by nonsense" in even(answer.out)
    assert "4, the last: nonsense on 3x3, move" in even(answer.out)
    assert "'what a fine day'" in even(answer.out)
    answer = gozoo("match", "random", f"{engine} --do resign --at 2", *fixed)
    assert "resigned 4 of 4 games" in even(answer.out)
    assert_told(gozoo("match", f"{engine} --largest 2", "random", *fixed), "boardsize 3", "refuses")
    assert_told(gozoo("match", f"gtp:{sys.executable} -c 1/0", "random", *fixed), "does not start")


@pytest.mark.skipif(find_program("gnugo") is None, reason="GNU Go is not installed")
def test_a_match_of_gnugo(gozoo):
    answer = gozoo("match", "gnugo:1", "random", "--size", 5, "--games", 4)
    assert answer.code == 0, answer.error
    assert "1.000" in answer.out
    assert_told(gozoo("match", "gnugo:1", "random", "--size", 25, "--games", 2), "up to 19x19")


def test_match_prints_a_table_and_writes_games(gozoo, finished, tmp_path):
    folder = finished("alphazero")
    answer = gozoo(
        "match", folder, "uct:5", "--size", 3, "--komi", 0.5, "--games", 8, "--sgf", tmp_path / "g"
    )
    assert answer.code == 0, answer.error
    text = even(answer.out)
    assert "uct:5, 3x3, komi 0.5" in text
    assert "games wins draws losses win rate 95 % as Black as White" in text
    row = text.split("as White")[1].split()
    games, wins, draws, losses = map(int, row[:4])
    assert games == 8 == wins + draws + losses
    assert float(row[4]) == pytest.approx((wins + draws / 2) / 8, abs=0.001)
    assert [row[5], row[7]] == [f"{float(row[5]):.2f}", f"{float(row[7]):.2f}"]
    files = sorted((tmp_path / "g").glob("*.sgf"))
    assert len(files) == 8
    played = [sgf.Sgf_game.from_bytes(file.read_bytes()) for file in files]
    won = sum(
        game.get_player_name(game.get_winner()) == str(folder)
        for game in played
        if game.get_winner()
    )
    assert won == wins
    again = gozoo("match", folder, "uct:5", "--size", 3, "--komi", 0.5, "--games", 8)
    assert even(again.out).split("komi 0.5")[1] == text.split("komi 0.5")[1]


def test_an_agent_can_meet_itself(gozoo):
    answer = gozoo("match", "random", "random", "--size", 3, "--games", 60, "--opening-moves", 0)
    assert answer.code == 0, answer.error
    row = even(answer.out).split("as White")[1].split()
    assert sum(map(int, row[1:4])) == 60
    assert 0 < float(row[4]) < 1


def test_tensorboard_gets_every_metric_once(gozoo, store, tiny, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    file = store(tiny.data("alphazero"))
    for steps in (120, 240):
        answer = gozoo("train", file, f"budget.env_steps={steps}", "--tensorboard", "--resume",
                       "--runs", tmp_path)  # fmt: skip
        assert answer.code == 0, answer.error
    events = EventAccumulator(str(tmp_path / "tiny" / "tensorboard")).Reload()
    records = read_metrics(tmp_path / "tiny" / "metrics.jsonl")
    for group in ("spent", "metrics"):
        for name in records[-1][group]:
            found = [(event.step, event.value) for event in events.Scalars(f"{group}/{name}")]
            expected = [(r["step"], r[group][name]) for r in records if name in r[group]]
            assert found == [(step, pytest.approx(value)) for step, value in expected], name


@pytest.mark.learning
def test_wandb_works_without_an_account(store, tiny, command, tmp_path):
    pytest.importorskip("wandb")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine elsewhere.example login me password secret\n")
    (home / ".netrc").chmod(0o600)
    environment = {
        "HOME": str(home),
        "WANDB_MODE": None,
        "WANDB_API_KEY": None,
        "WANDB_DIR": None,
        "XDG_CONFIG_HOME": None,
        "XDG_CACHE_HOME": None,
    }
    process = command("train", store(tiny.data("reinforce", budget={"env_steps": 60})), "--wandb",
                      "--runs", tmp_path / "runs", environment=environment)  # fmt: skip
    answer = process.wait()
    assert answer.code == 0, answer.error
    assert "Traceback" not in answer.error
    runs = list((tmp_path / "runs" / "tiny" / "wandb").glob("offline-run-*"))
    assert len(runs) == 1
    assert [path.stat().st_size > 0 for path in runs[0].glob("*.wandb")] == [True]


def test_an_error_of_wandb_is_told(gozoo, store, tiny, tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")

    def fail(**settings):
        raise wandb.errors.UsageError("api_key not configured (no-tty)")

    monkeypatch.setattr(wandb, "init", fail)
    answer = gozoo("train", store(tiny.data("reinforce")), "--wandb", "--runs", tmp_path)
    assert_told(answer, "Weights & Biases", "api_key not configured")
