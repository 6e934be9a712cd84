"""Labels that come from elsewhere than new games: searched anew, random games, playouts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from algorithms.alphazero import AlphaZero, AlphaZeroConfig
from algorithms.budget import Ledger
from algorithms.evaluator import PlayoutEvaluator, UniformEvaluator
from algorithms.learner import StartConfig, Starts
from algorithms.mixture import LeafConfig, MixtureEvaluator, PolicyPlayoutEvaluator, leaf_evaluator
from algorithms.model import Model, NetworkEvaluator, observe
from algorithms.networks import NetworkConfig
from algorithms.random_games import random_games
from algorithms.relabel import relabel
from algorithms.replay import WHOLE, Positions, ReplayBuffer, record_planes
from algorithms.search import Search, SearchConfig
from algorithms.self_play import SelfPlayConfig
from goenv import GoBatch, Rules

SMALL = NetworkConfig(blocks=1, channels=8, head_channels=8)


@pytest.fixture(scope="module")
def model():
    """A network with opinions."""
    made = Model(SMALL, seed=3)
    with torch.no_grad():
        for weights in made.network.parameters():
            torch.nn.init.normal_(weights, std=0.15)
    made.updated()
    return made


@pytest.mark.parametrize("root", ["puct", "gumbel"])
def test_a_position_searched_anew_has_what_a_search_of_the_game_finds(model, root):
    """Boards of two sizes and three komis; either colour to move, which the buffer calls Black."""
    # No limit in sight, and no past: neither forbids anything.
    games = [
        Rules(size, komi=komi, max_moves=100)
        for size in (3, 4)
        for komi in (-2.5, 4, 0.5)
        for _ in range(4)
    ]
    played, batch = GoBatch(len(games), games, seed=1), GoBatch(len(games), games)
    for _ in range(4):
        played.step(played.random_actions())
    everyone = np.arange(len(games))
    for game, rules in enumerate(games):
        board = played.boards()[game, : rules.size, : rules.size]
        batch.set_position(game, board, 1 if game % 2 else -1)
    stored = Positions.empty(len(games), 4)
    record_planes(stored, everyone, observe(batch, everyone), batch.sizes)
    stored.policy[:, -1] = WHOLE
    replay = ReplayBuffer(len(games), 4)
    replay.add(stored)
    replay.draw = lambda count, rng: everyone[:count]
    search = SearchConfig(simulations=20, root=root, interior=root)
    found = Search(search, NetworkEvaluator(model)).run(batch, np.random.default_rng(0))
    rules = Rules(4, max_moves=100)
    agreed = relabel(
        replay, len(games), search, NetworkEvaluator(model), rules, np.random.default_rng(0)
    )
    np.testing.assert_allclose(replay.positions.policy / WHOLE, found.policy, atol=0.005)
    np.testing.assert_allclose(replay.positions.value, found.value, atol=1e-3)
    assert agreed == pytest.approx(found.policy[:, -1].mean(), abs=0.01)  # all had been on the pass


def test_steps_that_search_anew_play_no_game_and_learn_as_much():
    config = AlphaZeroConfig(
        network=SMALL, search=SearchConfig(simulations=4), self_play=SelfPlayConfig(games=8),
        rounds_per_step=20, replay_minimum=1, batch_size=5, reuse=2, relabel_steps=0.9,
    )  # fmt: skip
    learner, ledger = AlphaZero(config, Rules(3, komi=0.5, max_moves=9), seed=0), Ledger()
    dreamt = []
    while len(dreamt) < 5:
        before = ledger.env_steps, ledger.samples, ledger.evaluations
        metrics = learner.step(ledger)
        if "games" not in metrics:
            assert ledger.env_steps == before[0]
            assert ledger.samples - before[1] == metrics["relabelled"] * config.reuse
            assert ledger.evaluations > before[2]
            dreamt.append(metrics["relabelled"])
    assert dreamt == [8 * 20 / 4] * 5


def test_random_games_are_labelled_for_whoever_moves():
    rules = Rules(3, komi=0.5, max_moves=20)
    ledger = Ledger()
    starts = Starts(StartConfig(komis=(0.5, -6.5)), rules)
    games = random_games(starts, 30, ledger, np.random.default_rng(0))
    assert len(games) == 30
    assert ledger.env_steps == sum(map(len, games))
    assert (ledger.evaluations, ledger.samples) == (0, 0)
    for positions in games:
        assert not positions.policy.any()
        assert np.isnan(positions.value).all()
        # Whose turn it is changes with each move, and all labels with it.
        turns = (-1) ** np.arange(len(positions))
        np.testing.assert_array_equal(positions.outcome, positions.outcome[0] * turns)
        np.testing.assert_array_equal(positions.score, positions.score[0] * turns)
        assert (np.sign(positions.score) == positions.outcome).all()
        # Black begins; its score is its area less White's and the komi, one of those asked for.
        komi = positions.ownership[0].sum() - positions.score[0]
        assert komi in (0.5, -6.5)


def test_a_warm_up_teaches_the_value_before_the_first_search():
    config = {
        "network": SMALL, "search": {"simulations": 4}, "self_play": {"games": 4},
        "warm_up_games": 1200, "batch_size": 32, "rounds_per_step": 5,
    }  # fmt: skip
    rules = Rules(3, komi=0.5, max_moves=20)
    learner = AlphaZero(AlphaZeroConfig.model_validate(config), rules, 0)
    ledger = Ledger()
    left, losses = [], []
    while not left or left[-1] > 0:
        metrics = learner.step(ledger)
        left.append(metrics["warm_up_left"])
        losses.append(metrics["value_loss"])
    assert left == [688, 176, 0]
    assert ledger.evaluations == 0
    assert ledger.samples > 0
    assert losses[-1] < losses[0]
    assert "warm_up_left" not in learner.step(ledger)
    assert ledger.evaluations > 0
    # It knows by now who has won: the whole board with two eyes.
    board = np.array([[1, 0, 1], [1, 1, 1], [1, 1, 0]])
    batch = GoBatch(2, rules)
    batch.set_position(0, board, 1)
    batch.set_position(1, board, -1)
    value = learner.model.evaluate(observe(batch, np.arange(2)))[1]
    assert value[0] > 0.3
    assert value[1] < -0.3


class Coin(UniformEvaluator):
    """Finds every position as good as it is told."""

    def __init__(self, value: float):
        self.value = value

    def evaluate(self, batch, games):
        logits, values = super().evaluate(batch, games)
        return logits + self.value, np.full_like(values, self.value)


def test_a_mixture_weighs_network_and_playout():
    batch, games = GoBatch(3, Rules(3)), np.array([0, 2])
    logits, values = MixtureEvaluator(Coin(0.5), Coin(-1.0), 0.25).evaluate(batch, games)
    np.testing.assert_allclose(values, 0.75 * 0.5 - 0.25)
    np.testing.assert_array_equal(logits, Coin(0.5).evaluate(batch, games)[0])


def test_which_evaluator_a_configuration_asks_for(model):
    def made(**leaf):
        return leaf_evaluator(model, LeafConfig(**leaf), SearchConfig())

    assert isinstance(made(), NetworkEvaluator)
    assert isinstance(made(playout_weight=1, playouts="policy"), PolicyPlayoutEvaluator)
    mixed = made(playout_weight=0.5, playouts="policy")
    assert isinstance(mixed, MixtureEvaluator)
    assert isinstance(mixed._playouts, PolicyPlayoutEvaluator)
    assert isinstance(made(playout_weight=0.5)._playouts, PlayoutEvaluator)


@pytest.mark.parametrize("playouts", ["random", "policy"])
def test_playouts_tell_whoever_moves_who_wins(playouts):
    """Black lives with two eyes and White has no room: Black wins if it fills none of them."""
    board = np.array([[1, 0, 1], [1, 1, 1], [1, 1, 0]])
    batch = GoBatch(200, Rules(3, komi=0.5, max_moves=60))
    for game in range(200):
        batch.set_position(game, board, 1 if game % 2 == 0 else -1)
    passes = Model(SMALL, seed=3)
    with torch.no_grad():
        passes.network.policy_head.passing.bias.fill_(20.0)
    passes.updated()
    evaluator = PlayoutEvaluator() if playouts == "random" else PolicyPlayoutEvaluator(passes)
    evaluator.seed(np.random.default_rng(0))
    logits, values = evaluator.evaluate(batch, np.arange(200))
    np.testing.assert_array_equal(values, np.where(np.arange(200) % 2 == 0, 1, -1))
    if playouts == "policy":
        expected = passes.evaluate(observe(batch, np.arange(200)))[0]
        np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_a_policy_draws_the_moves_of_its_playouts():
    """From one position the outcomes differ as the moves do, and a seed repeats them."""
    batch = GoBatch(200, Rules(3, komi=0.5))
    evaluator = PolicyPlayoutEvaluator(Model(SMALL, seed=3))

    def outcomes(seed):
        evaluator.seed(np.random.default_rng(seed))
        return evaluator.evaluate(batch, np.arange(200))[1]

    first = outcomes(0)
    assert set(first) == {-1.0, 1.0}
    np.testing.assert_array_equal(first, outcomes(0))
    assert (first != outcomes(1)).any()
