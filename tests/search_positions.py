"""Positions for tests of the search, an evaluator of them, and what must hold in any tree."""

from __future__ import annotations

import numpy as np
import pytest

from algorithms.search.trees import FREE, ILLEGAL, OPEN, OVER, PENDING, ROOT, UNEXPANDED, USED
from baselines.reference import ReferenceGame
from goenv import GoBatch, Rules


class HashEvaluator:
    """Arbitrary but fixed logits and values for each board and player.

    Args:
        sharpness: factor of the logits.
        pass_logit: added to the logit of the pass.
    """

    def __init__(self, sharpness: float = 1.0, pass_logit: float = 0.0):
        self.sharpness, self.pass_logit = sharpness, pass_logit
        self.calls = 0
        self.counts: list[int] = []  # positions in each call
        self._known: dict = {}

    def judge(self, board: np.ndarray, to_play: int) -> tuple[np.ndarray, float]:
        key = (int(to_play), board.tobytes())
        if key not in self._known:
            rng = np.random.default_rng([2 + int(to_play), *(board.ravel().astype(int) + 1)])
            logits = self.sharpness * rng.normal(size=board.size + 1).astype(np.float32)
            logits[-1] += self.pass_logit
            self._known[key] = (logits, float(rng.uniform(-0.9, 0.9)))
        return self._known[key]

    def evaluate(self, batch, games):
        self.calls += 1
        self.counts.append(len(games))
        boards, to_play = batch.boards(), batch.to_play
        judged = [self.judge(boards[game], to_play[game]) for game in games]
        values = np.array([value for _, value in judged], np.float32)
        return np.stack([logits for logits, _ in judged]), values

    def judge_game(self, game: ReferenceGame):
        """The same for the plain search."""
        return self.judge(game.board(), game.to_play)

    def seed(self, rng):
        pass


def reference_game(rules: Rules) -> ReferenceGame:
    return ReferenceGame(rules.size, rules.komi, rules.superko, rules.suicide, rules.max_moves)


def random_positions(rules: Rules, count: int, plies: int, seed: int):
    """A batch some way into random games, and the same games in the slow reference."""
    batch = GoBatch(count, rules, seed)
    games = [reference_game(rules) for _ in range(count)]
    for _ in range(plies):
        step(batch, games, batch.random_actions())
    return batch, games


def step(batch: GoBatch, games: list[ReferenceGame], actions: np.ndarray) -> None:
    """Play in both."""
    for game, action in zip(games, actions, strict=True):
        if not game.over:
            game.play(int(action))
    batch.step(actions)


def assert_same(result, index: int, root) -> None:
    """A search found what the plain one did: visits exactly, Q and priors closely."""
    actions = range(result.visits.shape[1])
    assert result.visits[index].tolist() == [root.visits.get(action, 0) for action in actions]
    for action in actions:
        expected = root.q(action) if root.visits.get(action) else 0.0
        assert result.q[index, action] == pytest.approx(expected, abs=1e-4)
        assert result.prior[index, action] == pytest.approx(root.prior.get(action, 0.0), abs=1e-5)


def check_tree(search, index: int, game: ReferenceGame | None = None, cut: bool = False) -> int:
    """Assert what must hold in a tree after any search; returns its nodes.

    Args:
        search: that has run.
        index: of the game.
        game: at the root, to replay every way in the tree on; only without `merge`.
        cut: whether `reuse` may have dropped nodes for want of room.
    """
    trees, reuse = search._trees, search.config.reuse
    info = trees.info[index]
    assert info[PENDING] == 0
    waiting, found = [(int(info[ROOT]), game)], {int(info[ROOT])}
    while waiting:
        node, game = waiting.pop()
        assert trees.state[index, node] in (OPEN, OVER)
        if trees.state[index, node] == OVER:
            if game is not None:
                assert game.over
                assert trees.value[index, node] == np.sign(game.score()) * game.to_play
            continue
        visits, q = trees.visits[index, node], trees.q[index, node]
        prior, child = trees.prior[index, node], trees.child[index, node]
        legal = prior != ILLEGAL
        if game is not None:
            assert legal.tolist() == game.legal_actions()
        assert prior[legal].sum() == pytest.approx(1, abs=1e-5)
        assert (visits[~legal] == 0).all()
        assert trees.walks[index, node] == visits.sum()
        assert trees.total[index, node] == pytest.approx((visits * q.astype(float)).sum(), abs=1e-4)
        assert trees.tried[index, node] == pytest.approx(prior[visits > 0].sum(), abs=1e-4)
        for action in np.flatnonzero(child != UNEXPANDED).tolist():
            below = int(child[action])
            after = None
            if game is not None:
                after = game.copy()
                after.play(action)
            if not search.config.merge and not cut:
                assert below not in found, "two edges lead to one node of a tree"
                if trees.state[index, below] == OVER:
                    mean = trees.value[index, below]
                else:
                    walks = trees.walks[index, below]
                    mean = (trees.value[index, below] + trees.total[index, below]) / (1 + walks)
                    assert visits[action] == 1 + walks
                assert q[action] == pytest.approx(-mean, abs=1e-5)
            if below not in found:
                found.add(below)
                waiting.append((below, after))
        if not reuse and not search.config.merge:
            assert ((child == UNEXPANDED) == (visits == 0)).all()
    assert info[USED] - info[FREE] >= len(found)
    assert info[USED] <= trees.value.shape[1]
    return len(found)
