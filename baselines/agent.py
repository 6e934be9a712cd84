"""The Agent protocol, and the agent that plays at random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np

from goenv import GoBatch


@runtime_checkable
class Agent(Protocol):
    """A player of many games at once.

    Every agent is a callable ``(batch, rng) -> actions``, which is what `goenv` environments take
    as an opponent.

    Attributes:
        name: its text form, such as ``"uct:400"``, from which it can be made again.
    """

    name: str

    def act(self, batch: GoBatch, rng: np.random.Generator) -> np.ndarray:
        """Actions int64 [B] for the players to move; in finished games any number.

        The batch is left as it is. With the same batch and the same state of `rng` the actions
        are the same.
        """
        ...

    def __call__(self, batch: GoBatch, rng: np.random.Generator) -> np.ndarray:
        """The same as `act`."""
        ...


@runtime_checkable
class PolicyPlayer(Agent, Protocol):
    """An agent whose chances are known, not only its moves."""

    def policy(self, batch: GoBatch) -> np.ndarray:
        """With which probability it plays each action, float [B, A]; finished games: anything."""
        ...


RESIGNATION = "resignation"


@runtime_checkable
class GivesUp(Agent, Protocol):
    """An agent that can lose a game otherwise than by its score, such as an engine.

    Environments know no such end, so it passes in these games; the arena ends them.

    Attributes:
        given_up: games of the last call to `act` that it has lost, by their index in the batch,
            and why: `RESIGNATION`, or what was wrong with it.
    """

    given_up: Mapping[int, str]


def sample_actions(log_policy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Actions int64 [B] drawn from log-probabilities [B, A], which need not be normalised.

    By the Gumbel-max trick; -inf is never drawn unless the whole row is.
    """
    return np.argmax(log_policy + rng.gumbel(size=log_policy.shape), axis=1)


def distribution(logits: np.ndarray, legal: np.ndarray) -> np.ndarray:
    """The policy [B, A] of logits [B, A] over legal actions, bool [B, A]; each row has one."""
    scores = np.where(legal, logits, -np.inf).astype(np.float64)
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    return likely / likely.sum(axis=1, keepdims=True)


class RandomAgent:
    """Plays uniformly among the legal actions, the pass included."""

    name = "random"

    def act(self, batch: GoBatch, rng: np.random.Generator) -> np.ndarray:
        """See `Agent`."""
        scores = np.where(batch.legal_actions(), rng.random((len(batch), batch.num_actions)), -1)
        return np.argmax(scores, axis=1)

    __call__ = act

    def policy(self, batch: GoBatch) -> np.ndarray:
        """See `PolicyPlayer`."""
        legal = batch.legal_actions()
        return legal / np.maximum(legal.sum(axis=1, keepdims=True), 1)
