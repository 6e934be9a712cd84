"""Evaluators: positions in, (policy logits [B, A], values [B]) out. Search knows only this."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from algorithms.budget import charged
from goenv import GoBatch
from goenv.board import final_score
from goenv.history import STREAM
from goenv.kernel import kernel
from goenv.random_play import play_out
from goenv.state import HISTORY_COUNT, TO_PLAY, copy_game, grow_history, history_slots
from goenv.threads import for_games


class Evaluator(Protocol):
    """Judges positions."""

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Policy logits float32 [n, A] (illegal actions not masked) and values float32 [n].

        A value is the expected outcome in [-1, 1] for the player to move.

        Args:
            batch: positions.
            games: int [n], those to judge, which are running.
        """
        ...

    def seed(self, rng: np.random.Generator) -> None:
        """Begin the evaluator's own randomness, if it has any, anew."""
        ...


class NotFiniteError(ValueError):
    """A network, or another evaluator, says what is no number; a search cannot go by that."""


def require_finite(logits: np.ndarray, values: np.ndarray) -> None:
    """See that an evaluator's answer can be used; a logit of -inf can.

    Raises:
        NotFiniteError: a logit is nan or inf, or a value is nan or infinite.
    """
    for name, number in (("policy", logits.max(initial=0)), ("value", values.sum())):
        if not np.isfinite(number):
            raise NotFiniteError(f"the {name} of a position is {number}, which is no number")


def with_score(value, sides, weight):  # compiled as well
    """(1 - w) v + w 2/pi atan(s): a value in which the score counts (Wu 2019, 4.2, simplified).

    Args:
        value: v.
        sides: s, the score over the side of the board.
        weight: w.
    """
    return value + weight * (np.float32(2 / np.pi) * np.arctan(sides) - value)


class UniformEvaluator:
    """Uniform prior, value zero: for tests and for timing the search alone."""

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        count = len(games)
        return np.zeros((count, batch.num_actions), np.float32), np.zeros(count, np.float32)

    def seed(self, rng: np.random.Generator) -> None:
        """There is nothing random."""


@kernel
def _play_out_games(first, last, games, indices, scratch, logits, values):
    """A random playout of games ``indices[first:last]`` in the same slots of `scratch`."""
    for row in range(first, last):
        game = indices[row]
        stream = scratch.words[game, STREAM]
        copy_game(games, game, scratch, game)
        scratch.words[game, STREAM] = stream
        mixed = stream
        for action in range(logits.shape[1]):
            mixed = mixed * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            logits[row, action] = np.float32(mixed >> np.uint64(40)) * np.float32(1e-9)
        play_out(scratch, game, 3 * logits.shape[1])
        values[row] = np.sign(final_score(scratch, game) * games.info[game, TO_PLAY])


class PlayoutEvaluator:
    """One random playout a position; the prior is uniform up to a tiny random tie-break.

    Playouts are uniform over the legal moves that do not fill an own eye, with exact superko,
    and are cut after ``3 * A`` moves, then scored as they stand.
    """

    def __init__(self) -> None:
        self._scratch: GoBatch | None = None
        self._seeds = np.random.default_rng(0)

    def seed(self, rng: np.random.Generator) -> None:
        """Draw the playouts from here on from `rng`."""
        self._seeds = rng
        self._scratch = None

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        scratch = self._scratch_for(batch)
        logits = np.empty((len(games), batch.num_actions), np.float32)
        values = np.empty(len(games), np.float32)
        arguments = (batch.games, np.asarray(games, np.int64), scratch.games, logits, values)
        for_games(_play_out_games, len(games), 64 * batch.num_actions, *arguments)
        ledger = charged()
        if ledger is not None:
            ledger.charge_playouts(len(games))
        return logits, values

    def _scratch_for(self, batch: GoBatch) -> GoBatch:
        """Games to play in, with streams of their own and room for the moves of a playout."""
        scratch = self._scratch
        if scratch is None or scratch.games.cells.shape != batch.games.cells.shape:
            scratch = self._scratch = batch.clone()
            scratch.seed(int(self._seeds.integers(2**63)))
        needed = int(batch.games.info[:, HISTORY_COUNT].max()) + 3 * batch.num_actions + 1
        slots = history_slots(batch.games)
        while 7 * slots < 8 * needed:
            slots *= 2
        if history_slots(scratch.games) != slots:
            # What the tables hold is of no use, and may be more than smaller ones can hold.
            scratch.games.words[:, -history_slots(scratch.games) :] = 0
            scratch.games = grow_history(scratch.games, slots)
        return scratch
