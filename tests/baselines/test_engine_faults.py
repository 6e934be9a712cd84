"""Engines that fail, refuse, or are to end: the match goes on, and nothing is left running."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time

import pytest
from engine_helpers import ROOT, RULES, STANDIN, assert_gone, count, logs, pids, rng

from baselines.agent import RandomAgent
from baselines.arena import play_games, positions, summarise
from baselines.engine_process import EngineError
from baselines.engines import MOST_FAULTS, EngineAgent
from baselines.openings import make_openings
from goenv import GoBatch, Rules


@pytest.fixture(autouse=True)
def _reachable(monkeypatch):
    """So that the stand-in finds `baselines`."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


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
def test_a_fault_forfeits_the_game_and_the_match_goes_on(engine, tmp_path, behaviour, kind):
    agent = engine("--do", behaviour, "--at", 3, "--once", tmp_path / "once", timeout=2)
    records = play_games(agent, RandomAgent(), RULES, make_openings(2, 2, RULES, 0), rng())
    assert len(records) == 4
    (fault,) = agent.faults
    (lost,) = [record for record in records if record.gave_up]
    assert lost.forfeited
    assert (lost.loser, lost.reason, len(lost.moves)) == ("engine", kind, fault.ply)
    assert fault.kind == kind
    assert f"{kind} on 5x5, move {fault.ply + 1} (" in str(fault)
    if behaviour == "crash":
        assert "out of luck" in str(fault)
    for record in records:
        if record is not lost:
            *_, end = positions(record)
            assert end.done[0]
            assert end.score()[0] == record.score
    assert summarise(records, "engine").forfeits == {"engine": {kind: 1}}
    assert agent.restarts == 0


def test_a_resignation_ends_the_game(engine, tmp_path):
    agent = engine("--do", "resign", "--at", 3, "--once", tmp_path / "once")
    records = play_games(agent, RandomAgent(), RULES, make_openings(2, 2, RULES, 0), rng())
    (lost,) = [record for record in records if record.gave_up]
    assert not lost.forfeited
    assert (lost.loser, lost.reason, lost.result[1:]) == ("engine", "resignation", "+R")
    assert agent.faults == []


def test_an_engine_that_always_fails_only_passes_after_some_time(engine):
    """Environments go on after a fault."""
    agent = engine("--do", "crash", "--at", 1)
    batch = GoBatch(2, Rules(5))
    for _ in range(MOST_FAULTS + 2):
        actions = agent.act(batch, rng())
        assert (actions == 25).all()
        assert agent.given_up == {0: "crash", 1: "crash"}
        batch.step(actions)
        batch.step([next(a for a in range(25) if legal[a]) for legal in batch.legal_actions()])
    assert len(agent.faults) == 2 * MOST_FAULTS


def test_after_resigning_it_passes(engine):
    agent = engine("--do", "resign", "--at", 2)
    batch, actions, given_up = GoBatch(1, Rules(5)), [], []
    for _ in range(4):
        actions += agent.act(batch, rng()).tolist()
        given_up.append(dict(agent.given_up))
        batch.step(actions[-1:])
        batch.step([next(a for a in range(25) if batch.legal_actions()[0, a])])
    assert actions[0] != 25
    assert actions[1:] == [25, 25, 25]
    assert given_up == [{}] + 3 * [{0: "resignation"}]
    assert agent.faults == []


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
import signal, sys, numpy as np
from baselines.engines import EngineAgent
from goenv import GoBatch, Rules
# Who started the tests in the background has had them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
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
