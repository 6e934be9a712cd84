"""Learners learn: signs on cases worked out by hand, one batch overfitted, 3x3 mastered."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import numpy as np
import pytest
import torch

from algorithms.alphazero import AlphaZero, AlphaZeroConfig
from algorithms.budget import Budget, Ledger, MeteredBatch, charging
from algorithms.credit import Rung
from algorithms.learner import Optimiser, OptimiserConfig, StartConfig, Starts
from algorithms.model import Model, NetworkEvaluator, masked_log_policy
from algorithms.networks import NETWORK_PLANES, NetworkConfig
from algorithms.players import uct_agent
from algorithms.reinforce import Reinforce, ReinforceConfig
from algorithms.replay import WHOLE
from baselines.agent import RandomAgent
from baselines.arena import play_games, summarise
from goenv import GoBatch, Rules

SMALL = NetworkConfig(blocks=2, channels=16, head_channels=8)


def win_rate(learner, opponent, rules, seed=0):
    """Of games that open at each point, with either colour."""
    agent, openings = learner.agent(), [(point,) for point in range(rules.size**2)]
    records = play_games(agent, opponent, rules, openings, np.random.default_rng(seed))
    return summarise(records, agent.name)


# ---- AlphaZero ---------------------------------------------------------------------------------


def small_alphazero(**settings) -> AlphaZero:
    config = {
        "network": SMALL,
        "search": {"simulations": 8, "noise_fraction": 0.25},
        "self_play": {"games": 16},
        "replay_minimum": 64,
        "batch_size": 32,
        **settings,
    }
    return AlphaZero(AlphaZeroConfig.model_validate(config), Rules(3, komi=8.5, max_moves=20), 0)


def test_alphazero_labels_belong_to_the_player_who_moves():
    learner = small_alphazero(rounds_per_step=300)
    learner.step(Ledger())
    replay = learner._replay
    count = len(replay)
    assert count > 200
    positions = replay.positions[:count]
    # komi is 8.5 for White and -8.5 for Black: it tells whose view it is.
    black_to_move = positions.komi < 0
    # Games follow each other in the buffer, Black to move first; within one the winner is one
    # side, so the outcome changes sign exactly with the mover.
    by_black = np.where(black_to_move, positions.outcome, -positions.outcome)
    starts = np.flatnonzero((positions.boards == 0).all(axis=1))
    assert len(starts) >= 8
    games = np.split(by_black, starts[1:])
    # A pass on the empty board gives the empty board again, so a split may cut a game in two.
    assert all(len(set(game.tolist())) == 1 for game in games)
    assert {-1, 1} >= set(by_black.tolist())
    assert (by_black == -1).any()
    # The other labels say the same: the outcome is the score's sign, the score that of the areas.
    area = positions.ownership.sum(axis=1, dtype=np.int64)
    np.testing.assert_array_equal(np.sign(positions.score), positions.outcome)
    np.testing.assert_array_equal(positions.score, area + np.where(black_to_move, -8.5, 8.5))


def test_alphazero_targets_are_the_visits_of_legal_moves():
    learner = small_alphazero(rounds_per_step=300)
    learner.step(Ledger())
    count = len(learner._replay)
    positions = learner._replay.positions[:count]
    assert (positions.policy[:, :9][positions.legal == 0] == 0).all()
    # Of 8 visits each action has a whole number.
    visits = positions.policy / WHOLE * 8
    np.testing.assert_allclose(visits, np.rint(visits), atol=1e-3)
    assert (np.rint(visits).sum(axis=1) == 8).all()


def test_alphazero_trains_as_many_samples_as_it_owes():
    learner = small_alphazero(reuse=3.0, rounds_per_step=100)
    ledger = Ledger()
    for _ in range(8):
        learner.step(ledger)
    owed = 3.0 * learner._replay.added
    assert ledger.samples > 0
    assert owed - 32 < ledger.samples <= owed


def test_one_batch_can_be_overfitted():
    model = Model(SMALL, seed=1)
    batch = GoBatch(32, Rules(4), 3)
    for _ in range(6):
        batch.step(batch.random_actions())
    planes = torch.from_numpy(batch.observe(NETWORK_PLANES, np.float32))
    rng = np.random.default_rng(0)
    legal = batch.legal_actions() | (np.arange(17) == 16)
    best = np.array([rng.choice(np.flatnonzero(row)) for row in legal])
    outcome = torch.from_numpy(rng.integers(0, 2, 32).astype(np.float32))
    optimiser = Optimiser(model, OptimiserConfig(learning_rate=5e-3))
    for _ in range(150):
        out = model.forward(planes)
        loss = torch.nn.functional.nll_loss(
            masked_log_policy(out.policy, planes), torch.from_numpy(best)
        ) + torch.nn.functional.binary_cross_entropy_with_logits(out.value, outcome)
        loss.backward()
        optimiser.update(0.0)
    logits, values = NetworkEvaluator(model).evaluate(batch, np.arange(32))
    assert (np.where(legal, logits, -np.inf).argmax(axis=1) == best).mean() > 0.95
    assert ((values > 0) == (outcome.numpy() > 0.5)).mean() > 0.95


# ---- REINFORCE ---------------------------------------------------------------------------------


def small_reinforce(**settings) -> Reinforce:
    config = {"network": SMALL, "games": 32, **settings}
    return Reinforce(ReinforceConfig.model_validate(config), Rules(3, komi=0.5, max_moves=20), 0)


def test_reinforce_keeps_exactly_the_winners_actions():
    learner = small_reinforce(start=StartConfig(komis=(-50.5,)))  # Black wins every game
    with charging(Ledger()):
        moves, metrics = learner._play(Ledger())
    assert metrics["black_wins"] == 1.0
    assert metrics["wins_against_pool"] == 0.5
    # Only positions with Black to move are left: there komi, which is negative, helps Black.
    assert (moves.planes[:, NETWORK_PLANES.index("komi")] > 0).all()
    # Black moves first, in every other ply: half of the moves of all games, rounded up.
    total = metrics["length"] * metrics["games"]
    assert total / 2 <= len(moves) <= total / 2 + metrics["games"] / 2


@pytest.mark.parametrize("rung", get_args(Rung))
def test_reinforce_weighs_the_moves_of_the_side_that_made_them(rung):
    """Each move has the weight that its own game, played along, gives it."""
    learner = small_reinforce(credit={"rung": rung, "gae_lambda": 0.7}, games=16)
    learner._mean_outcome = np.array([0.25, -0.5])
    moves, _ = learner._play(Ledger())
    assert moves.own.all() == (rung != "winner")
    # Black's komi is negative for it on the plane, White's positive.
    colour = np.where(moves.planes[:, NETWORK_PLANES.index("komi"), 0, 0] < 0, 1, -1)
    if rung == "winner":
        assert (moves.outcome == 1).all()
        assert (moves.weight == 1).all()
        return
    assert (colour == 1).any()
    assert (colour == -1).any()
    assert (moves.outcome == 1).any()
    assert (moves.outcome == -1).any()
    if rung == "outcome":
        assert (moves.weight == moves.outcome).all()
    elif rung == "constant":
        taken = np.where(colour == 1, 0.25, -0.5)
        np.testing.assert_allclose(moves.weight, moves.outcome - taken)
    elif rung == "sequence":
        # All moves of a game weigh one together, those of the current policy about half of it.
        assert 6 < np.abs(moves.weight).sum() < 10
        assert (np.sign(moves.weight) == moves.outcome).all()
    else:
        # A new network judges every position about even: there is nothing to take off.
        if rung == "value":
            np.testing.assert_allclose(moves.weight, moves.outcome, atol=0.1)
        # The further from the end, the less the outcome says: by powers of 0.7.
        powers = np.log(np.maximum(np.abs(moves.weight), 1e-9)) / np.log(0.7)
        assert rung == "value" or powers.max() > 4
        # Near the end, where the outcome outweighs the noise of the values, the signs agree.
        sure = np.abs(moves.weight) > 0.2
        assert (np.sign(moves.weight) == moves.outcome)[sure].all()


def test_the_constant_baseline_is_the_mean_outcome_of_the_player_that_learns():
    """Not Black's: who beats an older self with both colours would have nothing taken off."""
    learner = small_reinforce(credit={"rung": "constant"}, games=64)
    expected = 0.0
    for _ in range(3):
        _, metrics = learner._play(Ledger())
        expected += 0.1 * (2 * metrics["wins_against_pool"] - 1 - expected)
    assert expected != 0
    assert learner._mean_outcome.mean() == pytest.approx(expected)
    assert learner._mean_outcome[0] != learner._mean_outcome[1]


def test_normalised_weights_have_a_standard_deviation_of_one():
    learner = small_reinforce(credit={"rung": "gae", "normalise": True}, games=16)
    moves, _ = learner._play(Ledger())
    assert moves.weight.std() == pytest.approx(1)


def test_reinforce_makes_the_winners_actions_more_probable():
    learner = small_reinforce()
    ledger = Ledger(budget=Budget(flops=1e15))
    with charging(ledger):
        moves, _ = learner._play(ledger)
        tensors = torch.from_numpy(moves.planes), torch.from_numpy(moves.action)

        def mean_log_probability() -> float:
            with torch.no_grad():
                logits = learner.model.network(tensors[0]).policy
            log_policy = masked_log_policy(logits, tensors[0])
            return log_policy.gather(1, tensors[1][:, None]).mean().item()

        before = mean_log_probability()
        metrics = learner._update(moves, 0.0)
    assert mean_log_probability() > before
    assert metrics["policy_loss"] == pytest.approx(-before, abs=0.02)


@pytest.mark.parametrize("rung", ["outcome", "constant", "value", "gae", "sequence"])
def test_reinforce_makes_moves_more_or_less_probable_by_their_weights(rung):
    learner = small_reinforce(credit={"rung": rung})
    moves, _ = learner._play(Ledger())
    planes, actions = torch.from_numpy(moves.planes), torch.from_numpy(moves.action)

    def weighed() -> float:
        with torch.no_grad():
            log_policy = masked_log_policy(learner.model.network(planes).policy, planes)
        chosen = log_policy.gather(1, actions[:, None])[:, 0].numpy()
        return float((moves.weight * chosen).mean())

    before = weighed()
    metrics = learner._update(moves, 0.0)
    assert weighed() > before
    assert ("value_loss" in metrics) == (rung in ("value", "gae"))


def test_reinforce_learns_values_where_they_are_asked_for():
    learner = small_reinforce(credit={"rung": "gae"}, start=StartConfig(komis=(-50.5,)))
    ledger = Ledger(budget=Budget(env_steps=10**9))
    for _ in range(40):
        metrics = learner.step(ledger)
    assert metrics["value_loss"] < 0.02  # Black wins every game
    assert metrics["weight_std"] < 0.1  # so there is nothing left to be surprised at


def test_reinforce_goes_on_when_no_winner_has_moved():
    # One move a game, which makes a draw or, if it is a pass, lets White win, who never moves.
    rules = Rules(2, komi=4, max_moves=1)
    config = ReinforceConfig.model_validate({"network": SMALL, "games": 4})
    learner = Reinforce(config, rules, 0)
    before = learner.model.state_dict()
    assert learner.step(Ledger())["games"] == 4
    after = learner.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("max_moves", [1, 2, 3])
def test_no_game_ends_within_its_opening(max_moves):
    rules = Rules(2, komi=0.5, max_moves=max_moves)
    starts = Starts(StartConfig(random_moves=5), rules)
    ledger, rng = Ledger(), np.random.default_rng(0)
    batch = MeteredBatch(ledger, 40, rules, 1)
    for game in range(40):
        starts.begin(batch, game, rng)
    assert not batch.done.any()
    assert set(batch.ply.tolist()) == set(range(max_moves))
    assert ledger.env_steps >= batch.ply.sum()  # openings that ended a game were played too


def test_games_start_with_the_sizes_and_komis_asked_for():
    config = StartConfig(
        sizes={3: 1, 5: 3}, komis=(0.5, 2.5), komis_by_size={3: (9,)}, random_moves=4
    )
    rules = Rules(6, komi=7, superko="situational", suicide=False, max_moves=72)
    starts = Starts(config, rules)
    batch, rng = MeteredBatch(Ledger(), 1, rules, 1), np.random.default_rng(0)
    seen = Counter()
    plies = Counter()
    for _ in range(2000):
        starts.begin(batch, 0, rng)
        drawn = batch.rules[0]
        seen[drawn.size, drawn.komi, drawn.max_moves] += 1
        plies[int(batch.ply[0])] += 1
        assert (drawn.superko, drawn.suicide) == ("situational", False)
    # As many moves for each point of the board: 72 on 36 points.
    wanted = {(3, 9, 18): 0.25, (5, 0.5, 50): 0.375, (5, 2.5, 50): 0.375}
    assert set(seen) == set(wanted)
    for key, share in wanted.items():
        assert seen[key] / 2000 == pytest.approx(share, abs=0.04)
    # Half of the games begin with 1 to 4 random moves, the others with none.
    assert plies[0] / 2000 == pytest.approx(0.5, abs=0.04)
    for moves in (1, 2, 3, 4):
        assert plies[moves] / 2000 == pytest.approx(0.125, abs=0.03)


def test_a_start_larger_than_the_game_is_refused():
    with pytest.raises(ValueError, match=r"start.sizes: the game has size 5, got 7"):
        Starts(StartConfig(sizes={3: 1, 7: 1}), Rules(5))


def test_the_pool_holds_earlier_weights_not_todays():
    learner = small_reinforce(pool_every=2, pool_size=2)
    for _ in range(5):
        learner.step(Ledger())
    assert len(learner._pool) == 2
    today = learner.model.state_dict()
    assert any(not torch.equal(today[name], value) for name, value in learner._pool[-1].items())
    assert any(
        not torch.equal(learner._pool[0][name], value) for name, value in learner._pool[1].items()
    )


# ---- learning on 3x3 ---------------------------------------------------------------------------


@pytest.mark.learning
def test_alphazero_learns_3x3():
    rules = Rules(3, komi=8.5, max_moves=30)
    config = {
        "network": {"blocks": 2, "channels": 32},
        "search": {"simulations": 24, "noise_fraction": 0.25},
        "start": {"komis": [0.5, 2.5, 4.5, 6.5, 8.5, 8.5], "random_moves": 3},
        # Few moves are drawn by their visits: on so small a board each decides the game.
        "self_play": {"games": 64, "temperature_moves": 4},
        "replay_capacity": 8000,
        "replay_minimum": 500,
        "batch_size": 128,
    }
    learner = AlphaZero(AlphaZeroConfig.model_validate(config), rules, 0)
    ledger = Ledger(budget=Budget(env_steps=24_000))
    before = win_rate(learner, uct_agent(60), rules)
    while not ledger.exhausted():
        metrics = learner.step(ledger)
    assert metrics["value_loss"] < 0.4
    # Black takes the whole board from the centre; the value of the empty board is a win.
    batch = GoBatch(1, rules)
    action = learner.agent().act(batch, np.random.default_rng(0))
    assert action[0] == 4
    _, value = NetworkEvaluator(learner.model).evaluate(batch, np.zeros(1, int))
    assert value[0] > 0.5
    after = win_rate(learner, uct_agent(60), rules)
    assert after.as_black > before.as_black
    # From the centre Black wins against any play.
    agent = learner.agent()
    games = play_games(agent, uct_agent(500), rules, [(4,)], np.random.default_rng(1))
    assert [game.score > 0 for game in games if game.black == agent.name] == [True]


@pytest.mark.learning
def test_reinforce_learns_3x3():
    rules = Rules(3, komi=0.5, max_moves=30)
    config = {
        "network": {"blocks": 2, "channels": 16},
        "optimiser": {"learning_rate": 2e-3},
        "games": 128,
    }
    learner = Reinforce(ReinforceConfig.model_validate(config), rules, 0)
    before = win_rate(learner, RandomAgent(), rules, seed=1)
    ledger = Ledger(budget=Budget(env_steps=250_000))
    while not ledger.exhausted():
        learner.step(ledger)
    rates = [win_rate(learner, RandomAgent(), rules, seed=seed).rate for seed in range(8)]
    assert np.mean(rates) > 0.8
    assert np.mean(rates) > before.rate + 0.15
