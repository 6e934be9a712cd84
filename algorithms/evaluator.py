"""Evaluators: positions in, (policy logits [B, A], values [B]) out. Search knows only this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numba import njit

from goenv import GoBatch
from goenv.board import final_score
from goenv.history import STREAM
from goenv.random_play import play_out
from goenv.state import RUNNING, STATUS, TO_PLAY, copy_game
from goenv.threads import for_games

if TYPE_CHECKING:
    from algorithms.budget import Ledger


class Evaluator(Protocol):
    """Judges positions. Finished games in the batch may get any answer."""

    def evaluate(self, batch: GoBatch) -> tuple[np.ndarray, np.ndarray]:
        """Policy logits float32 [B, A] (illegal actions not masked) and values float32 [B].

        A value is the expected outcome in [-1, 1] for the player to move.
        """
        ...

    def seed(self, rng: np.random.Generator) -> None:
        """Begin the evaluator's own randomness, if it has any, anew."""
        ...


class UniformEvaluator:
    """Uniform prior, value zero: for tests and for timing the search alone."""

    def evaluate(self, batch: GoBatch) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        shape = (batch.num_games, batch.num_actions)
        return np.zeros(shape, np.float32), np.zeros(shape[0], np.float32)

    def seed(self, rng: np.random.Generator) -> None:
        """There is nothing random."""


@njit(cache=True, nogil=True)
def _play_out_games(first, last, games, scratch, logits, values):
    for game in range(first, last):
        stream = scratch.words[game, STREAM]
        copy_game(games, game, scratch, game)
        scratch.words[game, STREAM] = stream
        if games.info[game, STATUS] != RUNNING:
            continue
        points = logits.shape[1]
        mixed = stream
        for action in range(points):
            mixed = mixed * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            logits[game, action] = np.float32(mixed >> np.uint64(40)) * np.float32(1e-9)
        play_out(scratch, game, 3 * points)
        values[game] = np.sign(final_score(scratch, game) * games.info[game, TO_PLAY])


class PlayoutEvaluator:
    """One random playout a position; the prior is uniform up to a tiny random tie-break.

    Playouts are uniform over the legal moves that do not fill an own eye, with exact superko,
    and are cut after ``3 * A`` moves, then scored as they stand.
    """

    def __init__(self, ledger: Ledger | None = None):
        self._ledger = ledger
        self._scratch: GoBatch | None = None
        self._seeds = np.random.default_rng(0)

    def seed(self, rng: np.random.Generator) -> None:
        """Draw the playouts from here on from `rng`."""
        self._seeds = rng
        self._scratch = None

    def evaluate(self, batch: GoBatch) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        scratch = self._scratch
        if (
            scratch is None
            or scratch.games.cells.shape != batch.games.cells.shape
            or scratch.games.words.shape != batch.games.words.shape
        ):
            scratch = self._scratch = batch.clone()
            scratch.seed(int(self._seeds.integers(2**63)))
        logits = np.zeros((batch.num_games, batch.num_actions), np.float32)
        values = np.zeros(batch.num_games, np.float32)
        for_games(
            _play_out_games,
            batch.num_games,
            64 * batch.num_actions,
            batch.games,
            scratch.games,
            logits,
            values,
        )
        if self._ledger is not None:
            self._ledger.charge_playouts(batch.num_games)
        return logits, values
