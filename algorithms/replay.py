"""Positions with their targets: the records of games, the buffer that keeps them, batches of it.

A position is stored as small as it can be, stones and legal points in bytes, and becomes planes
only when it is drawn, turned by one of the eight symmetries of its board.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from algorithms.networks import NETWORK_PLANES
from algorithms.symmetry import symmetries_by_size
from goenv.kernel import kernel
from goenv.threads import for_games

WHOLE = 65535  # what a policy sums to, but for rounding
OFF_BOARD = 2  # what `boards` holds beyond the edge of a board smaller than the array
_PART = np.float32(1 / WHOLE)
assert NETWORK_PLANES == ("own", "opponent", "empty", "komi", "legal"), "see _write_samples"


@dataclass
class Positions:
    """T positions and their targets, all from the side of the player to move.

    Attributes:
        boards: int8 [T, P], 1 own, -1 opponent, 0 empty, OFF_BOARD.
        legal: uint8 [T, P].
        komi: float32 [T], as the plane ``komi`` has it.
        size: int8 [T], side of the board.
        policy: uint16 [T, A], target distribution over actions, in parts of `WHOLE`.
        value: float32 [T], what the search that found the policy says of the root, or a teacher;
            nan if none did.
        outcome: int8 [T], +1, 0 or -1.
        ownership: int8 [T, P], at the end of the game 1 own area, -1 the opponent's, 0 neither; or
            float32, what a teacher expects it to be.
        score: float32 [T], own area minus the opponent's and komi, in points.
    """

    boards: np.ndarray
    legal: np.ndarray
    komi: np.ndarray
    size: np.ndarray
    policy: np.ndarray
    value: np.ndarray
    outcome: np.ndarray
    ownership: np.ndarray
    score: np.ndarray

    @classmethod
    def empty(cls, shape: int | tuple[int, ...], size: int) -> Positions:
        """Room for positions, in any shape, on boards up to `size`."""
        shape = (shape,) if isinstance(shape, int) else shape
        points = size * size
        return cls(
            boards=np.zeros((*shape, points), np.int8),
            legal=np.zeros((*shape, points), np.uint8),
            komi=np.zeros(shape, np.float32),
            size=np.full(shape, size, np.int8),
            policy=np.zeros((*shape, points + 1), np.uint16),
            value=np.full(shape, np.nan, np.float32),
            outcome=np.zeros(shape, np.int8),
            ownership=np.zeros((*shape, points), np.int8),
            score=np.zeros(shape, np.float32),
        )

    def __len__(self) -> int:
        return len(self.outcome)

    def __getitem__(self, index: Any) -> Positions:
        return Positions(**{name: array[index] for name, array in vars(self).items()})

    def __setitem__(self, index: Any, other: Positions) -> None:
        for name, array in vars(self).items():
            array[index] = getattr(other, name)


def record_planes(
    positions: Positions, at: Any, planes: np.ndarray, sizes: np.ndarray | int
) -> None:
    """Store what networks see.

    Args:
        positions: changed at the index `at`.
        at: n places.
        planes: `NETWORK_PLANES`, [n, C, N, N].
        sizes: sides of the boards, int [n] or one for all.
    """
    planes = planes.reshape(*planes.shape[:2], -1)
    own, opponent, empty, komi, legal = (planes[:, index] for index in range(5))
    positions.boards[at] = own - opponent + OFF_BOARD * (1 - own - opponent - empty)
    positions.legal[at] = legal
    positions.komi[at] = komi[:, 0]
    positions.size[at] = sizes


def record_end(
    positions: Positions,
    colour: np.ndarray,
    winner: float,
    score: float = np.nan,
    area: np.ndarray | None = None,
) -> None:
    """Write how a game ended into its positions, each from the side of who was to move.

    Args:
        positions: T of one game, changed.
        colour: to move in each, +1 or -1, [T].
        winner: whose sign says who won, +1 Black; 0 a draw.
        score: Black's, less komi; nan if there is none, as when a side resigned.
        area: map of the final board, 1 Black's, -1 White's, [P] or [N, N]; None if not known.
    """
    positions.outcome[...] = colour * np.sign(winner)
    positions.score[...] = colour * score
    if area is not None:
        positions.ownership[...] = colour[:, None] * area.reshape(-1)


@dataclass(frozen=True)
class Samples:
    """A batch to train on; arrays as networks take them.

    Attributes:
        planes: float32 [B, C, N, N], `NETWORK_PLANES`.
        policy: float32 [B, A].
        value: float32 [B], of the search; nan where there was none.
        outcome: float32 [B].
        ownership: float32 [B, N, N].
        score: float32 [B], in points.
        padded: whether some boards are smaller than the array.
    """

    planes: np.ndarray
    policy: np.ndarray
    value: np.ndarray
    outcome: np.ndarray
    ownership: np.ndarray
    score: np.ndarray
    padded: bool


@kernel
def _write_samples(
    first, last, chosen, turns, symmetries, boards, legal, komi, size, policy, ownership,
    planes, policies, owners,
):  # fmt: skip
    """Turn positions ``chosen[first:last]`` into rows of planes, policies and ownership."""
    points = boards.shape[1]
    for row in range(first, last):
        index = chosen[row]
        side, turn = size[index], turns[row]
        for point in range(points):
            source = symmetries[side, turn, point]
            stone = boards[index, source]
            planes[row, point] = stone == 1
            planes[row, points + point] = stone == -1
            planes[row, 2 * points + point] = stone == 0
            inside = stone != OFF_BOARD
            planes[row, 3 * points + point] = komi[index] if inside else np.float32(0)
            planes[row, 4 * points + point] = legal[index, source]
            policies[row, point] = policy[index, source] * _PART
            owners[row, point] = ownership[index, source]
        policies[row, points] = policy[index, points] * _PART


class ReplayBuffer:
    """The last positions; the oldest give way.

    Args:
        capacity: positions kept.
        size: N, side of the largest board.
    """

    def __init__(self, capacity: int, size: int):
        self.capacity, self.max_size = capacity, size
        self.positions = Positions.empty(capacity, size)
        self.added = 0

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(self, positions: Positions) -> None:
        """Append positions."""
        slots = (self.added + np.arange(len(positions))) % self.capacity
        self.positions[slots] = positions
        self.added += len(positions)

    def sample(self, count: int, rng: np.random.Generator, symmetries: bool = True) -> Samples:
        """Positions drawn with repeats; see `draw_samples`."""
        return draw_samples(self.positions, len(self), count, self.max_size, rng, symmetries)

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Slots of `positions` drawn with repeats, int64 [count]."""
        return rng.integers(len(self), size=count)

    def legal_actions(self, chosen: np.ndarray) -> np.ndarray:
        """Legal actions of stored positions, bool [n, A]; the pass is legal."""
        legal = self.positions.legal[chosen] > 0
        return np.pad(legal, ((0, 0), (0, 1)), constant_values=True)

    def state_dict(self) -> dict[str, Any]:
        """Contents, in a form that checkpoints can hold."""
        return {**vars(self.positions[: len(self)]), "added": self.added}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        arrays = {name: state[name] for name in vars(self.positions)}
        self.added = int(state["added"])
        self.positions[: len(self)] = Positions(**arrays)


def draw_samples(
    positions: Positions,
    among: int,
    count: int,
    size: int,
    rng: np.random.Generator,
    symmetries: bool = True,
) -> Samples:
    """Positions drawn with repeats, each turned by a random symmetry of its board.

    Args:
        positions: of which the first `among` are drawn from.
        among: how many that are.
        count: B.
        size: N, side of the largest board.
        rng: of the draw.
        symmetries: whether positions are turned.
    """
    chosen = rng.integers(among, size=count)
    turns = rng.integers(8, size=count) if symmetries else np.zeros(count, np.int64)
    return make_samples(positions, chosen, turns, size)


def make_samples(positions: Positions, chosen: np.ndarray, turns: np.ndarray, size: int) -> Samples:
    """The positions `chosen`, int [B], turned by symmetries `turns`, int [B], 0 to 7."""
    count, points = len(chosen), size * size
    planes = np.empty((count, len(NETWORK_PLANES) * points), np.float32)
    policy = np.empty((count, points + 1), np.float32)
    ownership = np.empty((count, points), np.float32)
    table = symmetries_by_size(size)
    chosen, turns = np.asarray(chosen, np.int64), np.asarray(turns, np.int64)
    arguments = (
        chosen, turns, table, positions.boards, positions.legal, positions.komi, positions.size,
        positions.policy, positions.ownership, planes, policy, ownership,
    )  # fmt: skip
    for_games(_write_samples, count, 8 * points, *arguments)
    return Samples(
        planes=planes.reshape(count, len(NETWORK_PLANES), size, size),
        policy=policy,
        value=positions.value[chosen],
        outcome=positions.outcome[chosen].astype(np.float32),
        ownership=ownership.reshape(count, size, size),
        score=positions.score[chosen],
        padded=bool((positions.size[chosen] < size).any()),
    )
