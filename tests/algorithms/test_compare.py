"""A comparison from end to end: stopped, killed, resumed, and judged in the end."""

from __future__ import annotations

import copy
import csv
import os
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from algorithms.compare_config import CompareConfig
from algorithms.config import dump_config
from algorithms.exactness import judgement_path
from algorithms.judging import (
    RUNS,
    Meeting,
    Player,
    cells_of,
    meetings_cell,
    meetings_of,
    players_of,
    rate,
)
from algorithms.run import is_complete, list_snapshots, train
from algorithms.tracking import read_metrics
from baselines.game_store import DATABASE, GameStore, Terms
from goenv import GoBatch, Rules


def comparison(tiny, **changes):
    """Two learners with two seeds on 3x3, as plain data."""
    learners = {name: tiny.data(name)["learner"] for name in ("alphazero", "reinforce")}
    return {
        "name": "both",
        "game": {"size": 3, "komi": 0.5},
        "learners": {"az": learners["alphazero"], "reinforce": learners["reinforce"]},
        "seeds": [0, 5],
        "budget": {"env_steps": 400},
        "checkpoints": {"snapshots": 2, "seconds": 0.05},
        "judge": {
            "games": 2,
            "snapshots": 1,
            "bootstrap": 10,
            "raw_policies": False,
            "matches": [{"learner": "az", "opponent": "uct:2", "games": 4}],
        },
        "workers": 2,
        **changes,
    }


def children(pid: int) -> list[int]:
    """Worker processes of a process; not the one that tracks its resources."""
    found = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True
    ).stdout.splitlines()
    fields = [line.split(maxsplit=2) for line in found]
    return [int(f[0]) for f in fields if int(f[1]) == pid and "spawn_main" in f[2]]


def unchanging(folder: Path) -> dict[str, object]:
    """Files of training with the times of their last change, and games with those of their end."""
    files = [*(folder / RUNS).glob("*/checkpoints/*/*")]
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        games = database.execute("SELECT * FROM games ORDER BY match, opening, black").fetchall()
    return {"games": games} | {str(file): file.stat().st_mtime_ns for file in files}


@pytest.mark.learning
def test_stopped_killed_and_resumed(tiny, store, gozoo, outcome_of, tmp_path):
    data = comparison(tiny)
    file, folder = store(data), tmp_path / "runs" / "both"
    arguments = ["compare", file, "--runs", tmp_path / "runs", "--resume"]

    def steps():
        return {p.parent.name: len(read_metrics(p)) for p in folder.glob("runs/*/metrics.jsonl")}

    def when(condition, act):
        """Do something to this process or to its workers while it is at work."""

        def watch():
            while not condition():
                time.sleep(0.01)
            act()

        threading.Thread(target=watch, daemon=True).start()

    when(
        lambda: max(steps().values(), default=0) >= 2,
        lambda: os.kill(os.getpid(), signal.SIGINT),
    )
    answer = gozoo(*arguments)
    assert answer.code == 130, answer
    assert "Traceback" not in answer.out + answer.error
    assert "stopped; to go on: gozoo compare " in answer.out
    assert "there is nothing to resume in " in answer.out
    assert not (folder / "report").exists()
    before = steps()
    assert 1 <= len(before) < 4, "others are not begun"
    assert children(os.getpid()) == []
    for name, count in before.items():
        latest = folder / RUNS / name / "checkpoints" / "latest"
        assert int(latest.resolve().name) == count, "nothing is lost"

    # A worker dies as soon as it goes on.
    killed = []

    def kill_worker():
        killed.extend(children(os.getpid()))
        os.kill(killed[0], signal.SIGKILL)

    when(lambda: sum(steps().values()) > sum(before.values()) + 1, kill_worker)
    answer = gozoo(*arguments, "workers=1")
    assert len(killed) == 1
    assert answer.code == 1
    assert answer.error.strip() == (
        "gozoo: a worker process died; it was killed, perhaps for want of memory"
    )

    # To the end.
    answer = gozoo(*arguments, "workers=1")
    assert answer.code == 0, answer.error
    page = folder / "report" / "index.html"
    assert "".join(str(page).split()) in "".join(answer.out.split())
    assert "<html" in page.read_text().lower()
    config = CompareConfig.model_validate(data)
    assert all(is_complete(folder / RUNS / run.name) for run in config.runs())

    # A run that was stopped is the one that it would have been by itself.
    stopped = max(before, key=lambda name: before[name])
    run = next(run for run in config.runs() if run.name == stopped)
    train(run, tmp_path / "alone")
    assert outcome_of(folder / RUNS / run.name) == outcome_of(tmp_path / "alone")

    check_judging(config, folder)

    # Once more: nothing is trained, nothing is played.
    times = unchanging(folder)
    page.unlink()
    answer = gozoo(*arguments)
    assert answer.code == 0
    assert answer.out.count("100%  done") == 4
    assert "nothing to resume" not in answer.out
    assert unchanging(folder) == times
    assert page.exists()

    # Without --resume, or as another comparison, it is refused.
    for extra, words in (
        ([], "already holds a comparison"),
        (["--resume", "seeds=[0, 1]"], "another comparison: seeds ("),
        (["--resume", "budget.env_steps=999"], "budget.env_steps ("),
        (["--resume", "--learners", "az"], "learners.reinforce (only there)"),
    ):
        answer = gozoo(*arguments[:-1], *extra)
        assert answer.code == 1
        assert words in " ".join(answer.error.split())
    assert unchanging(folder) == times

    # Moved and renamed, it goes on where it lies.
    moved = folder.rename(tmp_path / "moved")
    answer = gozoo("compare", moved / "config.yaml", "--resume", "judge.bootstrap=12")
    assert answer.code == 0, answer.error
    assert "nothing to resume" not in answer.out
    there = unchanging(moved)
    assert {name.replace(str(moved), str(folder)): each for name, each in there.items()} == times
    with (moved / "report" / "tables" / "players.csv").open(newline="") as table:
        agents = [row["agent"] for row in csv.DictReader(table)]
    assert agents[0] == "random"
    assert all(each.startswith("runs/") for each in agents[1:])


def check_judging(config: CompareConfig, folder: Path) -> None:
    """Who met whom, how often, and what came of it."""
    players = players_of(config, folder)
    assert [player.name for player in players] == ["random"] + [
        f"{name}-seed{seed}@{share}%"
        for seed in (0, 5)
        for name in ("az", "reinforce")
        for share in (0, 100)
    ]
    meetings = meetings_of(config, folder, players)
    pairs = [meeting for meeting in meetings if not meeting.extra]
    assert len(pairs) == 9 * 8 // 2
    assert [(m.first.name, m.second.name, m.games) for m in meetings if m.extra] == [
        ("az-seed0@100%", "uct:2", 4),
        ("az-seed5@100%", "uct:2", 4),
    ]
    with GameStore(folder / DATABASE) as store:
        assert {m.terms for m in meetings} == set(store.matches())
        games_of = {meeting.terms: store.games(meeting.terms) for meeting in meetings}
    records = []
    for meeting in meetings:
        games = games_of[meeting.terms]
        names = (meeting.first.name, meeting.second.name)
        assert [(g.black, g.white) for g in games] == [names, names[::-1]] * (meeting.games // 2)
        for game in games:
            assert game.rules == config.game.rules()
            batch = GoBatch(1, game.rules)
            for move in game.moves:
                batch.step(np.array([move]))
            assert batch.done[0]
            assert batch.score()[0] == game.score
        records += [] if meeting.extra else games
    ratings = {rating.name: rating for rating in rate(players, records, config.judge).groups}
    assert set(ratings) == {"random", "az", "az@0%", "reinforce", "reinforce@0%"}
    assert ratings["random"].elo == 0
    assert any(rating.elo != 0 for rating in ratings.values())


def test_what_is_wrong_is_told_before_anything_is_trained(tiny, store, gozoo, tmp_path):
    file = store(comparison(tiny))
    for override, words in (
        ("judge.games=400", "judge: 400 games: there are not 200 distinct openings of 2 moves"),
        (
            "judge.matches=[{learner: az, opponent: random, games: 1000}]",
            "judge: 1000 games: there are not 500 distinct openings",
        ),
        ("judge.anchors=[random, uct:x]", "'uct:x': after 'uct:' comes the number of playouts"),
        ("judge.matches=[{learner: az, opponent: me}]", "no agent is called 'me'"),
        ("judge.games=3", "games must be even"),
    ):
        answer = gozoo("compare", file, override, "--runs", tmp_path / "runs")
        assert answer.code == 1
        assert words in " ".join(answer.error.split()), answer.error
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("content", ["", "name: [", "name: x"])
def test_a_damaged_configuration_in_the_folder(tiny, store, gozoo, tmp_path, content):
    folder = tmp_path / "runs" / "both"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(content)
    answer = gozoo("compare", store(comparison(tiny)), "--runs", tmp_path / "runs", "--resume")
    assert answer.code == 1
    assert "error in GoZoo itself" not in answer.error
    assert "runs/both/config.yaml" in answer.error


# Judging, without training


@pytest.fixture
def trained(tiny, finished, tmp_path):
    """A comparison of one learner with two seeds, whose runs are copies of one."""
    data = comparison(tiny, seeds=[3, 4])
    del data["learners"]["reinforce"]
    config = CompareConfig.model_validate(data)
    for run in config.runs():
        folder = tmp_path / RUNS / run.name
        folder.parent.mkdir(exist_ok=True)
        folder.symlink_to(finished("alphazero"))
    return config, tmp_path


def changed(config, **judge):
    return config.model_copy(update={"judge": config.judge.model_copy(update=judge)})


@pytest.mark.parametrize(
    ("snapshots", "shares"), [(1, [0, 1]), (2, [0, 2 / 3, 1]), (3, [0, 1 / 3, 2 / 3, 1])]
)
def test_snapshots_that_play_are_spread_and_hold_the_first_and_the_last(trained, snapshots, shares):
    config, folder = trained
    players = players_of(changed(config, snapshots=snapshots), folder)
    for seed in (3, 4):
        mine = [player for player in players if player.seed == seed]
        assert [player.share for player in mine] == pytest.approx(shares, abs=0.05)
        assert [player.final for player in mine] == [False] * snapshots + [True]
        assert mine[-1].spent == list_snapshots(folder / RUNS / f"az-seed{seed}")[-1].spent
    assert len({player.name for player in players}) == len(players)
    # The same share of both seeds is one group, the last is the learner's.
    groups = [player.group for player in players if player.learner]
    assert groups[: len(shares)] == groups[len(shares) :]
    assert groups[-1] == "az"
    without = players_of(changed(config, snapshots=snapshots, untrained=False), folder)
    assert without == [player for player in players if player.share != 0]


def test_final_networks_also_play_without_search_where_asked(trained):
    config, folder = trained
    raw = [p for p in players_of(changed(config, raw_policies=True), folder) if "raw" in p.name]
    assert [player.name for player in raw] == ["az-seed3-raw", "az-seed4-raw"]
    assert all(player.agent.endswith("?simulations=0") for player in raw)
    assert {player.group for player in raw} == {"az (raw policy)"}
    assert not any(player.final for player in raw)


def test_stored_games_are_found_again_only_if_they_are_the_same(trained):
    config, folder = trained

    def terms(config):
        meetings = meetings_of(config, folder, players_of(config, folder))
        assert len({meeting.terms for meeting in meetings}) == len(meetings)
        return {meeting.terms for meeting in meetings if not meeting.extra}

    assert terms(config) == terms(copy.deepcopy(config))
    assert terms(config) == terms(changed(config, bootstrap=50))
    assert terms(config) == terms(changed(config, games=6)), "some, or some more"
    for change in ({"seed": 5}, {"opening_moves": 1}):
        assert not terms(config) & terms(changed(config, **change))
    assert terms(config) < terms(changed(config, anchors=("random", "uct:2")))


def test_stored_games_are_found_again_wherever_the_folder_lies(trained, tmp_path_factory):
    config, folder = trained
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    players = players_of(config, folder)
    before = [each.terms for each in meetings_of(config, folder, players)]
    judged = [judgement_path(folder, player).name for player in players]
    folder.rename(moved)
    assert [judgement_path(moved, each).name for each in players_of(config, moved)] == judged
    meetings = meetings_of(config, moved, players_of(config, moved))
    assert [each.terms for each in meetings] == before
    assert not any(str(folder) in text for terms in before for text in terms.agents)
    own = next(each for each in meetings if each.first.learner and each.second.learner)
    assert all(text.startswith("own:runs/") for text in own.terms.agents)
    # And a worker finds the networks again.
    meetings_cell(str(moved / DATABASE), [own.terms], games=2)
    with GameStore(moved / DATABASE) as store:
        assert {record.black for record in store.games(own.terms)} == {
            own.first.name, own.second.name,
        }  # fmt: skip


def test_every_meeting_is_in_one_cell_of_players_dealt_into_groups(trained):
    config, folder = trained
    players = players_of(config, folder)
    assert len(players) == 5
    meetings = meetings_of(config, folder, players)
    for size, groups in ((1, 5), (2, 3), (5, 1), (8, 1)):
        cells = cells_of(changed(config, group_size=size), players, meetings)
        dealt = [meeting.terms for cell in cells for meeting in cell]
        assert sorted(dealt, key=repr) == sorted((m.terms for m in meetings), key=repr)
        # With one opponent, an extra match is a cell of its own: it counts other games.
        extras = [cell for cell in cells if cell[0].extra]
        assert [len(cell) for cell in extras] == [1, 1]
        for cell in cells:
            assert len({player.name for m in cell for player in (m.first, m.second)}) <= 2 * size
        pairs = len(cells) - len(extras)
        assert pairs <= groups * (groups + 1) // 2


RULES = Rules(3, komi=0.5, max_moves=21)
TERMS = [
    Terms(first, second, agents, RULES, opening_moves=2, seed=2)
    for first, second, agents in (
        ("one", "two", ("random", "uct:3")), ("three", "one", ("uct:2", "random")),
    )
]  # fmt: skip


def play(path, games, terms=TERMS):
    """The games of meetings after a worker has played them."""
    meetings_cell(str(path), terms, games)
    with GameStore(path) as store:
        return [store.games(each) for each in terms]


def test_the_games_of_a_cell_are_repeatable(tmp_path):
    first = play(tmp_path / "a", 6)
    assert first == play(tmp_path / "b", 6)
    assert [[(g.black, g.white) for g in games] for games in first] == [
        [("one", "two"), ("two", "one")] * 3,
        [("three", "one"), ("one", "three")] * 3,
    ]
    assert first != play(tmp_path / "c", 6, [replace(terms, seed=3) for terms in TERMS])


def test_more_games_of_a_meeting_are_added_to_those_there(tmp_path):
    path, longer = tmp_path / "games", replace(TERMS[0], seed=9)
    (few,) = play(path, 4, [longer])
    (more,) = play(path, 10, [longer])
    assert more[:4] == few
    assert len({(game.opening, game.black) for game in more}) == len(more) == 10
    assert play(path, 10, [longer]) == play(path, 4, [longer]) == [more]
    meeting = Meeting(Player("one", "random"), Player("two", "uct:3"), 6, longer, False)
    with GameStore(path) as store:
        assert meeting.games_in(store) == more[:6]


def test_a_worker_that_is_to_stop_breaks_its_games_off(tmp_path, monkeypatch):
    monkeypatch.setattr("algorithms.workers.should_stop", lambda: True)
    assert play(tmp_path / "games", 4) == [[], []]


def test_meetings_that_are_finished_are_kept_when_others_are_broken_off(tmp_path, monkeypatch):
    def one_is_stored():
        with GameStore(tmp_path / "games") as store:
            return len(store.matches()) > 0

    monkeypatch.setattr("algorithms.workers.should_stop", one_is_stored)
    terms = [replace(each, rules=Rules(5, komi=0.5)) for each in TERMS]
    assert sorted(map(len, play(tmp_path / "games", 4, terms))) == [0, 4]


def test_a_comparison_is_stored_as_it_was(tiny):
    config = CompareConfig.model_validate(comparison(tiny))
    assert "seeds:\n- 0\n- 5\n" in dump_config(config)
