"""The start of a search, compiled: from an empty tree, or from what an earlier one knows."""

from __future__ import annotations

import numpy as np

from algorithms.search.trees import (
    ACTIVE,
    BUDGET,
    FREE,
    HALTED,
    NOISY,
    OPEN,
    PENDING,
    ROOT,
    ROOT_PASSES,
    ROOT_PLY,
    STARTED,
    UNEXPANDED,
    USED,
    find_identity,
    superko_key,
)
from algorithms.search.walk import copy_root, merged_identity, prepare_root
from goenv.history import PREVIOUS_HASH, SIMPLE
from goenv.kernel import inlined, kernel
from goenv.state import (
    FIRST_SLOT,
    GRID,
    PASSES,
    PLY,
    RECENT_ACTIONS,
    SUPERKO,
    TO_PLAY,
    recent_action,
)


@inlined
def _rules_fingerprint(games, game):
    """Rules of a game and who moves at its even plies, as one number."""
    info = games.info
    mixed = np.uint64(info[game, TO_PLAY] * (1 - 2 * (info[game, PLY] & 1)) + 2)
    for column in range(GRID + 1):
        mixed = (mixed ^ np.uint64(info[game, column])) * np.uint64(0x9E3779B97F4A7C15)
    return mixed


@inlined
def _scrambled(key):
    """A key without the pattern in it: keys of a position's neighbours are XORs of a few others."""
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


@inlined
def _history_fingerprint(games, game):
    """What superko knows of the past: positions, each of which adds its key, scrambled."""
    if games.info[game, SUPERKO] == SIMPLE:
        return games.words[game, PREVIOUS_HASH]
    mixed = np.uint64(0)
    for column in range(FIRST_SLOT + games.cells.shape[1], games.words.shape[1]):
        mixed += _scrambled(games.words[game, column])
    return mixed


@kernel
def _descend(trees, roots, game, rules, history):
    """The node that the moves played since the last search lead to; -1 if there is none.

    It must have been reached from the same history, which decides what superko forbids. A search
    that was broken off leaves nothing to go on from: some of its visits are but lent.
    """
    info = roots.info
    plies = info[game, PLY] - trees.info[game, ROOT_PLY]
    if trees.info[game, USED] == 0 or trees.info[game, PENDING] > 0:
        return np.int64(-1)
    if plies < 0 or plies > RECENT_ACTIONS or rules != trees.fingerprints[game, 0]:
        return np.int64(-1)
    if plies == 0 and info[game, PASSES] != trees.info[game, ROOT_PASSES]:
        return np.int64(-1)
    node, expected = np.int64(trees.info[game, ROOT]), trees.fingerprints[game, 1]
    for back in range(plies - 1, -1, -1):
        action = recent_action(roots, game, back)
        if action < 0 or trees.state[game, node] != OPEN:
            return np.int64(-1)
        child = np.int64(trees.child[game, node, action])
        if child == UNEXPANDED:
            return np.int64(-1)
        if info[game, SUPERKO] == SIMPLE:
            expected = trees.keys[game, node]
        elif trees.keys[game, child] != trees.keys[game, node]:
            expected += _scrambled(trees.keys[game, child])
        node = child
    same_board = trees.keys[game, node] == superko_key(roots, game)
    if trees.state[game, node] != OPEN or not same_board or expected != history:
        return np.int64(-1)
    return node


@inlined
def _same_identity(trees, roots, game, leaves):
    """The node of the root's position under merging, -1 if there is none.

    An edge leads to where it led the last walk, which may have come by another way, on which other
    moves were forbidden.
    """
    slot = copy_root(trees, roots, game, leaves, 0)
    entry = find_identity(trees, game, merged_identity(leaves, slot))
    node = np.int64(trees.table[game, entry]) - 1
    if node >= 0 and trees.state[game, node] != OPEN:
        node = np.int64(-1)
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
def begin_searches(trees, roots, leaves, games, budgets, settings, reuse, limit):
    """Begin a search in each of `games`, with the noise that `Trees.noise` holds for it.

    Args:
        trees: of the searches.
        roots: `Games` at the roots.
        leaves: `Games`, K for each root, to be overwritten.
        games: int64 [n], running games.
        budgets: int64 [n], simulations each.
        settings: of the search.
        reuse: whether to go on from what the last search of a game knows.
        limit: nodes that may be kept of it.
    """
    info = trees.info
    for index in range(games.shape[0]):
        game = games[index]
        for path in range(trees.synced.shape[1]):
            trees.synced[game, path] = False
        root = np.int64(-1)
        if reuse:
            rules, history = _rules_fingerprint(roots, game), _history_fingerprint(roots, game)
            root = _descend(trees, roots, game, rules, history)
            trees.fingerprints[game, 0], trees.fingerprints[game, 1] = rules, history
            if settings.merge and root >= 0:
                root = _same_identity(trees, roots, game, leaves)
        if root == info[game, ROOT] and info[game, NOISY] != 0:
            root = np.int64(-1)  # the noise of the last search cannot be taken out
        info[game, BUDGET], info[game, STARTED], info[game, PENDING] = budgets[index], 0, 0
        info[game, ACTIVE], info[game, HALTED], info[game, NOISY] = 1, 1, 0
        info[game, ROOT_PLY] = roots.info[game, PLY]
        info[game, ROOT_PASSES] = roots.info[game, PASSES]
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
        prepare_root(trees, game, settings)
