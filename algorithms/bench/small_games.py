"""Count all games on the smallest board, a number that others have counted before.

John Tromp counted 386,356,909,593 games on 2x2 (rec.games.go, 24 June 1999; "Combinatorics of
Go", with Gunnar Farneback, 2016). A game there is a way from the empty board through positions none
of which comes twice, each made from the one before by a stone of either colour: since one may pass,
whose turn it is forbids nothing, and passes are not counted.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from goenv import EMPTY, GoBatch, Rules
from goenv.board import action_cell, play

GAMES_ON_2X2 = 386_356_909_593

_TABLE_BITS = 24
_PLACES = np.zeros(67, np.int64)
_PLACES[[(1 << place) % 67 for place in range(64)]] = range(64)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def _play_anything(games, game, action):
    """Play an empty point, legal or not."""
    play(games, game, action_cell(games, game, action))


def position_graph(size: int) -> list[set[int]]:
    """Positions that follow each position by one stone of either colour; 0 is the empty board.

    Single-stone suicides, which lead nowhere, are left out. The moves are played by goenv's
    kernels; superko has no say in them.

    Args:
        size: of the board. The graph of 3x3 has 12675 positions.
    """
    # Simple ko keeps no history, so a game can be played on from anywhere for ever.
    start = GoBatch(1, Rules(size, superko="simple"))
    numbers: dict[bytes, int] = {start.boards().tobytes(): 0}
    waiting, graph = [start], [set()]  # type: tuple[list[GoBatch], list[set[int]]]
    passing = start.num_actions - 1
    for game in waiting:
        here = numbers[game.boards().tobytes()]
        for passes in range(2):
            for point in np.flatnonzero(game.boards()[0] == EMPTY).tolist():
                child = game.clone()
                if passes:
                    _play_anything(child.games, 0, passing)
                _play_anything(child.games, 0, point)
                board = child.boards().tobytes()
                if board not in numbers:
                    numbers[board] = len(graph)
                    graph.append(set())
                    waiting.append(child)
                if numbers[board] != here:
                    graph[here].add(numbers[board])
    return graph


def count_games(size: int = 2) -> int:
    """Games on a board of that size, of the kind that is described above.

    On 2x2 it takes seconds. Sets of positions are counted in 64 bits, so larger boards are refused.

    Raises:
        ValueError: the board has more than 58 positions.
    """
    graph = position_graph(size)
    if len(graph) > 58:
        raise ValueError(f"size must be 2, the only board of so few positions, got {size}")
    following = np.array([sum(1 << node for node in nodes) for nodes in graph], np.uint64)
    # Turned, mirrored and with colours swapped, any first stone is any other.
    firsts = graph[0]
    return 1 + len(firsts) * int(_count_paths(following, min(firsts), 1 << _TABLE_BITS))


@njit(cache=True, nogil=True)
def _reachable(following, node, free):
    """Nodes that can be come to from `node` by way of the bit set `free`, as a bit set."""
    found = following[node] & free
    waiting = found
    while waiting != 0:
        lowest = waiting & (~waiting + np.uint64(1))
        waiting ^= lowest
        new = following[_bit_number(lowest)] & free & ~found
        found |= new
        waiting |= new
    return found


@njit(cache=True, nogil=True)
def _bit_number(bit):
    """The place of the one bit in a word: 2 is a generator modulo 67, so remainders differ."""
    return _PLACES[bit % np.uint64(67)]


@njit(cache=True, nogil=True)
def _count_paths(following, first, slots):
    """Simple paths from node `first` that avoid node 0, that of no step included.

    The number of ways on from a node depends on it and on the set of nodes that can still be come
    to. The two fill 64 bits, which are the key of a table; of what falls into one slot the larger
    number stays.

    Args:
        following: bit set of the successors of each node, uint64 [nodes], at most 58 of them.
        first: node.
        slots: of the table, a power of 2.
    """
    keys = np.zeros(slots, np.uint64)
    values = np.zeros(slots, np.int64)
    path_keys = np.zeros(64, np.uint64)
    free = np.zeros(64, np.uint64)  # nodes that can still be come to, by level
    left = np.zeros(64, np.uint64)  # successors still to be tried
    counts = np.zeros(64, np.int64)
    level = 0
    everywhere = ~np.uint64(0) ^ np.uint64(1) ^ (np.uint64(1) << np.uint64(first))
    free[0] = _reachable(following, first, everywhere)
    left[0] = following[first] & free[0]
    counts[0] = 1
    while True:
        if left[level] == 0:
            if level == 0:
                return counts[0]
            slot = np.int64((path_keys[level] * _SPREAD) >> np.uint64(40)) & (slots - 1)
            if counts[level] >= values[slot]:
                keys[slot], values[slot] = path_keys[level], counts[level]
            counts[level - 1] += counts[level]
            level -= 1
            continue
        lowest = left[level] & (~left[level] + np.uint64(1))
        left[level] ^= lowest
        node = _bit_number(lowest)
        open_nodes = _reachable(following, node, free[level] & ~lowest)
        if open_nodes == 0:
            counts[level] += 1
            continue
        key = open_nodes | (np.uint64(node) << np.uint64(58))
        slot = np.int64((key * _SPREAD) >> np.uint64(40)) & (slots - 1)
        if keys[slot] == key:
            counts[level] += values[slot]
            continue
        level += 1
        path_keys[level], free[level], counts[level] = key, open_nodes, 1
        left[level] = following[node] & open_nodes
