"""The start of a search, compiled: from an empty tree, or from what an earlier one knows."""

from __future__ import annotations

import numpy as np

from algorithms.search.trees import (
    ACTIVE,
    BUDGET,
    CRAMPED,
    FREE,
    OPEN,
    PENDING,
    ROOT,
    ROOT_PLY,
    STARTED,
    UNEXPANDED,
    USED,
    find_identity,
    superko_key,
)
from algorithms.search.walk import prepare_root
from goenv.history import SIMPLE
from goenv.kernel import inlined, kernel
from goenv.state import (
    FIRST_SLOT,
    GRID,
    PLY,
    RECENT_ACTIONS,
    SUPERKO,
    recent_action,
)


@kernel
def _fingerprint(games, game):
    """Rules and history of a game as one number, which a new position changes by its key."""
    mixed = np.uint64(1)
    for column in range(GRID + 1):
        mixed = (mixed ^ np.uint64(games.info[game, column])) * np.uint64(0x9E3779B97F4A7C15)
    for column in range(FIRST_SLOT + games.cells.shape[1], games.words.shape[1]):
        mixed ^= games.words[game, column]
    return mixed


@kernel
def _descend(trees, roots, game, fingerprint):
    """The node that the moves played since the last search lead to; -1 if there is none.

    It must have been reached from the same history, which decides what superko forbids.
    """
    plies = roots.info[game, PLY] - trees.info[game, ROOT_PLY]
    if trees.info[game, USED] == 0 or plies < 0 or plies > RECENT_ACTIONS:
        return np.int64(-1)
    node, expected = np.int64(trees.info[game, ROOT]), trees.fingerprints[game]
    for back in range(plies - 1, -1, -1):
        action = recent_action(roots, game, back)
        if action < 0 or trees.state[game, node] != OPEN:
            return np.int64(-1)
        child = np.int64(trees.child[game, node, action])
        if child == UNEXPANDED:
            return np.int64(-1)
        if trees.keys[game, child] != trees.keys[game, node]:
            expected ^= trees.keys[game, child]
        node = child
    same_board = trees.keys[game, node] == superko_key(roots, game)
    if roots.info[game, SUPERKO] == SIMPLE:
        expected = fingerprint  # there is no history of positions
    if trees.state[game, node] != OPEN or not same_board or expected != fingerprint:
        return np.int64(-1)
    return node


@inlined
def _keep_below(trees, game, root, limit):
    """Make `root` the root and free all nodes that are not below it, or more than `limit`.

    The nearest to the root are kept. An edge to a node that is not keeps its visits and its Q.
    """
    for index in range(trees.info[game, USED]):
        trees.kept[game, index] = False
    queue = trees.path_nodes  # no walk is under way
    queue[game, 0, 0] = root
    trees.kept[game, root] = True
    found, done = 1, 0
    while done < found:
        parent = np.int64(queue[game, 0, done])
        done += 1
        if trees.state[game, parent] != OPEN:
            continue
        for action in range(trees.child.shape[2]):
            child = np.int64(trees.child[game, parent, action])
            if child == UNEXPANDED or trees.kept[game, child]:
                continue
            if found < limit:
                queue[game, 0, found] = child
                trees.kept[game, child] = True
                found += 1
            else:
                trees.child[game, parent, action] = UNEXPANDED
    free = 0
    for index in range(trees.info[game, USED]):
        if not trees.kept[game, index]:
            trees.free[game, free] = index
            free += 1
    trees.info[game, FREE] = free
    trees.info[game, ROOT] = root


@inlined
def _rebuild_table(trees, game):
    """Enter the kept nodes, and no others, into the table of identities."""
    for slot in range(trees.table.shape[1]):
        trees.table[game, slot] = 0
    for node in range(trees.info[game, USED]):
        if trees.kept[game, node] and trees.identities[game, node] != 0:
            slot = find_identity(trees, game, trees.identities[game, node])
            trees.table[game, slot] = node + 1


@kernel
def begin_searches(trees, roots, games, budgets, settings, reuse, limit):
    """Begin a search in each of `games`, with the noise that `Trees.noise` holds for it.

    Args:
        trees: of the searches.
        roots: `Games` at the roots.
        games: int64 [n], running games.
        budgets: int64 [n], simulations each.
        settings: of the search.
        reuse: whether to go on from what the last search of a game knows.
        limit: nodes that may be kept of it.
    """
    info = trees.info
    for index in range(games.shape[0]):
        game = games[index]
        fingerprint = _fingerprint(roots, game) if reuse else np.uint64(0)
        root = _descend(trees, roots, game, fingerprint) if reuse else np.int64(-1)
        again = root >= 0 and root == info[game, ROOT]
        trees.fingerprints[game] = fingerprint
        info[game, BUDGET], info[game, STARTED], info[game, PENDING] = budgets[index], 0, 0
        info[game, ACTIVE], info[game, CRAMPED] = 1, 0
        info[game, ROOT_PLY] = roots.info[game, PLY]
        for path in range(trees.synced.shape[1]):
            trees.synced[game, path] = False
        if root < 0:
            info[game, USED], info[game, FREE], info[game, ROOT] = 0, 0, 0
            for slot in range(trees.table.shape[1]):
                trees.table[game, slot] = 0
            for action in range(trees.earlier.shape[1]):
                trees.earlier[game, action] = 0
            continue
        _keep_below(trees, game, root, limit)
        if settings.merge:
            _rebuild_table(trees, game)
        for action in range(trees.earlier.shape[1]):
            trees.earlier[game, action] = trees.visits[game, root, action]
        prepare_root(trees, game, settings, not again)
