"""Search trees of B games in preallocated arrays, and the kernels that walk them.

A simulation has two compiled halves with one evaluation between them: `select` walks each tree
from its root to a leaf, playing the moves on a scratch copy of the game (so superko along the
path is exact), and `expand_and_backup` turns the evaluation of all leaves into edges and running
means. Every game has one leaf a round, so a round is one large batch for the network, and no
virtual loss is needed.

Edges live in arrays [B, M, A]: node m of game b has an edge for every action. Q of an edge is
the running mean of values from the side of the player who moves along it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from algorithms.search.rules import select_edge
from goenv.board import final_score, play
from goenv.history import STREAM
from goenv.observations import legal_row
from goenv.state import RUNNING, STATUS, TO_PLAY, copy_game

UNEXPANDED = -1


class Trees(NamedTuple):
    """Trees of B games with up to M nodes and A actions.

    Attributes:
        visits: int32 [B, M, A], simulations through an edge.
        q: float32 [B, M, A], mean value of an edge for the player who moves along it.
        prior: float32 [B, M, A], probabilities over the legal actions; -1 marks illegal ones.
        child: int32 [B, M, A], node behind an edge, or UNEXPANDED.
        node_value: float32 [B, M], evaluation of the node for its player to move.
        node_visits: int32 [B, M], simulations that reached the node, its own evaluation included.
        terminal: bool [B, M], whether the game is over there.
        parent: int32 [B, M] and parent_action: int32 [B, M], the way back to the root.
        used: int32 [B], nodes in use.
        leaf: int32 [B], node that the last `select` reached.
        legal: bool [B, A], legal actions at that leaf.
    """

    visits: np.ndarray
    q: np.ndarray
    prior: np.ndarray
    child: np.ndarray
    node_value: np.ndarray
    node_visits: np.ndarray
    terminal: np.ndarray
    parent: np.ndarray
    parent_action: np.ndarray
    used: np.ndarray
    leaf: np.ndarray
    legal: np.ndarray


def allocate_trees(num_games: int, nodes: int, actions: int) -> Trees:
    """Arrays for trees of up to `nodes` nodes; about ``16 * B * M * A`` bytes."""
    edges = (num_games, nodes, actions)
    return Trees(
        visits=np.zeros(edges, np.int32),
        q=np.zeros(edges, np.float32),
        prior=np.zeros(edges, np.float32),
        child=np.zeros(edges, np.int32),
        node_value=np.zeros(edges[:2], np.float32),
        node_visits=np.zeros(edges[:2], np.int32),
        terminal=np.zeros(edges[:2], np.bool_),
        parent=np.zeros(edges[:2], np.int32),
        parent_action=np.zeros(edges[:2], np.int32),
        used=np.zeros(num_games, np.int32),
        leaf=np.zeros(num_games, np.int32),
        legal=np.zeros((num_games, actions), np.bool_),
    )


@njit(cache=True, nogil=True)
def _new_node(trees, game, parent, action):
    node = trees.used[game]
    trees.used[game] = node + 1
    trees.node_visits[game, node] = 0
    trees.terminal[game, node] = False
    trees.parent[game, node] = parent
    trees.parent_action[game, node] = action
    return node


@njit(cache=True, nogil=True)
def select(first, last, trees, roots, leaves, rule, exploration, reduction, root_reduction):
    """Walk each tree to a leaf and play its moves on a copy of the game.

    Args:
        first, last: range of games.
        trees: walked; a new leaf becomes a node, without edges until `expand_and_backup`.
        roots: `Games` at the roots, untouched.
        leaves: `Games` as large, overwritten with the leaves; their random streams go on.
        rule: code of the selection rule, see `algorithms.search.rules`.
        exploration, reduction: its constants; the root has a reduction of its own.
    """
    for game in range(first, last):
        stream = leaves.words[game, STREAM]
        copy_game(roots, game, leaves, game)
        leaves.words[game, STREAM] = stream
        if trees.used[game] == 0:
            node = _new_node(trees, game, -1, -1)
        else:
            node = 0
            while not trees.terminal[game, node]:
                less = root_reduction if node == 0 else reduction
                action = select_edge(trees, game, node, rule, exploration, less)
                play(leaves, game, action)
                child = trees.child[game, node, action]
                if child == UNEXPANDED:
                    child = _new_node(trees, game, node, action)
                    trees.child[game, node, action] = child
                    node = child
                    break
                node = child
        trees.leaf[game] = node
        if leaves.info[game, STATUS] != RUNNING:
            trees.terminal[game, node] = True
            score = final_score(leaves, game) * leaves.info[game, TO_PLAY]
            trees.node_value[game, node] = np.sign(score)
        else:
            legal_row(leaves, game, trees.legal, game)


@njit(cache=True, nogil=True)
def expand_and_backup(first, last, trees, logits, values):
    """Give each new leaf its edges and add its value to the means on the way to the root.

    Args:
        first, last: range of games.
        trees: after `select`.
        logits: float32 [B, A], policy logits at the leaves; illegal actions are masked here.
        values: float32 [B], for the leaves' players to move; ignored where the game is over.
    """
    actions = trees.visits.shape[2]
    for game in range(first, last):
        leaf = trees.leaf[game]
        if not trees.terminal[game, leaf]:
            trees.node_value[game, leaf] = values[game]
            largest = np.float32(-np.inf)
            for action in range(actions):
                if trees.legal[game, action]:
                    largest = max(largest, logits[game, action])
            total = np.float32(0)
            for action in range(actions):
                trees.visits[game, leaf, action] = 0
                trees.q[game, leaf, action] = 0
                trees.child[game, leaf, action] = UNEXPANDED
                if trees.legal[game, action]:
                    weight = np.exp(logits[game, action] - largest)
                    trees.prior[game, leaf, action] = weight
                    total += weight
                else:
                    trees.prior[game, leaf, action] = -1
            for action in range(actions):
                if trees.legal[game, action]:
                    trees.prior[game, leaf, action] /= total
        value = trees.node_value[game, leaf]
        trees.node_visits[game, leaf] += 1
        node = leaf
        while node != 0:
            # The value is the mover's at `node`; the edge into it belongs to the other player.
            value = -value
            action = trees.parent_action[game, node]
            node = trees.parent[game, node]
            trees.node_visits[game, node] += 1
            visits = trees.visits[game, node, action] + 1
            trees.visits[game, node, action] = visits
            trees.q[game, node, action] += (value - trees.q[game, node, action]) / visits


@njit(cache=True, nogil=True)
def mix_root_noise(first, last, trees, noise, fraction):
    """Mix noise [B, A], which sums to 1 over a root's legal actions, into the root's prior."""
    for game in range(first, last):
        if trees.terminal[game, 0]:
            continue
        for action in range(trees.visits.shape[2]):
            if trees.prior[game, 0, action] >= 0:
                trees.prior[game, 0, action] *= 1 - fraction
                trees.prior[game, 0, action] += fraction * noise[game, action]
