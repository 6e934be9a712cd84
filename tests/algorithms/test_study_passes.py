"""How often policies pass, how they play without it, and which positions were really held back."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms.model import Model, NetworkEvaluator
from algorithms.networks import NetworkConfig
from algorithms.search import Search, SearchConfig
from algorithms.studies.distil import cross_entropy, never_seen
from algorithms.studies.games import early_passes, log_policy_in, play
from algorithms.studies.points_only import PointsOnly
from algorithms.studies.soft_or_hard import entropies
from algorithms.symmetry import symmetry_indices
from goenv import GoBatch, Rules

SMALL = NetworkConfig(blocks=1, channels=8, head_channels=8)
RULES = Rules(3, komi=0.5, superko="simple", max_moves=18)


@pytest.fixture(scope="module")
def searched():
    """An untrained network and games with a search's targets."""
    model = Model(SMALL, seed=3)
    search = Search(SearchConfig(simulations=4), NetworkEvaluator(model))
    return model, play(model, RULES, 20, np.random.default_rng(0), search=search)


def turned(played, game, symmetry):
    """Planes of a game, every board turned by the symmetry."""
    planes = played.planes[played.game == game]
    indices = symmetry_indices(planes.shape[-1])[symmetry, :-1]
    return planes.reshape(*planes.shape[:2], -1)[..., indices].reshape(planes.shape)


@pytest.mark.parametrize("symmetry", range(8))
def test_a_turned_board_is_not_held_back(searched, symmetry):
    _, played = searched
    long = int(np.argmax(played.length[1:])) + 1
    # The empty board is in every game; what a game of random moves comes to, in this one alone.
    fresh = never_seen(played, [0])[played.game == long]
    assert not fresh[0]
    assert fresh[-1]
    mirror = turned(played, long, symmetry)
    count = len(mirror)
    both = replace(
        played,
        planes=np.concatenate([played.planes, mirror]),
        game=np.concatenate([played.game, np.full(count, 99)]),
    )
    of_copy = both.game == 99
    assert never_seen(both, [0])[of_copy].tolist() == fresh.tolist()
    assert not never_seen(both, [long])[of_copy].any()
    assert not never_seen(both, [99])[both.game == long].any()
    assert not never_seen(both, [0, long, 99])[of_copy].any()  # what is learned is not held back


def test_nothing_held_back_has_no_cross_entropy(searched):
    model, played = searched
    assert math.isnan(cross_entropy(model, played, np.zeros(len(played.game), bool)))


def leaning(weight):
    """A network that leans to the pass, or away from it."""
    model = Model(SMALL, seed=3)
    with torch.no_grad():
        model.network.policy_head.passing.bias += weight
    model.updated()
    return model


@pytest.mark.parametrize(("weight", "share"), [(100, 1), (-100, 0)])
def test_early_passes_are_those_of_the_likeliest_move(weight, share, searched):
    _, played = searched
    model = leaning(weight)
    assert early_passes(log_policy_in(model, played), played) == share
    assert entropies(model, RULES, 2, 4, 0)["early_passes"] == share


def test_late_passes_do_not_count(searched):
    _, played = searched
    log_pi = np.zeros(played.target.shape)
    log_pi[played.at >= 4, -1] = 1  # 3x3: early are moves 0 to 3
    assert early_passes(log_pi, played) == 0
    log_pi[played.at == 0, -1] = 1
    early = played.at < 4
    assert early_passes(log_pi, played) == pytest.approx((played.at[early] == 0).mean())


def test_points_only_plays_every_point_that_random_games_would():
    """The likeliest point that fills no own eye, however much the network wants to pass."""
    model = leaning(100)
    player, rng = PointsOnly(model), np.random.default_rng(0)
    passed = 0
    for plies in range(1, 40, 6):
        batch = GoBatch(10, Rules(4, komi=0.5), plies)
        batch.play_out(plies)
        running = np.flatnonzero(~batch.done)
        if len(running) == 0:
            continue
        actions = player.act(batch, rng)
        logits, _ = NetworkEvaluator(model).evaluate(batch, running)
        for game, liking in zip(running, logits, strict=True):
            ahead = batch.take(np.full(200, game))
            ahead.seed(int(game))
            ahead.play_out(1)
            wanted = set(ahead.last_action.tolist())
            assert actions[game] == max(sorted(wanted), key=liking.__getitem__)
            passed += wanted == {16}
    assert passed > 0
