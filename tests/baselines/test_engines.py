"""Engines as agents: games known again, dropped, reordered, set up from stones."""

from __future__ import annotations

import numpy as np
import pytest
from engine_helpers import RULES, count, logs, pids, rng

from baselines.agent import Agent, RandomAgent
from baselines.arena import play_games
from baselines.openings import make_openings
from goenv import BLACK, WHITE, GoBatch, Rules


def test_it_is_an_agent_and_plays_whole_games_each_in_its_own_process(engine, tmp_path):
    agent = engine("--log", tmp_path / "log", "--seeds")
    assert isinstance(agent, Agent)
    openings = make_openings(4, 2, RULES, 0)
    records = play_games(agent, RandomAgent(), RULES, openings, rng())
    assert len(records) == 8
    assert agent.faults == []
    assert len(pids(agent)) == 8
    # Each process was told its game once, from its first move on.
    assert count(tmp_path / "log", "clear_board") == 8
    told = {tuple(line.split()[2].upper() for line in log if line.startswith("play"))[:2]
            for log in logs(tmp_path / "log")}  # fmt: skip
    assert len(told) >= 4
    for log in logs(tmp_path / "log"):
        assert log[:4] == ["list_commands", "boardsize 5", "clear_board", "komi 6.5"]


@pytest.mark.parametrize("processes", [1, 3])
def test_more_games_than_processes(engine, tmp_path, processes):
    openings = make_openings(4, 2, RULES, 0)
    few = engine("--seeds", "--log", tmp_path, processes=processes)
    shared = play_games(few, RandomAgent(), RULES, openings, rng())
    assert len(pids(few)) == processes
    assert few.faults == []
    own = play_games(engine("--seeds"), RandomAgent(), RULES, openings, rng())
    assert [game.moves for game in shared] == [game.moves for game in own]
    if processes == 3:  # as many games as can keep their process do
        assert count(tmp_path, "clear_board") < 0.9 * count(tmp_path, "genmove")


def test_games_may_be_dropped_reordered_and_come_back(engine, tmp_path):
    agent, random = engine("--seeds", "--log", tmp_path), RandomAgent()
    batch, generator = GoBatch(6, Rules(7)), rng(3)
    for ply in range(40):
        alive = np.flatnonzero(~batch.done)
        order = generator.permutation(alive)
        half = order[: len(order) // 2] if ply % 8 < 4 else order  # the others: random's move
        actions = random.act(batch, generator)
        if len(half):
            actions[half] = agent.act(batch.take(half), generator)
        batch.step(actions)
    assert agent.faults == []
    # A game is told anew only if it was away for more than the five moves that a batch shows.
    assert count(tmp_path, "clear_board") < 0.5 * count(tmp_path, "genmove")


def test_equal_games_are_kept_apart(engine, tmp_path):
    """All start from one position and part later."""
    agent = engine("--seeds", "--log", tmp_path)
    records = play_games(agent, RandomAgent(), RULES, [()] * 4, rng())
    assert agent.faults == []
    assert len({record.moves for record in records}) == 8
    assert count(tmp_path, "clear_board") == 8


def test_it_plays_itself(engine):
    agent = engine("--seeds")
    batch, generator = GoBatch(3, RULES), rng()
    while not batch.done.all():
        batch.step(agent.act(batch, generator))
    assert agent.faults == []


def test_sizes_and_komi_mixed_in_a_batch(engine, tmp_path):
    rules = [Rules(2, komi=0.5, max_moves=30), Rules(9, komi=-3, max_moves=60), RULES]
    agent, batch, generator = engine("--log", tmp_path), GoBatch(3, rules), rng()
    while not batch.done.all():
        actions = agent.act(batch, generator)
        running = np.flatnonzero(~batch.done)
        assert batch.legal_actions()[running, actions[running]].all()
        batch.step(actions)
    assert agent.faults == []
    begun = {tuple(log[1:4]) for log in logs(tmp_path)}
    assert ("boardsize 9", "clear_board", "komi -3") in begun
    assert ("boardsize 2", "clear_board", "komi 0.5") in begun


def test_the_same_rng_gives_the_same_moves(engine):
    batch = GoBatch(5, Rules(9), seed=1)
    for _ in range(20):
        batch.step(batch.random_actions())
    agent, before = engine("--seeds"), (batch.boards(), batch.ply)
    first = agent.act(batch, rng(7))
    np.testing.assert_array_equal(batch.boards(), before[0])
    np.testing.assert_array_equal(batch.ply, before[1])
    np.testing.assert_array_equal(first, agent(batch, rng(7)))
    np.testing.assert_array_equal(first, engine("--seeds", processes=1).act(batch, rng(7)))
    assert not np.array_equal(first, agent.act(batch, rng(8)))


def test_finished_games_are_left_alone(engine, tmp_path):
    agent, batch = engine("--log", tmp_path), GoBatch(2, RULES)
    batch.step([25, 0])
    batch.step([25, 1])
    assert batch.done.tolist() == [True, False]
    assert agent.act(batch, rng()).shape == (2,)
    assert count(tmp_path, "genmove") == 1
    assert agent.act(batch.take([0]), rng()).shape == (1,)
    assert count(tmp_path, "genmove") == 1


# Positions that no moves are known for


def set_up_stones(log):
    return [line.split()[1:] for line in log if line.startswith("play")]


def test_a_position_out_of_nowhere_is_set_up_and_then_followed(engine, tmp_path):
    batch = GoBatch(1, Rules(9), seed=4)
    for _ in range(30):
        batch.step(batch.random_actions())
    stones = np.abs(batch.boards()).sum()
    agent = engine("--log", tmp_path)
    batch.step(agent.act(batch, rng()))
    batch.step(batch.random_actions())
    batch.step(agent.act(batch, rng()))
    assert agent.faults == []
    (log,) = logs(tmp_path)
    assert log.count("clear_board") == 1
    plays = set_up_stones(log)
    assert stones - 6 <= len(plays) <= stones + 12
    assert plays[-6][0] != plays[-5][0] != plays[-4][0]  # its last moves are played, not set up


def test_stones_that_a_game_begins_with(engine, tmp_path):
    board = np.zeros((5, 5), np.int8)
    board[1, 1:4], board[3, 2] = WHITE, BLACK
    batch = GoBatch(1, RULES)
    batch.set_position(0, board, WHITE)
    agent = engine("--log", tmp_path)
    batch.step(agent.act(batch, rng()))
    (log,) = logs(tmp_path)
    assert sorted(set_up_stones(log)) == [
        ["black", "C2"], ["white", "B4"], ["white", "C4"], ["white", "D4"]
    ]  # fmt: skip
    assert log[-1] == "genmove white"
    assert batch.boards()[0].sum() == board.sum() + WHITE


@pytest.mark.parametrize("seed", range(5))
def test_no_stone_is_lost_while_a_full_board_is_set_up(engine, seed):
    """The stand-in referees: a stone on a point that should be empty would be refused later."""
    batch = GoBatch(4, Rules(7), seed=seed)
    for _ in range(70):
        points = batch.legal_actions()[:, :-1]
        batch.step(np.argmax(points * rng(batch.ply[0]).random(points.shape), axis=1))
    assert not batch.done.any()
    agent = engine()
    for _ in range(4):
        batch.step(agent.act(batch, rng(seed)))
    assert [fault for fault in agent.faults if fault.kind != "illegal move"] == []
