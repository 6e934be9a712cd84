"""Positions of games played at random: what a value can learn from before there is any search."""

from __future__ import annotations

import numpy as np

from algorithms.budget import Ledger, MeteredBatch
from algorithms.learner import Starts
from algorithms.model import observe
from algorithms.replay import Positions, record_end, record_planes
from goenv import area_map

_SIDE_BY_SIDE = 256


def random_games(
    starts: Starts, games: int, ledger: Ledger, rng: np.random.Generator
) -> list[Positions]:
    """Play games with uniformly random moves that fill no own eye; see `GoBatch.play_out`.

    Args:
        starts: how they begin.
        games: how many.
        ledger: charged for the moves.
        rng: of everything drawn.

    Returns:
        The positions of each game, with outcome, ownership and score, and no policy.
    """
    found: list[Positions] = []
    while len(found) < games:
        count = min(_SIDE_BY_SIDE, games - len(found))
        found += _some_games(starts, count, ledger, rng)
    return found


def _some_games(
    starts: Starts, count: int, ledger: Ledger, rng: np.random.Generator
) -> list[Positions]:
    rules = starts.largest_rules
    assert rules.max_moves is not None, "the run's configuration sees to this"
    batch = MeteredBatch(ledger, count, rules, int(rng.integers(2**63)))
    for game in range(count):
        starts.begin(batch, game, rng)
    seen = Positions.empty((count, rules.max_moves), rules.size)
    colour = np.zeros((count, rules.max_moves), np.int8)
    length = np.zeros(count, np.int64)
    while not batch.done.all():
        running = np.flatnonzero(~batch.done)
        at = (running, length[running])
        record_planes(seen, at, observe(batch, running), batch.sizes[running])
        colour[at] = batch.to_play[running]
        length[running] += 1
        before = batch.ply.sum()
        batch.play_out(1)
        ledger.charge_env_steps(int(batch.ply.sum() - before))
    scores, areas = batch.score(), area_map(batch)
    for game in range(count):
        played = np.s_[game, : length[game]]
        record_end(seen[played], colour[played], scores[game], scores[game], areas[game])
    return [seen[game, : length[game]] for game in range(count)]
