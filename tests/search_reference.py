"""A search tree as the textbook has it: one position at a time, objects and recursion.

`algorithms/search` is compared with this file and with `search_graph_reference.py`, which has the
leaves taken several at a time and the positions that share a node. Nothing is imported of it but
the settings.
"""

from __future__ import annotations

import math

import numpy as np

from algorithms.search import SearchConfig
from baselines.reference import ReferenceGame


class Node:
    """A position; edges are dicts by action. All values are from its player to move's side."""

    def __init__(self, game: ReferenceGame):
        self.game = game
        self.value = None
        self.prior: dict[int, float] = {}
        self.visits: dict[int, int] = {}
        self.total: dict[int, float] = {}
        self.children: dict[int, Node] = {}

    def expand(self, evaluate, config: SearchConfig) -> float:
        """Evaluate the position; returns its value."""
        if self.game.over:
            score, share = self.game.score() * self.game.to_play, config.score_weight
            squashed = math.atan(score / self.game.size) / (math.pi / 2)
            self.value = (1 - share) * float(np.sign(score)) + share * squashed
            return self.value
        logits, self.value = evaluate(self.game)
        legal = [action for action, ok in enumerate(self.game.legal_actions()) if ok]
        weights = {
            action: math.exp(logits[action]) if config.use_prior else 1.0 for action in legal
        }
        total = sum(weights.values())
        for action in legal:
            self.prior[action] = weights[action] / total
            self.visits[action], self.total[action] = 0, 0.0
        return self.value

    def q(self, action: int) -> float:
        """Mean value of an action that was tried."""
        return self.total[action] / self.visits[action]

    def count(self) -> int:
        """Simulations that went through this node and on."""
        return sum(self.visits.values())


# ---- rules: what a node does with a simulation --------------------------------------------------


def puct(node, c: float, reduction: float) -> int:
    """Q + c P sqrt(N) / (1 + n); for an action not tried Q is the node's value, reduced."""
    n = node.count()
    tried = sum(prior for action, prior in node.prior.items() if node.visits[action])
    untried_q = node.value - reduction * math.sqrt(tried)
    scores = {
        action: (node.q(action) if node.visits[action] else untried_q)
        + c * node.prior[action] * math.sqrt(max(1, n)) / (1 + node.visits[action])
        for action in node.prior
    }
    return max(scores, key=scores.__getitem__)


def ucb1(node, c: float) -> int:
    """Q + c sqrt(ln N / n); actions not tried first, by prior."""
    untried = [action for action in node.prior if node.visits[action] == 0]
    if untried:
        return max(untried, key=node.prior.__getitem__)
    n = node.count()
    scores = {
        action: node.q(action) + c * math.sqrt(math.log(n) / node.visits[action])
        for action in node.prior
    }
    return max(scores, key=scores.__getitem__)


def completed_q(node) -> dict[int, float]:
    """Q of all actions; those not tried get v_mix (Danihelka et al. 2022, appendix D)."""
    tried = [action for action in node.prior if node.visits[action]]
    mixed = node.value
    if tried:
        share = sum(node.prior[action] for action in tried)
        mean = sum(node.prior[action] * node.q(action) for action in tried) / share
        mixed = (node.value + node.count() * mean) / (1 + node.count())
    return {action: node.q(action) if action in tried else mixed for action in node.prior}


def sigma(node, offset: float, scale: float) -> dict[int, float]:
    """(c_visit + max n) c_scale Q, of completed Q (the same, equation 8)."""
    factor = (offset + max(node.visits.values())) * scale
    return {action: factor * q for action, q in completed_q(node).items()}


def improved_policy(node, offset: float, scale: float) -> dict[int, float]:
    """pi' = softmax(logits + sigma(completed Q)) (the same, equation 11)."""
    logits = {
        action: math.log(p) + sigma(node, offset, scale)[action] for action, p in node.prior.items()
    }
    highest = max(logits.values())
    weights = {action: math.exp(logit - highest) for action, logit in logits.items()}
    return {action: weight / sum(weights.values()) for action, weight in weights.items()}


def gumbel_interior(node, offset: float, scale: float) -> int:
    """argmax pi'(a) - n(a) / (1 + N) (the same, equation 14)."""
    policy, n = improved_policy(node, offset, scale), node.count()
    gaps = {action: policy[action] - node.visits[action] / (1 + n) for action in policy}
    return max(gaps, key=gaps.__getitem__)


def halving(considered: int, simulations: int) -> list[int]:
    """For each simulation, the visits that the action whose turn it is has had before it.

    Sequential halving: all considered actions get the same number of visits, then the better half
    of them, and so on down to two; each phase gets an equal part of the simulations.
    """
    if considered == 1:
        return list(range(simulations))
    phases = math.ceil(math.log2(considered))
    turns: list[int] = []
    visits = 0
    while len(turns) < simulations:
        for _ in range(max(1, simulations // (phases * considered))):
            turns += [visits] * considered
            visits += 1
        considered = max(2, considered // 2)
    return turns[:simulations]


class GumbelRoot:
    """The root rule of a search: sequential halving by g + logit + sigma(Q) (algorithm 2).

    Args:
        node: the root.
        config: of the search.
        simulations: its budget.
        gumbel: the draws g by action.
    """

    def __init__(self, node, config: SearchConfig, simulations: int, gumbel):
        self.node, self.config, self.gumbel = node, config, gumbel
        self.earlier = dict(node.visits)
        self.turns = halving(min(config.considered, len(node.prior)), simulations)

    def new_visits(self, action: int) -> int:
        """Visits of this search, without those of an earlier one."""
        return self.node.visits[action] - self.earlier[action]

    def best_of(self, actions: list[int]) -> int:
        """The one of the highest g + logit + sigma(Q)."""
        bonus = sigma(self.node, self.config.visit_offset, self.config.value_scale)
        return max(actions, key=lambda a: self.gumbel[a] + math.log(self.node.prior[a]) + bonus[a])

    def choose(self, simulation: int) -> int:
        """The action of a simulation, counted from 0."""
        turn = self.turns[simulation]
        return self.best_of([a for a in self.node.prior if self.new_visits(a) == turn])

    def best(self) -> int:
        """The action that the search ends with: the best of those that were visited most."""
        most = max(self.new_visits(action) for action in self.node.prior)
        return self.best_of([a for a in self.node.prior if self.new_visits(a) == most])


# ---- the search ---------------------------------------------------------------------------------


class PlainSearch:
    """Searches a position by the rules of a configuration; leaves come one at a time.

    Args:
        config: how to search.
        evaluate: (logits, value) of a game.
    """

    def __init__(self, config: SearchConfig, evaluate):
        self.config, self.evaluate = config, evaluate
        self.root: Node | None = None
        self.noisy = False

    def run(self, game: ReferenceGame, simulations: int, gumbel=None, dirichlet=None) -> Node:
        """The tree after so many simulations beside the root's own evaluation.

        Args:
            game: at the root; nothing is known of it unless `follow` came before.
            simulations: of this search.
            gumbel, dirichlet: the root's noise, by action; None for none.
        """
        config = self.config
        if self.root is None:
            self.root = Node(game)
            self.root.expand(self.evaluate, config)
        root, self.noisy = self.root, dirichlet is not None
        if dirichlet is not None:
            share = config.noise_fraction
            for action in root.prior:
                root.prior[action] *= 1 - share
                root.prior[action] += share * dirichlet[action]
        if config.root == "gumbel":
            zeros = np.zeros(game.pass_action + 1)
            halved = GumbelRoot(root, config, simulations, zeros if gumbel is None else gumbel)
            self.gumbel_root = halved
        for simulation in range(simulations):
            first = halved.choose(simulation) if config.root == "gumbel" else self.choose(root)
            self.simulate(root, first)
        return root

    def follow(self, action: int) -> None:
        """Play an action: what the tree knows of the position after it is kept, and no more."""
        assert self.root is not None
        self.root = self.root.children.get(action)
        if self.root is not None and self.root.game.over:
            self.root = None

    def choose(self, node: Node) -> int:
        """The action of a node that a simulation follows, by PUCT, UCB1 or the interior Gumbel."""
        config, at_root = self.config, node is self.root
        rule = config.root if at_root else config.interior
        if rule == "gumbel":
            return gumbel_interior(node, config.visit_offset, config.value_scale)
        if rule == "ucb1":
            return ucb1(node, config.exploration)
        noisy = at_root and self.noisy
        return puct(node, config.exploration, 0.0 if noisy else config.first_play_reduction)

    def simulate(self, node: Node, action: int | None = None) -> float:
        """One simulation from a node; returns the value for its player to move.

        Args:
            node: where it is.
            action: the one to follow; None: by the node's rule.
        """
        if node.game.over:
            assert node.value is not None
            return node.value
        if action is None:
            action = self.choose(node)
        if action in node.children:
            value = -self.simulate(node.children[action])
        else:
            game = node.game.copy()
            game.play(action)
            child = node.children[action] = Node(game)
            value = -child.expand(self.evaluate, self.config)
        node.visits[action] += 1
        node.total[action] += value
        return value


def search(game, simulations: int, rule: str, c: float, reduction: float, evaluate) -> Node:
    """Tree of one rule, at the root and below it."""
    config = SearchConfig(root=rule, interior=rule, exploration=c, first_play_reduction=reduction)
    return PlainSearch(config, evaluate).run(game, simulations)
