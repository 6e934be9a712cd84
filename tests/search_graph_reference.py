"""A plain search that takes leaves several at a time, and where positions may share a node.

Its trees are graphs, so there is no recursion: a walk is a list of (node, action), and the Q of an
edge is minus the mean value of the node behind it, as of the last walk along the edge.
"""

from __future__ import annotations

from search_reference import GumbelRoot, Node, PlainSearch

from algorithms.search import SearchConfig
from baselines.reference import ReferenceGame

Path = list[tuple["GraphNode", int]]


class GraphNode(Node):
    """A node whose edges have a Q of their own, not a sum of values."""

    def __init__(self, game: ReferenceGame):
        super().__init__(game)
        self.last_q: dict[int, float] = {}

    def q(self, action: int) -> float:
        return self.last_q[action]

    def mean(self) -> float:
        """Mean value of the node: its own evaluation and all that came through its edges."""
        if self.game.over:
            return self.value
        values = sum(self.visits[action] * q for action, q in self.last_q.items())
        return (self.value + values) / (1 + self.count())


class GraphSearch(PlainSearch):
    """`PlainSearch` with `merge` and `leaves`.

    Args:
        config: how to search.
        evaluate: (logits, value) of a game.
    """

    def __init__(self, config: SearchConfig, evaluate):
        super().__init__(config, evaluate)
        # Actions of a walk at most: graphs have cycles. It is what there is room for in the trees.
        self.longest = (2 if config.reuse else 1) * config.simulations + 1
        self.known: dict[tuple, GraphNode] = {}
        self.rounds: list[list[GraphNode]] = []  # the leaves evaluated side by side

    @staticmethod
    def identity(game: ReferenceGame) -> tuple:
        """What tells a position from others."""
        legal = () if game.over else tuple(game.legal_actions())
        ply = None if game.max_moves is None else game.ply
        return (game.cells, game.to_play, game.passes_in_a_row, game.over, legal, ply)

    def follow(self, action: int) -> None:
        super().follow(action)
        self.known = {}
        waiting = [] if self.root is None else [self.root]
        while waiting:
            node = waiting.pop()
            key = self.identity(node.game)
            if key not in self.known:
                self.known[key] = node
                waiting += node.children.values()

    def run(self, game: ReferenceGame, simulations: int, gumbel=None, dirichlet=None) -> GraphNode:
        assert dirichlet is None
        if self.root is None:
            self.root = GraphNode(game)
            self.root.expand(self.evaluate, self.config)
            self.known = {self.identity(game): self.root}
        if self.config.root == "gumbel":
            zeros = [0.0] * (game.pass_action + 1)
            self.gumbel_root = GumbelRoot(
                self.root, self.config, simulations, zeros if gumbel is None else gumbel
            )
        started = 0
        while started < simulations:
            started += self.round(game, started, simulations)
        return self.root

    def round(self, game: ReferenceGame, started: int, simulations: int) -> int:
        """Walks to as many leaves as are evaluated side by side; returns the walks."""
        leaves, before = self.config.leaves, started
        waiting: list[tuple[GraphNode, Path]] = []
        while len(waiting) < leaves and started < simulations:
            leaf, path = self.walk(game.copy(), started, [node for node, _ in waiting])
            if any(leaf is node for node, _ in waiting):
                break
            started += 1
            if leaf.value is None:
                waiting.append((leaf, path))
                if leaves > 1:
                    self.lose(path)
            else:
                self.back_up(leaf, path, counted=False)
        for leaf, _ in waiting:
            leaf.expand(self.evaluate, self.config)
        for leaf, path in waiting:
            self.back_up(leaf, path, counted=leaves > 1)
        self.rounds.append([leaf for leaf, _ in waiting])
        return started - before

    def walk(self, game, started: int, waiting: list[GraphNode]) -> tuple[GraphNode, Path]:
        """From the root to a leaf: a new node, a finished game, or a node in `waiting`."""
        node, path = self.root, []
        while node.prior and len(path) < self.longest:
            if node is self.root and self.config.root == "gumbel":
                action = self.gumbel_root.choose(started)
            else:
                action = self.choose(node)
            path.append((node, action))
            game.play(action)  # raises if superko forbids it here
            if self.config.merge:
                child = self.known.get(self.identity(game))
            else:
                child = node.children.get(action)
            if child is None:
                child = GraphNode(game)
                if self.config.merge:
                    self.known[self.identity(game)] = child
                if game.over:
                    child.expand(self.evaluate, self.config)
            node.children[action] = child
            node = child
        return node, path

    def lose(self, path: Path) -> None:
        """Count the walk as lost for whoever moves along each edge, until its leaf is known."""
        for node, action in path:
            visits = node.visits[action]
            node.last_q[action] = (visits * node.last_q.get(action, 0.0) - 1) / (visits + 1)
            node.visits[action] += 1
        self.leave_out_ways_round(path)

    def leave_out_ways_round(self, path: Path) -> None:
        """Sequential halving counts walks, not how often they come by."""
        if self.config.root == "gumbel":
            for node, action in path[1:]:
                if node is self.root:
                    self.gumbel_root.earlier[action] += 1

    def back_up(self, leaf: GraphNode, path: Path, counted: bool) -> None:
        if not counted:
            self.leave_out_ways_round(path)
        for node, action in reversed(path):
            node.visits[action] += not counted
            node.last_q[action] = -leaf.mean()
            leaf = node
