"""Comparisons on 3x3 are held against the exact truth, and agents elsewhere exploited."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from algorithms.config import GameConfig, TrainConfig, validate
from algorithms.exactness import can_be_exact
from algorithms.exploit import Exploited, Target
from baselines.agent import RandomAgent
from baselines.arena import MatchSummary
from baselines.exact_judge import judge_exactly
from baselines.oracle import Oracle
from goenv import Rules


@pytest.mark.learning
def test_a_comparison_on_3x3_is_held_against_the_truth(tiny, store, gozoo, tmp_path):
    game = {"size": 3, "komi": 0.5, "superko": "simple", "max_moves": 8}
    data = {
        "name": "truth",
        "game": game,
        "learners": {name: tiny.data(name)["learner"] for name in ("nfsp", "q_learning")},
        "seeds": [0, 1],
        "budget": {"env_steps": 100},
        "checkpoints": {"snapshots": 2},
        "judge": {"games": 2, "snapshots": 2, "bootstrap": 10, "anchors": ["random", "uct:2"]},
        "workers": 2,
    }
    arguments = ["compare", store(data), "--runs", tmp_path, "--resume"]
    answer = gozoo(*arguments)
    assert answer.code == 0, answer
    folder = tmp_path / "truth"
    with (folder / "report" / "tables" / "exact.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    # Two anchors; of each run three snapshots, and beside those of nfsp the best response.
    assert len(rows) == 2 + 4 * 3 + 2 * 3
    kinds = [row["kind"] for row in rows]
    assert kinds.count("companion") == 6
    assert {row["group"] for row in rows if row["share"] == "1.0"} == {
        "nfsp", "q_learning", "nfsp (best response)",
    }  # fmt: skip
    rules = GameConfig.model_validate(game).rules()
    oracle = Oracle(rules)
    exact = judge_exactly(oracle, oracle.policy_of(RandomAgent(), np.random.default_rng(0)))
    random = next(row for row in rows if row["name"] == "random")
    assert float(random["mistake_rate"]) == pytest.approx(exact.mistake_rate)
    assert float(random["score_exploitability"]) == pytest.approx(exact.score_exploitability)
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert '<section id="exact">' in page
    assert "nfsp (best response)" in page
    for name in ("exact-mistake-rate", "exact-blunder-rate", "exact-score-exploitability"):
        assert (folder / "report" / "figures" / f"{name}.svg").exists()
    # What is judged is not judged again.
    times = {path: path.stat().st_mtime_ns for path in (folder / "exact").iterdir()}
    assert len(times) == len(rows)
    assert gozoo(*arguments).code == 0
    assert times == {path: path.stat().st_mtime_ns for path in (folder / "exact").iterdir()}


@pytest.mark.parametrize(
    ("rules", "known"),
    [
        (Rules(3, superko="simple", max_moves=24), True),
        (Rules(2, superko="simple", max_moves=9), True),
        (Rules(3, superko="positional", max_moves=24), False),
        (Rules(3, superko="simple"), False),
        (Rules(4, superko="simple", max_moves=24), False),
    ],
)
def test_which_games_are_known_exactly(rules, known):
    assert can_be_exact(rules) == known


def test_a_win_rate_is_a_bound_on_exploitability():
    summary = MatchSummary(100, 80, 0, 20, 0.8, (0.71, 0.87), 0.9, 0.7, 5.0)
    found = Exploited("random", summary)
    np.testing.assert_allclose(found.bound, (0.6, 0.42, 0.74))


def test_exploiters_have_names_that_folders_can_have():
    game = GameConfig(size=3, komi=8.5)

    def name(agent, **more):
        return Target(agent, game, 1, 10, 2, **more).run

    assert name("uct:100") == "exploit-uct-100-3x3-8.5-seed1"
    assert name("runs/a_z?simulations=64") == "exploit-runs-a_z-simulations-64-3x3-8.5-seed1"
    assert name("random", name="mine") == "mine"
    # A name that a configuration takes.
    validate(TrainConfig, {"name": name("uct:100"), "learner": {"algorithm": "best_response"},
                           "budget": {"flops": 1}}, "x")  # fmt: skip


@pytest.mark.learning
def test_exploit_trains_and_tells_the_bound(gozoo, tmp_path):
    budget = ["--budget", "env_steps=20000"]
    game = ["--size", 2, "--komi", 0.5, "--opening-moves", 2]  # which leaves two openings
    answer = gozoo("exploit", "random", *budget, *game, "--runs", tmp_path)
    assert answer.code == 0, answer
    assert "how exploitable random is at least" in " ".join(answer.out.split())
    assert (tmp_path / "exploit-random-2x2-0.5-seed0" / "checkpoints" / "latest").exists()
    again = gozoo("exploit", "random", *budget, *game, "--runs", tmp_path)
    assert again.code == 1
    assert "--resume" in again.error
    assert again.lines == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "no agent is called 'nobody'"),
        (["random", "--budget", "600"], "a budget looks like seconds=600"),
        (["random", "--budget", "hours=1"], "hours: unknown key"),
        (["random", "--budget", "seconds=-1"], "seconds"),
        (["random", "--size", "1"], "size"),
        (["random", "--games", "3"], "must be even"),
        (
            ["random", "--size", "2", "--games", "400"],
            "there are not 200 distinct openings of 2 moves on 2x2",
        ),
    ],
)
def test_bad_requests_to_exploit_are_told_in_words(gozoo, tmp_path, arguments, message):
    answer = gozoo("exploit", *arguments, "--runs", tmp_path)
    assert answer.code == 1
    assert message in answer.error
    assert "Traceback" not in answer.error
    assert not list(tmp_path.iterdir())
