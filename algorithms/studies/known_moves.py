"""Positions of 3x3 in which exactly one move is right, and how a policy for them learns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from algorithms.budget import Ledger, MeteredBatch
from algorithms.evaluator import PlayoutEvaluator
from algorithms.search import Search, SearchConfig
from baselines.oracle import Oracle
from goenv import GoBatch, Rules

_LEFT = 24  # moves left at which moves are judged


@dataclass(frozen=True)
class KnownMoves:
    """P positions.

    Attributes:
        batch: the positions as games.
        legal: bool [P, A].
        right: int64 [P], the only action that keeps the outcome.
    """

    batch: GoBatch
    legal: np.ndarray
    right: np.ndarray

    def some(self, chosen: np.ndarray) -> KnownMoves:
        """Some of the positions, by their indices."""
        return KnownMoves(self.batch.take(chosen), self.legal[chosen], self.right[chosen])


def known_moves(choices: int = 3) -> KnownMoves:
    """All positions of 3x3 in which one of at least `choices` actions wins and the others lose."""
    oracle = Oracle(Rules(3, komi=0.5, superko="simple", max_moves=18 + _LEFT))
    lost = oracle.gives_up(oracle.values("outcome"), _LEFT)
    single = ((lost == 0).sum(axis=1) == 1) & (oracle.legal.sum(axis=1) >= choices)
    states = np.flatnonzero(single)
    return KnownMoves(
        games_in(oracle, states), oracle.legal[states], np.nan_to_num(lost, nan=9)[states].argmin(1)
    )


def games_in(oracle: Oracle, states: np.ndarray) -> GoBatch:
    """A game in each of these states."""
    batch = MeteredBatch(Ledger(), len(states), oracle.rules)
    paths = [oracle.moves_to(state) for state in states.tolist()]
    for ply in range(max(map(len, paths))):
        games = np.array([g for g, path in enumerate(paths) if len(path) > ply])
        batch.step_games(games, np.array([paths[g][ply] for g in games]))
    return batch


def fall(policy: np.ndarray, change: np.ndarray, right: np.ndarray) -> np.ndarray:
    """By how many bits the surprise of the right actions falls when logits change, float64 [...].

    Args:
        policy: [..., A], positive where an action is possible.
        change: [..., A], of the logits.
        right: int [...].
    """
    largest = np.where(policy > 0, change, -np.inf).max(axis=-1, keepdims=True)
    total = np.log((policy * np.exp(np.minimum(change - largest, 0))).sum(axis=-1))
    own = np.take_along_axis(change - largest, right[..., None], axis=-1)[..., 0]
    return (own - total) / np.log(2)


def pass_rate_policies(
    legal: np.ndarray, right: np.ndarray, rate: float, rng: np.random.Generator
) -> np.ndarray:
    """Policies [P, A] with probability `rate` for the right action, the rest divided at random."""
    policy = rng.exponential(size=legal.shape) * legal
    rows = np.arange(len(right))
    policy[rows, right] = 0
    policy *= (1 - rate) / policy.sum(axis=1, keepdims=True)
    policy[rows, right] = rate
    return policy


def label_change(policy: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The gradient of a target's log-likelihood with respect to the logits, [P, A]."""
    return targets - policy


def reward_fall(policy: np.ndarray, right: np.ndarray, step: float, baseline: bool) -> np.ndarray:
    """The expected fall, in bits, float64 [P], of one step on one rewarded draw, exactly.

    An action is drawn from the policy; the reward is one if it is the right one. The step goes
    along ``(reward - baseline) * gradient of its log-probability``; the baseline is the pass rate,
    or nothing. The expectation is over all actions that may be drawn.
    """
    count, actions = policy.shape
    hit = np.arange(actions)[None, :] == right[:, None]
    rate = policy[np.arange(count), right][:, None] * baseline
    change = (step * (hit - rate))[:, :, None] * (np.eye(actions) - policy[:, None, :])
    drawn = np.broadcast_to(policy[:, None, :], change.shape)
    falls = fall(drawn, change, np.repeat(right[:, None], actions, axis=1))
    return (policy * np.where(policy > 0, falls, 0)).sum(axis=1)


def entropy(rate: np.ndarray | float) -> np.ndarray:
    """Of a coin with this bias, in bits."""
    rate = np.asarray(rate, np.float64)
    return -(rate * np.log2(rate) + (1 - rate) * np.log2(1 - rate))


class RootPolicy:
    """An `Evaluator` for positions whose policy is known: random playouts, uniform below them.

    Args:
        batch: the positions.
        policy: [P, A].
    """

    def __init__(self, batch: GoBatch, policy: np.ndarray):
        self._ply = batch.ply.copy()
        self._logits = np.log(np.maximum(policy, 1e-12)).astype(np.float32)
        self._playouts = PlayoutEvaluator()

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`; games must stand where the positions stand, one leaf a tree."""
        logits, values = self._playouts.evaluate(batch, games)
        root = batch.ply[games] == self._ply[games]
        logits[root] = self._logits[games[root]]
        return logits, values

    def seed(self, rng: np.random.Generator) -> None:
        """Draw the playouts from here on from `rng`."""
        self._playouts.seed(rng)


def search_targets(
    known: KnownMoves,
    policy: np.ndarray,
    rule: str,
    simulations: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """What a search makes of the policies, float64 [P, A].

    Args:
        known: positions.
        policy: [P, A], the prior at the roots.
        rule: of root and tree: ``"gumbel"`` tries all moves at the root, ``"puct"`` by the prior.
        simulations: a position.
        rng: of the playouts.
    """
    settings = SearchConfig(
        simulations=simulations, root=rule, interior=rule, gumbel_scale=0.0, considered=16,
        value_scale=0.6,
    )  # fmt: skip
    evaluator = RootPolicy(known.batch, policy)
    evaluator.seed(rng)
    found = Search(settings, evaluator).run(known.batch, rng).policy.astype(np.float64)
    return found / found.sum(axis=1, keepdims=True)
