"""Search trees of B games in preallocated arrays.

Node m of game b has an edge for every action, in arrays [B, M, A]. An edge's Q is the mean value of
the node behind it for the player who moves along the edge; a node's mean is its own evaluation
and the values of all walks through it. So in a tree Q is the mean over the edge's own visits;
where identical positions share a node it is the mean of all visits to that node, by whatever
edge they came.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from goenv.history import HASH, position_key
from goenv.kernel import inlined
from goenv.state import LEGAL_POINTS, PASSES, SUPERKO, TO_PLAY

UNEXPANDED = -1
ILLEGAL = np.float32(-1e9)  # what `prior` holds for an action that is not legal

# Values of `Trees.state`: has edges; the game is over there; waits for its evaluation.
OPEN, OVER, WAITING = 0, 1, 2

# Columns of `Trees.info`.
USED = 0  # nodes up to the highest in use
BUDGET = 1  # simulations that this search may take
STARTED = 2  # simulations begun since it began
PENDING = 3  # leaves that wait for their evaluation
ACTIVE = 4  # whether there is a search that has not ended
HALTED = 5  # whether this round is not yet done: begun within it, or no room for the history
ROOT = 6  # node
ROOT_PLY = 7
FREE = 8  # nodes among those that are not
ROOT_PASSES = 9  # in a row, when the search began
NOISY = 10  # whether there is noise in the root's prior
INFO_FIELDS = 11


class Trees(NamedTuple):
    """Trees of B games with up to M nodes, A actions and K leaves at a time.

    Attributes:
        visits: int32 [B, M, A], simulations through an edge.
        q: float32 [B, M, A], mean value of an edge for the player who moves along it.
        prior: float32 [B, M, A], probabilities over the legal actions; ILLEGAL for the others.
        child: int32 [B, M, A], node behind an edge, or UNEXPANDED.
        value: float32 [B, M], evaluation of a node for its player to move; where the game is over,
            its outcome.
        total: float64 [B, M], sum over a node's edges of visits times Q.
        walks: int32 [B, M], walks through it: the sum of the visits of its edges.
        tried: float32 [B, M], sum of the priors of its edges that were visited.
        state: int8 [B, M], OPEN, OVER or WAITING.
        keys: uint64 [B, M], the position as superko knows it.
        identities: uint64 [B, M], the position as merging knows it, 0 without merging.
        path_nodes, path_actions: int32 [B, K, M + 1], the ways to the leaves that wait: nodes from
            the root on, and the actions taken out of them.
        path_keys: uint64 [B, K, M + 1], positions that the way added to the history of its game.
        path_lengths, path_added: int32 [B, K], actions on the way, and positions added.
        synced: bool [B, K], whether the game of the leaf has the root's history beside those.
        rows: int32 [B, K], rows in the coming evaluation.
        noise: float32 [B, A], Dirichlet noise or Gumbel draws for the roots.
        noise_share: float32 [B], share of the Dirichlet noise in a root's prior.
        earlier: int32 [B, A], visits of the roots' edges that sequential halving leaves out: those
            from before the search (`reuse`), and those of walks on their way round (`merge`).
        scores: float32 [B, A], scratch of the rules.
        legal: uint8 [B, A], scratch of `expand`.
        table: int32 [B, T], hash table from identities to 1 + node; T is 1 without merging.
        kept: bool [B, M], scratch of `begin_searches`.
        free: int32 [B, M], nodes to be taken before new ones.
        fingerprints: uint64 [B, 2], rules and history of the roots.
        info: int64 [B, INFO_FIELDS], see the columns above.
    """

    visits: np.ndarray
    q: np.ndarray
    prior: np.ndarray
    child: np.ndarray
    value: np.ndarray
    total: np.ndarray
    walks: np.ndarray
    tried: np.ndarray
    state: np.ndarray
    keys: np.ndarray
    identities: np.ndarray
    path_nodes: np.ndarray
    path_actions: np.ndarray
    path_keys: np.ndarray
    path_lengths: np.ndarray
    path_added: np.ndarray
    synced: np.ndarray
    rows: np.ndarray
    noise: np.ndarray
    noise_share: np.ndarray
    earlier: np.ndarray
    scores: np.ndarray
    legal: np.ndarray
    table: np.ndarray
    kept: np.ndarray
    free: np.ndarray
    fingerprints: np.ndarray
    info: np.ndarray


def tree_bytes(nodes: int, actions: int) -> int:
    """About what the tree of one game takes."""
    return nodes * (16 * actions + 70)


def allocate_trees(games: int, nodes: int, actions: int, leaves: int, merge: bool) -> Trees:
    """Trees of up to `nodes` nodes each; about `tree_bytes` a game."""
    edges = (games, nodes, actions)
    slots = 2 << (nodes - 1).bit_length() if merge else 1
    return Trees(
        visits=np.zeros(edges, np.int32),
        q=np.zeros(edges, np.float32),
        prior=np.zeros(edges, np.float32),
        child=np.zeros(edges, np.int32),
        value=np.zeros(edges[:2], np.float32),
        total=np.zeros(edges[:2], np.float64),
        walks=np.zeros(edges[:2], np.int32),
        tried=np.zeros(edges[:2], np.float32),
        state=np.zeros(edges[:2], np.int8),
        keys=np.zeros(edges[:2], np.uint64),
        identities=np.zeros(edges[:2], np.uint64),
        path_nodes=np.zeros((games, leaves, nodes + 1), np.int32),
        path_actions=np.zeros((games, leaves, nodes + 1), np.int32),
        path_keys=np.zeros((games, leaves, nodes + 1), np.uint64),
        path_lengths=np.zeros((games, leaves), np.int32),
        path_added=np.zeros((games, leaves), np.int32),
        synced=np.zeros((games, leaves), np.bool_),
        rows=np.zeros((games, leaves), np.int32),
        noise=np.zeros((games, actions), np.float32),
        noise_share=np.zeros(games, np.float32),
        earlier=np.zeros((games, actions), np.int32),
        scores=np.zeros((games, actions), np.float32),
        legal=np.zeros((games, actions), np.uint8),
        table=np.zeros((games, slots), np.int32),
        kept=np.zeros(edges[:2], np.bool_),
        free=np.zeros(edges[:2], np.int32),
        fingerprints=np.zeros((games, 2), np.uint64),
        info=np.zeros((games, INFO_FIELDS), np.int64),
    )


@inlined
def mean_value(trees, game, node):
    """Mean value of a node for its player to move, float32."""
    if trees.state[game, node] == OVER:
        return trees.value[game, node]
    mean = (trees.value[game, node] + trees.total[game, node]) / (1 + trees.walks[game, node])
    return np.float32(mean)


@inlined
def add_visit(trees, game, node, action, q):
    """Count a visit of an edge, whose Q becomes `q`."""
    visits = trees.visits[game, node, action]
    trees.total[game, node] += (visits + 1) * np.float64(q) - visits * np.float64(
        trees.q[game, node, action]
    )
    if visits == 0:
        trees.tried[game, node] += trees.prior[game, node, action]
    trees.walks[game, node] += 1
    trees.visits[game, node, action] = visits + 1
    trees.q[game, node, action] = q


@inlined
def update_q(trees, game, node, action, q):
    """Set the Q of an edge that has visits."""
    change = np.float64(q) - np.float64(trees.q[game, node, action])
    trees.total[game, node] += trees.visits[game, node, action] * change
    trees.q[game, node, action] = q


@inlined
def new_node(trees, game, key):
    """Take the next node; it has no edges before `expand`."""
    free = trees.info[game, FREE]
    if free > 0:
        node = np.int64(trees.free[game, free - 1])
        trees.info[game, FREE] = free - 1
    else:
        node = trees.info[game, USED]
        trees.info[game, USED] = node + 1
    trees.value[game, node] = 0
    trees.total[game, node] = 0
    trees.walks[game, node] = 0
    trees.tried[game, node] = 0
    trees.state[game, node] = WAITING
    trees.keys[game, node] = key
    trees.identities[game, node] = 0
    return node


@inlined
def superko_key(games, game):
    """The position of a game as superko knows it."""
    info = games.info
    return position_key(info[game, SUPERKO], games.words[game, HASH], info[game, TO_PLAY])


@inlined
def identity(games, game):
    """What tells a running game's position from others: board, mover, passes and legal points.

    The legal points are what the history forbids; the mask must be up to date. Never 0.
    """
    info = games.info
    mixed = games.words[game, HASH] ^ np.uint64(info[game, TO_PLAY] + 2 + 4 * info[game, PASSES])
    mixed *= np.uint64(0x9E3779B97F4A7C15)  # or mover and passes could be taken for legal points
    for index in range(games.bits.shape[2]):
        mixed = (mixed ^ games.bits[game, LEGAL_POINTS, index]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed | np.uint64(1)


@inlined
def find_identity(trees, game, wanted):
    """Slot of the table that holds the node of an identity, or the free one for it."""
    last = trees.table.shape[1] - 1
    slot = np.int64(wanted >> np.uint64(20)) & last
    while trees.table[game, slot] != 0:
        if trees.identities[game, trees.table[game, slot] - 1] == wanted:
            break
        slot = (slot + 1) & last
    return slot
