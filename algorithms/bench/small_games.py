"""Count all games on the smallest board, a number that others have counted before.

John Tromp counted 386,356,909,593 games on 2x2 (rec.games.go, 24 June 1999; "Combinatorics of
Go", with Gunnar Farnebäck, 2016). A game there is a way from the empty board through positions
none of which comes twice, each made from the one before by a stone of either colour: since one may
pass, whose turn it is forbids nothing, and passes are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from numba import njit

from baselines.reference_perft import images
from goenv import EMPTY, GoBatch, Rules
from goenv.board import play

GAMES_ON_2X2 = 386_356_909_593

_Board = tuple[int, ...]

# The place of the one bit in a word of 64, by the six uppermost bits of its product with a number
# in which every string of six bits stands once (de Bruijn).
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_PLACES = np.zeros(64, np.int64)
_PLACES[[((1 << place) * int(_DE_BRUIJN) & (1 << 64) - 1) >> 58 for place in range(64)]] = range(64)


@njit(cache=True, nogil=True)
def _play_anything(games, game, action):
    """Play an empty point, legal or not, or pass."""
    play(games, game, action)


def position_graph(size: int) -> dict[_Board, set[_Board]]:
    """For each position those that follow it by one stone of either colour; the empty board first.

    The moves are played by goenv's kernels; superko has no say in them. What leaves the board as it
    is, the suicide of one stone, is left out.
    """
    # Simple ko keeps no history, so a game can be played on for ever.
    start = GoBatch(1, Rules(size, superko="simple"))
    graph: dict[_Board, set[_Board]] = {_board(start): set()}
    waiting = [start]
    for game in waiting:
        here = _board(game)
        for passes in range(2):
            for point in np.flatnonzero(game.boards()[0] == EMPTY).tolist():
                child = game.clone()
                for _ in range(passes):
                    _play_anything(child.games, 0, child.num_actions - 1)
                _play_anything(child.games, 0, point)
                there = _board(child)
                if there not in graph:
                    graph[there] = set()
                    waiting.append(child)
                if there != here:
                    graph[here].add(there)
    return graph


def count_games(
    on_progress: Callable[[float], None] = lambda share: None,
    stop: Callable[[], bool] = lambda: False,
) -> int | None:
    """Games on 2x2 of the kind that is described above; it takes minutes.

    Args:
        on_progress: called with the share that is done, now and then.
        stop: asked now and then; if it says so, the answer is None.
    """
    graph = position_graph(2)
    numbers = {board: number for number, board in enumerate(graph)}
    following = np.array([sum(1 << numbers[b] for b in graph[board]) for board in graph], np.uint64)
    empty = next(iter(graph))
    # Ways that are turned, mirrored or with colours swapped the same have as many ways on.
    ways: Counter[tuple[_Board, ...]] = Counter()
    for first in graph[empty]:
        for second in graph[first] - {empty}:
            for third in graph[second] - {empty, first}:
                ways[_standard((first, second, third))] += 1
    short = 1 + len(graph[empty]) + sum(len(graph[first] - {empty}) for first in graph[empty])
    total = short
    for done, (way, count) in enumerate(ways.items()):
        if stop():
            return None
        on_progress(done / len(ways))
        behind = sum(1 << numbers[board] for board in (empty, *way))
        total += count * int(_count_paths(following, numbers[way[-1]], np.uint64(behind)))
    on_progress(1.0)
    return total


def _board(game: GoBatch) -> _Board:
    return tuple(game.boards()[0].ravel().tolist())


def _standard(way: tuple[_Board, ...]) -> tuple[_Board, ...]:
    """The smallest of the 16 ways that are turned, mirrored or with colours swapped the same."""
    turned = list(zip(*(images(board, 2) for board in way), strict=True))
    swapped = [tuple(tuple(-c for c in board) for board in one) for one in turned]
    return min(turned + swapped)


@njit(cache=True, nogil=True)
def _count_paths(following, node, behind):
    """Simple paths on from a node, that of no step included.

    Args:
        following: bit set of the successors of each node, uint64 [nodes], at most 64 of them.
        node: the end of the path so far.
        behind: bit set of the nodes on it, this one too.
    """
    left = np.zeros(65, np.uint64)  # successors still to be tried, by length of the path
    steps = np.zeros(65, np.uint64)  # the node that was gone to, as a bit
    level, total = 0, 1
    free = ~behind
    left[0] = following[node] & free
    while level >= 0:
        ahead = left[level]
        if ahead == 0:
            free |= steps[level]
            level -= 1
            continue
        step = ahead & (~ahead + np.uint64(1))
        left[level] = ahead ^ step
        total += 1
        onward = following[_PLACES[(step * _DE_BRUIJN) >> np.uint64(58)]] & free & ~step
        if onward != 0:
            level += 1
            free ^= step
            steps[level] = step
            left[level] = onward
    return total
