"""A search tree as the textbook has it: one position at a time, objects and recursion."""

from __future__ import annotations

import math

import numpy as np

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

    def expand(self, evaluate) -> float:
        """Evaluate the position; returns its value."""
        if self.game.over:
            self.value = float(np.sign(self.game.score()) * self.game.to_play)
            return self.value
        logits, self.value = evaluate(self.game)
        legal = [action for action, ok in enumerate(self.game.legal_actions()) if ok]
        weights = {action: math.exp(logits[action]) for action in legal}
        total = sum(weights.values())
        for action in legal:
            self.prior[action] = weights[action] / total
            self.visits[action], self.total[action] = 0, 0.0
        return self.value

    def q(self, action: int) -> float:
        """Mean value of an action that was tried."""
        return self.total[action] / self.visits[action]

    def puct(self, c: float, reduction: float) -> int:
        """Q + c P sqrt(N) / (1 + n); for an action not tried Q is the node's value, reduced."""
        n = sum(self.visits.values())
        tried = sum(prior for action, prior in self.prior.items() if self.visits[action])
        untried_q = self.value - reduction * math.sqrt(tried)
        scores = {
            action: (self.q(action) if self.visits[action] else untried_q)
            + c * self.prior[action] * math.sqrt(max(1, n)) / (1 + self.visits[action])
            for action in self.prior
        }
        return max(scores, key=scores.__getitem__)

    def ucb1(self, c: float, reduction: float) -> int:
        """Q + c sqrt(ln N / n); actions not tried first, by prior."""
        untried = [action for action in self.prior if self.visits[action] == 0]
        if untried:
            return max(untried, key=self.prior.__getitem__)
        n = sum(self.visits.values())
        scores = {
            action: self.q(action) + c * math.sqrt(math.log(n) / self.visits[action])
            for action in self.prior
        }
        return max(scores, key=scores.__getitem__)

    def simulate(self, rule: str, c: float, reduction: float, evaluate) -> float:
        """One simulation from here; returns the value for this node's player to move."""
        if self.game.over:
            return self.value
        action = getattr(self, rule)(c, reduction)
        if action in self.children:
            value = -self.children[action].simulate(rule, c, reduction, evaluate)
        else:
            game = self.game.copy()
            game.play(action)
            child = self.children[action] = Node(game)
            value = -child.expand(evaluate)
        self.visits[action] += 1
        self.total[action] += value
        return value


def search(game, simulations: int, rule: str, c: float, reduction: float, evaluate) -> Node:
    """Tree after so many simulations beside the root's own evaluation."""
    root = Node(game)
    root.expand(evaluate)
    for _ in range(simulations):
        root.simulate(rule, c, reduction, evaluate)
    return root
