"""Whole games of our engine under referees that are not ours."""

from __future__ import annotations

import csv
import shlex
import subprocess
import sys

import numpy as np
import pytest

from baselines.agent import RandomAgent
from baselines.arena import play_games
from baselines.engine_process import EngineFault, find_program
from baselines.engines import EngineAgent, gnugo_agent
from baselines.gtp import GtpProcess
from baselines.openings import make_openings
from goenv import Rules
from goenv.coordinates import action_name
from goenv.sgf import read_sgf

OURS = [sys.executable, "-m", "algorithms", "gtp"]
GNUGO = ["--mode", "gtp", "--chinese-rules", "--positional-superko", "--allow-suicide",
         "--capture-all-dead", "--never-resign", "--level", "1"]  # fmt: skip
RULES = Rules(5, komi=6.5, max_moves=120)

needs_gnugo = pytest.mark.skipif(find_program("gnugo") is None, reason="GNU Go is not installed")
needs_referee = pytest.mark.skipif(
    find_program("gogui-twogtp") is None, reason="gogui-twogtp is not installed"
)


@needs_gnugo
@needs_referee
@pytest.mark.parametrize("first", ["ours", "GNU Go"])
def test_games_under_gogui_twogtp(first, tmp_path):
    programs = [shlex.join([*OURS, "uct:20", "--size", "7"]),
                shlex.join([find_program("gnugo"), *GNUGO])]  # fmt: skip
    black, white = programs if first == "ours" else programs[::-1]
    options = f"-size 7 -komi 9 -games 3 -auto -sgffile {tmp_path / 'game'}".split()
    command = [find_program("gogui-twogtp"), "-black", black, "-white", white, *options]
    process = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert process.returncode == 0, process.stderr
    with (tmp_path / "game.dat").open(newline="") as file:
        rows = [row for row in csv.reader(file, delimiter="\t") if not row[0].startswith("#")]
    assert len(rows) == 3
    for _, by_black, by_white, *others in rows:
        assert by_black == by_white != "?"
        assert others[8] == "0"  # errors
    for path in tmp_path.glob("*.sgf"):
        assert read_sgf(path).done


@needs_gnugo
def test_games_against_gnugo_that_it_scores_as_we_do():
    """GNU Go follows the game of both, and has to believe every move of ours."""
    with (
        EngineAgent([*OURS, "uct:20", "--seed", "0"], name="ours") as ours,
        gnugo_agent(1) as gnugo,
    ):
        openings = make_openings(2, 2, RULES, 0)
        records = play_games(ours, gnugo, RULES, openings, np.random.default_rng(0))
        assert ours.faults == gnugo.faults == []
    assert len(records) == 4
    referees = [GtpProcess([find_program("gnugo"), *GNUGO]), GtpProcess([*OURS, "random"])]
    try:
        for record in records:
            answers = [_replayed(referee, record) for referee in referees]
            assert answers[0] == answers[1]
            assert float(answers[1][1:]) == abs(record.score)
    finally:
        for referee in referees:
            referee.close()


def _replayed(process, record):
    """The score of a finished game, according to an engine."""
    size = record.rules.size
    commands = [f"boardsize {size}", "clear_board", f"komi {record.rules.komi}"]
    commands += [f"play {'bw'[ply % 2]} {action_name(move, size)}"
                 for ply, move in enumerate(record.moves)]  # fmt: skip
    for command in commands:
        process.send(command, 60)
    return process.send("final_score", 60)


def test_our_engine_as_an_engine_of_ours():
    """All rules are agreed, games repeat with the seed, and nothing is complained of."""
    rules = [Rules(3, 0.5, superko="simple", suicide=False, max_moves=40), Rules(4, 1.5)]
    for rule in rules:
        moves = []
        for _ in range(2):
            with EngineAgent([*OURS, "random"], name="ours", processes=1) as ours:
                records = play_games(ours, RandomAgent(), rule, [()], np.random.default_rng(3))
                assert ours.faults == []
            moves.append([record.moves for record in records])
        assert moves[0] == moves[1]


def test_the_command(command):
    """Help, errors in a line, and nothing but answers on stdout."""
    answer = command("gtp", "nonsense").wait()
    assert answer.code == 1
    assert "Agents are" in answer.error
    assert answer.out == ""
    answer = command("gtp", "random", "--size", "1").wait()
    assert answer.code == 1
    assert "2 to 25" in answer.error


def test_quit_is_answered_while_the_input_stays_open():
    process = GtpProcess([*OURS, "random"])
    try:
        assert process.send("boardsize 7", 60) == ""
        assert process.send("quit", 60) == ""
        with pytest.raises(EngineFault, match="ended"):
            process.send("name", 60)
        assert process._process.wait(timeout=30) == 0
    finally:
        process.close()
