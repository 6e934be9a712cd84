"""Search: simulations over many games at once, by any rules and any evaluator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from algorithms.evaluator import Evaluator, require_finite
from algorithms.search.config import SearchConfig
from algorithms.search.reuse import begin_searches
from algorithms.search.rules import completed_roots
from algorithms.search.trees import (
    ACTIVE,
    BUDGET,
    HALTED,
    ILLEGAL,
    OPEN,
    PENDING,
    ROOT,
    STARTED,
    UNEXPANDED,
    USED,
    Trees,
    allocate_trees,
    tree_bytes,
)
from algorithms.search.walk import advance
from goenv import GoBatch
from goenv.state import HISTORY_COUNT, grow_history, history_slots, read_rules
from goenv.threads import for_games


@dataclass(frozen=True)
class SearchResult:
    """What searches of n games found at their roots.

    Attributes:
        visits: int32 [n, A], simulations through each action; zeros where the game is over.
        q: float32 [n, A], mean value of each action for the player to move; 0 unvisited.
        prior: float32 [n, A], prior with noise; 0 where illegal.
        value: float32 [n], value of the root for the player to move: the mean of all simulations,
            or under a Gumbel root the completed Q values weighed by `policy`.
        policy: float32 [n, A], the improved policy, a target for learning: the shares of visits,
            or under a Gumbel root the softmax of logits + sigma(completed Q). Zeros where over.
        best: int64 [n], the action that the search chose: the most visited, among equals the one
            of larger Q, or under a Gumbel root the one that won the halving.
    """

    visits: np.ndarray
    q: np.ndarray
    prior: np.ndarray
    value: np.ndarray
    policy: np.ndarray
    best: np.ndarray


class Search:
    """Searches games side by side and keeps its trees from call to call.

    `run` searches all games of a batch to the end. To have the network's batches always full,
    games may also be searched one after the other in each slot: `begin` a search in some games,
    call `round` until it names games that are done, read their `result`, play, begin anew.

    Args:
        config: how to search.
        evaluator: judge of the leaves.
    """

    def __init__(self, config: SearchConfig, evaluator: Evaluator):
        self.config = config
        self.evaluator = evaluator
        self._settings = config.settings()
        self._trees: Trees | None = None
        self._leaves: GoBatch | None = None
        self._logits = np.zeros((1, 1), np.float32)
        self._values = np.zeros(1, np.float32)

    def run(
        self, batch: GoBatch, rng: np.random.Generator, simulations: int | None = None
    ) -> SearchResult:
        """Search every running game of the batch, which is left as it is.

        Args:
            batch: games; finished ones get an empty result.
            rng: source of the root noise.
            simulations: a move; None: those of the configuration, which are the most there may be.
        """
        games = np.flatnonzero(~batch.done)
        self._fit(batch).info[:, ACTIVE] = 0
        if len(games):
            self.begin(batch, games, rng, simulations)
            while self.active.any():
                self.round(batch)
        return self.result(np.arange(len(batch)), batch.done)

    @property
    def active(self) -> np.ndarray:
        """Games whose search is under way, bool [B]."""
        assert self._trees is not None
        return self._trees.info[:, ACTIVE] != 0

    def begin(
        self,
        batch: GoBatch,
        games: np.ndarray,
        rng: np.random.Generator,
        simulations: int | np.ndarray | None = None,
        noisy: np.ndarray | bool = True,
    ) -> None:
        """Begin searches.

        Args:
            batch: the games.
            games: int [n], running ones, those to search.
            rng: source of the root noise.
            simulations: for all or int [n], up to those of the configuration; None: as many.
            noisy: whether roots get the noise of the configuration, for all or bool [n].
        """
        config = self.config
        games = np.asarray(games, np.int64)
        trees = self._fit(batch)
        budgets = np.empty(len(games), np.int64)
        budgets[...] = config.simulations if simulations is None else simulations
        if (budgets < 1).any() or (budgets > config.simulations).any():
            raise ValueError(f"simulations must be 1 to {config.simulations}, got {simulations}")
        noisy = np.broadcast_to(np.asarray(noisy), len(games))
        shape = (len(games), batch.num_actions)
        if config.root == "gumbel":
            draws = rng.gumbel(size=shape) if config.gumbel_scale > 0 else np.zeros(shape)
            trees.noise[games] = config.gumbel_scale * draws * noisy[:, None]
        elif config.noise_fraction > 0:
            trees.noise[games] = self._dirichlet(batch.take(games).legal_actions(), rng)
            trees.noise_share[games] = np.where(noisy, config.noise_fraction, 0)
        limit = trees.value.shape[1] - config.simulations - 1
        assert self._leaves is not None
        begin_searches(
            trees,
            batch.games,
            self._leaves.games,
            games,
            budgets,
            self._settings,
            config.reuse,
            limit,
        )

    def round(
        self, batch: GoBatch, on_end: Callable[[np.ndarray], None] | None = None
    ) -> np.ndarray:
        """One simulation, or as many as leaves are collected, in each active game.

        Args:
            batch: the games.
            on_end: told the games whose search has come to its end, int [n]. If it begins searches
                in these, they take part in the round: the evaluator's batch stays full.

        Returns:
            The games whose search has come to its end with this round, int [n].
        """
        trees, leaves = self._trees, self._leaves
        assert trees is not None
        assert leaves is not None
        ended = last = self._advance(batch, False)
        while on_end is not None and len(last):
            on_end(last)
            last = self._advance(batch, True)
            ended = np.concatenate([ended, last])
        waiting = np.arange(trees.rows.shape[1]) < trees.info[:, PENDING, None]
        slots = np.flatnonzero(waiting)
        if len(slots):
            trees.rows[waiting] = np.arange(len(slots))
            self._logits, self._values = self.evaluator.evaluate(leaves, slots)
            # Compiled code takes what compares with nothing for the first move, legal or not.
            require_finite(self._logits, self._values)
        return ended

    def stop(self) -> None:
        """Begin no more simulations: the searches under way end, once `round` has ended them.

        What waits for its evaluation is still taken in, and every search has one simulation at
        least, so there is a result, and trees that can be kept.
        """
        if self._trees is not None:
            info = self._trees.info
            info[:, BUDGET] = np.minimum(info[:, BUDGET], np.maximum(info[:, STARTED], 1))

    def forget(self) -> None:
        """Let the next searches begin from nothing, though the configuration says `reuse`."""
        if self._trees is not None:
            self._trees.info[:, USED] = 0

    def line(self, game: int, action: int, longest: int) -> list[int]:
        """How the last search of a game sees it go on: what was visited most, move for move.

        Args:
            game: index of the game.
            action: to begin with, at the root.
            longest: actions in the line, at most.
        """
        trees = self._trees
        assert trees is not None
        node, line = int(trees.info[game, ROOT]), [action]
        while len(line) < longest:
            child = int(trees.child[game, node, line[-1]])
            if trees.visits[game, node, line[-1]] == 0 or child == UNEXPANDED:
                break
            node = child
            if trees.state[game, node] != OPEN or not trees.visits[game, node].any():
                break
            line.append(int(trees.visits[game, node].argmax()))
        return line

    def result(self, games: np.ndarray, done: np.ndarray | None = None) -> SearchResult:
        """What the last searches of `games` found; nothing in those that are `done`."""
        trees, config = self._trees, self.config
        assert trees is not None
        nodes = (games, trees.info[games, ROOT])
        running = np.ones(len(games), np.bool_) if done is None else ~done
        legal = (trees.prior[nodes] != ILLEGAL) & running[:, None]
        visits = np.where(legal, trees.visits[nodes], 0)
        q = np.where(visits > 0, trees.q[nodes], 0).astype(np.float32)
        prior = np.where(legal, trees.prior[nodes], 0).astype(np.float32)
        value, count = trees.value[nodes], visits.sum(axis=1)
        mean = (value + (visits * q).sum(axis=1)) / (1 + count)
        if config.root != "gumbel":
            policy = visits / np.maximum(count, 1)[:, None]
            best = np.argmax(visits + 0.25 * (1 + q), axis=1)
        else:
            completed, factors = np.empty_like(q), np.empty(len(games), np.float32)
            offset, scale = np.float32(config.visit_offset), np.float32(config.value_scale)
            completed_roots(trees, games, offset, scale, completed, factors)
            bonus = factors[:, None] * completed
            weight = np.where(legal, prior * np.exp(bonus - bonus.max(axis=1, keepdims=True)), 0)
            policy = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-30)
            mean = (policy * completed).sum(axis=1)
            new = np.where(legal, visits - trees.earlier[games], -1)
            last = legal & (new == new.max(axis=1, keepdims=True))
            best = np.where(last, trees.noise[games] + bonus, -np.inf).argmax(axis=1)
        value = np.where(running, mean, 0).astype(np.float32)
        return SearchResult(visits, q, prior, value, policy.astype(np.float32), best)

    def bytes_a_game(self, actions: int) -> int:
        """About what the tree of one game takes on boards of so many actions."""
        return tree_bytes(self._nodes(), actions)

    def state_dict(self) -> dict[str, Any]:
        """The searches under way, in a form that checkpoints can hold."""
        trees, leaves = self._trees, self._leaves
        if trees is None or leaves is None:
            return {}
        # Kernels copied the games there, whose rules may have been others than at first.
        leaves.rules = tuple(read_rules(leaves.games, slot) for slot in range(len(leaves)))
        return {
            "trees": trees._asdict(),
            "leaves": np.frombuffer(leaves.get_state(), np.uint8),
            "logits": self._logits,
            "values": self._values,
        }

    def load_state_dict(self, saved: dict[str, Any], batch: GoBatch) -> None:
        """Go on with the searches that `state_dict` returned.

        Args:
            saved: by a search of the same configuration.
            batch: the games that are searched.
        """
        if not saved:
            return
        trees = self._fit(batch)
        for name, array in saved["trees"].items():
            getattr(trees, name)[...] = array
        self._leaves = GoBatch.from_state(saved["leaves"].tobytes())
        self._logits, self._values = saved["logits"], saved["values"]

    def _advance(self, batch: GoBatch, resumed: bool) -> np.ndarray:
        """One compiled round, or what is left of it; returns the games whose search has ended."""
        trees, leaves, before = self._trees, self._leaves, self.active
        assert trees is not None
        assert leaves is not None
        while True:
            arguments = (self._settings, self._logits, self._values, resumed)
            work = 32 * batch.num_actions
            for_games(advance, len(batch), work, trees, batch.games, leaves.games, *arguments)
            if not trees.info[:, HALTED].any():
                return np.flatnonzero(before & ~self.active)
            # The round goes on as if there had been room: results do not depend on how much.
            leaves.games = grow_history(leaves.games, 2 * history_slots(leaves.games))
            trees.synced[...] = False
            resumed = True

    def _nodes(self) -> int:
        return (2 if self.config.reuse else 1) * self.config.simulations + 1

    def _fit(self, batch: GoBatch) -> Trees:
        """Make arrays for the batch, or more room in those there are."""
        config, trees, leaves = self.config, self._trees, self._leaves
        nodes = self._nodes()
        shape = (batch.num_games, nodes, batch.num_actions)
        if trees is None or leaves is None or trees.visits.shape != shape:
            trees = self._trees = allocate_trees(*shape, config.leaves, config.merge)
            leaves = self._leaves = batch.take(np.repeat(np.arange(len(batch)), config.leaves))
        # Room for most walks, and for a random playout after them; see `round` for the others.
        needed = int(batch.games.info[:, HISTORY_COUNT].max()) + 32 + 3 * batch.num_actions
        slots = history_slots(batch.games)
        while 7 * slots < 8 * needed:
            slots *= 2
        if history_slots(leaves.games) < slots:
            leaves.games = grow_history(leaves.games, slots)
            trees.synced[...] = False
        return trees

    def _dirichlet(self, legal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Dirichlet noise [n, A] over the legal actions of each root, one draw a search."""
        parameter = self.config.noise_concentration / np.maximum(legal.sum(axis=1), 1)
        draws = rng.gamma(np.broadcast_to(parameter[:, None], legal.shape))
        draws = np.maximum(draws, 1e-30) * legal
        return (draws / np.maximum(draws.sum(axis=1, keepdims=True), 1e-30)).astype(np.float32)
