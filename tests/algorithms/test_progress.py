"""`gozoo curve`: the snapshots of a run against fixed opponents."""

from __future__ import annotations

import csv
import shutil

import pytest

from algorithms import progress
from algorithms.matches import MatchResult
from algorithms.run import list_snapshots
from baselines.arena import MatchSummary


def rows(run):
    with (run / "curve" / "curve.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def run(finished, tmp_path):
    shutil.copytree(finished("reinforce"), tmp_path / "run", symlinks=True)
    return tmp_path / "run"


def test_every_snapshot_meets_every_opponent_and_none_twice(gozoo, run, monkeypatch):
    played = []
    limits = set()

    def play(plan, display):
        played.append((plan.first, plan.second, plan.rules.komi))
        limits.add(plan.rules.max_moves)
        wins, games = len(played) % (plan.games + 1), plan.games
        rate = wins / games
        summary = MatchSummary(games, wins, 0, games - wins, rate, (0, 1), rate, rate, 0)
        return MatchResult(summary, games, None, False)

    monkeypatch.setattr(progress, "play_match", play)
    snapshots = list_snapshots(run)
    assert len(snapshots) > 2
    arguments = ("curve", run, "--against", "random", "--against", "uct:4", "--games", 10)
    assert gozoo(*arguments, "--last", 2).code == 0
    assert len(played) == 4
    assert {opponent for _, opponent, _ in played} == {"random", "uct:4"}
    last = {str(snapshot.path) for snapshot in snapshots[-2:]}
    assert {first for first, _, _ in played} == last
    answer = gozoo(*arguments)
    assert answer.code == 0
    assert len(played) == len(set(played)) == 2 * len(snapshots)
    found = rows(run)
    assert [row["opponent"] for row in found] == sorted(row["opponent"] for row in found)
    for row in found:
        snapshot = next(s for s in snapshots if s.step == int(row["step"]))
        assert float(row["seconds"]) == snapshot.spent["seconds"]
        number = 1 + played.index((str(snapshot.path), row["opponent"], 0.5))
        assert float(row["rate"]) == number % 11 / 10
    assert (run / "curve" / "curve.png").stat().st_size > 1000
    # Under other conditions it is another match.
    assert gozoo(*arguments, "--komi", 2.5, "--last", 1).code == 0
    assert len(played) == 2 * len(snapshots) + 2
    assert gozoo(*arguments, "--colour", "black", "--last", 1).code == 0
    assert len(played) == 2 * len(snapshots) + 4
    assert limits == {21}
    assert gozoo(*arguments, "--max-moves", 30, "--last", 1).code == 0
    assert len(played) == 2 * len(snapshots) + 6
    assert limits == {21, 30}
    assert len(rows(run)) == len(played)


def test_it_plays(gozoo, run):
    answer = gozoo(
        "curve", run, "--against", "random", "--games", 4, "--last", 1, "--play", "temperature=1"
    )
    assert answer.code == 0, answer.error
    (row,) = rows(run)
    assert int(row["wins"]) + int(row["draws"]) + int(row["losses"]) == 4
    assert row["play"] == "temperature=1"
    assert "random" in answer.out


def test_what_cannot_be_measured_is_told(gozoo, run, tmp_path):
    assert "holds no run" in gozoo("curve", tmp_path / "none").error
    assert "no agent is called" in gozoo("curve", run, "--against", "nobody", "--games", 2).error
    assert "must be even" in gozoo("curve", run, "--against", "random", "--games", 3).error
    assert "sims" in gozoo("curve", run, "--against", "random", "--play", "sims=3").error
    (run / "curve").mkdir(exist_ok=True)
    (run / "curve" / "curve.csv").write_text("step,opponent\n1,random\n")
    assert "damaged" in gozoo("curve", run, "--against", "random").error
