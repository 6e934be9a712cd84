"""AlphaZero in parts: workers, averages of the weights, and going on in the middle of searches."""

from __future__ import annotations

import copy
from time import sleep
from typing import Any

import numpy as np
import pytest
import torch
from run_helpers import stop_after

from algorithms.alphazero import AlphaZero, AlphaZeroConfig
from algorithms.budget import Budget, Ledger
from algorithms.checkpoint import load_state, load_weights
from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.replay import WHOLE, Positions, ReplayBuffer, make_samples
from algorithms.run import train
from algorithms.self_play import Episode, SelfPlay
from algorithms.training import LossConfig, losses
from goenv import Rules

# Settings that keep more than the plain ones between two rounds, and those that share out the work.
VARIANTS: dict[str, dict[str, Any]] = {
    "workers": {"workers": 2},
    "workers, reuse, merge, fast moves, average": {
        "workers": 2,
        "search": {"simulations": 5, "noise_fraction": 0.25, "reuse": True, "merge": True},
        "self_play": {"games": 5, "full_search": 0.5, "fast_simulations": 2},
        "averaging": 0.7,
    },
    "gumbel, reuse, sizes, transformer": {
        "network": {"trunk": "transformer", "separate": True, "blocks": 1, "channels": 4},
        "search": {"simulations": 5, "root": "gumbel", "interior": "gumbel", "gumbel_scale": 1.0,
                   "considered": 4, "reuse": True},
        "self_play": {"games": 4, "first_simulations": 2, "false_concessions": 0.1},
        "start": {"sizes": {2: 1, 3: 1}, "komis": [0.5, 2], "random_moves": 2},
        "averaging": 0.5,
    },
    "warm-up, searched anew, playouts, resigned": {
        "workers": 2,
        "warm_up_games": 3,
        "relabel": 1.0,
        "relabel_steps": 0.3,
        "leaf": {"playout_weight": 0.5, "playouts": "policy"},
        "self_play": {"games": 4, "resign": True, "concede_below": 0.2, "false_concessions": 0.1},
        "loss": {"search_value": 0.5},
    },
    "leaves, early stops": {
        "search": {"simulations": 9, "leaves": 3, "stop_early": True},
        "self_play": {"games": 3, "concede_below": 0.3},
        "loss": {"hard_targets": True},
        "symmetries": False,
        "network": {"auxiliary": False, "blocks": 1, "channels": 4},
    },
}  # fmt: skip


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS)
def variant(request, tiny):
    """The configuration of a tiny run; as many moves as training needs and no more."""
    learner = {**tiny.data("alphazero")["learner"], "rounds_per_step": 10, **request.param}
    return tiny("alphazero", learner=learner, budget={"env_steps": 150})


def test_stopped_and_resumed_a_run_ends_as_if_it_had_not_been(variant, outcome_of, tmp_path):
    """Stopped in the middle of searches, every few steps; and the same again is the same."""
    assert train(variant, tmp_path / "whole").samples > 0
    folder, stops = tmp_path / "parts", 0
    while not train(variant, folder, True, should_stop=stop_after(3)).exhausted():
        stops += 1
        assert stops < 50, "it does not get on"
    assert stops >= 2
    assert outcome_of(folder) == outcome_of(tmp_path / "whole")


@pytest.mark.parametrize("slow", ["play", "training"])
def test_two_workers_do_the_same_twice_however_fast_they_are(
    tiny, outcome_of, tmp_path, monkeypatch, slow
):
    config = tiny("alphazero", learner={**tiny.data("alphazero")["learner"], "workers": 2})
    one, two = tmp_path / "one", tmp_path / "two"
    train(config, one)
    run, draw = SelfPlay.run, ReplayBuffer.sample
    if slow == "play":
        monkeypatch.setattr(SelfPlay, "run", lambda *args: sleep(0.02) or run(*args))
    else:
        monkeypatch.setattr(ReplayBuffer, "sample", lambda *args: sleep(0.1) or draw(*args))
    train(config, two)
    monkeypatch.undo()
    assert outcome_of(one) == outcome_of(two)
    # The number of workers is part of the configuration: games are others with it.
    train(tiny("alphazero"), tmp_path / "alone")
    assert outcome_of(tmp_path / "alone").weights != outcome_of(one).weights


def test_workers_share_out_games_samples_and_what_is_charged(tiny):
    data = {**tiny.data("alphazero")["learner"], "workers": 3, "self_play": {"games": 7}}
    config = AlphaZeroConfig.model_validate(data)
    learner, ledger = AlphaZero(config, Rules(3, komi=0.5, max_moves=21), 0), Ledger()
    games = [len(worker.batch) for worker in learner.team.players]
    assert sum(games) == 7
    assert max(games) - min(games) <= 1
    while not ledger.samples:
        metrics = learner.step(ledger)
    assert ledger.samples == metrics["updates"] * config.batch_size
    assert ledger.evaluations > 0
    # Workers draw from streams of their own.
    boards = [worker.batch.boards()[0].tolist() for worker in learner.team.players]
    assert boards[0] != boards[1] or boards[1] != boards[2]


def test_an_error_in_training_ends_play_as_well(tiny, monkeypatch):
    data = {**tiny.data("alphazero")["learner"], "workers": 2}
    learner = AlphaZero(AlphaZeroConfig.model_validate(data), Rules(3, komi=0.5, max_moves=21), 0)
    ledger = Ledger()
    while not ledger.samples:
        learner.step(ledger)

    def fail(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(learner, "_train", fail)
    with pytest.raises(MemoryError, match="no room"):
        learner.step(ledger)
    monkeypatch.undo()
    played = ledger.env_steps
    learner.step(ledger)  # nothing is left over
    assert ledger.env_steps > played


def test_gradients_of_parts_are_those_of_the_whole():
    """Means over parts, weighed by their sizes, are the mean over all."""
    config = AlphaZeroConfig.model_validate({"network": {"blocks": 1, "channels": 4}})
    model = Model(config.network, seed=1)
    rng = np.random.default_rng(0)
    positions = Positions.empty(12, 3)
    positions.boards[:] = rng.integers(-1, 2, positions.boards.shape)
    positions.legal[:] = positions.boards == 0
    positions.policy[:, -1] = 65535
    positions.outcome[:] = rng.integers(-1, 2, 12)
    positions.ownership[:] = rng.integers(-1, 2, positions.ownership.shape)
    positions.score[:] = rng.normal(size=12)
    parameters = list(model.network.parameters())

    def gradient(rows):
        samples = make_samples(positions, rows, np.zeros(len(rows), int), 3)
        loss, metrics = losses(model, samples, config.loss)
        assert set(metrics) >= {"policy_loss", "value_loss", "ownership_loss", "score_loss"}
        return torch.autograd.grad(loss, parameters)

    whole = gradient(np.arange(12))
    first, last = gradient(np.arange(5)), gradient(np.arange(5, 12))
    for all_of_it, a, b in zip(whole, first, last, strict=True):
        wrong = (all_of_it - (5 * a + 7 * b) / 12).abs().max()
        assert wrong <= 0.02 * all_of_it.abs().max() + 1e-4  # bfloat16 keeps eight bits


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_target_of_the_value_mixes_outcome_and_search(share):
    model = Model(NetworkConfig(blocks=1, channels=4), seed=1)
    positions = Positions.empty(3, 3)
    positions.legal[:] = 1
    positions.outcome[:] = 1, -1, 1
    positions.value[:] = 0.5, 0.0, np.nan  # no search judged the last
    samples = make_samples(positions, np.arange(3), np.zeros(3, int), 3)
    _, metrics = losses(model, samples, LossConfig(search_value=share))
    target = np.array([1 - 0.5 * share, -1 + share, 1])
    # The network is new and says 0, a win probability of about one half, wherever it looks.
    value = model.evaluate(samples.planes)[1]
    win, wanted = (1 + value) / 2, (1 + target) / 2
    expected = -(wanted * np.log(win) + (1 - wanted) * np.log(1 - win)).mean()
    assert metrics["value_loss"] == pytest.approx(expected, rel=0.01)


def test_hard_targets_train_the_likeliest_action_alone():
    model = Model(NetworkConfig(blocks=1, channels=4), seed=1)
    positions = Positions.empty(3, 2)
    positions.legal[:] = 1
    for row, target in enumerate([(0.1, 0.2, 0.6, 0.1, 0), (0.3, 0.2, 0.1, 0, 0.4), (0,) * 5]):
        positions.policy[row] = np.round(WHOLE * np.array(target))  # of the last nothing is known
    samples = make_samples(positions, np.arange(3), np.zeros(3, int), 2)
    logits = model.evaluate(samples.planes)[0].astype(np.float64)
    surprise = np.log(np.exp(logits).sum(axis=1, keepdims=True)) - logits
    _, soft = losses(model, samples, LossConfig())
    _, hard = losses(model, samples, LossConfig(hard_targets=True))
    shares = samples.policy[:2]
    assert soft["policy_loss"] == pytest.approx((shares * surprise[:2]).sum() / 2, rel=0.01)
    assert hard["policy_loss"] == pytest.approx((surprise[0, 2] + surprise[1, 4]) / 2, rel=0.01)
    assert soft["policy_loss"] != pytest.approx(hard["policy_loss"], rel=0.001)
    logged = np.log(np.where(shares > 0, shares, 1))
    assert soft["target_entropy"] == pytest.approx(-(shares * logged).sum() / 2, rel=0.01)
    assert hard["target_entropy"] == pytest.approx(0, abs=1e-6)


def test_a_checkpoint_holds_the_average_and_training_goes_on_from_the_rest(tiny, tmp_path):
    learner = {**tiny.data("alphazero")["learner"], "averaging": 0.9}
    config = tiny("alphazero", learner=learner)
    folder = tmp_path / "tiny"
    train(config, folder)
    latest = folder / "checkpoints" / "latest"
    average = load_weights(latest)[0].state_dict()
    trained = load_state(latest)["learner"]["trained"]
    assert set(trained) == set(average)
    far = [name for name in average if not np.array_equal(trained[name], average[name].numpy())]
    assert len(far) > len(average) / 2
    # By hand: the average of what a learner trains, update by update.
    rules = config.game.rules()
    again, ledger = AlphaZero(config.learner, rules, 0), Ledger(budget=Budget(env_steps=100))
    expected = {name: value.clone() for name, value in again.model.state_dict().items()}
    update = again._trainer.optimiser.update

    def updating(progress):
        norm = update(progress)
        for name, value in again.model.trained_weights().items():
            expected[name] = 0.9 * expected[name] + 0.1 * value
        return norm

    again._trainer.optimiser.update = updating
    while not ledger.exhausted():
        again.step(ledger)
    assert ledger.samples > 0
    for name, value in again.model.state_dict().items():
        torch.testing.assert_close(value, expected[name], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("name", ["ownership", "score"])
def test_weights_of_auxiliary_losses(name):
    """A weight of 0 takes a target out of the loss, and any other does not move the metrics."""
    config = LossConfig()
    model = Model(NetworkConfig(blocks=1, channels=4), seed=1)
    positions = Positions.empty(4, 3)
    positions.policy[:, -1] = 65535
    positions.ownership[:] = 1
    positions.score[:] = 7
    changed = copy.deepcopy(positions)
    setattr(changed, name, -getattr(positions, name))
    without = config.model_copy(update={f"{name}_weight": 0.0})

    def loss(positions, config):
        samples = make_samples(positions, np.arange(4), np.zeros(4, int), 3)
        return losses(model, samples, config)[0].item()

    assert loss(positions, without) == loss(changed, without)
    assert loss(positions, config) != loss(changed, config)


def test_false_concessions_are_the_games_played_out_that_would_have_been_given_away():
    """Of four games played out two fell below -0.9 without being lost; others tell nothing."""
    config = {"self_play": {"games": 2, "concede_below": 0.9, "played_out": 1.0}}
    learner = AlphaZero(AlphaZeroConfig.model_validate(config), Rules(2, komi=0.5, max_moves=9), 0)
    seen = (-0.95, -0.5, 0.1, -0.91, np.nan)
    episodes = [Episode(Positions.empty(1, 2), 3, 1.0, 4.0, False, each) for each in seen]
    assert learner._learn_from(episodes)["false_concessions"] == 0.5


@pytest.mark.parametrize(
    ("lowest", "expected"),
    [(np.linspace(-1, 1, 501), 0.8), (np.linspace(-0.5, 0.5, 501), 0.4), (np.full(300, 0.9), 0.0)],
)
def test_sides_concede_so_that_few_games_would_have_been_lost_by_it(lowest, expected):
    """Of the games played out a tenth at most; and nobody concedes who thinks to be ahead."""
    config = {"self_play": {"games": 2, "false_concessions": 0.1, "played_out": 1.0}}
    learner = AlphaZero(AlphaZeroConfig.model_validate(config), Rules(2, komi=0.5, max_moves=9), 0)
    episode = Episode(Positions.empty(1, 2), 3, 1.0, 4.0, False, lowest=float(lowest[0]))
    learner._lowest = lowest[1:].astype(np.float32)
    metrics = learner._learn_from([episode])
    assert metrics["concede_below"] == learner._concede_below == pytest.approx(expected, abs=0.01)
    metrics = learner._learn_from([episode])
    assert metrics["false_concessions"] <= 0.1 + 1 / len(lowest)
    # It is part of the state.
    other = AlphaZero(learner.config, Rules(2, komi=0.5, max_moves=9), 0)
    other.load_state_dict(learner.state_dict())
    assert other._concede_below == learner._concede_below
    np.testing.assert_array_equal(other._lowest, learner._lowest)


def test_until_enough_games_were_played_out_the_limit_is_that_of_the_configuration():
    config = {"self_play": {"games": 2, "false_concessions": 0.1, "concede_below": 0.7}}
    learner = AlphaZero(AlphaZeroConfig.model_validate(config), Rules(2, komi=0.5, max_moves=9), 0)
    episode = Episode(Positions.empty(1, 2), 3, 1.0, 4.0, False, lowest=-0.2)
    for _ in range(99):
        assert "concede_below" not in learner._learn_from([episode])
    assert learner._concede_below == 0.7
    assert learner._learn_from([episode])["concede_below"] == pytest.approx(0.2)
