"""Self-play on several threads beside training: who plays what, and by which weights."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from algorithms.budget import Ledger, charged
from algorithms.model import Model
from algorithms.networks import NETWORK_PLANES, NetworkConfig
from algorithms.team import Team


class Player:
    """In place of `SelfPlay`: notes what it was asked, and that nobody else asked meanwhile."""

    def __init__(self, name, fails=False, gate=None):
        self.name, self.fails, self.gate = name, fails, gate
        self.calls, self.all_played, self._busy = [], threading.Event(), threading.Lock()

    def run(self, rounds, ledger, progress, concede_below):
        assert self._busy.acquire(blocking=False), "two threads at once"
        if self.gate is not None:
            assert self.gate.wait(20)
        if self.fails:
            raise RuntimeError(f"{self.name} lost its stones")
        assert charged() is ledger
        ledger.charge_env_steps(rounds)
        self.calls.append((rounds, progress, concede_below))
        if sum(call[0] for call in self.calls) == 16:
            self.all_played.set()
        self._busy.release()
        return [f"{self.name}{len(self.calls)}"]


def play(players, threads, rounds=40):
    team, ledger = Team(players, ThreadPoolExecutor(threads)), Ledger()
    team.start(rounds, 0.25, 0.9, threads)
    return team.finish(ledger), ledger


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_player_plays_all_its_rounds_in_order(threads):
    players = [Player(name) for name in "abc"]
    episodes, ledger = play(players, threads)
    assert ledger.env_steps == 3 * 40
    for player in players:
        assert sum(rounds for rounds, _, _ in player.calls) == 40
        assert {call[1:] for call in player.calls} == {(0.25, 0.9)}
    # By player, whichever was the faster.
    pieces = len(players[0].calls)
    assert episodes == [f"{name}{piece + 1}" for name in "abc" for piece in range(pieces)]


def test_few_rounds_are_few_pieces():
    players = [Player("a"), Player("b")]
    play(players, 2, rounds=3)
    assert [call[0] for call in players[1].calls] == [1, 1, 1]


def test_one_player_alone_is_not_interrupted():
    player = Player("a")
    assert play([player], 1) == (["a1"], Ledger(env_steps=40))
    assert player.calls == [(40, 0.25, 0.9)]


def test_who_joins_takes_what_nobody_has():
    gate = threading.Event()
    players = [Player("a", gate=gate), Player("b")]
    team = Team(players, ThreadPoolExecutor(2))
    team.start(16, 0.0, 1.0, threads=1)  # it waits inside a
    team.join(1)
    assert players[1].all_played.wait(20)
    assert not players[0].calls
    gate.set()
    assert len(team.finish(Ledger())) == 2 * 16


def test_errors_of_players_reach_the_caller():
    players = [Player("a"), Player("b", fails=True)]
    team = Team(players, ThreadPoolExecutor(1))
    team.start(16, 0.0, 1.0, threads=1)
    with pytest.raises(RuntimeError, match="b lost its stones"):
        team.finish(Ledger())
    assert len(players[0].calls) == 1, "the others stop as well"


def test_a_held_model_keeps_its_judgement():
    model = Model(NetworkConfig(blocks=1, channels=4, head_channels=4), device=torch.device("cpu"))
    planes = np.random.default_rng(0).integers(0, 2, (6, len(NETWORK_PLANES), 3, 3))
    planes = planes.astype(np.float32)

    def train():
        with torch.no_grad():
            model.network.value_head.value.bias += 1.0
        model.updated()

    first = model.evaluate(planes)[1]
    train()
    second = model.evaluate(planes)[1]
    assert (second > first).all()
    with model.held():
        train()
        assert np.array_equal(model.evaluate(planes)[1], second)
    assert (model.evaluate(planes)[1] > second).all()
    train()
    with model.held():  # what was learned before it counts
        latest = model.evaluate(planes)[1]
    assert np.array_equal(model.evaluate(planes)[1], latest)
