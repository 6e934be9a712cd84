"""Search positions anew that were searched before by a weaker network ("daydreaming")."""

from __future__ import annotations

import numpy as np

from algorithms.evaluator import Evaluator
from algorithms.replay import WHOLE, ReplayBuffer
from algorithms.search import Search, SearchConfig
from goenv import GoBatch, Rules

_SIDE_BY_SIDE = 128


def relabel(
    replay: ReplayBuffer,
    count: int,
    search: SearchConfig,
    evaluator: Evaluator,
    rules: Rules,
    rng: np.random.Generator,
) -> float:
    """Replace policies and searched values in a buffer by what a search finds today.

    A stored position knows its stones, mover and komi, not how it came about: superko has no past
    here, and a pass before it is forgotten.

    Args:
        replay: changed in place.
        count: positions.
        search: how.
        evaluator: judge of the leaves.
        rules: of the games, but for size and komi.
        rng: of the draw and of the search.

    Returns:
        Mean share of the new policies that the old ones agree on, 0 to 1.
    """
    searcher, agreed = Search(search, evaluator), []
    evaluator.seed(rng)
    for first in range(0, count, _SIDE_BY_SIDE):
        chosen = replay.draw(min(_SIDE_BY_SIDE, count - first), rng)
        batch = _batch_of(replay, chosen, rules)
        result = searcher.run(batch, rng)
        old = replay.positions.policy[chosen] / WHOLE
        policy = np.where(replay.legal_actions(chosen), result.policy, 0)
        total = policy.sum(axis=1, keepdims=True)
        policy = np.where(total > 0, policy / np.maximum(total, 1e-9), old)
        agreed.append(np.minimum(policy, old).sum(axis=1))
        replay.positions.policy[chosen] = np.rint(WHOLE * policy)
        replay.positions.value[chosen] = result.value
    return float(np.mean(np.concatenate(agreed)))


def _batch_of(replay: ReplayBuffer, chosen: np.ndarray, rules: Rules) -> GoBatch:
    """The stored positions as games, each with the mover as Black."""
    fields = {name: getattr(rules, name) for name in Rules.field_names()}
    positions, grid = replay.positions[chosen], replay.max_size
    sizes = positions.size.astype(int)
    # The plane of the komi is its half over the side of the board, negative for Black.
    komis = np.rint(-4 * positions.komi * sizes) / 2
    wanted = [
        Rules(**{**fields, "size": int(size), "komi": float(komi)})
        for size, komi in zip(sizes, komis, strict=True)
    ]
    # One more game, on the largest board, holds the array at its size; it is left out below.
    batch = GoBatch(len(chosen) + 1, [*wanted, Rules(**{**fields, "size": grid})])
    for game, size in enumerate(sizes.tolist()):
        board = positions.boards[game].reshape(grid, grid)[:size, :size]
        batch.set_position(game, board, 1)
    return batch.take(np.arange(len(chosen)))
