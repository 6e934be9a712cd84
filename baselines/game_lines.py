"""Which game is which: games of a batch are known again by what was played.

Agents see positions, not games: from call to call games come in another order, end, and begin. An
engine must be told moves, so a `LineBook` keeps the moves of each game, and finds the record to
which a game's last five actions lead on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from goenv import GoBatch, Rules
from goenv.state import (
    BLACK_STONES,
    EARLIER,
    EARLIER_POSITIONS,
    RECENT,
    RECENT_ACTIONS,
)

Key = tuple[Rules, int, int, bytes]


@dataclass(eq=False)
class Line:
    """What is known of one game. Actions and boards are in the coordinates of its own size.

    Attributes:
        rules: of the game, without `max_moves`.
        start: board int8 [n * n] where the line begins, as bytes.
        to_start: colour that moves there.
        moves: played since then.
        whole: whether the game itself began there; if not, its earlier positions are unknown.
        resigned: colours for which the engine has resigned.
        faults: how often the engine failed.
    """

    rules: Rules
    start: bytes
    to_start: int
    moves: list[int]
    whole: bool
    resigned: set[int] = field(default_factory=set)
    faults: int = 0

    @property
    def to_play(self) -> int:
        """Colour to move."""
        return self.to_start if len(self.moves) % 2 == 0 else -self.to_start

    def begin_at(self, board: bytes) -> None:
        """Forget how the position, `board`, came about."""
        self.start, self.to_start, self.moves, self.whole = board, self.to_play, [], False


@dataclass(frozen=True)
class _Sight:
    """What a batch shows of one game: its boards and actions, the latest first."""

    rules: Rules
    ply: int
    to_play: int
    boards: list[bytes]  # one more than actions
    actions: list[int]

    def key(self, back: int) -> Key:
        colour = self.to_play if back % 2 == 0 else -self.to_play
        return self.rules, self.ply - back, colour, self.boards[back]


class LineBook:
    """The lines of the games that were seen.

    Two games that agree in rules, ply, board and the last five actions are taken for one; only
    their superko histories could differ.

    Args:
        most: lines kept beside those of the batch at hand; the oldest are forgotten.
    """

    def __init__(self, most: int = 4096):
        self._most = most
        self._keys: dict[Line, Key] = {}  # the line seen last comes last
        self._lines: dict[Key, list[Line]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, batch: GoBatch, games: Sequence[int] | np.ndarray) -> list[Line]:
        """The lines of these games, led on to where the games are; each game has its own.

        A game that continues no known line begins one: at the game's own beginning if that is no
        more than five actions ago, and otherwise five actions ago.
        """
        sights = _look(batch, games)
        taken: set[Line] = set()
        found = []
        for sight in sights:
            line, back = self._continued(sight, taken)
            if line is None:
                back = len(sight.actions)
                _, _, colour, board = sight.key(back)
                line = Line(sight.rules, board, colour, [], back == sight.ply)
            elif line in taken:  # another game was the same until now
                line = replace(line, moves=line.moves[:], resigned=set(line.resigned))
            taken.add(line)
            found.append((line, sight.actions[:back][::-1]))
        for (line, actions), sight in zip(found, sights, strict=True):
            line.moves += actions
            self._note(line, sight.key(0))
        for line in list(self._keys)[: max(0, len(self) - self._most - len(sights))]:
            self._forget(line)
        return [line for line, _ in found]

    def _continued(self, sight: _Sight, taken: set[Line]) -> tuple[Line | None, int]:
        second: tuple[Line | None, int] = (None, 0)
        for back in range(len(sight.boards)):
            before = sight.actions[back:]
            for line in self._lines.get(sight.key(back), ()):
                pairs = zip(reversed(line.moves), before, strict=False)
                if any(ours != theirs for ours, theirs in pairs):
                    continue
                if line not in taken:
                    return line, back
                if second[0] is None:
                    second = line, back
        return second

    def _note(self, line: Line, key: Key) -> None:
        self._forget(line)
        self._keys[line] = key
        self._lines.setdefault(key, []).append(line)

    def _forget(self, line: Line) -> None:
        key = self._keys.pop(line, None)
        if key is not None:
            self._lines[key].remove(line)
            if not self._lines[key]:
                del self._lines[key]


def _look(batch: GoBatch, games: Sequence[int] | np.ndarray) -> list[_Sight]:
    games = np.asarray(games, np.int64)
    side, plies, to_play = batch.max_size, batch.ply[games], batch.to_play[games]
    # Rows of sets of points: of the position now, and of those before it.
    backs = np.arange(RECENT_ACTIONS + 1)
    rows = EARLIER + 2 * ((plies[:, None] - backs) % EARLIER_POSITIONS)
    rows[:, 0] = BLACK_STONES
    words = batch.games.bits[games[:, None, None], rows[:, :, None] + np.arange(2)]
    bits = np.unpackbits(
        np.ascontiguousarray(words, "<u8").view(np.uint8), axis=-1, bitorder="little"
    )
    stones = bits[..., : side * side].astype(np.int8)
    boards = (stones[:, :, 0] - stones[:, :, 1]).reshape(len(games), len(backs), side, side)
    recent = (batch.games.info[games, RECENT][:, None] >> (12 * backs[:-1])) & 0xFFF
    sights = []
    for index, game in enumerate(games):
        rules = replace(batch.rules[game], max_moves=None)
        size = rules.size
        known = min(int(plies[index]), RECENT_ACTIONS)
        actions = [
            size * size if action == side * side else action // side * size + action % side
            for action in (recent[index, :known] - 1).tolist()
        ]
        shown = [boards[index, back, :size, :size].tobytes() for back in range(known + 1)]
        sights.append(_Sight(rules, int(plies[index]), int(to_play[index]), shown, actions))
    return sights
