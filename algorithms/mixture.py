"""Leaf values from playouts by a policy, and AlphaGo's mixture of playouts and a network."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from algorithms.evaluator import Evaluator, PlayoutEvaluator
from algorithms.frozen import Frozen
from algorithms.model import Model, NetworkEvaluator
from algorithms.search import SearchConfig
from baselines.agent import sample_actions
from goenv import GoBatch


class LeafConfig(Frozen):
    """Where the values of leaves come from."""

    playout_weight: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of a playout's outcome in a value; the network's is the rest",
    )
    playouts: Literal["random", "policy"] = Field(
        "random", description="who plays them: random moves, or the network's policy"
    )
    symmetries: int = Field(
        1,
        ge=1,
        le=8,
        description="in how many symmetries of the board the network sees a position; the mean "
        "counts (and each costs an evaluation)",
    )

    @model_validator(mode="after")
    def _playouts_count(self) -> LeafConfig:
        if self.playouts == "policy" and self.playout_weight == 0:
            raise ValueError("playouts: none are played with playout_weight 0")
        return self


class PolicyPlayoutEvaluator:
    """One playout a position by the policy of a network, drawn move by move to the end.

    A playout is cut after ``3 * A`` moves and scored as it stands. The logits are the network's,
    the values are outcomes.
    """

    def __init__(self, model: Model):
        self._network = NetworkEvaluator(model)
        self._rng = np.random.default_rng(0)

    def seed(self, rng: np.random.Generator) -> None:
        """Draw the playouts from here on from `rng`."""
        self._rng = rng

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        playing = batch.take(games)
        mover = playing.to_play
        first: np.ndarray | None = None
        for _ in range(3 * batch.num_actions):
            running = np.flatnonzero(~playing.done)
            if len(running) == 0:
                break
            logits, _ = self._network.evaluate(playing, running)
            first = logits if first is None else first
            allowed = playing.legal_actions()[running]
            actions = np.full(len(playing), playing.num_actions - 1)
            actions[running] = sample_actions(np.where(allowed, logits, -np.inf), self._rng)
            playing.step(actions)
        assert first is not None, "the games to judge are running"
        return first, (playing.outcome() * mover).astype(np.float32)


class MixtureEvaluator:
    """The network's logits, and values (1 - w) v + w z of its value v and a playout's outcome z.

    After AlphaGo (Silver et al. 2016, Methods, "Search algorithm"), with weight w = 0.5 there.

    Args:
        network: gives logits and v.
        playouts: give z.
        weight: w.
    """

    def __init__(self, network: Evaluator, playouts: Evaluator, weight: float):
        self._network, self._playouts, self._weight = network, playouts, np.float32(weight)

    def seed(self, rng: np.random.Generator) -> None:
        """Draw the playouts from here on from `rng`."""
        self._network.seed(rng)
        self._playouts.seed(rng)

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        logits, values = self._network.evaluate(batch, games)
        _, outcomes = self._playouts.evaluate(batch, games)
        return logits, (1 - self._weight) * values + self._weight * outcomes


def leaf_evaluator(model: Model, config: LeafConfig, search: SearchConfig) -> Evaluator:
    """The evaluator that a configuration asks for; with a state of its own.

    Raises:
        ValueError: the score is to count, and the network or the playouts do not give it.
    """
    network = NetworkEvaluator(model, search.score_weight, config.symmetries)
    if config.playout_weight == 0:
        return network
    if search.score_weight > 0:
        raise ValueError("score_weight: playouts give no score; set playout_weight to 0")
    playouts = PlayoutEvaluator() if config.playouts == "random" else PolicyPlayoutEvaluator(model)
    if config.playout_weight == 1 and config.playouts == "policy":
        return playouts
    return MixtureEvaluator(network, playouts, config.playout_weight)
