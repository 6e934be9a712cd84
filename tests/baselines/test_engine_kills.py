"""Engines that are killed in the middle of games: no match stops, and no finished game is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter

import pytest
from engine_helpers import pids, rng

from baselines.agent import RandomAgent
from baselines.arena import pair_up, play_games, positions, stream_games, summarise
from baselines.engine_process import find_program
from baselines.engines import gnugo_agent
from baselines.openings import make_openings
from goenv import Rules

KILLS = 20
RULES = Rules(5, komi=6.5, max_moves=24)  # short games: most of the time processes start


class KillerOf(RandomAgent):
    """Plays at random, and kills a process of another agent before each of its moves."""

    def __init__(self, victim):
        self.name, self.killed, self._victim = "killer", 0, victim

    def act(self, batch, rng):
        running = pids(self._victim)
        if running and self.killed < KILLS:
            os.kill(running[self.killed % len(running)], signal.SIGKILL)
            self.killed += 1
        return super().act(batch, rng)


def stream(first, second, rules, openings, at_once=None):
    """Records in the order in which games finished."""
    pairings = pair_up(first, second, openings)
    records = [
        record
        for finished in stream_games(pairings, rules, rng(1), at_once)
        for record in finished.values()
    ]
    assert len(records) == len(pairings)
    places = Counter((record.opening, record.black) for record in records)
    assert set(places.values()) == {1}, "each game once"
    return records


def assert_played_out(records):
    for record in records:
        *_, end = positions(record)
        assert end.score()[0] == record.score
        assert end.done[0] == (record.gave_up == 0)


def test_a_process_that_is_killed_between_its_moves_costs_nothing(engine):
    agent = engine("--seeds")
    killer = KillerOf(agent)
    openings = make_openings(6, 2, RULES, 0)
    records = stream(agent, killer, RULES, openings)
    assert killer.killed == KILLS
    assert agent.faults == []
    assert agent.restarts == KILLS
    assert not any(record.gave_up for record in records)
    assert_played_out(records)
    # The games are those that would have been played: what it does depends on its seeds alone.
    killer.killed = KILLS
    undisturbed = stream(engine("--seeds"), killer, RULES, openings)
    assert [record.moves for record in records] == [record.moves for record in undisturbed]


def test_each_process_that_is_killed_while_it_thinks_forfeits_one_game(engine, tmp_path):
    """The stand-in hangs at the 9th move of a process, until somebody kills it."""
    agent = engine("--seeds", "--do", "hang", "--at", 9, "--log", tmp_path, processes=4, cores=4)
    killed, done = set(), threading.Event()

    def kill_who_hangs():
        while not done.wait(0.01):
            for path in tmp_path.iterdir():
                asked = sum(line.startswith("genmove") for line in path.open())
                if asked == 9 and path.name not in killed:
                    os.kill(int(path.name), signal.SIGKILL)
                    killed.add(path.name)

    watch = threading.Thread(target=kill_who_hangs)
    watch.start()
    try:
        records = stream(agent, RandomAgent(), RULES, make_openings(16, 2, RULES, 0), at_once=8)
    finally:
        done.set()
        watch.join()
    assert len(killed) >= KILLS
    forfeited = [record for record in records if record.gave_up]
    assert len(forfeited) == len(killed) == len(agent.faults)
    assert summarise(records, "engine").forfeits == {"engine": {"crash": len(killed)}}
    assert agent.restarts == 0
    assert len(forfeited) < len(records), "others were played to their end"
    assert_played_out(records)


@pytest.mark.skipif(find_program("gnugo") is None, reason="GNU Go is not installed")
def test_gnugo_is_killed_in_the_middle_of_games():
    """At any time: while it rests the game goes on, while it thinks the game is forfeited."""
    killed, done = [], threading.Event()
    with gnugo_agent(0, processes=4) as agent:

        def kill_at_random():
            choice = rng(7)
            while len(killed) < KILLS and not done.wait(0.02):
                running = pids(agent)
                if running:
                    victim = int(choice.choice(running))
                    if victim not in killed:
                        os.kill(victim, signal.SIGKILL)
                        killed.append(victim)

        watch = threading.Thread(target=kill_at_random)
        watch.start()
        records: list = []
        try:
            while watch.is_alive():  # as many games as it takes
                openings = make_openings(6, 2, RULES, len(records))
                records += play_games(agent, RandomAgent(), RULES, openings, rng(len(records)))
        finally:
            done.set()
            watch.join()
        assert len(killed) == KILLS
        assert {fault.kind for fault in agent.faults} <= {"crash"}
        forfeits = [record for record in records if record.gave_up]
        assert len(forfeits) == len(agent.faults)
        assert agent.restarts + len(forfeits) <= KILLS
        assert agent.restarts + len(forfeits) >= KILLS / 2, "not only processes of no further use"
        assert all(record.reason == "crash" for record in forfeits)
        assert_played_out(records)
