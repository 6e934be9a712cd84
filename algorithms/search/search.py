"""Search: simulations over many games at once, by any rule and any evaluator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from algorithms.evaluator import Evaluator
from algorithms.search.rules import RULES
from algorithms.search.tree import (
    Trees,
    allocate_trees,
    expand_and_backup,
    mix_root_noise,
    select,
)
from goenv import GoBatch
from goenv.state import HISTORY_COUNT, grow_history, history_slots
from goenv.threads import for_games


class SearchConfig(BaseModel):
    """How to search."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    simulations: int = Field(32, ge=1, description="leaf evaluations a move, the root's excluded")
    rule: str = Field("puct", pattern="^(puct|ucb1)$", description="puct or ucb1")
    exploration: float = Field(1.25, ge=0, description="c of PUCT or UCB1, on Q in [-1, 1]")
    first_play_reduction: float = Field(
        0.25,
        ge=0,
        description="how much less than its node an untried move counts (not at noisy roots)",
    )
    noise_fraction: float = Field(0.0, ge=0, le=1, description="share of Dirichlet noise, root")
    noise_concentration: float = Field(
        10.0, gt=0, description="sum of the Dirichlet parameters over a root's legal actions"
    )


@dataclass(frozen=True)
class SearchResult:
    """What a search found at the roots.

    Attributes:
        visits: int32 [B, A], simulations through each action; zeros where the game is over.
        q: float32 [B, A], mean value of each action for the player to move; 0 unvisited.
        prior: float32 [B, A], prior with noise; 0 where illegal.
        value: float32 [B], mean value of the root for the player to move.
    """

    visits: np.ndarray
    q: np.ndarray
    prior: np.ndarray
    value: np.ndarray

    def policy(self) -> np.ndarray:
        """Share of the visits, float32 [B, A]; zeros where the game is over."""
        total = self.visits.sum(axis=1, keepdims=True)
        return (self.visits / np.maximum(total, 1)).astype(np.float32)

    def best_actions(self) -> np.ndarray:
        """The most visited action, int64 [B]; among equals the one of larger Q."""
        return np.argmax(self.visits + 0.25 * (1 + self.q), axis=1)


class Search:
    """Searches batches of games; keeps its arrays from call to call.

    Args:
        config: how to search.
        evaluator: judge of the leaves.
    """

    def __init__(self, config: SearchConfig, evaluator: Evaluator):
        self.config = config
        self.evaluator = evaluator
        self._trees: Trees | None = None
        self._leaves: GoBatch | None = None

    def run(self, batch: GoBatch, rng: np.random.Generator) -> SearchResult:
        """Search every running game of the batch, which is left as it is.

        Args:
            batch: games; finished ones get an empty result.
            rng: source of the root noise and of the evaluator's randomness.
        """
        config = self.config
        trees, leaves = self._arrays(batch)
        trees.used[:] = 0
        rule, exploration = RULES[config.rule], np.float32(config.exploration)
        reduction = np.float32(config.first_play_reduction)
        # Noise at the root asks for moves to be tried: they must not be held back for being new.
        root_reduction = np.float32(0) if config.noise_fraction > 0 else reduction
        games, work = batch.num_games, 32 * batch.num_actions
        for simulation in range(config.simulations + 1):
            for_games(
                select,
                games,
                work,
                trees,
                batch.games,
                leaves.games,
                rule,
                exploration,
                reduction,
                root_reduction,
            )
            logits, values = self.evaluator.evaluate(leaves)
            for_games(expand_and_backup, games, work, trees, logits, values)
            if simulation == 0 and config.noise_fraction > 0:
                noise = self._noise(trees, rng)
                for_games(mix_root_noise, games, work, trees, noise, config.noise_fraction)
        return _read_roots(trees, batch.done)

    def _arrays(self, batch: GoBatch) -> tuple[Trees, GoBatch]:
        trees, leaves = self._trees, self._leaves
        nodes = self.config.simulations + 1
        if trees is None or trees.visits.shape != (batch.num_games, nodes, batch.num_actions):
            trees = self._trees = allocate_trees(batch.num_games, nodes, batch.num_actions)
        if leaves is None or leaves.games.cells.shape != batch.games.cells.shape:
            leaves = self._leaves = batch.clone()
        # A path adds at most `nodes` positions to the history of the game.
        slots = history_slots(batch.games)
        needed = int(batch.games.info[:, HISTORY_COUNT].max()) + nodes + 1
        while 8 * needed > 7 * slots:
            slots *= 2
        if history_slots(leaves.games) < slots:
            leaves.games = grow_history(leaves.games, slots)
        return trees, leaves

    def _noise(self, trees: Trees, rng: np.random.Generator) -> np.ndarray:
        """Dirichlet noise [B, A] over the legal actions of each root, one draw a search."""
        legal = trees.prior[:, 0] >= 0
        parameter = self.config.noise_concentration / np.maximum(legal.sum(axis=1), 1)
        draws = rng.gamma(np.broadcast_to(parameter[:, None], legal.shape)) * legal
        draws = np.maximum(draws, 1e-30) * legal
        return (draws / np.maximum(draws.sum(axis=1, keepdims=True), 1e-30)).astype(np.float32)


def _read_roots(trees: Trees, done: np.ndarray) -> SearchResult:
    running = ~done[:, None]
    visits = np.where(running, trees.visits[:, 0], 0)
    q = np.where(visits > 0, trees.q[:, 0], 0).astype(np.float32)
    prior = np.where(running, np.maximum(trees.prior[:, 0], 0), 0).astype(np.float32)
    total = visits.sum(axis=1)
    value = (trees.node_value[:, 0] + (visits * q).sum(axis=1)) / (1 + total)
    value = np.where(done, trees.node_value[:, 0], value).astype(np.float32)
    return SearchResult(visits=visits, q=q, prior=prior, value=value)
