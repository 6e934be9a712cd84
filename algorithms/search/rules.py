"""Selection rules: which edge a simulation follows out of a node.

A rule is a small compiled function of a node and a code that names it; `select_edge` dispatches
on the code, since compiled functions handed over as arguments cannot be cached on disk.
"""

from __future__ import annotations

import numpy as np
from numba import njit

RULES: dict[str, int] = {"puct": 0, "ucb1": 1}


@njit(cache=True, nogil=True)
def _puct(trees, game, node, exploration):
    """argmax of Q + c * P * sqrt(N) / (1 + n) (Silver et al. 2017, Methods, "Select").

    N counts the visits of the node's edges. An edge not yet tried has the value of its node as
    Q: no move is presumed lost, or won, before it is tried.
    """
    scale = exploration * np.sqrt(np.float32(max(1, trees.node_visits[game, node] - 1)))
    unvisited_q = trees.node_value[game, node]
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
    for action in range(trees.visits.shape[2]):
        prior = trees.prior[game, node, action]
        if prior < 0:
            continue
        visits = trees.visits[game, node, action]
        if visits == 0:
            score = np.float32(1e6) + prior
        else:
            score = trees.q[game, node, action]
            score += exploration * np.sqrt(log_visits / np.float32(visits))
        if score > best_score:
            best, best_score = action, score
    return best


@njit(cache=True, nogil=True)
def select_edge(trees, game, node, rule, exploration):
    """Action of the edge that the rule follows out of an expanded, running node."""
    if rule == 1:
        return _ucb1(trees, game, node, exploration)
    return _puct(trees, game, node, exploration)
