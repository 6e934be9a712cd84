"""The buffer of positions, and batches of it turned by the symmetries of the board."""

from __future__ import annotations

import numpy as np
import pytest

from algorithms.networks import NETWORK_PLANES
from algorithms.replay import (
    OFF_BOARD,
    WHOLE,
    Positions,
    ReplayBuffer,
    make_samples,
)
from goenv import GoBatch, Rules, area_map

OWN, OPPONENT, EMPTY, KOMI, LEGAL = range(len(NETWORK_PLANES))


def drawn_positions(sizes, plies, seed) -> tuple[Positions, np.ndarray, GoBatch]:
    """Positions of random games with made-up policies, and the planes [T, C, N, N] they stand for.

    What is stored is written here point by point, from the boards.
    """
    rules = [Rules(size, komi=komi) for size in sizes for komi in (-1.5, 4)]
    batch = GoBatch(len(rules), rules, seed)
    for _ in range(plies):
        batch.step(batch.random_actions())
    rng = np.random.default_rng(seed)
    grid = batch.max_size
    stored = Positions.empty(len(batch), grid)
    planes = batch.observe(NETWORK_PLANES, np.float32)
    boards, legal, areas = batch.boards(), batch.legal_actions(), area_map(batch)
    for row, rule in enumerate(rules):
        size, colour = rule.size, int(batch.to_play[row])
        for point in range(grid * grid):
            y, x = divmod(point, grid)
            inside = y < size and x < size
            stored.boards[row, point] = colour * boards[row, y, x] if inside else OFF_BOARD
            stored.legal[row, point] = legal[row, point]
            stored.ownership[row, point] = colour * areas[row, y, x]
        stored.komi[row] = planes[row, KOMI, 0, 0]
        stored.size[row] = size
        policy = rng.random(grid * grid + 1) * (legal[row] | (np.arange(grid**2 + 1) == grid**2))
        stored.policy[row] = np.rint(WHOLE * policy / policy.sum())
        stored.outcome[row] = rng.integers(-1, 2)
        stored.score[row] = colour * batch.score()[row]
    return stored, planes, batch


def turned(array: np.ndarray, symmetry: int, size: int) -> np.ndarray:
    """[..., N, N] with the board in its corner turned by quarters, and mirrored if odd."""
    result = array.copy()
    board = np.rot90(array[..., :size, :size], symmetry // 2, axes=(-2, -1))
    result[..., :size, :size] = board.swapaxes(-2, -1) if symmetry % 2 else board
    return result


@pytest.mark.parametrize("sizes", [(5,), (2, 3), (9, 5, 3)])
def test_samples_are_the_positions_turned(sizes):
    stored, planes, batch = drawn_positions(sizes, 2 * max(sizes), seed=len(sizes))
    grid = batch.max_size
    chosen, turns = np.divmod(np.arange(8 * len(stored)), 8)
    samples = make_samples(stored, chosen, turns, grid)
    assert samples.planes.shape == (len(chosen), len(NETWORK_PLANES), grid, grid)
    assert samples.padded == (len(sizes) > 1)
    for row, (index, turn) in enumerate(zip(chosen.tolist(), turns.tolist(), strict=True)):
        size = int(stored.size[index])
        np.testing.assert_array_equal(samples.planes[row], turned(planes[index], turn, size))
        share = stored.policy[index] / WHOLE
        points = turned(share[:-1].reshape(grid, grid), turn, size)
        np.testing.assert_allclose(samples.policy[row, :-1].reshape(grid, grid), points, rtol=1e-6)
        np.testing.assert_allclose(samples.policy[row, -1], share[-1], rtol=1e-6)
        owners = stored.ownership[index].reshape(grid, grid)
        np.testing.assert_array_equal(samples.ownership[row], turned(owners, turn, size))
    np.testing.assert_array_equal(samples.outcome, stored.outcome[chosen])
    np.testing.assert_array_equal(samples.score, stored.score[chosen])
    # Each action's part is rounded by half of one in 65535 at most.
    np.testing.assert_allclose(samples.policy.sum(axis=1), 1, atol=0.5 * (grid**2 + 1) / WHOLE)
    # The policy and the owners stay where their points are.
    off_board = samples.planes[:, :3].sum(axis=1).reshape(len(chosen), -1) == 0
    assert not samples.policy[:, :-1][off_board].any()
    assert not samples.ownership.reshape(len(chosen), -1)[off_board].any()
    illegal = samples.planes[:, LEGAL].reshape(len(chosen), -1) == 0
    assert not samples.policy[:, :-1][illegal].any()


def test_a_batch_of_full_boards_needs_no_masks():
    stored, _, batch = drawn_positions((9, 5), 10, seed=0)
    whole = np.flatnonzero(stored.size == 9)
    assert not make_samples(stored, whole, 0 * whole, batch.max_size).padded


def test_all_symmetries_are_drawn_or_none():
    replay = ReplayBuffer(4, 3)
    positions = Positions.empty(1, 3)
    positions.boards[0, :2] = 1, -1  # no symmetry keeps it
    replay.add(positions)
    plain = replay.sample(200, np.random.default_rng(0), symmetries=False)
    assert len(np.unique(plain.planes, axis=0)) == 1
    drawn = replay.sample(200, np.random.default_rng(0))
    assert len(np.unique(drawn.planes, axis=0)) == 8


def numbered(first: int, count: int) -> Positions:
    """Positions that tell by every target which they are."""
    positions = Positions.empty(count, 2)
    number = first + np.arange(count)
    positions.score[:], positions.komi[:], positions.outcome[:] = number, number, number % 3 - 1
    return positions


def test_replay_keeps_the_newest_and_survives_a_round_trip():
    replay = ReplayBuffer(10, 2)
    for first in range(13):
        replay.add(numbered(first, 1))
    assert len(replay) == 10
    samples = replay.sample(500, np.random.default_rng(0), symmetries=False)
    assert np.unique(samples.score).tolist() == list(range(3, 13))
    assert (samples.outcome == samples.score % 3 - 1).all()
    assert (samples.planes[:, KOMI, 0, 0] == samples.score).all()
    other = ReplayBuffer(10, 2)
    other.load_state_dict(replay.state_dict())
    for each in (replay, other):
        each.add(numbered(13, 4))
    first, again = (each.sample(500, np.random.default_rng(0)) for each in (replay, other))
    for name, array in vars(first).items():
        np.testing.assert_array_equal(array, vars(again)[name])  # nan equals nan here
    assert np.unique(first.score).tolist() == list(range(7, 17))
