"""Perft by the slow referee: what `goenv.perft` is compared with. It imports nothing of goenv.

Every legal move is found by `ReferenceGame`. To reach depths that plain recursion does not, it
counts once what has the same future:

- positions that are turned or mirrored into one another, with all that counts of their past;
- positions with different pasts, if they differ in nothing that the plies left can meet again.

The second is sound for this reason. A board S that stood before matters only if it can stand again
within the r plies left. A stone that S does not show where it stands now must be taken off on the
way. Its chain only grows until then, so every liberty that it has now must be played on first, each
by a move of its own: S is out of reach if some such chain has more than r liberties.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from baselines.reference import EMPTY, Board, ReferenceGame, region

# Sequences, games ended, by number of plies still to come: entry d is about d more plies.
_Counts = tuple[tuple[int, ...], tuple[int, ...]]


@cache
def symmetries(size: int) -> tuple[tuple[int, ...], ...]:
    """The 8 ways to turn and mirror a board, as the old points in the order of the new ones."""
    found = []
    for mirrored in (False, True):
        for turns in range(4):
            points = []
            for point in range(size * size):
                row, column = divmod(point, size)
                for _ in range(turns):
                    row, column = column, size - 1 - row
                points.append(column * size + row if mirrored else row * size + column)
            found.append(tuple(points))
    return tuple(found)


def images(board: Board, size: int) -> Iterator[Board]:
    """A board as it looks turned and mirrored, in the order of `symmetries`."""
    for points in symmetries(size):
        yield tuple([board[point] for point in points])


def _liberties(board: Board, size: int) -> list[int]:
    """Number of liberties of the chain on each point; 0 where it is empty."""
    found = [0] * len(board)
    for point, colour in enumerate(board):
        if colour != EMPTY and not found[point]:
            chain, border = region(board, size, point)
            number = sum(board[other] == EMPTY for other in border)
            for stone in chain:
                found[stone] = number
    return found


class ReferencePerft:
    """Counts as `goenv.perft.Perft` has them, for the rules of a game that has not begun.

    Args:
        start: such a game, of any rules.
        depth: actions at most.
        memoise: whether what has the same future is counted once; False for a plain recursion, to
            check that against.

    Attributes:
        sequences, games, positions: by number of actions, 0 to `depth`.
    """

    def __init__(self, start: ReferenceGame, depth: int, memoise: bool = True):
        self._depth, self._memoise = depth, memoise
        self._known: dict[object, _Counts] = {}
        self._boards: list[set[Board]] = [set() for _ in range(depth + 1)]
        self.sequences, self.games = self._count(start)
        # Each board found stands for those that it can be turned into.
        self.positions = tuple(
            sum(len(set(images(board, start.size))) for board in boards) for boards in self._boards
        )

    def _count(self, game: ReferenceGame) -> _Counts:
        left = self._depth - game.ply
        if not left:
            self._boards[game.ply].add(min(images(game.cells, game.size)))
            return (1,), (int(game.over),)
        key = self._future(game, left) if self._memoise else None
        if key in self._known:
            return self._known[key]
        self._boards[game.ply].add(min(images(game.cells, game.size)))
        sequences, games = [1] + [0] * left, [int(game.over)] + [0] * left
        for action, legal in enumerate(game.legal_actions()):
            if legal:
                child = game.copy()
                child.play(action)
                for plies, numbers in enumerate(zip(*self._count(child), strict=True), 1):
                    sequences[plies] += numbers[0]
                    games[plies] += numbers[1]
        counts = tuple(sequences), tuple(games)
        if self._memoise:
            self._known[key] = counts
        return counts

    def _future(self, game: ReferenceGame, left: int) -> object:
        """Equal for games, after as many plies, that have as many futures of every length."""
        liberties = _liberties(game.cells, game.size)
        firm = [point for point, number in enumerate(liberties) if number > left]

        def within_reach(board: Board) -> bool:
            return all(board[point] == game.cells[point] for point in firm)

        past: list[tuple[Board, int]] = []
        if game.superko == "positional":
            past = [(board, 0) for board in game.seen_boards if within_reach(board)]
        elif game.superko == "situational":
            past = [(board, turn) for board, turn in game.seen_situations if within_reach(board)]
        elif game.before_last is not None and within_reach(game.before_last):
            past = [(game.before_last, 0)]
        # The same turn for the board and its past; the smallest of the eight stands for all.
        views = []
        for points in symmetries(game.size):
            turned = sorted(
                (tuple([board[point] for point in points]), turn) for board, turn in past
            )
            views.append((tuple([game.cells[point] for point in points]), tuple(turned)))
        return game.ply, game.over, game.passes_in_a_row, min(views)
