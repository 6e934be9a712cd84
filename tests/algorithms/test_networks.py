"""The network on any size, the model around it, and the symmetries."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from algorithms.model import Model, NetworkEvaluator, masked_log_policy
from algorithms.networks import NETWORK_PLANES, Network, NetworkConfig, parameter_count
from algorithms.replay import ReplayBuffer, apply_symmetries, symmetry_indices
from goenv import GoBatch, Rules

SMALL = NetworkConfig(blocks=2, channels=8, head_channels=4)


def trained_looking_network() -> Network:
    """A network none of whose weights are zero, as if it had been trained."""
    torch.manual_seed(0)
    network = Network(SMALL)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return network


def positions(rules, count=6, plies=5, seed=0) -> GoBatch:
    batch = GoBatch(count, rules, seed)
    for _ in range(plies):
        batch.step(batch.random_actions())
    return batch


@pytest.mark.parametrize("size", [2, 3, 5, 9, 19])
def test_one_set_of_weights_serves_every_size(size):
    planes = torch.from_numpy(positions(Rules(size)).observe(NETWORK_PLANES, np.float32))
    logits, values = trained_looking_network()(planes)
    assert logits.shape == (6, size * size + 1)
    assert values.shape == (6,)
    assert torch.isfinite(logits).all()
    assert torch.isfinite(values).all()


def test_padding_changes_nothing():
    network = trained_looking_network()
    alone = positions(Rules(5), count=4)
    mixed = GoBatch(5, [Rules(5)] * 4 + [Rules(9)])
    # The same moves on the padded board, numbered on the larger grid.
    history = GoBatch(4, Rules(5), 0)
    for _ in range(5):
        actions = history.random_actions()
        history.step(actions)
        rows, columns = divmod(actions, 5)
        padded = np.where(actions == 25, 81, 9 * rows + columns)
        mixed.step(np.append(padded, 81 if not mixed.done[4] else 0))
    assert (history.boards() == alone.boards()).all()
    plain, value = network(torch.from_numpy(alone.observe(NETWORK_PLANES, np.float32)))
    planes = torch.from_numpy(mixed.observe(NETWORK_PLANES, np.float32))
    wide, wide_value = network(planes, padded=True)
    points = wide[:4, :-1].reshape(4, 9, 9)[:, :5, :5].reshape(4, 25)
    # Global pooling scales by the side, so the masked side must be the small board's.
    torch.testing.assert_close(points, plain[:, :-1], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(wide[:4, -1], plain[:, -1], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(wide_value[:4], value, atol=1e-4, rtol=1e-4)


def test_an_untrained_network_is_even_handed():
    model = Model(SMALL, seed=3)
    batch = positions(Rules(5))
    logits, values = NetworkEvaluator(model).evaluate(batch)
    assert np.abs(logits).max() < 0.5
    assert np.abs(values).max() < 0.2


def test_inference_follows_the_weights():
    model = Model(SMALL, seed=3)
    planes = positions(Rules(5)).observe(NETWORK_PLANES, np.float32)
    before, _ = model.evaluate(planes)
    model.load_state_dict(trained_looking_network().state_dict())
    after, values = model.evaluate(planes)
    with torch.no_grad():
        logits, value_logits = model.network(torch.from_numpy(planes))
    assert np.abs(after - before).max() > 0.1
    # bfloat16 keeps eight bits.
    assert np.allclose(after, logits.numpy(), atol=0.05 * np.abs(after).max())
    assert np.allclose(values, np.tanh(value_logits.numpy() / 2), atol=0.1)


def test_masked_log_policy_leaves_only_legal_moves():
    batch = positions(Rules(4), plies=9)
    planes = torch.from_numpy(batch.observe(NETWORK_PLANES, np.float32))
    policy = masked_log_policy(torch.randn(6, 17), planes).exp().numpy()
    running = ~batch.done
    assert np.allclose(policy.sum(axis=1), 1, atol=1e-5)
    assert (policy[running][~batch.legal_actions()[running]] == 0).all()
    assert (policy[running][batch.legal_actions()[running]] > 0).all()


def test_symmetries_are_the_eight_of_the_square():
    indices = symmetry_indices(3)
    boards = {tuple(row) for row in indices.tolist()}
    assert len(boards) == 8
    assert (indices[:, 9] == 9).all()
    assert (indices[:, 4] == 4).all()  # the centre stays
    for row in indices:
        # Neighbours stay neighbours.
        where = np.empty(9, int)
        where[row[:9]] = np.arange(9)
        for a, b in ((0, 1), (1, 4), (4, 5), (5, 8)):
            (r1, c1), (r2, c2) = divmod(where[a], 3), divmod(where[b], 3)
            assert abs(r1 - r2) + abs(c1 - c2) == 1


def test_planes_and_policy_turn_together():
    rng = np.random.default_rng(0)
    planes = np.zeros((8, 1, 5, 5), np.float32)
    policy = np.zeros((8, 26), np.float32)
    for k in range(8):
        point = rng.integers(25)
        planes[k, 0].flat[point] = 1
        policy[k, point] = 1
    turned, turned_policy = apply_symmetries(planes, policy, np.arange(8))
    assert (turned.reshape(8, 25) == turned_policy[:, :25]).all()
    assert (turned.sum(axis=(1, 2, 3)) == 1).all()
    assert (turned != planes).any()


def test_the_rules_do_not_know_the_symmetries_apart():
    # A game turned is a game: legal moves and results turn with it.
    batch = GoBatch(8, Rules(4), 0)
    indices = symmetry_indices(4)
    source = GoBatch(1, Rules(4), 5)
    while not source.done[0]:
        action = int(source.random_actions()[0])
        where = np.array([int(np.flatnonzero(row == action)[0]) for row in indices])
        legal = source.legal_actions()[0]
        assert (batch.legal_actions() == legal[indices]).all()
        source.step(np.array([action]))
        batch.step(where)
    assert (batch.score() == source.score()[0]).all()


def test_replay_keeps_the_newest_and_survives_a_round_trip():
    replay = ReplayBuffer(10, 1, 2)
    for k in range(13):
        replay.add(np.full((1, 1, 2, 2), k), np.full((1, 5), 0.2), np.array([k % 3 - 1]))
    assert len(replay) == 10
    planes, policy, outcome = replay.sample(500, np.random.default_rng(0), symmetries=False)
    seen = np.unique(planes[:, 0, 0, 0])
    assert seen.tolist() == list(range(3, 13))
    assert (outcome == planes[:, 0, 0, 0] % 3 - 1).all()
    other = ReplayBuffer(10, 1, 2)
    other.load_state_dict(replay.state_dict())
    again = other.sample(500, np.random.default_rng(0), symmetries=False)
    assert all((a == b).all() for a, b in zip((planes, policy, outcome), again, strict=True))


def test_parameter_count():
    # Worked out by hand for blocks=1, channels=4, heads=2 without pooling.
    config = NetworkConfig(blocks=1, channels=4, pooling_every=0, head_channels=2)
    stem = 5 * 4 * 9 + 4
    block = 2 * (4 * 4 * 9 + 4)
    policy = (4 * 2 + 2) + (6 * 2 + 2) + (2 + 1) + (6 + 1)
    value = (4 * 2 + 2) + (6 * 4 + 4) + (4 + 1)
    assert parameter_count(Network(config)) == stem + block + policy + value
