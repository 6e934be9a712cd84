"""Transitions and what Q-learning makes of them, on games played along by hand."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from algorithms.budget import Ledger
from algorithms.learner import OptimiserConfig, StartConfig, Starts
from algorithms.model import Model
from algorithms.networks import NETWORK_PLANES, NetworkConfig
from algorithms.q_network import QConfig, QLearner, q_of
from algorithms.replay import WHOLE
from algorithms.reservoir import Reservoir
from algorithms.transitions import TransitionBuffer, TransitionGames
from baselines.agent import RandomAgent
from goenv import Rules

SMALL = NetworkConfig(blocks=1, channels=8, head_channels=4)
OWN, KOMI = NETWORK_PLANES.index("own"), NETWORK_PLANES.index("komi")


def playing(plies, rules=None, games=4, **start):
    rules = rules or Rules(3, komi=0.5, max_moves=20)
    games = TransitionGames(Starts(StartConfig(**start), rules), games, plies, 7)
    games.begin()
    return games


@pytest.mark.parametrize("plies", [1, 2, 3])
def test_transitions_are_those_of_the_games(plies):
    """Every move gives one transition: to the position some plies on, or to the outcome."""
    games, rng = playing(plies, games=1), np.random.default_rng(0)
    for _ in range(12):
        seen, actions, colours, found = [], [], [], []
        while True:
            seen.append(games.batch.boards()[0] * games.batch.to_play[0])
            colours.append(int(games.batch.to_play[0]))
            actions.append(int(RandomAgent().act(games.batch, rng)[0]))
            played = games.play(np.array(actions[-1:]))
            found += [played.transitions[index] for index in range(len(played.transitions))]
            if len(played.over):
                break
        assert len(found) == len(actions) == played.length[0]
        black = 2 * played.black_wins[0] - 1
        running = len(actions) - plies
        for number, each in enumerate(found):
            # Those of a running game come in order; at its end the last ones, in any.
            if number < running:
                move = number
                assert not each.final
                assert each.sign == (-1) ** plies
                after = each.after.boards.reshape(3, 3)
                np.testing.assert_array_equal(after, seen[move + plies])
            else:
                assert each.final
            board = each.before.boards.reshape(3, 3)
            fits = [
                k for k in range(len(actions))
                if (seen[k] == board).all() and each.before.policy[actions[k]] == WHOLE
                and (k >= running) == bool(each.final)
            ]  # fmt: skip
            assert fits
            if each.final:
                assert int(each.before.outcome) in {colours[k] * black for k in fits}
            else:
                assert move in fits


def test_the_sign_turns_the_others_worth_into_ones_own():
    """A later position good for whoever moves there is bad for who moved before."""
    model = Model(SMALL, 0)
    q = QLearner(model, OptimiserConfig(), QConfig(minimum=1, batch_size=8), 3, 0)
    with torch.no_grad():  # Q is 0.5 of every action, as the earlier copy says
        for parameter in q._target.network.parameters():
            parameter.zero_()
        logit = float(np.log(3.0))
        biases = [p for n, p in q._target.network.named_parameters() if "policy" in n]
        assert biases
    q._target._stale = True
    buffer = TransitionBuffer(100, 3)
    games, rng = playing(1), np.random.default_rng(0)
    for _ in range(30):
        buffer.add(games.play(RandomAgent().act(games.batch, rng)).transitions)
    samples = buffer.sample(64, rng)

    def all_half(planes, padded):
        return np.full((len(planes), 10), logit, np.float32), None

    q._target.evaluate = all_half
    targets = q.targets(samples)
    assert samples.final.any()
    np.testing.assert_allclose(targets[~samples.final], -0.5, atol=1e-6)
    np.testing.assert_array_equal(targets[samples.final], samples.outcome[samples.final])


def test_the_network_names_the_move_and_the_copy_its_worth():
    """Double DQN: neither the largest worth nor an illegal move's."""
    model = Model(SMALL, 0)
    q = QLearner(model, OptimiserConfig(), QConfig(), 3, 0)
    buffer = TransitionBuffer(100, 3)
    games, rng = playing(2), np.random.default_rng(0)
    for _ in range(30):
        buffer.add(games.play(RandomAgent().act(games.batch, rng)).transitions)
    samples = buffer.sample(64, rng)
    names, worth = rng.normal(size=(2, 64, 10)).astype(np.float32)
    model.evaluate = lambda planes, padded: (names, None)
    q._target.evaluate = lambda planes, padded: (worth, None)
    targets = q.targets(samples)
    for row in np.flatnonzero(~samples.final):
        legal = np.flatnonzero(samples.legal_after[row])
        best = legal[names[row, legal].argmax()]
        assert targets[row] == pytest.approx(q_of(worth[row, best]), abs=1e-6)
    assert not samples.legal_after.all()


def test_q_of_known_outcomes_is_learned():
    """Games of one move: Q is the outcome, which depends on the move alone."""
    rules = Rules(2, komi=2, max_moves=1)  # a stone takes the board and wins; a pass loses
    model = Model(SMALL, 1)
    config = QConfig(minimum=1, batch_size=64, reuse=16)
    q = QLearner(model, OptimiserConfig(learning_rate=5e-3), config, 2, 0)
    games, rng, ledger = playing(1, rules, 16), np.random.default_rng(0), Ledger()
    for _ in range(40):
        q.add(games.play(RandomAgent().act(games.batch, rng)).transitions)
        metrics = q.train(ledger)
    logits, _ = q.model.evaluate(games.batch.observe(NETWORK_PLANES, np.float32))
    np.testing.assert_allclose(q_of(logits[0]), [1, 1, 1, 1, -1], atol=0.1)
    assert metrics["td_error"] < 0.1
    actions, worth = q.act(games.batch, np.arange(16), 0.0, rng)
    assert (actions < 4).all()
    np.testing.assert_allclose(worth, 1, atol=0.1)
    assert ledger.samples > 0
    assert ledger.evaluations == 2 * ledger.samples  # both networks look at what comes after


def test_explorers_play_every_legal_move():
    q = QLearner(Model(SMALL, 1), OptimiserConfig(), QConfig(), 3, 0)
    games, rng = playing(1, games=500), np.random.default_rng(0)
    greedy, _ = q.act(games.batch, np.arange(500), 0.0, rng)
    assert len(set(greedy.tolist())) == 1
    mixed, _ = q.act(games.batch, np.arange(500), 0.5, rng)
    assert set(mixed.tolist()) == set(range(10))
    assert (mixed == greedy[0]).mean() == pytest.approx(0.55, abs=0.08)


def test_positions_and_moves_are_turned_alike():
    buffer, rng = TransitionBuffer(100, 3), np.random.default_rng(0)
    games = playing(1)
    for _ in range(20):
        buffer.add(games.play(RandomAgent().act(games.batch, rng)).transitions)
    samples = buffer.sample(200, rng)
    # A stone that captured nothing stands afterwards where it was played, for the other side.
    moved = ~samples.final & (samples.action[:, :9].sum(axis=1) == 1)
    point = samples.action[moved, :9].argmax(axis=1)
    opponents = samples.after[moved, 1].reshape(-1, 9)
    stands = opponents[np.arange(len(point)), point] == 1
    assert stands.mean() > 0.95  # all but suicides
    assert moved.sum() > 50


@pytest.mark.parametrize("plies", [1, 2])
def test_games_go_on_from_a_stored_state(plies):
    games, rng = playing(plies, random_moves=2), np.random.default_rng(0)
    for _ in range(9):
        games.play(RandomAgent().act(games.batch, rng))
    other = playing(plies, random_moves=2)
    other.load_state_dict(copy.deepcopy(games.state_dict()))
    for _ in range(30):
        actions = RandomAgent().act(games.batch, rng)
        first, second = games.play(actions).transitions, other.play(actions).transitions
        np.testing.assert_array_equal(first.before.boards, second.before.boards)
        np.testing.assert_array_equal(first.after.boards, second.after.boards)
        np.testing.assert_array_equal(first.before.outcome, second.before.outcome)


def test_a_reservoir_keeps_all_that_came_alike():
    """Of 400 positions in 100 places each stays with probability a quarter, early or late."""
    games, rng = playing(1), np.random.default_rng(0)
    positions = games.play(RandomAgent().act(games.batch, rng)).positions
    kept = np.zeros(400)
    for seed in range(200):
        reservoir = Reservoir(100, 3, seed)
        for first in range(0, 400, 4):
            positions.value[:] = first + np.arange(4)
            reservoir.add(positions)
        assert len(reservoir) == 100
        kept[reservoir.positions.value.astype(int)] += 1
    assert kept.sum() == 200 * 100
    parts = kept.reshape(8, 50).mean(axis=1) / 200
    np.testing.assert_allclose(parts, 0.25, atol=0.02)
