"""Moves and what came of them some plies later: what Q-learning learns from.

A transition is a position, the move played there, and either the outcome of the game, if it ended
within so many plies, or the position then reached, from the side of whoever is to move in it. Its
`sign` turns that side's value into the mover's: after an odd number of plies the other side is to
move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from algorithms.budget import Ledger, MeteredBatch
from algorithms.learner import Starts, rng_state
from algorithms.model import observe
from algorithms.replay import WHOLE, Positions, make_samples, record_planes


@dataclass
class Transitions:
    """T transitions.

    Attributes:
        before: the positions; `policy` is the move played, `outcome` that of a game that ended.
        after: the positions reached; meaningless where `final`.
        final: bool [T], whether the game ended before.
        sign: int8 [T], 1 if the same side is to move afterwards, -1 if the other.
    """

    before: Positions
    after: Positions
    final: np.ndarray
    sign: np.ndarray

    @classmethod
    def empty(cls, count: int, size: int) -> Transitions:
        """Room for transitions on boards up to `size`."""
        return cls(
            before=Positions.empty(count, size),
            after=Positions.empty(count, size),
            final=np.zeros(count, np.bool_),
            sign=np.ones(count, np.int8),
        )

    def __len__(self) -> int:
        return len(self.final)

    def __getitem__(self, index: Any) -> Transitions:
        return Transitions(**{name: part[index] for name, part in vars(self).items()})

    def __setitem__(self, index: Any, other: Transitions) -> None:
        for name, part in vars(self).items():
            part[index] = getattr(other, name)


@dataclass(frozen=True)
class TransitionSamples:
    """A batch to train on, turned by symmetries.

    Attributes:
        planes, after: float32 [B, C, N, N], `NETWORK_PLANES` of both positions.
        action: float32 [B, A], one where the move was played.
        outcome: float32 [B], where `final`.
        final: bool [B].
        sign: float32 [B].
        legal_after: bool [B, A].
        padded: whether some boards are smaller than the array.
    """

    planes: np.ndarray
    after: np.ndarray
    action: np.ndarray
    outcome: np.ndarray
    final: np.ndarray
    sign: np.ndarray
    legal_after: np.ndarray
    padded: bool


class TransitionBuffer:
    """The last transitions; the oldest give way.

    Args:
        capacity: transitions kept.
        size: N, side of the largest board.
    """

    def __init__(self, capacity: int, size: int):
        self.capacity, self.max_size = capacity, size
        self.transitions = Transitions.empty(capacity, size)
        self.added = 0

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(self, transitions: Transitions) -> None:
        """Append transitions."""
        slots = (self.added + np.arange(len(transitions))) % self.capacity
        self.transitions[slots] = transitions
        self.added += len(transitions)

    def sample(self, count: int, rng: np.random.Generator) -> TransitionSamples:
        """Transitions drawn with repeats, both positions of each turned alike."""
        chosen = rng.integers(len(self), size=count)
        turns = rng.integers(8, size=count)
        kept = self.transitions
        before = make_samples(kept.before, chosen, turns, self.max_size)
        after = make_samples(kept.after, chosen, turns, self.max_size)
        legal = after.planes[:, -1].reshape(count, -1) > 0.5
        return TransitionSamples(
            planes=before.planes,
            after=after.planes,
            action=before.policy,
            outcome=before.outcome,
            final=kept.final[chosen],
            sign=kept.sign[chosen].astype(np.float32),
            legal_after=np.pad(legal, ((0, 0), (0, 1)), constant_values=True),
            padded=before.padded,
        )

    def state_dict(self) -> dict[str, Any]:
        """Contents, in a form that checkpoints can hold."""
        kept = self.transitions[: len(self)]
        return {
            "before": dict(vars(kept.before)),
            "after": dict(vars(kept.after)),
            "final": kept.final,
            "sign": kept.sign,
            "added": self.added,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.added = int(saved["added"])
        self.transitions[: len(self)] = Transitions(
            Positions(**saved["before"]), Positions(**saved["after"]), saved["final"], saved["sign"]
        )


@dataclass(frozen=True)
class Played:
    """What one ply in all games gave.

    Attributes:
        positions: those before the ply [B], with the moves as their `policy`; no outcome is known.
        transitions: that are complete by now.
        over: int64 [n], games that ended; they have begun anew.
        length: int64 [n], moves in them.
        black_wins: float64 [n], 1, 0.5 or 0.
    """

    positions: Positions
    transitions: Transitions
    over: np.ndarray
    length: np.ndarray
    black_wins: np.ndarray


class TransitionGames:
    """Games side by side whose moves somebody chooses, and the transitions that they give.

    Args:
        starts: how games begin.
        games: how many.
        plies: from a position to the one that is looked at afterwards.
        seed: of how games begin.

    Attributes:
        batch: the games, all running; set its `ledger` to have moves charged.
    """

    def __init__(self, starts: Starts, games: int, plies: int, seed: int | list[int]):
        self._starts, self._plies = starts, plies
        self._rng = np.random.default_rng(seed)
        largest = starts.largest_rules
        self.batch = MeteredBatch(Ledger(), games, largest, int(self._rng.integers(2**63)))
        # The last positions of each game, in a ring, and who moved there.
        self._seen = Positions.empty((games, plies), largest.size)
        self._colour = np.zeros((games, plies), np.int8)
        self._length = np.zeros(games, np.int64)  # own moves; the opening does not count
        self._fresh = True  # games not begun yet: that would charge somebody

    def begin(self) -> None:
        """Begin all games, unless they have begun."""
        if self._fresh:
            self._fresh = False
            self._begin(np.arange(len(self.batch)))

    def play(self, actions: np.ndarray) -> Played:
        """One move in every game, int [B]."""
        batch, plies = self.batch, self._plies
        everywhere = np.arange(len(batch))
        now = Positions.empty(len(batch), batch.max_size)
        record_planes(now, everywhere, observe(batch, everywhere), batch.sizes)
        now.policy[everywhere, actions] = WHOLE
        slot = self._length % plies
        full = np.flatnonzero(self._length >= plies)
        passed_on = Transitions(
            before=_copied(self._seen[full, slot[full]]),
            after=now[full],
            final=np.zeros(len(full), np.bool_),
            sign=np.full(len(full), -1 if plies % 2 else 1, np.int8),
        )
        self._seen[everywhere, slot] = now
        self._colour[everywhere, slot] = batch.to_play
        self._length += 1
        batch.step(actions)

        over = np.flatnonzero(batch.done)
        black = batch.outcome()[over]
        parts = [passed_on]
        if len(over):
            kept = np.arange(plies) < self._length[over, None]
            rows, places = np.nonzero(kept)
            before = _copied(self._seen[over[rows], places])
            before.outcome[:] = self._colour[over[rows], places] * black[rows]
            count = len(rows)
            empty = Transitions.empty(count, batch.max_size)
            parts.append(Transitions(before, empty.after, ~empty.final, empty.sign))
        length = batch.ply[over]
        self._begin(over)
        return Played(now, _joined(parts), over, length, 0.5 * (1 + black.astype(np.float64)))

    def _begin(self, games: np.ndarray) -> None:
        self._length[games] = 0
        for game in games.tolist():
            self._starts.begin(self.batch, game, self._rng)

    def state_dict(self) -> dict[str, Any]:
        """All that going on needs, in a form that checkpoints can hold."""
        return {
            "rng": rng_state(self._rng),
            "batch": np.frombuffer(self.batch.get_state(), np.uint8),
            "seen": dict(vars(self._seen)),
            "colour": self._colour,
            "length": self._length,
            "fresh": self._fresh,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self._rng.bit_generator.state = saved["rng"]
        self.batch.set_state(saved["batch"].tobytes())
        self._seen = Positions(**saved["seen"])
        self._colour, self._length = saved["colour"], saved["length"]
        self._fresh = bool(saved["fresh"])


def _copied(positions: Positions) -> Positions:
    return Positions(**{name: array.copy() for name, array in vars(positions).items()})


def _joined(parts: list[Transitions]) -> Transitions:
    def join(positions: list[Positions]) -> Positions:
        names = vars(positions[0])
        return Positions(
            **{name: np.concatenate([getattr(p, name) for p in positions]) for name in names}
        )

    return Transitions(
        before=join([part.before for part in parts]),
        after=join([part.after for part in parts]),
        final=np.concatenate([part.final for part in parts]),
        sign=np.concatenate([part.sign for part in parts]),
    )


def played_metrics(played: list[Played]) -> dict[str, float]:
    """Metrics of the games that ended in some plies."""
    length = np.concatenate([ply.length for ply in played])
    wins = np.concatenate([ply.black_wins for ply in played])
    metrics = {"games": float(len(length))}
    if len(length):
        metrics |= {"length": float(length.mean()), "black_wins": float(wins.mean())}
    return metrics
