"""Matches by the command line: stored game by game, stopped, killed, resumed, ended by a test."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sgfmill import sgf

from algorithms.config import ConfigError
from algorithms.matches import MatchPlan, usual_games
from algorithms.registry import make_agent
from baselines.engine_process import find_program
from baselines.game_store import DATABASE, GameStore
from baselines.openings import make_openings
from baselines.sprt import Sprt
from goenv import Rules, read_sgf

STANDIN = Path(__file__).parents[1] / "standin_engine.py"
SMALL = ["--size", 3, "--komi", 0.5]


def stored(folder):
    """All games in a folder's database, and when each was stored."""
    with GameStore(folder / DATABASE) as store:
        records = [record for terms in store.matches() for record in store.games(terms)]
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        rows = database.execute("SELECT opening, black, finished FROM games").fetchall()
    return records, {(opening, black): finished for opening, black, finished in rows}


def change(folder, statement):
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        database.execute(statement)
        database.commit()


def assert_whole(folder, games):
    """Every game is in the database and an SGF, and both say the same."""
    records, _ = stored(folder)
    files = sorted(folder.glob("*.sgf"))
    assert len(records) == len(files) == games
    assert {file.name for file in folder.iterdir()} == {DATABASE, *(file.name for file in files)}
    for record, file in zip(records, files, strict=True):
        tree = sgf.Sgf_game.from_bytes(file.read_bytes())
        root, game = tree.get_root(), read_sgf(file, record.rules)
        assert game.moves == record.moves
        assert root.get("RE") == record.result
        assert root.get("RU") == "Tromp-Taylor"
        assert tree.get_komi() == record.rules.komi
        names = (tree.get_player_name("b"), tree.get_player_name("w"))
        assert names == (record.black, record.white)
        winner = {"B": record.black, "W": record.white}.get(record.result[0])
        assert record.outcome(record.black) == (0.5 if winner is None else winner == record.black)


def numbers(answer):
    """Games, wins, draws and losses in the table."""
    row = answer.out.split("│")[1:5]
    return [int(cell) for cell in row]


# Openings


@pytest.mark.parametrize("moves", [1, 2])
def test_all_openings_are_played_with_both_colours(gozoo, tmp_path, moves):
    answer = gozoo("match", "random", "uct:2", *SMALL, "--all-openings", "--opening-moves", moves,
                   "--sgf", tmp_path)  # fmt: skip
    assert answer.code == 0, answer.error
    count = {1: 3, 2: 12}[moves]
    assert numbers(answer)[0] == 2 * count
    assert_whole(tmp_path, 2 * count)
    records, _ = stored(tmp_path)
    openings = make_openings(count, moves, Rules(3, 0.5), 0)
    for black in ("random", "uct:2"):
        assert [r.moves[:moves] for r in records if r.black == black] == openings


def test_an_agent_plays_the_openings(gozoo, tmp_path):
    match = ["match", "random", "uct:2", *SMALL, "--games", 4, "--openings-by", "uct:3",
             "--sgf", tmp_path]  # fmt: skip
    assert gozoo(*match).code == 0
    records, _ = stored(tmp_path)
    openings = make_openings(2, 2, Rules(3, 0.5), 0, make_agent("uct:3"))
    assert [r.moves[:2] for r in records if r.black == "random"] == openings
    assert openings != make_openings(2, 2, Rules(3, 0.5), 0)
    assert numbers(gozoo(*match))[0] == 4  # and it goes on


def test_integer_komi_allows_draws(gozoo, tmp_path):
    """Nobody has a point when both pass at once, and komi is nothing."""
    engine = f"gtp:{sys.executable} {STANDIN} --clean-up --do words"
    plan = ["--size", 2, "--komi", 0, "--games", 2, "--opening-moves", 0, "--max-moves", 2]
    answer = gozoo("match", engine, "random", *plan, "--sgf", tmp_path)
    assert answer.code == 0, answer.error
    records, _ = stored(tmp_path)
    drawn = sum(record.score == 0 for record in records)
    assert numbers(answer)[2] == drawn
    assert [record.result == "Draw" for record in records] == [r.score == 0 for r in records]


# Stored, and gone on with


def test_the_same_command_plays_only_what_is_missing(gozoo, tmp_path):
    match = ["match", "random", "uct:2", *SMALL, "--sgf", tmp_path / "g"]
    assert gozoo(*match, "--games", 8).code == 0
    assert_whole(tmp_path / "g", 8)
    before = stored(tmp_path / "g")
    table = gozoo(*match, "--games", 8)
    assert "8 games are in" in table.out
    assert stored(tmp_path / "g") == before
    (tmp_path / "g" / "game-0003.sgf").unlink()  # killed before it was written
    more = gozoo(*match, "--games", 12)
    assert numbers(more)[0] == 12
    assert_whole(tmp_path / "g", 12)
    records, times = stored(tmp_path / "g")
    assert records[:8] == before[0]
    assert before[1].items() <= times.items()
    # Fewer, or of one colour, are some of those that are there.
    fewer = gozoo(*match, "--games", 8)
    assert numbers(fewer) == numbers(table)
    black = gozoo(*match, "--games", 6, "--colour", "black")
    assert numbers(black)[:2] == [6, sum(r.outcome("random") for r in records[::2])]
    assert stored(tmp_path / "g") == (records, times)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (["--seed", 1], "its seed is 0, not 1"),
        (["--komi", 1], "its komi is 0.5, not 1.0"),
        (["--opening-moves", 1], "its opening moves is 2, not 1"),
        (["--openings-by", "uct:3"], "its openings by is None, not 'uct:3'"),
    ],
)
def test_another_match_does_not_go_into_its_folder(gozoo, tmp_path, other, told):
    match = ["match", "random", "uct:2", *SMALL, "--games", 4, "--sgf", tmp_path]
    assert gozoo(*match).code == 0
    before = stored(tmp_path)
    answer = gozoo(*match, *other)
    assert answer.code == 1
    assert f"holds another match: {told}" in " ".join(answer.error.split())
    answer = gozoo("match", "uct:2", "random", *match[3:])
    assert "its first is 'random', not 'uct:2'" in " ".join(answer.error.split())
    assert stored(tmp_path) == before


def test_games_from_other_openings_are_not_gone_on_with(gozoo, tmp_path):
    match = ["match", "random", "uct:2", *SMALL, "--games", 4, "--sgf", tmp_path]
    assert gozoo(*match).code == 0
    change(tmp_path, "UPDATE games SET moves = '[0, 1, 9, 9]' WHERE opening = 1")
    answer = gozoo(*match)
    assert answer.code == 1
    assert "began from other openings" in " ".join(answer.error.split())


def test_a_folder_with_a_damaged_database(gozoo, tmp_path):
    (tmp_path / DATABASE).write_text("no database " * 100)
    for command in (["match", "random", "uct:2", "--sgf", tmp_path], ["games", tmp_path]):
        answer = gozoo(*command)
        assert answer.code == 1
        assert "no database of games" in answer.error
    assert "there are no games in" in gozoo("games", tmp_path / "nowhere").error


def test_killed_at_any_time_it_loses_no_finished_game(command, gozoo, tmp_path):
    engine = f"gtp:{sys.executable} {STANDIN} --seeds"
    match = ["match", engine, "uct:20", "--size", 5, "--games", 24, "--max-moves", 30,
             "--at-once", 4, "--sgf", tmp_path]  # fmt: skip
    kept = {}
    for most in (4, 12):
        process = command(*match)
        process.wait_until(lambda most=most: len(list(tmp_path.glob("*.sgf"))) >= most)
        os.killpg(process.process.pid, signal.SIGKILL)
        process.wait()
        for file in tmp_path.glob("*.sgf"):
            read_sgf(file)  # none is half written
        records, times = stored(tmp_path)
        assert len(records) >= most
        assert kept.items() <= times.items()
        kept = times
    answer = gozoo(*match)
    assert answer.code == 0, answer.error
    assert f"{len(kept)} games are in" in " ".join(answer.out.split())
    assert numbers(answer)[0] == 24
    assert_whole(tmp_path, 24)
    assert kept.items() <= stored(tmp_path)[1].items()


def test_ctrl_c_keeps_what_is_finished(gozoo, tmp_path):
    def interrupt():
        while len(list(tmp_path.glob("*.sgf"))) < 3:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    match = ["match", "uct:60", "uct:50", "--size", 5, "--games", 100, "--at-once", 6,
             "--sgf", tmp_path]  # fmt: skip
    answer = gozoo(*match)
    assert answer.code == 130
    records, _ = stored(tmp_path)
    assert 3 <= len(records) < 100
    assert numbers(answer)[0] == len(records)
    assert f"stopped after {len(records)} of 100 games; the same command goes on" in answer.out
    assert_whole(tmp_path, len(records))


# Ended by a test


def test_a_sequential_test_ends_a_match(gozoo, tmp_path):
    match = ["match", "uct:30", "random", "--size", 5, "--sgf", tmp_path, "--sprt", "0,200",
             "--at-once", 4]  # fmt: skip
    answer = gozoo(*match)
    assert answer.code == 0, answer.error
    assert "H1 accepted, LLR" in answer.out
    games = numbers(answer)[0]
    assert 4 <= games < 60
    before = stored(tmp_path)
    assert len(before[0]) == games
    # What is decided stays so, and by other numbers it may be open.
    assert gozoo(*match).out.split("SPRT")[1] == answer.out.split("SPRT")[1]
    assert stored(tmp_path) == before
    weaker = gozoo("match", "random", "uct:30", "--size", 5, "--sprt", "0,200")
    assert "H0 accepted" in weaker.out
    open_ = gozoo("match", "random", "random", "--size", 5, "--games", 4, "--sprt", "0,10")
    assert "undecided, LLR" in open_.out
    assert "after 2 pairs" in " ".join(open_.out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sprt", "5"], "two numbers, such as 0,50, got '5'"),
        (["--sprt", "a,b"], "two numbers"),
        (["--sprt", "50,0"], "elo0 must be less than elo1"),
        (["--sprt", "0,50", "--alpha", 0.7], "alpha must lie between 0 and 0.5"),
        (["--sprt", "0,50", "--colour", "black"], "both colours must be played"),
        (["--all-openings", "--games", 4], "either --games or --all-openings"),
        (["--all-openings", "--opening-moves", 4, "--size", 9], "too many openings of 4 moves"),
        (["--all-openings", "--opening-moves", -1], "0 moves or more"),
        (["--all-openings", "--openings-by", "random"], "there is no list of all"),
        (["--openings-by", "random", "--opening-moves", 0], "openings by an agent have moves"),
        (["--openings-by", "nobody"], "no agent is called 'nobody'"),
        (["--openings-by", "uct:2", "--size", 2, "--games", 100], "uct:2 finds only "),
    ],
)
def test_what_makes_no_match(gozoo, arguments, words):
    answer = gozoo("match", "random", "random", *arguments)
    assert answer.code == 1
    assert words in " ".join(answer.error.split())


def test_a_plan_has_as_many_openings_as_it_needs():
    plan = MatchPlan("a", "b", Rules(5), 30)
    assert len(plan.openings()) == 15
    assert len(MatchPlan("a", "b", Rules(5), None).openings()) == 85
    for size, moves, colour, games in (
        (5, 2, "both", 100), (3, 2, "both", 24), (3, 2, "black", 12), (3, 0, "both", 100),
        (9, 4, "both", 100), (3, 2, "white", 12),
    ):  # fmt: skip
        assert usual_games(Rules(size), moves, colour) == games
    assert len(MatchPlan("a", "b", Rules(5), 30, colour="white").openings()) == 30
    with pytest.raises(ConfigError, match="must be one of both, black, white, got 'red'"):
        MatchPlan("a", "b", Rules(5), 30, colour="red").openings()
    with pytest.raises(ConfigError, match="both colours"):
        MatchPlan("a", "b", Rules(5), 30, colour="white", sprt=Sprt(0, 1)).openings()


# Games that are stored


def test_games_are_shown_and_written(gozoo, tmp_path):
    gozoo("match", "random", "uct:2", *SMALL, "--games", 4, "--sgf", tmp_path / "a")
    with GameStore(tmp_path / "a" / DATABASE) as store:
        (terms,) = store.matches()
        records = store.games(terms)
    won = sum(record.outcome("random") == 1 for record in records)
    for place in (tmp_path / "a", tmp_path / "a" / DATABASE):
        answer = gozoo("games", place, "--sgf", tmp_path / "b")
        assert answer.code == 0, answer.error
        assert f"random against uct:2: 4 games, {won} won, 0 drawn" in answer.out
        assert "(3x3, komi 0.5, 2 opening moves, seed 0)" in answer.out
        assert "4 games are in" in answer.out
        files = sorted((tmp_path / "b").iterdir())
        assert [file.name for file in files] == [
            f"match-001-game-{number:04d}.sgf" for number in range(1, 5)
        ]
        assert [read_sgf(file, terms.rules).moves for file in files] == [r.moves for r in records]
        shutil.rmtree(tmp_path / "b")


@pytest.mark.skipif(find_program("gnugo") is None, reason="GNU Go is not installed")
def test_gnugo_counts_its_games_as_we_do(gozoo, tmp_path):
    answer = gozoo("match", "gnugo:1", "gnugo:0", "--size", 5, "--komi", 7, "--games", 8,
                   "--sgf", tmp_path)  # fmt: skip
    assert answer.code == 0, answer.error
    answer = gozoo("games", tmp_path, "--recount")
    assert "GNU Go counts 8 of 8 games the same" in answer.out
    change(tmp_path, "UPDATE games SET score = -score - 1 WHERE opening = 2")
    answer = gozoo("games", tmp_path, "--recount")
    assert "GNU Go counts 6 of 8 games the same" in answer.out
    assert "gnugo:1 against gnugo:0, game 5: " in answer.out
