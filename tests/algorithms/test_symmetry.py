"""The symmetries of the board, and networks that look at a position in several of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from algorithms.budget import Ledger, charging
from algorithms.model import Model, NetworkEvaluator, flops_per_position
from algorithms.networks import NetworkConfig
from algorithms.players import PlayConfig, network_agent
from algorithms.registry import AgentError, make_agent
from algorithms.symmetry import symmetry_indices
from goenv import GoBatch, Rules

SMALL = NetworkConfig(blocks=1, channels=8, head_channels=4)
ROUNDING = 0.02  # of bfloat16, in logits and values below 2


def opinionated() -> Model:
    """A network whose opinions depend on how the board lies."""
    model = Model(SMALL, seed=0)
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.add_(torch.from_numpy(rng.normal(0, 0.4, parameter.shape)).float())
    model.updated()
    return model


def turned_games(size: int, actions: list[int], grid: int) -> GoBatch:
    """The same game in all eight symmetries, and passes on a board that fills the grid."""
    batch = GoBatch(9, [Rules(size)] * 8 + [Rules(grid)])
    indices = symmetry_indices(size, grid)
    for action in actions:
        where = [int(np.flatnonzero(row == action)[0]) for row in indices]
        batch.step(np.array([*where, grid * grid]))
    return batch


@pytest.mark.parametrize(("size", "grid"), [(3, 3), (3, 5)])
def test_symmetries_are_the_eight_of_the_square(size, grid):
    indices = symmetry_indices(size, grid)
    boards = {tuple(row) for row in indices.tolist()}
    assert len(boards) == 8
    assert all(sorted(row) == list(range(grid * grid + 1)) for row in boards)
    assert (indices[:, -1] == grid * grid).all()
    centre = (size // 2) * (grid + 1)
    assert (indices[:, centre] == centre).all()
    on_board = [y * grid + x for y in range(size) for x in range(size)]
    for point in set(range(grid * grid)) - set(on_board):
        assert (indices[:, point] == point).all()
    for row in indices:
        # Neighbours stay neighbours.
        where = np.empty(grid * grid, int)
        where[row[:-1]] = np.arange(grid * grid)
        for a in on_board:
            for b in (a + 1, a + grid):
                if b in on_board and (b % grid > 0 or b == a + grid):
                    (r1, c1), (r2, c2) = divmod(where[a], grid), divmod(where[b], grid)
                    assert abs(r1 - r2) + abs(c1 - c2) == 1


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


@pytest.mark.parametrize("grid", [3, 5])
def test_a_network_that_sees_all_symmetries_does_not_know_them_apart(grid):
    batch, model = turned_games(3, [1, grid], grid), opinionated()
    games, indices = np.arange(8), symmetry_indices(3, grid)
    board = [*(y * grid + x for y in range(3) for x in range(3)), grid * grid]

    def seen(symmetries: int) -> tuple[np.ndarray, np.ndarray]:
        logits, values = NetworkEvaluator(model, symmetries=symmetries).evaluate(batch, games)
        back = [each[row.argsort()] for each, row in zip(logits, indices, strict=True)]
        return np.stack(back)[:, board], values

    (alone, values_alone), (together, values) = seen(1), seen(8)
    assert np.ptp(values_alone) > 5 * ROUNDING
    assert np.ptp(alone, axis=0).max() > 5 * ROUNDING
    # What all say together is the mean of what each says alone.
    np.testing.assert_allclose(values, [values_alone.mean()] * 8, atol=ROUNDING)
    np.testing.assert_allclose(together, [alone.mean(axis=0)] * 8, atol=ROUNDING)


@pytest.mark.parametrize("symmetries", [1, 3, 8])
def test_each_symmetry_costs_an_evaluation(symmetries):
    batch, model, ledger = turned_games(3, [1], 3), opinionated(), Ledger()
    with charging(ledger):
        NetworkEvaluator(model, symmetries=symmetries).evaluate(batch, np.array([2, 5]))
    spent = ledger.spent()
    assert spent["evaluations"] == 2 * symmetries
    assert spent["flops"] == 2 * symmetries * flops_per_position(SMALL, 3)[0]


def test_players_may_see_all_symmetries():
    model, batch = opinionated(), turned_games(3, [1, 3], 3)
    batch, indices = batch.take(np.arange(8)), symmetry_indices(3)
    chosen, by_search = (
        network_agent(model, PlayConfig(simulations=simulations, symmetries=8), "")
        for simulations in (0, 1)
    )
    back = indices[np.arange(8), chosen(batch, np.random.default_rng(0))]
    assert len(set(back.tolist())) == 1
    ledger = Ledger()
    with charging(ledger):
        by_search(batch, np.random.default_rng(0))
    assert ledger.spent()["evaluations"] == 2 * 8 * 8  # of each root and of one leaf


def test_there_are_eight_symmetries():
    assert make_agent("az:3?symmetries=8&simulations=2").name == "az:3?symmetries=8&simulations=2"
    for count in ("0", "9", "all"):
        with pytest.raises(AgentError, match="symmetries"):
            make_agent(f"az:3?symmetries={count}")
