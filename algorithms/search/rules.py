"""Selection rules: which edge a simulation follows out of a node.

A rule is a small compiled function of a node and a code that names it; `select_edge` dispatches
on the code, since compiled functions handed over as arguments cannot be cached on disk.
"""

from __future__ import annotations

import numpy as np
from numba import njit

RULES: dict[str, int] = {"puct": 0, "ucb1": 1}


@njit(cache=True, nogil=True)
def _puct(trees, game, node, exploration, reduction):
    """argmax of Q + c * P * sqrt(N) / (1 + n) (Silver et al. 2017, Methods, "Select").

    N counts the visits of the node's edges. An edge not yet tried has as Q the value of its node
    less `reduction` times the square root of the prior that was tried already (Wu 2019, 2.1): the
    more of the likely moves were seen, the less is expected of the others.
    """
    scale = exploration * np.sqrt(np.float32(max(1, trees.node_visits[game, node] - 1)))
    tried = np.float32(0)
    for action in range(trees.visits.shape[2]):
        if trees.prior[game, node, action] > 0 and trees.visits[game, node, action] > 0:
            tried += trees.prior[game, node, action]
    unvisited_q = trees.node_value[game, node] - reduction * np.sqrt(tried)
    best, best_score = -1, np.float32(-np.inf)
    for action in range(trees.visits.shape[2]):
        prior = trees.prior[game, node, action]
        if prior < 0:
            continue
        visits = trees.visits[game, node, action]
        q = trees.q[game, node, action] if visits > 0 else unvisited_q
        score = q + scale * prior / np.float32(1 + visits)
        if score > best_score:
            best, best_score = action, score
    return best


@njit(cache=True, nogil=True)
def _ucb1(trees, game, node, exploration):
    """argmax of Q + c * sqrt(ln N / n) (Auer et al. 2002; Kocsis and Szepesvari 2006).

    Edges not yet tried come first, the largest prior among them first, which breaks ties at
    random where the evaluator's logits are random.
    """
    log_visits = np.log(np.float32(max(1, trees.node_visits[game, node] - 1)))
    best, best_score = -1, np.float32(-np.inf)
    untried, untried_prior = -1, np.float32(-1)
    for action in range(trees.visits.shape[2]):
        prior = trees.prior[game, node, action]
        if prior < 0:
            continue
        visits = trees.visits[game, node, action]
        if visits == 0:
            if prior > untried_prior:
                untried, untried_prior = action, prior
            continue
        score = trees.q[game, node, action]
        score += exploration * np.sqrt(log_visits / np.float32(visits))
        if score > best_score:
            best, best_score = action, score
    return untried if untried >= 0 else best


@njit(cache=True, nogil=True)
def select_edge(trees, game, node, rule, exploration, reduction):
    """Action of the edge that the rule follows out of an expanded, running node."""
    if rule == 1:
        return _ucb1(trees, game, node, exploration)
    return _puct(trees, game, node, exploration, reduction)
