"""The network on any size, and the model around it."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from torch import nn

from algorithms.alphazero import AlphaZeroConfig
from algorithms.config import ConfigError
from algorithms.learner import Optimiser, OptimiserConfig
from algorithms.mixture import LeafConfig, leaf_evaluator
from algorithms.model import Model, NetworkEvaluator, fast_dtype, masked_log_policy, observe
from algorithms.networks import NETWORK_PLANES, Network, NetworkConfig, parameter_count
from algorithms.run import train
from algorithms.search import SearchConfig
from goenv import GoBatch, Rules

SMALL = NetworkConfig(blocks=2, channels=8, head_channels=4)
TRUNKS = ["pooling", "residual", "transformer"]


def trained_looking_network(**changes) -> Network:
    """A network none of whose weights are zero, as if it had been trained."""
    torch.manual_seed(0)
    network = Network(SMALL.model_copy(update=changes))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return network


def positions(rules, count=6, plies=5, seed=0) -> GoBatch:
    batch = GoBatch(count, rules, seed)
    for _ in range(plies):
        batch.step(batch.random_actions())
    return batch


@pytest.mark.parametrize("trunk", TRUNKS)
@pytest.mark.parametrize("size", [2, 3, 5, 9, 19])
def test_one_set_of_weights_serves_every_size(size, trunk):
    planes = torch.from_numpy(positions(Rules(size)).observe(NETWORK_PLANES, np.float32))
    out = trained_looking_network(trunk=trunk)(planes, auxiliary=True)
    shapes = [(6, size * size + 1), (6,), (6, size, size), (6,)]
    assert [tuple(part.shape) for part in out] == shapes
    assert all(torch.isfinite(part).all() for part in out)


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("trunk", TRUNKS)
def test_padding_changes_nothing(trunk, separate):
    network = trained_looking_network(trunk=trunk, separate=separate)
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
    planes = torch.from_numpy(alone.observe(NETWORK_PLANES, np.float32))
    plain = network(planes, auxiliary=True)
    planes = torch.from_numpy(mixed.observe(NETWORK_PLANES, np.float32))
    wide = network(planes, padded=True, auxiliary=True)
    points = wide.policy[:4, :-1].reshape(4, 9, 9)[:, :5, :5].reshape(4, 25)
    same = {"atol": 1e-4, "rtol": 1e-4}
    # Global pooling scales by the side, so the masked side must be the small board's.
    torch.testing.assert_close(points, plain.policy[:, :-1], **same)
    torch.testing.assert_close(wide.policy[:4, -1], plain.policy[:, -1], **same)
    torch.testing.assert_close(wide.value[:4], plain.value, **same)
    torch.testing.assert_close(wide.ownership[:4, :5, :5], plain.ownership, **same)
    torch.testing.assert_close(wide.score[:4], plain.score, **same)
    # Games that differ are told apart, so the agreement says something.
    assert (plain.policy[0] - plain.policy[1]).abs().max() > 0.01


def test_a_separate_trunk_is_the_values_own():
    """The loss of the value moves nothing that the policy hangs on, and the other way round."""
    planes = torch.from_numpy(positions(Rules(5)).observe(NETWORK_PLANES, np.float32))
    for separate in (False, True):
        network = trained_looking_network(separate=separate)
        network(planes).value.sum().backward()
        moved = [name for name, p in network.named_parameters() if p.grad is not None]
        assert any(name.startswith("trunk.") for name in moved) != separate
        assert not any(name.startswith("policy_head.") for name in moved)


def test_auxiliary_outputs_are_for_those_who_ask():
    planes = torch.from_numpy(positions(Rules(5)).observe(NETWORK_PLANES, np.float32))
    network = trained_looking_network()
    asked, unasked = network(planes, auxiliary=True), network(planes)
    assert (unasked.ownership, unasked.score) == (None, None)
    assert torch.equal(asked.policy, unasked.policy)
    assert torch.equal(asked.value, unasked.value)
    without = trained_looking_network(auxiliary=False)(planes, auxiliary=True)
    assert (without.ownership, without.score) == (None, None)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_a_trunk_begins_as_the_identity_behind_its_stem(trunk):
    torch.manual_seed(0)
    network = Network(SMALL.model_copy(update={"trunk": trunk}))
    planes = torch.from_numpy(positions(Rules(5)).observe(NETWORK_PLANES, np.float32))
    features = nn.functional.relu(network.trunk.stem(planes))
    torch.testing.assert_close(network.trunk(planes, None), features)


def test_heads_of_attention_divide_the_channels():
    with pytest.raises(ValueError, match="attention_heads must divide channels, 32; got 5"):
        NetworkConfig(trunk="transformer", attention_heads=5)


def test_an_untrained_network_is_even_handed():
    model = Model(SMALL, seed=3)
    batch = positions(Rules(5))
    logits, values = NetworkEvaluator(model).evaluate(batch, np.arange(len(batch)))
    assert np.abs(logits).max() < 0.5
    assert np.abs(values).max() < 0.2


def test_inference_follows_the_weights():
    model = Model(SMALL, seed=3)
    planes = positions(Rules(5)).observe(NETWORK_PLANES, np.float32)
    before, _ = model.evaluate(planes)
    model.load_state_dict(trained_looking_network().state_dict())
    after, values = model.evaluate(planes)
    with torch.no_grad():
        out = model.network(torch.from_numpy(planes))
    assert np.abs(after - before).max() > 0.1
    # bfloat16 keeps eight bits.
    assert np.allclose(after, out.policy.numpy(), atol=0.05 * np.abs(after).max())
    assert np.allclose(values, np.tanh(out.value.numpy() / 2), atol=0.1)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_the_score_may_count_in_a_value(share):
    model = Model(SMALL, seed=3)
    model.load_state_dict(trained_looking_network().state_dict())
    planes = positions(Rules(5)).observe(NETWORK_PLANES, np.float32)
    with torch.no_grad():
        out = model.network(torch.from_numpy(planes), auxiliary=True)
    squashed = np.arctan(out.score.numpy()) / (np.pi / 2)
    expected = (1 - share) * np.tanh(out.value.numpy() / 2) + share * squashed
    _, values = model.evaluate(planes, score_weight=share)
    np.testing.assert_allclose(values, expected, atol=0.1)  # bfloat16 keeps eight bits
    assert np.abs(values - model.evaluate(planes)[1]).max() > 0.1


def test_the_score_counts_only_where_it_is_known():
    blind = Model(SMALL.model_copy(update={"auxiliary": False}))
    with pytest.raises(ValueError, match="score_weight: this network has no auxiliary head"):
        NetworkEvaluator(blind, score_weight=0.1)
    with pytest.raises(ValueError, match="score_weight: playouts give no score"):
        leaf_evaluator(Model(SMALL), LeafConfig(playout_weight=0.5), SearchConfig(score_weight=0.1))
    for settings, message in (
        ({"network": {"auxiliary": False}}, "search.score_weight needs network.auxiliary"),
        ({"leaf": {"playout_weight": 1}}, "search.score_weight: playouts give no score"),
        ({"loss": {"search_value": 0.5}}, "loss.search_value: with search.score_weight"),
    ):
        with pytest.raises(ValueError, match=message):
            AlphaZeroConfig.model_validate({"search": {"score_weight": 0.1}, **settings})


def test_an_evaluator_judges_the_games_it_is_asked_for():
    batch = GoBatch(6, [Rules(5), Rules(3), Rules(5), Rules(4), Rules(5), Rules(5)], 1)
    for _ in range(5):
        batch.step(batch.random_actions())
    games = np.array([4, 1, 3, 1])
    planes = batch.observe(NETWORK_PLANES, np.float32)
    assert (observe(batch, games) == planes[games]).all()
    evaluator = NetworkEvaluator(Model(SMALL, seed=3))
    logits, values = evaluator.evaluate(batch, np.arange(6))
    some, of_some = evaluator.evaluate(batch, games)
    np.testing.assert_allclose(some, logits[games], atol=1e-2)  # bfloat16 keeps eight bits
    np.testing.assert_allclose(of_some, values[games], atol=1e-2)


def test_masked_log_policy_leaves_only_legal_moves():
    batch = positions(Rules(4), plies=9)
    planes = torch.from_numpy(batch.observe(NETWORK_PLANES, np.float32))
    policy = masked_log_policy(torch.randn(6, 17), planes).exp().numpy()
    running = ~batch.done
    assert np.allclose(policy.sum(axis=1), 1, atol=1e-5)
    assert (policy[running][~batch.legal_actions()[running]] == 0).all()
    assert (policy[running][batch.legal_actions()[running]] > 0).all()


# Compiled inference


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_inference_judges_alike_and_follows_the_weights():
    plain, compiled = Model(SMALL, seed=3), Model(SMALL, seed=3, compiled=True)
    weights = trained_looking_network().state_dict()
    planes = positions(Rules(5)).observe(NETWORK_PLANES, np.float32)
    compiled.evaluate(planes)
    for model in (plain, compiled):
        model.load_state_dict(weights)
    for batch in (planes, planes[:4]):
        for expected, found in zip(plain.evaluate(batch), compiled.evaluate(batch), strict=True):
            # bfloat16 keeps eight bits.
            np.testing.assert_allclose(found, expected, atol=0.03 * max(1, np.abs(expected).max()))


def test_without_a_compiler_it_says_so(monkeypatch, tiny, tmp_path):
    monkeypatch.setenv("CXX", "no-such-compiler")
    learner = {**tiny.data("alphazero")["learner"], "compile": True}
    with pytest.raises(ConfigError, match=r"learner\.compile: there is no C\+\+"):
        train(tiny("alphazero", learner=learner), tmp_path / "run")
    assert not (tmp_path / "run").exists()


# Averages of the weights


def model_trained_for(updates: int, averaging: float) -> tuple[Model, list[dict]]:
    """A model after some updates, and the weights of training before the first and after each."""
    model = Model(SMALL, seed=3, averaging=averaging)
    optimiser = Optimiser(model, OptimiserConfig(learning_rate=0.02))
    planes = torch.from_numpy(positions(Rules(5)).observe(NETWORK_PLANES, np.float32))

    def raw():
        return {name: p.detach().clone() for name, p in model.network.state_dict().items()}

    trace = [raw()]
    for _ in range(updates):
        out = model.forward(planes)
        (out.policy[:, 0].sum() + out.value.sum()).backward()
        optimiser.update(0.0)
        trace.append(raw())
    return model, trace


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_average_keeps_its_share_at_each_update(share):
    model, trace = model_trained_for(5, averaging=share)
    stored = model.state_dict()
    for name, expected in trace[0].items():
        for weights in trace[1:]:
            expected = share * expected + (1 - share) * weights[name]
        torch.testing.assert_close(stored[name], expected, atol=1e-6, rtol=1e-5)
    assert any(not torch.equal(stored[name], trace[-1][name]) for name in stored)


def test_what_plays_and_what_is_stored_is_the_average_and_what_is_trained_is_not():
    model, trace = model_trained_for(3, averaging=0.5)
    planes = positions(Rules(5)).observe(NETWORK_PLANES, np.float32)
    network = Network(SMALL)
    network.load_state_dict(model.state_dict())
    logits, _ = model.evaluate(planes)
    with torch.no_grad():
        average = network(torch.from_numpy(planes)).policy.numpy()
        network.load_state_dict(trace[-1])
        latest = network(torch.from_numpy(planes)).policy.numpy()
        trained = model.forward(torch.from_numpy(planes)).policy.numpy()
    wrong = np.abs(logits - average).max()
    assert wrong < 0.1 * np.abs(logits - latest).max()
    np.testing.assert_allclose(trained, latest, atol=0.02 * np.abs(latest).max())


def test_an_average_goes_on_from_both_kinds_of_weights():
    model, trace = model_trained_for(3, averaging=0.5)
    other = Model(SMALL, seed=9, averaging=0.5)
    other.load_state_dict(model.state_dict())
    other.load_trained_weights(model.trained_weights())
    for name, value in trace[-1].items():
        assert torch.equal(other.trained_weights()[name], value)
        assert torch.equal(other.state_dict()[name], model.state_dict()[name])
    # Without them, a stored average is all that training could go on from.
    third = Model(SMALL, seed=9, averaging=0.5)
    third.load_state_dict(model.state_dict())
    third.load_trained_weights({})
    assert all(
        torch.equal(value, model.state_dict()[name])
        for name, value in third.trained_weights().items()
    )


def test_without_averaging_the_latest_weights_play():
    model, trace = model_trained_for(2, averaging=0.0)
    assert model.trained_weights() == {}
    assert all(torch.equal(value, trace[-1][name]) for name, value in model.state_dict().items())


def test_parameter_count():
    # Worked out by hand for blocks=1, channels=4, heads=2 without pooling.
    config = NetworkConfig(trunk="residual", blocks=1, channels=4, head_channels=2, auxiliary=False)
    stem = 5 * 4 * 9 + 4
    block = 2 * (4 * 4 * 9 + 4)
    policy = (4 * 2 + 2) + (6 * 2 + 2) + (2 + 1) + (6 + 1)
    value = (4 * 2 + 2) + (6 * 4 + 4) + (4 + 1)
    auxiliary = (4 + 1) + (2 + 1)
    pooled = 3 * 4 * 4 + 4

    def count(**changes):
        return parameter_count(Network(config.model_copy(update=changes)))

    assert count() == stem + block + policy + value
    assert count(auxiliary=True) == count() + auxiliary
    assert count(separate=True) == count() + stem + block
    assert count(trunk="pooling") == count() + pooled
    # Two norms, attention and its way back, two layers, and a bias for each way two points may lie.
    attention = 2 * 8 + (4 * 12 + 12) + (4 * 4 + 4) + (4 * 8 + 8) + (8 * 4 + 4) + 4 * 49 * 49
    assert count(trunk="transformer") == stem + attention + policy + value


@pytest.mark.parametrize("flag", ["_is_avx512_bf16_supported", "_is_amx_tile_supported"])
def test_inference_is_in_bfloat16_where_the_processor_computes_in_it(monkeypatch, flag):
    cpu = torch.device("cpu")
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False, raising=False)
    planes = np.zeros((2, len(NETWORK_PLANES), 3, 3), np.float32)
    planes[:, 0, 1, 1] = planes[:, -1] = 1
    answers = []
    for dtype, supported in ((torch.float32, False), (torch.bfloat16, True)):
        monkeypatch.setattr(torch.cpu, flag, lambda supported=supported: supported, raising=False)
        assert fast_dtype(cpu) == dtype
        model = Model(NetworkConfig(blocks=1, channels=4), seed=3, device=cpu)
        assert {p.dtype for p in model._inference.parameters()} == {dtype}
        assert {p.dtype for p in model.network.parameters()} == {torch.float32}, "those that learn"
        answers.append(model.evaluate(planes))
    for one, other in zip(*answers, strict=True):
        np.testing.assert_allclose(one, other, atol=0.05)
