"""GNU Go as an agent, where it is installed: it plays by our rules, and counts as we do."""

from __future__ import annotations

import numpy as np
import pytest

from baselines import engines
from baselines.agent import RandomAgent
from baselines.arena import GameRecord, make_openings, play_games
from baselines.engine_process import EngineError, find_program
from baselines.engines import EngineAgent, gnugo_agent
from baselines.gtp import GtpProcess
from goenv import GoBatch, Rules
from goenv.coordinates import action_name

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


def recount(record: GameRecord) -> tuple[float, bool]:
    """GNU Go's own score of a finished game, from Black's side, and whether it sees a seki."""
    process = GtpProcess([*PLAIN, "--capture-all-dead"])
    try:
        for command in (
            f"boardsize {record.rules.size}",
            "clear_board",
            f"komi {record.rules.komi}",
        ):
            process.send(command, 10)
        for ply, move in enumerate(record.moves):
            process.send(f"play {'bw'[ply % 2]} {action_name(move, record.rules.size)}", 10)
        text = process.send("final_score", 60)
        seki = process.send("final_status_list seki", 60) != ""
    finally:
        process.close()
    return (0.0 if text == "0" else float(text[2:]) * (1 if text[0] == "B" else -1)), seki


def assert_counted_alike(records):
    """GNU Go gives nobody the eyes of a seki; by Tromp-Taylor they are area."""
    for record in records:
        score, seki = recount(record)
        assert not record.truncated
        assert seki or score == record.score, record
        assert abs(score - record.score) <= 4, record


@installed
def test_scores_are_its_own():
    assert_counted_alike(against_itself(lambda: gnugo_agent(1), 20))


@installed
def test_dead_stones_are_taken_off_where_an_engine_would_leave_them(monkeypatch):
    """Without its options GNU Go passes while dead stones stand, and the wrong side wins."""
    assert_counted_alike(against_itself(lambda: EngineAgent(PLAIN), 10))
    monkeypatch.setattr("baselines.engine_seat._CLEAN_UP", "no such command")
    wrong = [
        record
        for record in against_itself(lambda: EngineAgent(PLAIN), 10)
        if np.sign(recount(record)[0]) != np.sign(record.score)
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
