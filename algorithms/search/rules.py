"""Selection rules: which edge a simulation follows out of a node.

A rule is a small compiled function of a node; `select_edge` dispatches on the code that names it,
since compiled functions handed over as arguments cannot be cached on disk.
"""

from __future__ import annotations

import numpy as np

from algorithms.search.config import GUMBEL, PUCT
from algorithms.search.trees import BUDGET, ILLEGAL, ROOT, STARTED
from goenv.kernel import inlined, kernel

_LOWEST = np.float32(-1e30)


@inlined
def fast_exp(x):
    """exp(x) in float32, to 1e-7 of its value; compilers turn loops over it into vectors.

    After the Cephes library: 2^n from the exponent's bits, the rest a polynomial.
    """
    x = min(max(x, np.float32(-87)), np.float32(88))
    n = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    r = x - n * np.float32(0.693359375) - n * np.float32(-2.12194440e-4)
    y = np.float32(1.9875691500e-4)
    y = y * r + np.float32(1.3981999507e-3)
    y = y * r + np.float32(8.3334519073e-3)
    y = y * r + np.float32(4.1665795894e-2)
    y = y * r + np.float32(1.6666665459e-1)
    y = y * r + np.float32(5.0000001201e-1)
    y = y * r * r + r + np.float32(1)
    return y * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


@inlined
def _best(trees, game):
    """The action of the highest of the scores; the first among equals."""
    best, highest = 0, trees.scores[game, 0]
    for action in range(1, trees.scores.shape[1]):
        score = trees.scores[game, action]
        if score > highest:
            best, highest = action, score
    return best


@kernel
def puct(trees, game, node, exploration, reduction):
    """argmax of Q + c * P * sqrt(N) / (1 + n) (Silver et al. 2017, Methods, "Select").

    N counts the visits of the node's edges. An edge not yet tried has as Q the value of its node
    less `reduction` times the square root of the prior that was tried already (Wu 2019, 2.1): the
    more of the likely moves were seen, the less is expected of the others.
    """
    scale = exploration * np.sqrt(np.float32(max(1, trees.walks[game, node])))
    unvisited_q = trees.value[game, node]
    unvisited_q -= reduction * np.sqrt(max(np.float32(0), trees.tried[game, node]))
    for action in range(trees.scores.shape[1]):
        visits = trees.visits[game, node, action]
        q = trees.q[game, node, action] if visits > 0 else unvisited_q
        prior = trees.prior[game, node, action]
        score = q + scale * prior / np.float32(1 + visits)
        trees.scores[game, action] = score if prior != ILLEGAL else _LOWEST
    return _best(trees, game)


@kernel
def ucb1(trees, game, node, exploration):
    """argmax of Q + c * sqrt(ln N / n) (Auer et al. 2002; Kocsis and Szepesvari 2006).

    Edges not yet tried come first, the largest prior among them first, which breaks ties at
    random where the evaluator's logits are random.
    """
    log_visits = np.log(np.float32(max(1, trees.walks[game, node])))
    untried, untried_prior = -1, np.float32(-1)
    for action in range(trees.scores.shape[1]):
        prior, visits = trees.prior[game, node, action], trees.visits[game, node, action]
        if prior == ILLEGAL:
            trees.scores[game, action] = _LOWEST
        elif visits > 0:
            bonus = exploration * np.sqrt(log_visits / np.float32(visits))
            trees.scores[game, action] = trees.q[game, node, action] + bonus
        elif prior > untried_prior:
            untried, untried_prior = action, prior
    if untried >= 0:
        return untried
    return _best(trees, game)


@inlined
def completed_q(trees, game, node, offset, scale):
    """Q of edges not yet tried, and the factor by which Q becomes a change of logits.

    The first mixes the node's own value with the mean Q of its visited edges by their priors
    (Danihelka et al. 2022, appendix D, "v_mix"); the second is (c_visit + max n) * c_scale
    (their equation 8).
    """
    weighted, most = np.float32(0), 0
    for action in range(trees.scores.shape[1]):
        visits = trees.visits[game, node, action]
        tried = trees.prior[game, node, action] if visits > 0 else np.float32(0)
        weighted += tried * trees.q[game, node, action]
        most = max(most, visits)
    mixed = trees.value[game, node]
    if trees.tried[game, node] > 0:
        count = np.float32(trees.walks[game, node])
        mixed = (mixed + count * weighted / trees.tried[game, node]) / (1 + count)
    return mixed, (offset + np.float32(most)) * scale


@kernel
def completed_roots(trees, games, offset, scale, completed, factors):
    """Write the completed Q of the roots of `games` into [n, A], and their factors into [n]."""
    for row in range(len(games)):
        game = games[row]
        root = trees.info[game, ROOT]
        mixed, factors[row] = completed_q(trees, game, root, offset, scale)
        for action in range(completed.shape[1]):
            tried = trees.visits[game, root, action] > 0
            completed[row, action] = trees.q[game, root, action] if tried else mixed


@kernel
def gumbel_interior(trees, game, node, offset, scale):
    """argmax of pi'(a) - n(a) / (1 + N), pi' the policy improved by completed Q values.

    So that the visits come to follow pi' (Danihelka et al. 2022, equation 14).
    """
    mixed, factor = completed_q(trees, game, node, offset, scale)
    highest = _LOWEST
    for action in range(trees.scores.shape[1]):
        q = trees.q[game, node, action] if trees.visits[game, node, action] > 0 else mixed
        legal = trees.prior[game, node, action] != ILLEGAL
        trees.scores[game, action] = factor * q if legal else _LOWEST
        highest = max(highest, trees.scores[game, action])
    total = np.float32(0)
    for action in range(trees.scores.shape[1]):
        prior = max(np.float32(0), trees.prior[game, node, action])
        trees.scores[game, action] = prior * fast_exp(trees.scores[game, action] - highest)
        total += trees.scores[game, action]
    share, visit = 1 / max(total, np.float32(1e-30)), 1 / np.float32(1 + trees.walks[game, node])
    for action in range(trees.scores.shape[1]):
        gap = trees.scores[game, action] * share
        gap -= np.float32(trees.visits[game, node, action]) * visit
        legal = trees.prior[game, node, action] != ILLEGAL
        trees.scores[game, action] = gap if legal else _LOWEST
    return _best(trees, game)


@inlined
def considered_visits(considered, simulations, started):
    """Visits that an action has when sequential halving turns to it with its next simulation.

    The best `considered` actions get the same number of visits each, then the better half of
    them, and so on down to two, in about log2(considered) phases of equal length (Karnin et al.
    2013; Danihelka et al. 2022, algorithm 2).
    """
    if considered <= 1:
        return started
    phases = 0
    while (1 << phases) < considered:
        phases += 1
    visits, left = 0, considered
    while True:
        extra = max(1, simulations // (phases * left))
        if started < extra * left:
            return visits + started // left
        started -= extra * left
        visits += extra
        left = max(2, left // 2)


@kernel
def gumbel_root(trees, game, considered, offset, scale):
    """argmax of g + logit + sigma(Q) among the actions whose turn it is in sequential halving.

    `Trees.noise` holds g + logit (Danihelka et al. 2022, algorithm 2).
    """
    root = trees.info[game, ROOT]
    mixed, factor = completed_q(trees, game, root, offset, scale)
    legal = 0
    for action in range(trees.scores.shape[1]):
        legal += trees.prior[game, root, action] != ILLEGAL
    simulations, started = trees.info[game, BUDGET], trees.info[game, STARTED]
    turn = considered_visits(min(considered, legal), simulations, started)
    for action in range(trees.scores.shape[1]):
        visits = trees.visits[game, root, action]
        q = trees.q[game, root, action] if visits > 0 else mixed
        score = trees.noise[game, action] + factor * q
        if visits - trees.earlier[game, action] != turn:
            score -= np.float32(1e8)
        legal = trees.prior[game, root, action] != ILLEGAL
        trees.scores[game, action] = score if legal else _LOWEST
    return _best(trees, game)


@inlined
def select_edge(trees, game, node, settings, reduction):
    """Action of the edge that the rule of a node follows; the node has edges."""
    at_root = node == trees.info[game, ROOT]
    rule = settings.root if at_root else settings.interior
    if rule == PUCT:
        return puct(trees, game, node, settings.exploration, reduction)
    if rule != GUMBEL:
        return ucb1(trees, game, node, settings.exploration)
    if at_root:
        return gumbel_root(
            trees, game, settings.considered, settings.visit_offset, settings.value_scale
        )
    return gumbel_interior(trees, game, node, settings.visit_offset, settings.value_scale)


@inlined
def settled(trees, game):
    """Whether the simulations that are left cannot change which action is visited most."""
    root, best, second = trees.info[game, ROOT], 0, 0
    for action in range(trees.visits.shape[2]):
        visits = trees.visits[game, root, action]
        if visits > best:
            best, second = visits, best
        elif visits > second:
            second = visits
    return best - second > trees.info[game, BUDGET] - trees.info[game, STARTED]
