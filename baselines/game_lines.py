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

Key = tuple[Rules, int, int, bytes]  # rules, ply, colour to move, board

_REMEMBERED = 3  # last positions of a line from which another game may part


@dataclass(eq=False)
class Line:
    """What is known of one game. Actions and boards are in the coordinates of its own size.

    Attributes:
        rules: of the game, without `max_moves`.
        start: board int8 [n * n] where the line begins, as bytes.
        to_start: colour that moves there.
        moves: played since then.
        whole: whether the game itself began there; if not, its earlier positions are unknown.
        resigned: whether the engine has resigned.
        faults: kinds of those of the engine.
        bare: if the engine refused one of the moves: a board, and how many moves had led to it.
            The engine knows no more of the game than what came then.
    """

    rules: Rules
    start: bytes
    to_start: int
    moves: list[int]
    whole: bool
    resigned: bool = False
    faults: list[str] = field(default_factory=list)
    bare: tuple[bytes, int] | None = None

    @property
    def to_play(self) -> int:
        """Colour to move."""
        return self.to_start if len(self.moves) % 2 == 0 else -self.to_start

    def copy(self, count: int) -> Line:
        """Another game that was the same for the first `count` moves."""
        bare = self.bare if self.bare is not None and self.bare[1] <= count else None
        start, moves = (self.start, self.to_start), self.moves[:count]
        return Line(self.rules, *start, moves, self.whole, bare=bare)


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
    """The lines of the games that were seen, one for each colour that was asked to move.

    Two games that agree in rules, ply, board and the last five actions are taken for one; only
    their superko histories could differ.

    Args:
        most: lines kept beside those of the batch at hand; the oldest are forgotten.
        branching: whether games part anywhere, as in the tree of a search: every position gets a
            line of its own, from which any number of others may go on.
    """

    def __init__(self, most: int = 4096, branching: bool = False):
        self._most, self._branching = most, branching
        # Where each line was asked for last, and how many moves it had; the line seen last is last.
        self._asked: dict[Line, list[tuple[Key, int]]] = {}
        self._at: dict[Key, list[tuple[Line, int]]] = {}

    def __len__(self) -> int:
        return len(self._asked)

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
            taken.add(line)
            found.append((line, sight.actions[:back][::-1]))
        for (line, actions), sight in zip(found, sights, strict=True):
            line.moves += actions
            self._note(line, sight.key(0))
        for line in list(self._asked)[: max(0, len(self) - self._most - len(sights))]:
            self._forget(line)
        return [line for line, _ in found]

    def _continued(self, sight: _Sight, taken: set[Line]) -> tuple[Line, int]:
        """The line of a game, perhaps a new one, and how many actions it lacks."""
        copied: tuple[Line, int, int] | None = None
        # First where the same colour was to move, for that is usually the same game.
        for back in sorted(range(len(sight.boards)), key=lambda back: (back % 2, back)):
            before = sight.actions[back:]
            for line, count in self._at.get(sight.key(back), ()):
                pairs = zip(reversed(line.moves[:count]), before, strict=False)
                if any(ours != theirs for ours, theirs in pairs):
                    continue
                if self._branching:
                    return line.copy(count), back
                if back % 2 == 0 and count == len(line.moves) and line not in taken:
                    return line, back
                if copied is None:
                    copied = line, count, back
        if copied is not None:  # another game was the same until then
            line, count, back = copied
            return line.copy(count), back
        back = len(sight.actions)
        _, _, colour, board = sight.key(back)
        return Line(sight.rules, board, colour, [], back == sight.ply), back

    def _note(self, line: Line, key: Key) -> None:
        asked = [entry for entry in self._forget(line) if entry[1] < len(line.moves)]
        self._asked[line] = [*asked, (key, len(line.moves))][-_REMEMBERED:]
        for key, count in self._asked[line]:
            self._at.setdefault(key, []).append((line, count))

    def _forget(self, line: Line) -> list[tuple[Key, int]]:
        asked = self._asked.pop(line, [])
        for key, count in asked:
            self._at[key].remove((line, count))
            if not self._at[key]:
                del self._at[key]
        return asked


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
