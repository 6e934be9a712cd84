"""The database of games: what is added comes back, and nothing else is taken for one."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from baselines.arena import GameRecord
from baselines.game_store import GameStore, StoreError, Terms
from goenv import BLACK, WHITE, Rules

RULES = Rules(3, komi=0.5, superko="situational", suicide=False, max_moves=21)
TERMS = Terms("one", "two", ("random", "uct:2"), RULES, 1, 7)


def record(opening=0, black="one", white="two", **changes):
    game = GameRecord(black, white, RULES, (4, 9, 9), opening, 1, 8.5, False)
    return replace(game, **changes)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a" / "games.sqlite"


def test_games_come_back_as_they_were_stored(path):
    games = [
        record(black="ü];--", white="'two\""),
        record(0, "two", "one", truncated=True, score=-0.5),
        record(1, moves=(), gave_up=BLACK, reason="crash"),
        record(1, "two", "one", gave_up=WHITE, reason="resignation"),
    ]
    terms = [replace(TERMS, first="ü];--", second="'two\""), *[TERMS] * 3]
    with GameStore(path) as store:
        for each, game in zip(terms, games, strict=True):
            store.add(each, [game])
    with GameStore(path) as store:
        assert store.matches() == [terms[0], TERMS]
        assert store.games(terms[0]) == games[:1]
        assert store.games(TERMS) == [games[1], games[2], games[3]]
        assert store.games(replace(TERMS, seed=8)) == []
    assert [file.name for file in path.parent.iterdir()] == ["games.sqlite"]


def test_games_come_by_opening_and_first_with_the_first_as_black(path):
    games = [record(n, *names) for n in range(12) for names in (("one", "two"), ("two", "one"))]
    with GameStore(path) as store:
        for game in reversed(games):
            store.add(TERMS, [game])
        assert store.games(TERMS) == games


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"first": "three"}, "its first is 'one', not 'three'"),
        ({"seed": 8}, "its seed is 7, not 8"),
        ({"opening_moves": 2}, "its opening moves is 1, not 2"),
        ({"rules": replace(RULES, komi=7.0)}, "its komi is 0.5, not 7.0"),
        ({"rules": replace(RULES, max_moves=None)}, "its max moves is 21, not None"),
    ],
)
def test_other_terms_are_another_match(path, change, told):
    other = replace(TERMS, **change)
    with GameStore(path) as store:
        store.add(TERMS, [record()])
        store.add(other, [record()])
        assert store.matches() == [TERMS, other]
    assert TERMS.difference(other) == told
    assert Terms.from_json(other.to_json()) == other


def test_all_games_of_a_call_are_stored_or_none(path):
    with GameStore(path) as store:
        store.add(TERMS, [record(1)])
        with pytest.raises(StoreError, match="has one of these games already"):
            store.add(TERMS, [record(0), record(1), record(2)])
        assert store.games(TERMS) == [record(1)]
        store.add(TERMS, [record(2), record(0)])
        assert [game.opening for game in store.games(TERMS)] == [0, 1, 2]


def test_people_can_ask_it_questions(path):
    """The words of the documentation."""
    with GameStore(path) as store:
        store.add(TERMS, [record(), record(1, gave_up=BLACK, reason="crash")])
    rows = sqlite3.connect(path).execute(
        "SELECT black, reason, count(*), json_array_length(moves), finished LIKE '20__-__-__T%Z' "
        "FROM games JOIN matches ON match = id "
        "WHERE terms ->> '$.rules.komi' = 0.5 AND terms ->> '$.seed' = 7 GROUP BY reason"
    )
    assert rows.fetchall() == [("one", "", 1, 3, 1), ("one", "crash", 1, 3, 1)]


# Several processes, and kills


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from baselines.game_store import GameStore
sys.path.insert(0, "tests/baselines")
from test_game_store import TERMS, record
with GameStore(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    for opening in range(10**6):
        store.add(replace(TERMS, seed=int(sys.argv[2])), [record(opening)])
        print(opening, flush=True)
        if opening == int(sys.argv[3]):
            break
"""
ROOT = Path(__file__).parents[2]


def writer(path, seed, most):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(seed), str(most)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'baselines'}"},
    )  # fmt: skip


def test_several_processes_write_at_a_time(path):
    """They also make it at a time."""
    writers = [writer(path, seed, 40) for seed in range(3)]
    for process in writers:
        assert process.stdout.readline() == "ready\n"
    for process in writers:
        process.communicate("go\n", timeout=60)
        assert process.returncode == 0
    with GameStore(path) as store:
        for seed in range(3):
            assert len(store.games(replace(TERMS, seed=seed))) == 41


def test_what_was_stored_outlives_a_kill(path):
    process = writer(path, 0, 10**6)
    process.stdout.readline()
    process.stdin.write("go\n")
    process.stdin.flush()
    said = [int(process.stdout.readline()) for _ in range(30)]
    process.send_signal(signal.SIGKILL)
    said += [int(line) for line in process.stdout.read().splitlines()]
    process.wait()
    with GameStore(path) as store:
        stored = [game.opening for game in store.games(replace(TERMS, seed=0))]
        # One more may have been stored before it could be told.
        assert stored in (said, [*said, len(said)])
        store.add(replace(TERMS, seed=0), [record(len(stored))])


# What is refused


def refused(path, words):
    with pytest.raises(StoreError, match=words) as caught:
        GameStore(path)
    assert str(path) in str(caught.value)


def test_what_is_no_database_of_games(tmp_path):
    path = tmp_path / "games.sqlite"
    path.write_text("a letter to a friend, long enough to be no empty file " * 10)
    refused(path, "no database of games")
    path.unlink()
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE songs (title TEXT)")
    refused(path, "something else")
    refused(tmp_path, "unable to open")
    assert path.read_bytes()[:6] == b"SQLite", "it is left alone"


def test_another_version(path):
    GameStore(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    refused(path, "is of version 99, and this GoZoo reads version 1")


def test_a_damaged_file(path):
    with GameStore(path) as store:
        store.add(TERMS, [record(n, moves=(0,) * 200) for n in range(200)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refused(path, "damaged")
    path.write_bytes(content[:4096] + bytes(4096) + content[8192:])
    refused(path, "damaged")


@pytest.mark.parametrize(
    "change",
    [
        "moves = 'x'", "moves = '3'", "moves = '[999]'", "moves = '[-1]'", "moves = '[true]'",
        "moves = '{\"a\": 1}'", "score = 'high'", "score = 9e999", "gave_up = 2",
        "black = 'three'", "black = 'two'", "match = 1, moves = '{}'",
    ],
)  # fmt: skip
def test_rows_that_make_no_sense(path, change):
    with GameStore(path) as store:
        store.add(TERMS, [record()])
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE games SET {change}")
        if "{}" in change:
            database.execute("UPDATE matches SET terms = '{\"first\": 3}'")
    with GameStore(path) as store, pytest.raises(StoreError, match="damaged"):
        store.games(store.matches()[0])
