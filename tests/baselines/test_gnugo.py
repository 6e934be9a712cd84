"""GNU Go as an agent, where it is installed: it plays by our rules, and counts as we do."""

from __future__ import annotations

import tempfile
from dataclasses import replace

import numpy as np
import pytest

from baselines import engines
from baselines.agent import RandomAgent
from baselines.arena import GameRecord, play_games
from baselines.engine_process import EngineError, find_program
from baselines.engines import EngineAgent, gnugo_agent
from baselines.openings import make_openings
from baselines.recount import recount
from goenv import GoBatch, Rules

installed = pytest.mark.skipif(find_program("gnugo") is None, reason="GNU Go is not installed")
PLAIN = ["gnugo", "--mode", "gtp", "--chinese-rules", "--positional-superko", "--allow-suicide",
         "--never-resign", "--level", "1"]  # fmt: skip
RULES = Rules(9, komi=7.0, max_moves=300)


def rng(seed=0):
    return np.random.default_rng(seed)


def against_itself(make, games, rules=RULES):
    with make() as first, make() as second:
        first.name, second.name = "first", "second"
        openings = make_openings(games // 2, 2, rules, 0)
        records = play_games(first, second, rules, openings, rng())
        assert first.faults == second.faults == []
    return records


def assert_counted_alike(records):
    """GNU Go reads the SGFs; it gives nobody the eyes of a seki, by Tromp-Taylor they are area."""
    counted = list(recount(records))
    assert [found.record for found in counted] == records, "none was cut off"
    for found in counted:
        assert found.seki or found.agrees, found
        assert abs(found.score - found.record.score) <= 4, found


@installed
def test_scores_are_its_own():
    assert_counted_alike(against_itself(lambda: gnugo_agent(1), 20))


@installed
def test_a_recount_finds_what_is_wrong(tmp_path, monkeypatch):
    """Two walls: Black has the left 15 points of 5x5, White the right 10."""
    walls = (2, 3, 7, 8, 12, 13, 17, 18, 22, 23, 25, 25)
    game = GameRecord("a", "b", Rules(5, komi=0.5), walls, 0, 0, 4.5, False)
    assert [(found.score, found.agrees) for found in recount([game])] == [(4.5, True)]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "with spaces"))
    (tmp_path / "with spaces").mkdir()
    wrong = replace(game, score=-0.5)
    assert [(found.score, found.agrees) for found in recount([wrong])] == [(4.5, False)]
    left_out = [replace(game, truncated=True), replace(game, gave_up=1, reason="crash")]
    assert list(recount(left_out)) == []


@installed
def test_dead_stones_are_taken_off_where_an_engine_would_leave_them(monkeypatch):
    """Without its options GNU Go passes while dead stones stand, and the wrong side wins."""
    assert_counted_alike(against_itself(lambda: EngineAgent(PLAIN), 10))
    monkeypatch.setattr("baselines.engine_seat._CLEAN_UP", "no such command")
    wrong = [
        found
        for found in recount(against_itself(lambda: EngineAgent(PLAIN), 10))
        if np.sign(found.score) != np.sign(found.record.score)
    ]
    assert wrong


@installed
def test_the_same_seed_gives_the_same_games_and_another_seed_others():
    small = Rules(7, komi=7.0, max_moves=100)

    def games(seed):
        with gnugo_agent(1) as agent:
            return [
                record.moves
                for record in play_games(agent, RandomAgent(), small, [()] * 3, rng(seed))
            ]

    first = games(0)
    assert first == games(0)
    assert first != games(1)
    assert len(set(first)) == 6


@installed
@pytest.mark.parametrize("superko", ["positional", "situational", "simple"])
@pytest.mark.parametrize("suicide", [True, False])
def test_rules_and_sizes(superko, suicide):
    """Random moves on small boards: suicides and repetitions are tried often."""
    rules = [
        Rules(size, 0.5, superko=superko, suicide=suicide, max_moves=60)
        for size in (2, 3, 4, 5, 19)
    ]
    batch, generator, ply = GoBatch(5, rules, seed=3), rng(5), 0
    with gnugo_agent(0) as agent:
        while not batch.done.all():
            actions = agent.act(batch, generator) if ply % 3 == 0 else batch.random_actions()
            batch.step(actions)
            ply += 1
    assert agent.faults == []


@installed
def test_levels_and_boards_that_it_has():
    assert gnugo_agent(3).name == "gnugo:3"
    with (
        gnugo_agent(1) as agent,
        pytest.raises(EngineError, match="gnugo:1 plays on boards up to 19x19, not on 20x20"),
    ):
        agent.act(GoBatch(1, Rules(20)), rng())


def test_where_it_is_missing(monkeypatch):
    monkeypatch.setattr(engines, "find_program", lambda name: None)
    with pytest.raises(EngineError, match="apt install gnugo"):
        gnugo_agent(10)
