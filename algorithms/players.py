"""Agents made of a network, of a search, or of both."""

from __future__ import annotations

import numpy as np
from pydantic import Field, model_validator

from algorithms.evaluator import PlayoutEvaluator
from algorithms.mixture import LeafConfig, leaf_evaluator
from algorithms.model import Model, NetworkEvaluator
from algorithms.search import Search, SearchConfig, SearchResult
from baselines.agent import distribution, sample_actions
from goenv import GoBatch

# Memory that the trees of one search may take; larger batches are searched in parts.
_TREE_BYTES = 2**28


class PlayConfig(SearchConfig, LeafConfig):
    """How a trained network plays: by its policy, or by a search with these settings."""

    simulations: int = Field(
        0, ge=0, le=10_000_000, description="simulations a move; 0 plays the raw policy"
    )
    temperature: float = Field(
        0.0, ge=0, description="0 plays the best action, 1 draws from the policy or the visits"
    )

    @model_validator(mode="after")
    def _tree_of_one_move(self) -> PlayConfig:
        if self.reuse:
            raise ValueError(
                "reuse: a player thinks anew at each move, as it may play many games in turn; only "
                "self-play (search.reuse) and `gozoo gtp`, by itself, keep their trees"
            )
        return self

    def parts(self) -> tuple[SearchConfig, LeafConfig]:
        """The settings of the search, and of the values of its leaves."""
        given = self.model_dump()
        search = {name: given[name] for name in SearchConfig.model_fields}
        leaf = {name: given[name] for name in LeafConfig.model_fields}
        return SearchConfig(**search), LeafConfig(**leaf)


def _draw(
    scores: np.ndarray, allowed: np.ndarray, temperature: float, rng: np.random.Generator
) -> np.ndarray:
    """Actions int64 [B], each drawn with probability as exp(score / temperature); 0: the best.

    Args:
        scores: [B, A].
        allowed: bool [B, A], what may be drawn; a row without any gets some action.
        temperature: of the draw, however small or large.
        rng: of the draw.
    """
    scores = np.where(allowed, scores, -np.inf)
    if temperature == 0:
        return np.argmax(scores, axis=1)
    # The best becomes 0, which no temperature moves; in double precision, which holds them all.
    best = scores.max(axis=1, keepdims=True)
    below = scores.astype(np.float64) - np.where(allowed.any(axis=1, keepdims=True), best, 0)
    with np.errstate(over="ignore"):
        return sample_actions(below / temperature, rng)


class PolicyAgent:
    """Plays a network's policy without search.

    Args:
        model: the network.
        temperature: 0 for the most probable action, 1 to draw from the policy.
        name: text form.
        symmetries: of the board, over which the policy is averaged; see `LeafConfig`.
    """

    def __init__(
        self, model: Model, temperature: float = 0.0, name: str = "policy", symmetries: int = 1
    ):
        self.name = name
        self.temperature = temperature
        self._evaluator = NetworkEvaluator(model, symmetries=symmetries)

    @property
    def evaluator(self) -> NetworkEvaluator:
        """The network that says the policy."""
        return self._evaluator

    def act(self, batch: GoBatch, rng: np.random.Generator) -> np.ndarray:
        """See `Agent`."""
        return _draw(self._logits(batch), batch.legal_actions(), self.temperature, rng)

    __call__ = act

    def policy(self, batch: GoBatch) -> np.ndarray:
        """See `PolicyPlayer`."""
        logits, legal = self._logits(batch).astype(np.float64), batch.legal_actions()
        legal[batch.done] = True
        if self.temperature == 0:
            best = np.where(legal, logits, -np.inf).argmax(axis=1)
            return np.eye(batch.num_actions)[best]
        return distribution(logits / self.temperature, legal)

    def _logits(self, batch: GoBatch) -> np.ndarray:
        """Float32 [B, A]; zeros in finished games."""
        running = np.flatnonzero(~batch.done)
        logits = np.zeros((len(batch), batch.num_actions), np.float32)
        if len(running):
            logits[running], _ = self._evaluator.evaluate(batch, running)
        return logits


class SearchAgent:
    """Plays what a search visits most, or draws by the visits.

    Args:
        search: by which it thinks; the tree is thrown away after each move.
        temperature: 0 for the most visited action, 1 to draw in proportion to the visits.
        name: text form.
    """

    def __init__(self, search: Search, temperature: float = 0.0, name: str = "search"):
        self.name = name
        self.temperature = temperature
        self._search = search

    @property
    def search(self) -> Search:
        """By which it thinks."""
        return self._search

    def act(self, batch: GoBatch, rng: np.random.Generator) -> np.ndarray:
        """See `Agent`."""
        self._search.evaluator.seed(rng)
        part = max(1, _TREE_BYTES // self._search.bytes_a_game(batch.num_actions))
        if len(batch) <= part:
            return self._act(batch, rng)
        parts = [
            self._act(batch.take(np.arange(first, min(first + part, len(batch)))), rng)
            for first in range(0, len(batch), part)
        ]
        return np.concatenate(parts)

    def _act(self, batch: GoBatch, rng: np.random.Generator) -> np.ndarray:
        return self.choose(self._search.run(batch, rng), rng)

    def choose(self, result: SearchResult, rng: np.random.Generator) -> np.ndarray:
        """Actions int64 [n] that it plays when a search, of whatever length, has found this."""
        if self.temperature == 0:
            return result.best
        return _draw(np.log(np.maximum(result.visits, 1)), result.visits > 0, self.temperature, rng)

    __call__ = act


def uct_agent(playouts: int, exploration: float = 1.0) -> SearchAgent:
    """UCT (Kocsis and Szepesvari 2006): UCB1 with one random playout a leaf."""
    config = SearchConfig(
        simulations=playouts, root="ucb1", interior="ucb1", exploration=exploration
    )
    return SearchAgent(Search(config, PlayoutEvaluator()), name=f"uct:{playouts}")


def network_agent(model: Model, play: PlayConfig, name: str) -> PolicyAgent | SearchAgent:
    """The agent of a trained network: its raw policy, or a search guided by it.

    Raises:
        ValueError: the network does not give what the search needs.
    """
    if play.simulations == 0:
        return PolicyAgent(model, play.temperature, name, play.symmetries)
    search, leaf = play.parts()
    evaluator = leaf_evaluator(model, leaf, search)
    return SearchAgent(Search(search, evaluator), play.temperature, name)
