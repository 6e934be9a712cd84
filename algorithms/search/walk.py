"""One round of a search, compiled: take in evaluations, then walk each tree to its next leaves.

A walk plays its moves on a scratch copy of the game, so superko along the path is exact. A leaf
where the game is over needs no evaluation: its outcome is backed up at once and the next
simulation begins, so the leaves that wait are all for the network.
"""

from __future__ import annotations

import numpy as np

from algorithms.evaluator import with_score
from algorithms.search.config import GUMBEL
from algorithms.search.rules import fast_exp, select_edge, settled
from algorithms.search.trees import (
    ACTIVE,
    BUDGET,
    HALTED,
    ILLEGAL,
    NOISY,
    OPEN,
    OVER,
    PENDING,
    ROOT,
    STARTED,
    UNEXPANDED,
    USED,
    WAITING,
    add_visit,
    find_identity,
    identity,
    mean_value,
    new_node,
    superko_key,
    update_q,
)
from goenv.bits import write_bits
from goenv.board import final_score, play
from goenv.history import forget_position
from goenv.kernel import inlined, kernel
from goenv.legality import refresh_legal
from goenv.state import (
    FIRST_SLOT,
    HISTORY_COUNT,
    LEGAL_POINTS,
    MAX_MOVES,
    PLY,
    RUNNING,
    SIZE,
    STATUS,
    TO_PLAY,
    copy_game,
    copy_position,
    pass_action,
)

# What a walk may return in place of a leaf.
_BLOCKED = -1  # by a leaf that waits for its evaluation, or for want of room in the history


_with_score = inlined(with_score)


@inlined
def copy_root(trees, roots, game, leaves, path):
    """Make the scratch game of a path the root's; in its history undo what the last walk added."""
    slot = game * trees.path_lengths.shape[1] + path
    first = FIRST_SLOT + leaves.cells.shape[1]
    if trees.synced[game, path]:
        for index in range(trees.path_added[game, path] - 1, -1, -1):
            forget_position(leaves.words, slot, first, trees.path_keys[game, path, index])
        copy_position(roots, game, leaves, slot)
    else:
        copy_game(roots, game, leaves, slot)
        trees.synced[game, path] = True
    trees.path_added[game, path] = 0
    return slot


@inlined
def merged_identity(leaves, slot):
    """`identity` of a position, of a finished one too; with a limit on moves, the ply counts."""
    info = leaves.info
    if info[slot, STATUS] == RUNNING:
        refresh_legal(leaves, slot)
    found = identity(leaves, slot) ^ np.uint64(info[slot, STATUS] << 8)
    if info[slot, MAX_MOVES] >= 0:
        found ^= np.uint64(info[slot, PLY]) << np.uint64(32)
    return found | np.uint64(1)


@inlined
def _enter(trees, game, leaves, slot, node, settings):
    """Say of a new node what its game says; returns the node."""
    if leaves.info[slot, STATUS] != RUNNING:
        trees.state[game, node] = OVER
        score = final_score(leaves, slot) * leaves.info[slot, TO_PLAY]
        value = np.float32(np.sign(score))
        if settings.score_weight > 0:
            sides = np.float32(score) / np.float32(leaves.info[slot, SIZE])
            value = _with_score(value, sides, settings.score_weight)
        trees.value[game, node] = value
    return node


@kernel
def _walk(trees, roots, game, leaves, path, settings):
    """Walk from the root to a leaf; returns the leaf, new or over, or _BLOCKED."""
    slot = copy_root(trees, roots, game, leaves, path)
    info = leaves.info
    room = 7 * (leaves.words.shape[1] - FIRST_SLOT - leaves.cells.shape[1]) // 8
    limit = trees.path_nodes.shape[2] - 1
    root = trees.info[game, ROOT]
    node, length = root, 0
    while trees.state[game, node] == OPEN and length < limit:
        if info[slot, HISTORY_COUNT] >= room:
            trees.info[game, HALTED] = 1
            return _BLOCKED
        # Noise asks for moves to be tried: they must not be held back for being new.
        noisy = node == root and trees.noise_share[game] > 0
        reduction = np.float32(0) if noisy else settings.reduction
        action = select_edge(trees, game, node, settings, reduction)
        trees.path_nodes[game, path, length] = node
        trees.path_actions[game, path, length] = action
        length += 1
        positions = info[slot, HISTORY_COUNT]
        play(leaves, slot, action)
        key = superko_key(leaves, slot)
        if info[slot, HISTORY_COUNT] > positions:
            trees.path_keys[game, path, trees.path_added[game, path]] = key
            trees.path_added[game, path] += 1
        child = np.int64(trees.child[game, node, action])
        is_new = child == UNEXPANDED
        if settings.merge:
            wanted = merged_identity(leaves, slot)
            entry = find_identity(trees, game, wanted)
            child = np.int64(trees.table[game, entry]) - 1
            is_new = child < 0
            if is_new:
                child = new_node(trees, game, key)
                trees.identities[game, child] = wanted
                trees.table[game, entry] = child + 1
        elif is_new:
            child = new_node(trees, game, key)
        trees.child[game, node, action] = child
        node = child
        if is_new:
            _enter(trees, game, leaves, slot, node, settings)
            break
        if trees.state[game, node] == WAITING:
            return _BLOCKED
    trees.path_nodes[game, path, length] = node
    trees.path_lengths[game, path] = length
    return node


@inlined
def _expand(trees, game, leaves, slot, node, logits, row, settings):
    """Give a node its edges: priors over the legal actions, the softmax of their logits."""
    off = pass_action(leaves)
    refresh_legal(leaves, slot)
    write_bits(leaves.bits, slot, LEGAL_POINTS, off, trees.legal, game, 0, 1)
    trees.legal[game, off] = 1
    highest = np.float32(-1e30)
    for action in range(off + 1):
        legal = trees.legal[game, action] != 0
        logit = logits[row, action] if settings.use_prior else np.float32(0)
        trees.scores[game, action] = logit if legal else np.float32(-1e30)
        highest = max(highest, trees.scores[game, action])
    total = np.float32(0)
    for action in range(off + 1):
        weight = fast_exp(trees.scores[game, action] - highest)
        weight = weight if trees.legal[game, action] != 0 else np.float32(0)
        trees.scores[game, action] = weight
        total += weight
    for action in range(off + 1):
        legal = trees.legal[game, action] != 0
        prior = trees.scores[game, action] / total
        trees.prior[game, node, action] = prior if legal else ILLEGAL
        trees.visits[game, node, action] = 0
        trees.q[game, node, action] = 0
        trees.child[game, node, action] = UNEXPANDED
    trees.state[game, node] = OPEN


@inlined
def prepare_root(trees, game, settings):
    """Mix the noise into a root that has its edges, or make it the g + logit of a Gumbel root."""
    root, share = trees.info[game, ROOT], trees.noise_share[game]
    for action in range(trees.noise.shape[1]):
        prior = trees.prior[game, root, action]
        if prior == ILLEGAL:
            continue
        if settings.root == GUMBEL:
            trees.noise[game, action] += np.log(max(prior, np.float32(1e-30)))
        elif share > 0:
            mixed = (1 - share) * prior + share * trees.noise[game, action]
            trees.prior[game, root, action] = mixed
            trees.info[game, NOISY] = 1
            if trees.visits[game, root, action] > 0:
                trees.tried[game, root] += mixed - prior


@inlined
def _not_its_turn(trees, game, node, action, step):
    """Keep a visit out of a Gumbel root's halving if the walk had come round to the root again."""
    if step > 0 and node == trees.info[game, ROOT]:
        trees.earlier[game, action] += 1


@inlined
def _back_up(trees, game, path, counted):
    """Let the value of a path's leaf change the Q of all edges on the way to it.

    Args:
        counted: whether the visit was counted before, as a loss (see `_lose`).
    """
    length = trees.path_lengths[game, path]
    node = np.int64(trees.path_nodes[game, path, length])
    for step in range(length - 1, -1, -1):
        q = -mean_value(trees, game, node)
        node = np.int64(trees.path_nodes[game, path, step])
        action = trees.path_actions[game, path, step]
        if counted:
            update_q(trees, game, node, action, q)
        else:
            add_visit(trees, game, node, action, q)
            _not_its_turn(trees, game, node, action, step)


@inlined
def _lose(trees, game, path):
    """Count a visit of all edges of a path as lost, so that the next walk goes another way."""
    for step in range(trees.path_lengths[game, path]):
        node = np.int64(trees.path_nodes[game, path, step])
        action = trees.path_actions[game, path, step]
        visits = trees.visits[game, node, action]
        q = (visits * trees.q[game, node, action] - 1) / (visits + 1)
        add_visit(trees, game, node, action, np.float32(q))
        _not_its_turn(trees, game, node, action, step)


@inlined
def _take_in(trees, game, leaves, settings, logits, values):
    """Expand the leaves that were evaluated and back their values up."""
    info, paths = trees.info, trees.path_lengths.shape[1]
    for path in range(info[game, PENDING]):
        row = trees.rows[game, path]
        leaf = np.int64(trees.path_nodes[game, path, trees.path_lengths[game, path]])
        trees.value[game, leaf] = values[row]
        _expand(trees, game, leaves, game * paths + path, leaf, logits, row, settings)
        if trees.path_lengths[game, path] == 0:
            prepare_root(trees, game, settings)
    for path in range(info[game, PENDING]):
        _back_up(trees, game, path, paths > 1)
    info[game, PENDING] = 0


@kernel
def advance(first, last, trees, roots, leaves, settings, logits, values, resumed):
    """One round of the searches that are active.

    A game whose walk found no room for its history is left HALTED in the middle of the round.

    Args:
        first, last: range of games.
        trees: walked; `Trees.rows` says where the evaluations of its waiting leaves are.
        roots: `Games` at the roots, untouched.
        leaves: `Games`, K for each root, overwritten with the next leaves.
        settings: of the search.
        logits, values: float32 [rows, A] and [rows], for the leaves' players to move; illegal
            actions are masked here.
        resumed: go on with the round of the HALTED games, and of no others.
    """
    paths = trees.path_lengths.shape[1]
    virtual = paths > 1
    for game in range(first, last):
        info = trees.info
        if info[game, ACTIVE] == 0 or (resumed and info[game, HALTED] == 0):
            continue
        if not resumed:
            _take_in(trees, game, leaves, settings, logits, values)
        info[game, HALTED] = 0
        if info[game, USED] == 0:
            slot = copy_root(trees, roots, game, leaves, 0)
            root = new_node(trees, game, superko_key(leaves, slot))
            if settings.merge:
                trees.identities[game, root] = merged_identity(leaves, slot)
                entry = find_identity(trees, game, trees.identities[game, root])
                trees.table[game, entry] = root + 1
            trees.path_nodes[game, 0, 0] = root
            trees.path_lengths[game, 0] = 0
            info[game, PENDING] = 1
            continue
        while info[game, PENDING] < paths and info[game, STARTED] < info[game, BUDGET]:
            if settings.stop_early and settled(trees, game):
                info[game, BUDGET] = info[game, STARTED]
                break
            path = info[game, PENDING]
            leaf = _walk(trees, roots, game, leaves, path, settings)
            if leaf == _BLOCKED:
                break
            info[game, STARTED] += 1
            if trees.state[game, leaf] != WAITING:
                _back_up(trees, game, path, False)
                continue
            if virtual:
                _lose(trees, game, path)
            info[game, PENDING] += 1
        if info[game, PENDING] == 0 and info[game, HALTED] == 0:
            info[game, ACTIVE] = 0
