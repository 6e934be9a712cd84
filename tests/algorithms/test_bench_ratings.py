"""`gozoo bench ratings` in small: intervals cover as they should, and it would show if not."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from algorithms.bench import ratings_run
from algorithms.bench.ratings_run import Report, cover, find_ring, measure
from algorithms.bench.tournaments import COVERAGE, RINGS, play

BY_NAME = {scenario.name: scenario for scenario in COVERAGE + RINGS}


def bounds(count, low, high):
    """Counts between which binomial luck stays, 1 time in 1000 aside, for chances in between."""
    return binom.ppf(0.0005, count, low), binom.ppf(0.9995, count, high)


@pytest.mark.parametrize(
    "names",
    [
        ("2 players, 20 games", "4 players, 2 games", "4 players 150 apart, 6 games"),
        ("4 players within 600, 6 games, draws", "4 players 100 apart, 10 games, Black +200"),
        ("ladder of 4, 300-700 apart, 20 games", "3 players, 20 games, openings +0.5"),
    ],
    ids=["few games", "draws and colours", "lopsided, openings"],
)
def test_coverage(names):
    """93 to 97 %, give or take the luck of so few tournaments; one player counts in each."""
    covered = []
    for name in names:
        for number in range(40):
            rng = np.random.default_rng([number, *name.encode()])
            results, truth = play(BY_NAME[name], rng)
            player = str(rng.choice(list(truth)))
            rated = ratings_run.rate_groups(results, {player: (player,)}, "anchor", 200, rng=rng)
            covered.append(rated.groups[0].low <= truth[player] <= rated.groups[0].high)
    low, high = bounds(len(covered), 0.93, 0.97)
    assert low <= sum(covered) <= high


def test_narrow_intervals_are_found_out(monkeypatch):
    """The check on the check: intervals of 70 % cover too seldom."""
    scenario = BY_NAME["2 players, 20 games"]
    rate_groups = ratings_run.rate_groups

    def narrow(*arguments, **keywords):
        return rate_groups(*arguments, confidence=0.7, **keywords)

    monkeypatch.setattr(ratings_run, "rate_groups", narrow)
    row = measure(scenario, 80, 0, cover)
    assert row.share * 80 < bounds(80, 0.93, 0.97)[0]
    assert row.share + row.too_high + row.too_low == pytest.approx(1)


def test_rings_are_found():
    assert measure(BY_NAME["ring of 3, 200 Elo, 20 games"], 10, 0, find_ring).share >= 0.7
    assert measure(BY_NAME["no ring: 4 equals, 4 games"], 10, 0, find_ring).share <= 0.4


@pytest.mark.parametrize("scenario", COVERAGE + RINGS, ids=lambda scenario: scenario.name)
def test_scenarios_are_as_they_are_called(scenario):
    words = scenario.name.replace(",", "").split()
    results, truth = play(scenario, np.random.default_rng(0))
    games = int(words[words.index("games") - 1])
    players = len(results.names)
    assert len(results.first) == games * players * (players - 1) // 2
    assert ("draws" in words) == bool((results.score == 0.5).any())
    assert results.names[0] == "anchor"
    if "seeds" in words:
        seeds = int(words[words.index("seeds") - 1])
        assert len(truth) == scenario.players == (players - 1) // seeds
    elif "above" not in words:  # whose number is that of the others
        assert len(truth) == players - 1
    if "apart" in words and "-" not in words[words.index("apart") - 1]:
        gaps = np.diff([0, *truth.values()])
        assert gaps == pytest.approx(float(words[words.index("apart") - 1]))


def test_a_scenario_repeats():
    scenario = BY_NAME["4 players, 2 games"]
    rows = [measure(scenario, 5, seed, cover) for seed in (0, 0, 1)]
    assert rows[0] == rows[1] != rows[2]
    assert measure(scenario, 5, 0, cover, stop=lambda: True).tournaments == 1


def test_scenarios_count_alike():
    rows = [measure(BY_NAME["4 players, 2 games"], 3, 0, cover)] * 2
    rows = [replace(rows[0], share=0.9, error=0.03), replace(rows[1], share=1.0, error=0.04)]
    assert Report(rows, [], 0).together() == pytest.approx((0.95, 0.025))


def test_command(gozoo, tmp_path):
    store = tmp_path / "coverage.json"
    answer = gozoo("bench", "ratings", "--tournaments", "1", "--json", store)
    assert answer.code == 0, answer.error
    assert "all scenarios" in answer.out
    assert "ring of 3, 200 Elo" in answer.out
    data = json.loads(store.read_text())
    assert [row["name"] for row in data["coverage"]] == [scenario.name for scenario in COVERAGE]
    assert [row["name"] for row in data["rings"]] == [scenario.name for scenario in RINGS]
    assert all(row["tournaments"] == 1 for row in data["coverage"] + data["rings"])
    assert (data["seed"], data["draws"]) == (0, 1000)
