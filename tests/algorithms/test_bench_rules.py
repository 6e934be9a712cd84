"""`gozoo bench rules` and `gozoo bench perft`: they find nothing here, and would find a fault."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math

import numpy as np
import pytest
from rich.console import Console

from algorithms.bench import perft_run, rules_run, small_games
from algorithms.bench.duel import Duel
from algorithms.bench.peer_referees import PEERS
from algorithms.bench.referees import (
    DRAW_IS_LOST,
    ENDED,
    NO_SUICIDE,
    REPETITION_LEGAL,
    RUNNING,
    SlowReferee,
)
from algorithms.display import Display
from baselines.reference import ReferenceGame
from goenv import Rules


def run(plies=0, peer_plies=0, sizes=(2, 3, 5), stop=lambda: False):
    display = Display(Console(quiet=True))
    return rules_run.bench_rules(sizes, plies, peer_plies, 0, display, stop)


def test_thousands_of_plies_of_all_sizes_are_the_same():
    report = run(plies=4000, sizes=range(2, 26))
    assert sum(row.tally.plies for row in report.rows) >= 4000
    assert len(report.rows) == 6  # superko and suicide
    for row in report.rows:
        assert row.sizes == list(range(2, 26))
        assert row.tally.examples == []
        assert row.tally.unexplained == row.tally.departures.total() == 0


class Changed(SlowReferee):
    """A referee with a fault: `change` gets the field and the view and returns the field anew."""

    name = "faulty"
    field = "legal"

    def change(self, view):
        raise NotImplementedError

    def look(self):
        view = super().look()
        return dataclasses.replace(view, **{self.field: self.change(view)})


class ForbidsAPoint(Changed):
    def change(self, view):
        return view.legal & (np.arange(view.legal.shape[1]) != 4)


class AllowsStones(Changed):
    def change(self, view):
        legal = view.legal.copy()
        legal[:, 0] = view.ending == RUNNING
        return legal


class LosesAStone(Changed):
    field = "boards"

    def change(self, view):
        boards = view.boards.copy()
        boards[:, 1, 1] = 0
        return boards


class CountsAPointMore(Changed):
    field = "scores"

    def change(self, view):
        return view.scores + 1


class NamesTheWrongPlayer(Changed):
    field = "to_play"

    def change(self, view):
        return -view.to_play


class NamesTheWrongWinner(Changed):
    field = "outcomes"

    def change(self, view):
        return -view.outcomes


class EndsEarly(Changed):
    field = "ending"

    def change(self, view):
        stones = np.abs(view.boards).sum(axis=(1, 2))
        return np.where(stones == 5, ENDED, view.ending)


class NeverEnds(Changed):
    field = "ending"

    def change(self, view):
        return np.zeros_like(view.ending)


FAULTS = [ForbidsAPoint, AllowsStones, LosesAStone, CountsAPointMore, NamesTheWrongPlayer,
          NamesTheWrongWinner, EndsEarly, NeverEnds]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_found_and_can_be_replayed(fault):
    duel = Duel(fault, [Rules(3, 0.5)], games=4, seed=1)
    for _ in range(60):
        duel.step()
    tally = duel.finish()["positional", True]
    assert tally.unexplained > 0
    assert not tally.departures
    assert "faulty" in tally.examples[0]
    assert "(;FF[4]GM[1]SZ[3]KM[0.5]" in tally.examples[0]


def test_a_known_fault_without_its_reason_is_none():
    """A peer that may forbid suicides of several stones is not excused for other points."""

    class Excused(ForbidsAPoint):
        departures = frozenset({NO_SUICIDE, REPETITION_LEGAL, DRAW_IS_LOST})

    duel = Duel(Excused, [Rules(3)], games=4, seed=1)
    for _ in range(60):
        duel.step()
    assert duel.finish()["positional", True].unexplained > 0


def test_a_reason_is_no_excuse_for_who_is_not_known_for_it():
    class ForbidsSuicide(SlowReferee):
        name = "faulty"
        departures = frozenset({REPETITION_LEGAL})

        def __init__(self, rules):
            self._games = [ReferenceGame(r.size, r.komi, r.superko, False) for r in rules]

        def restart(self, games, rules):
            for game, r in zip(games, rules, strict=True):
                self._games[game] = ReferenceGame(r.size, r.komi, r.superko, False)

    for known in (False, True):
        if known:
            ForbidsSuicide.departures = frozenset({NO_SUICIDE})
        duel = Duel(ForbidsSuicide, [Rules(3)], games=8, seed=1)
        for _ in range(150):
            duel.step()
        tally = duel.finish()["positional", True]
        assert (tally.unexplained == 0) == known
        assert bool(tally.departures[NO_SUICIDE]) == known


@pytest.mark.parametrize(("module", "referee"), PEERS, ids=lambda one: getattr(one, "name", one))
def test_peers_differ_in_what_they_are_known_for_and_in_nothing_else(module, referee, monkeypatch):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"needs {module}")
    monkeypatch.setattr(rules_run, "PEERS", [(module, referee)])
    report = run(peer_plies=3000, sizes=(3, 4))
    assert report.unexplained == 0
    known = sum(
        (row.tally.departures for row in report.rows), type(report.rows[0].tally.departures)()
    )
    assert set(known) == referee.departures


def test_a_stop_keeps_what_was_compared():
    asked = iter([False] * 10)
    report = run(plies=100_000, stop=lambda: next(asked, True))
    assert report.stopped
    assert 0 < sum(row.tally.plies for row in report.rows) < 1000


def test_plies_are_shared_so_that_all_sizes_get_some():
    assert sum(rules_run.shares([2, 5, 19], 1000)) in range(1000, 1004)
    assert min(rules_run.shares(range(2, 26), 20)) == 1


def test_the_command_stores_what_it_found(gozoo, tmp_path):
    path = tmp_path / "found" / "rules.json"
    answer = gozoo("bench", "rules", "--plies", "300", "--sizes", "2,4-5", "--peer-plies", "60",
                   "--json", path)  # fmt: skip
    assert answer.code == 0, answer.error
    assert "unexplained" in answer.out
    data = json.loads(path.read_text())
    assert data["unexplained"] == 0
    assert {row["referee"] for row in data["rows"]} >= {"slow reference"}
    assert data["rows"][0]["sizes"] == [2, 4, 5]


def test_the_command_shows_a_difference_and_fails(gozoo, monkeypatch, tmp_path):
    monkeypatch.setattr(rules_run, "SlowReferee", CountsAPointMore)
    answer = gozoo("bench", "rules", "--plies", "100", "--sizes", "3", "--no-peers",
                   "--json", tmp_path / "found.json")  # fmt: skip
    assert answer.code == 1
    assert "the score: goenv" in answer.out
    assert "(;FF[4]" in answer.out


@pytest.mark.parametrize("sizes", ["1", "26", "3-x", "", "9-3"])
def test_wrong_sizes_are_told_in_a_line(gozoo, sizes):
    for name in ("rules", "perft"):
        answer = gozoo("bench", name, "--sizes", sizes)
        assert answer.code == 1
        assert answer.error.startswith("gozoo: --sizes: ")
        assert "\n" not in answer.error.strip()


def test_the_perft_command_compares(gozoo, monkeypatch):
    answer = gozoo("bench", "perft", "--sizes", "2-3", "--depth", "3")
    assert answer.code == 0, answer.error
    assert "738" in answer.out  # sequences on 3x3
    assert "DIFFERENT" not in answer.out
    wrong = perft_run.perft(Rules(2), 3)
    monkeypatch.setattr(perft_run, "perft", lambda rules, depth: wrong)
    answer = gozoo("bench", "perft", "--sizes", "3", "--depth", "3")
    assert answer.code == 1
    assert "DIFFERENT" in answer.out


def test_the_graph_of_2x2_and_the_paths_in_small_graphs():
    graph = small_games.position_graph(2)
    assert len(graph) == 57
    assert all(len(boards) <= 8 for boards in graph.values())
    for nodes in (1, 2, 5, 7):
        complete = np.array([(1 << nodes) - 1] * nodes, np.uint64)
        paths = sum(math.perm(nodes - 1, steps) for steps in range(nodes))
        assert small_games._count_paths(complete, 0, np.uint64(1)) == paths
