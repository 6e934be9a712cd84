"""What is spent is counted: against counts by hand, against torch, against the games themselves."""

from __future__ import annotations

from concurrent.futures import Future

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from algorithms.budget import CURRENCIES, Budget, Ledger, MeteredBatch, charging
from algorithms.config import make_learner
from algorithms.model import Model, NetworkEvaluator, flops_per_position
from algorithms.networks import NETWORK_PLANES, NetworkConfig
from algorithms.run import train
from algorithms.search import Search, SearchConfig
from algorithms.tracking import read_metrics
from goenv import GoBatch, Rules

RULES = Rules(3, komi=0.5, max_moves=21)


# The ledger


def test_progress_goes_by_the_currency_nearest_to_its_limit():
    ledger = Ledger(budget=Budget(env_steps=100, flops=1000.0, seconds=10.0))
    assert (ledger.progress(), ledger.share_spent(), ledger.exhausted()) == (0.0, 0.0, False)
    ledger.charge_env_steps(25)
    ledger.charge_evaluations(5, flops_each=100.0)
    assert ledger.progress() == 0.5
    # The clock ends a run but drives no schedule while there is another limit.
    ledger.charge_seconds(7.5)
    assert (ledger.progress(), ledger.share_spent()) == (0.5, 0.75)
    ledger.charge_seconds(2.5)
    assert (ledger.progress(), ledger.exhausted()) == (0.5, True)


def test_the_clock_drives_schedules_where_it_is_the_only_limit():
    ledger = Ledger(budget=Budget(seconds=10.0))
    ledger.charge_seconds(4.0)
    assert ledger.progress() == 0.4


def test_progress_ends_at_one_and_needs_no_budget():
    ledger = Ledger(budget=Budget(samples=10))
    ledger.charge_samples(25, 1.0)
    assert (ledger.progress(), ledger.share_spent()) == (1.0, 1.0)
    free = Ledger()
    free.charge_env_steps(10**9)
    assert (free.progress(), free.exhausted()) == (0.0, False)


@pytest.mark.parametrize("currency", CURRENCIES)
def test_each_currency_exhausts_its_own_limit_exactly(currency):
    ledger = Ledger(budget=Budget(**{currency: 10}))
    charge = {
        "flops": lambda n: ledger.charge_samples(n, 1.0),
        "env_steps": ledger.charge_env_steps,
        "evaluations": lambda n: ledger.charge_evaluations(n, 0.0),
        "samples": lambda n: ledger.charge_samples(n, 0.0),
        "seconds": ledger.charge_seconds,
    }[currency]
    charge(9)
    assert not ledger.exhausted()
    charge(1)
    assert ledger.exhausted()


def test_counts_survive_being_stored():
    ledger = Ledger()
    ledger.charge_env_steps(3)
    ledger.charge_evaluations(5, 7.0)
    ledger.charge_samples(2, 11.0)
    ledger.charge_playouts(13)
    ledger.charge_seconds(0.25)
    expected = {
        "env_steps": 3, "evaluations": 5, "samples": 2, "playouts": 13, "flops": 57.0,
        "seconds": 0.25,
    }  # fmt: skip
    assert ledger.spent() == expected
    other = Ledger()
    other.load(ledger.spent())
    assert other == ledger


def test_what_another_ledger_has_counted_is_added_in_every_currency():
    ledger, other = Ledger(budget=Budget(env_steps=10)), Ledger(budget=Budget(samples=1))
    for each, times in ((ledger, 1), (other, 10)):
        each.charge_env_steps(1 * times)
        each.charge_evaluations(2 * times, 3.0)
        each.charge_samples(3 * times, 5.0)
        each.charge_playouts(4 * times)
        each.charge_seconds(0.5 * times)
    before = other.spent()
    ledger.add(other)
    expected = {
        "env_steps": 11, "evaluations": 22, "samples": 33, "playouts": 44, "flops": 231.0,
        "seconds": 5.5,
    }  # fmt: skip
    assert ledger.spent() == expected
    assert all(type(ledger.spent()[name]) is type(value) for name, value in expected.items())
    assert other.spent() == before
    assert ledger.budget == Budget(env_steps=10), "the limits stay its own"
    assert ledger.exhausted()


@pytest.mark.parametrize("limits", [{}, {"flops": 0}, {"env_steps": -1}, {"seconds": float("inf")},
                                    {"flops": float("nan")}, {"steps": 5}])  # fmt: skip
def test_budgets_without_sense_are_refused(limits):
    with pytest.raises(ValidationError):
        Budget(**limits)


# Floating-point operations


def test_one_convolution_by_hand():
    """A multiplication and an addition are two operations; biases and ReLUs are not counted."""
    layer = nn.Conv2d(5, 8, 3, padding=1)
    with FlopCounterMode(display=False) as counter:
        layer(torch.zeros(1, 5, 4, 4)).sum().backward()
    forward = 2 * (4 * 4) * (3 * 3) * 5 * 8
    # The gradient of the weights costs as much; that of the input is not needed.
    assert counter.get_total_flops() == 2 * forward


@pytest.mark.parametrize("size", [3, 5])
def test_the_network_by_hand(size):
    config = NetworkConfig(blocks=2, channels=6, pooling_every=2, head_channels=4)
    points, planes, c, h = size * size, len(NETWORK_PLANES), 6, 4
    stem = 9 * planes * c * points
    blocks = 2 * (2 * 9 * c * c * points) + 3 * c * c  # one of the two pools
    policy = c * h * points + 3 * h * h + h * points + 3 * h
    value = c * h * points + 3 * h * 2 * h + 2 * h
    auxiliary = h * points + 2 * h  # ownership and score, which only training asks for
    forward, both = flops_per_position(config, size)
    assert forward == 2 * (stem + blocks + policy + value)
    # Backward: gradients of weights and of inputs, each as much as forward; the stem's input
    # needs none.
    assert both == 3 * (forward + 2 * auxiliary) - 2 * stem
    without = config.model_copy(update={"auxiliary": False})
    assert flops_per_position(without, size) == (forward, 3 * forward - 2 * stem)


@pytest.mark.parametrize("count", [1, 7])
def test_charged_flops_are_those_that_torch_counts(count):
    config = NetworkConfig(blocks=1, channels=4, head_channels=4)
    flops_per_position(config, 3)  # it counts at its first call: not within another count
    model, ledger = Model(config), Ledger()
    planes = np.random.default_rng(0).random((count, len(NETWORK_PLANES), 3, 3), np.float32)
    with charging(ledger):
        with FlopCounterMode(display=False) as forward:
            model.evaluate(planes)
        assert ledger.flops == forward.get_total_flops()
        assert (ledger.evaluations, ledger.samples) == (count, 0)
        with FlopCounterMode(display=False) as both:
            sum(out.sum() for out in model.forward(torch.from_numpy(planes))).backward()
        assert ledger.flops == forward.get_total_flops() + both.get_total_flops()
        assert (ledger.evaluations, ledger.samples) == (count, count)


class InThisThread:
    """In place of a pool of threads: torch counts those of the thread that asks."""

    map = map

    def submit(self, function):
        done = Future()
        done.set_result(function())
        return done


def test_charged_flops_of_whole_steps_are_those_that_torch_counts(algorithm, tiny, monkeypatch):
    config = tiny(algorithm).learner
    flops_per_position(config.network, 3)
    learner, ledger = make_learner(config, RULES, seed=0), Ledger()
    if algorithm == "alphazero":
        monkeypatch.setattr(learner.team, "_threads", InThisThread())
    if hasattr(learner, "_trainer"):
        monkeypatch.setattr(learner._trainer, "_threads", InThisThread())
    with FlopCounterMode(display=False) as counter:
        while ledger.samples == 0:
            learner.step(ledger)
    # A learner that trains one head only is charged for both; that is little.
    assert counter.get_total_flops() <= ledger.flops < 1.1 * counter.get_total_flops()
    if algorithm == "alphazero":
        assert ledger.flops == counter.get_total_flops()


# Moves


def test_moves_charged_are_moves_played():
    ledger = Ledger()
    batch = MeteredBatch(ledger, 16, Rules(3, komi=0.5, max_moves=30), seed=1)
    while not batch.done.all():
        batch.step(batch.random_actions())
        assert ledger.env_steps == batch.ply.sum()
    assert len(set(batch.ply.tolist())) > 1, "some games must end before others"
    before = ledger.env_steps
    batch.step(np.zeros(16, np.int64))  # all are over
    assert ledger.env_steps == before


# Where a learner's games are that go on after a step.
UNFINISHED = {
    "alphazero": lambda learner: learner.team.players,
    "best_response": lambda learner: [learner._ppo._games],
    "league": lambda learner: [learner._practice, learner._visits],
    "nfsp": lambda learner: [learner._games],
    "q_learning": lambda learner: [learner._games],
    "reinforce": lambda learner: [],
}


def test_learners_are_charged_the_moves_of_their_games(algorithm, tiny, monkeypatch):
    """All moves of every batch that a step touches, counted where the games are."""
    played = discarded = 0

    def counting(function):
        """A method of batches that adds to `played` by how much the plies of games grow."""

        def call(self, *arguments):
            nonlocal played
            before = self.ply.sum()
            function(self, *arguments)
            played += int(self.ply.sum() - before)

        return call

    def opening(self, game, moves):
        nonlocal discarded
        play_randomly(self, game, moves)
        if self.done[game]:  # the opening ended the game; another one is played
            discarded += int(self.ply[game])

    learner = make_learner(tiny(algorithm).learner, RULES, seed=0)
    monkeypatch.setattr(GoBatch, "step", counting(GoBatch.step))
    monkeypatch.setattr(MeteredBatch, "step_games", counting(MeteredBatch.step_games))
    play_randomly = counting(MeteredBatch.play_randomly)
    monkeypatch.setattr(MeteredBatch, "play_randomly", opening)
    ledger = Ledger()
    finished = 0.0
    for _ in range(15):
        metrics = learner.step(ledger)
        finished += metrics["games"] * metrics.get("length", 0.0)
    assert ledger.env_steps == played > 0
    running = sum(int(games.batch.ply.sum()) for games in UNFINISHED[algorithm](learner))
    assert ledger.env_steps == pytest.approx(finished + running + discarded)


# Evaluations


@pytest.mark.parametrize("simulations", [1, 6])
def test_a_search_is_charged_one_evaluation_a_simulation_and_one_for_the_root(simulations):
    model = Model(NetworkConfig(blocks=1, channels=4, head_channels=4))
    search = Search(SearchConfig(simulations=simulations), NetworkEvaluator(model))
    ledger = Ledger()
    with charging(ledger):
        search.run(GoBatch(5, RULES), np.random.default_rng(0))  # far from any end of a game
    assert ledger.evaluations == (simulations + 1) * 5


def test_finished_positions_need_no_evaluation():
    """One pass from the end: the leaf behind the second one is known, and costs nothing."""
    model = Model(NetworkConfig(blocks=1, channels=4, head_channels=4))
    batch = GoBatch(5, RULES)
    batch.step(np.full(5, 9))
    ledger = Ledger()
    # A rule that looks at every action once before any twice: 10 actions, 1 ends the game.
    search = Search(SearchConfig(simulations=10, exploration=1000.0), NetworkEvaluator(model))
    with charging(ledger):
        result = search.run(batch, np.random.default_rng(0))
    assert (result.visits == 1).all()
    assert ledger.evaluations == 10 * 5


def test_alphazero_is_charged_for_its_searches(tiny):
    data = tiny.data("alphazero")["learner"]
    config = tiny("alphazero", learner={**data, "start": {}}).learner
    learner, ledger = make_learner(config, RULES, seed=0), Ledger()
    seen: list[int] = []
    learner.model._inference.register_forward_hook(
        lambda _, inputs, __: seen.append(len(inputs[0]))
    )
    games, rounds = config.self_play.games, 0
    for _ in range(10):
        learner.step(ledger)
        rounds += config.rounds_per_step
        # In each round each game has one leaf evaluated: a walk that ends in a finished position is
        # followed by another in the same round, and a search that ends by the next one.
        assert ledger.evaluations == sum(seen) == rounds * games
    assert set(seen) == {games}
    # All simulations and the root, but for leaves where the game was over.
    searched = (config.search.simulations + 1) * ledger.env_steps
    assert 0.8 * searched < ledger.evaluations
    assert ledger.evaluations <= searched + (config.search.simulations + 1) * games
    assert ledger.samples > 0
    assert ledger.samples % config.batch_size == 0


def test_reinforce_is_charged_for_each_move_that_a_network_chose(tiny):
    data = tiny.data("reinforce")["learner"]
    learner = make_learner(tiny("reinforce", learner={**data, "start": {}}).learner, RULES, seed=0)
    ledger = Ledger()
    learner.step(ledger)
    assert ledger.evaluations == ledger.env_steps > ledger.samples > 0


def test_judging_is_never_charged(algorithm, tiny):
    learner = make_learner(tiny(algorithm).learner, RULES, seed=0)
    ledger = Ledger()
    learner.step(ledger)
    before = ledger.spent()
    learner.agent().act(GoBatch(4, RULES), np.random.default_rng(0))
    assert ledger.spent() == before


# A run and its budget


@pytest.mark.parametrize("currency", CURRENCIES)
def test_a_run_ends_with_the_step_that_reaches_a_limit(algorithm, currency, tiny, tmp_path):
    limit = {"flops": 2e6, "env_steps": 130, "evaluations": 100, "samples": 60, "seconds": 0.15}
    config = tiny(algorithm, budget={currency: limit[currency]}, checkpoints={"snapshots": 1})
    ledger = train(config, tmp_path / "tiny")
    spent = [record["spent"][currency] for record in read_metrics(tmp_path / "tiny/metrics.jsonl")]
    assert getattr(ledger, currency) == spent[-1] >= limit[currency]
    assert len(spent) > 1
    assert spent[-2] < limit[currency]
