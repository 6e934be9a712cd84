"""Engines as agents: games known again, faults survived, nothing left running."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from baselines.agent import Agent, RandomAgent
from baselines.arena import make_openings, play_games
from baselines.engines import MOST_FAULTS, EngineAgent
from baselines.gtp import EngineError
from goenv import BLACK, WHITE, GoBatch, Rules

ROOT = Path(__file__).parents[2]
STANDIN = ROOT / "tests" / "standin_engine.py"
RULES = Rules(5, komi=6.5, max_moves=60)


@pytest.fixture(autouse=True)
def _reachable(monkeypatch):
    """So that the stand-in finds `baselines`."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def engine():
    """Makes agents that play by the stand-in; ends them."""
    made = []

    def make(*options, **settings):
        command = [sys.executable, str(STANDIN), *map(str, options)]
        made.append(EngineAgent(command, **{"timeout": 30, **settings}))
        return made[-1]

    yield make
    for agent in made:
        agent.close()


def rng(seed=0):
    return np.random.default_rng(seed)


def logs(folder):
    """What each process was sent, as lists of lines."""
    return [path.read_text().splitlines() for path in sorted(folder.iterdir())]


def count(folder, command):
    return sum(line.startswith(command) for log in logs(folder) for line in log)


def assert_gone(pid, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} still runs")


def pids(agent):
    return [seat.process.pid for seat in agent._seats if seat.process is not None]


# Playing


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


# Faults


FAULTS = {
    "crash": "crash",
    "hang": "timeout",
    "fork": "timeout",
    "flood": "nonsense",
    "number": "nonsense",
    "illegal": "illegal move",
    "off": "nonsense",
    "words": "nonsense",
    "empty": "nonsense",
}


@pytest.mark.parametrize(("behaviour", "kind"), FAULTS.items())
def test_a_fault_costs_a_pass_and_the_match_goes_on(engine, tmp_path, behaviour, kind):
    agent = engine("--do", behaviour, "--at", 3, "--once", tmp_path / "once", timeout=2)
    records = play_games(agent, RandomAgent(), RULES, make_openings(2, 2, RULES, 0), rng())
    assert len(records) == 4
    (fault,) = agent.faults
    assert fault.kind == kind
    passed = [record for record in records if record.moves[fault.ply : fault.ply + 1] == (25,)]
    assert passed
    assert f"{kind} on 5x5, move {fault.ply + 1} (" in str(fault)
    if behaviour == "crash":
        assert "out of luck" in str(fault)


def test_an_engine_that_always_fails_only_passes_after_some_time(engine):
    agent = engine("--do", "crash", "--at", 1)
    batch = GoBatch(2, Rules(5))
    for _ in range(MOST_FAULTS + 2):
        actions = agent.act(batch, rng())
        assert (actions == 25).all()
        batch.step(actions)
        batch.step([next(a for a in range(25) if legal[a]) for legal in batch.legal_actions()])
    assert len(agent.faults) == 2 * MOST_FAULTS


def test_killed_engines_stop_no_match(engine):
    agent, generator = engine("--seeds"), rng(1)
    killed = 0

    class Killer(RandomAgent):
        name = "killer"

        def act(self, batch, rng):
            nonlocal killed
            running = pids(agent)
            if running and killed < 20:
                os.kill(running[killed % len(running)], signal.SIGKILL)
                killed += 1
            return super().act(batch, rng)

    records = play_games(agent, Killer(), RULES, make_openings(6, 2, RULES, 0), generator)
    assert killed == 20
    assert len(records) == 12
    assert 1 <= len(agent.faults) <= 20
    assert {fault.kind for fault in agent.faults} == {"crash"}


def test_after_resigning_it_passes(engine):
    agent = engine("--do", "resign", "--at", 2)
    batch, actions = GoBatch(1, Rules(5)), []
    for _ in range(4):
        actions += agent.act(batch, rng()).tolist()
        batch.step(actions[-1:])
        batch.step([next(a for a in range(25) if batch.legal_actions()[0, a])])
    assert actions[0] != 25
    assert actions[1:] == [25, 25, 25]
    assert (agent.resignations, agent.faults) == (1, [])


def test_an_engine_that_refuses_a_legal_move_plays_on_from_the_position(engine, tmp_path):
    agent = engine("--do", "refuse", "--at", 3, "--log", tmp_path)
    batch = GoBatch(1, Rules(9))
    for _ in range(5):
        batch.step(agent.act(batch, rng()))
        batch.step([next(a for a in range(81) if batch.legal_actions()[0, a])])
    (fault,) = agent.faults
    assert (fault.kind, fault.ply) == ("refusal", 4)
    (log,) = logs(tmp_path)
    assert log.count("clear_board") == 2
    assert log.count("genmove black") == 5


def test_passes_are_asked_to_clean_up(engine):
    """The stand-in passes with genmove at any time, as one that deems all dead decided."""
    agent = engine("--clean-up", "--seeds")
    batch = GoBatch(2, Rules(5))
    for _ in range(6):
        actions = agent.act(batch, rng())
        assert (actions < 25).all()
        batch.step(actions)
    assert agent.faults == []


# What is refused


def test_a_size_that_the_engine_refuses(engine):
    agent = engine("--largest", 9, name="small")
    agent.act(GoBatch(1, Rules(9)), rng())
    with pytest.raises(EngineError, match=r"small: the engine refuses 'boardsize 13': unaccep"):
        agent.act(GoBatch(1, Rules(13)), rng())
    assert pids(agent) == []
    agent.act(GoBatch(1, Rules(9)), rng())


def test_rules_that_the_engine_refuses(engine, tmp_path):
    engine("--kata-rules", "yes", "--log", tmp_path).act(GoBatch(1, RULES), rng())
    (line,) = [line for line in logs(tmp_path)[0] if line.startswith("kata-set-rules")]
    assert '"ko": "POSITIONAL"' in line
    assert '"suicide": true' in line
    with pytest.raises(EngineError, match=r"kata-set-rules.*unknown rules"):
        engine("--kata-rules", "no").act(GoBatch(1, RULES), rng())


@pytest.mark.parametrize("behaviour", ["crash", "hang", "flood"])
def test_an_engine_that_does_not_start(engine, behaviour):
    agent = engine("--do", behaviour, start_timeout=2)
    with pytest.raises(EngineError, match="does not start"):
        agent.act(GoBatch(2, RULES), rng())
    assert pids(agent) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [(["no-such-engine"], "no program 'no-such-engine'"), (["true"], "does not start"),
     (["cat"], "does not start")],
)  # fmt: skip
def test_what_is_no_engine(command, words):
    with pytest.raises(EngineError, match=words):
        EngineAgent(command, start_timeout=2).act(GoBatch(1, RULES), rng())


@pytest.mark.parametrize("settings", [{"cores": 0}, {"processes": 0}, {"timeout": 0}])
def test_settings_that_make_no_sense(settings):
    with pytest.raises(ValueError, match="at least 1"):
        EngineAgent(["true"], **settings)


# Nothing is left running


def test_processes_end_with_the_agent(engine):
    agent = engine()
    agent.act(GoBatch(3, RULES), rng())
    running = pids(agent)
    assert len(running) == 3
    agent.close()
    for pid in running:
        assert_gone(pid)
    agent.act(GoBatch(3, RULES), rng())  # starts new ones
    with agent:
        running = pids(agent)
    for pid in running:
        assert_gone(pid)
    other = EngineAgent([sys.executable, str(STANDIN)])
    other.act(GoBatch(2, RULES), rng())
    running = pids(other)
    del other
    gc.collect()
    for pid in running:
        assert_gone(pid)


PROGRAM = """
import sys, numpy as np
from baselines.engines import EngineAgent
from goenv import GoBatch, Rules
agent = EngineAgent([sys.executable, {standin!r}, "--do", {do!r}, "--at", "1", "--log", {log!r}])
print("ready", flush=True)
agent.act(GoBatch(2, Rules(5)), np.random.default_rng())
print("done", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL, None])
@pytest.mark.parametrize("behaviour", ["", "hang"])
def test_processes_end_with_python(tmp_path, end, behaviour):
    if behaviour and end is None:
        pytest.skip("it does not end by itself while an engine hangs")
    if behaviour and end == signal.SIGKILL and not sys.platform.startswith("linux"):
        pytest.skip("only Linux ends processes whose parent was killed")
    program = PROGRAM.format(standin=str(STANDIN), do=behaviour, log=str(tmp_path))
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert child.stdout.readline() == "ready\n"
        end_of_wait = time.monotonic() + 60
        while not tmp_path.exists() or count(tmp_path, "genmove") < 2:
            assert time.monotonic() < end_of_wait
            time.sleep(0.02)
        if not behaviour:
            assert child.stdout.readline() == "done\n"
        running = [int(path.name) for path in tmp_path.iterdir()]
        assert len(running) == 2
        if end is None:
            child.communicate("\n", timeout=20)
        else:
            child.send_signal(end)
            child.communicate(timeout=20)
        for pid in running:
            assert_gone(pid)
    finally:
        child.kill()
        child.wait()


def test_a_fork_does_not_end_its_parents_engines(engine):
    agent = engine()
    agent.act(GoBatch(1, RULES), rng())
    (pid,) = pids(agent)
    child = os.fork()
    if child == 0:
        agent.close()
        os._exit(0)
    os.waitpid(child, 0)
    os.kill(pid, 0)
    agent.act(GoBatch(1, RULES), rng())
    assert pids(agent) == [pid]
