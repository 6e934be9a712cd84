"""What the moves of games gave up: exactly on 3x3, by a deep search elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from algorithms.model import Model, NetworkEvaluator
from algorithms.search import Search, SearchConfig
from algorithms.studies.games import PlayedGames, Tell, in_silence
from baselines.oracle import Oracle
from goenv import GoBatch, Rules

BLUNDER = 0.5  # of the outcome, from -1 to 1, that a move gives up


@dataclass(frozen=True)
class Truth:
    """Of M moves.

    Attributes:
        lost: float64 [M], how much of the outcome each gave up; by a search it may be negative.
        only: bool [M], whether it was the only move that gave up nothing, and there were others.
            Nowhere where a search is the judge.
    """

    lost: np.ndarray
    only: np.ndarray

    @property
    def blunder(self) -> np.ndarray:
        """bool [M]."""
        return self.lost > BLUNDER


def replay_played(
    played: PlayedGames, rules: Rules, seed: int, tell: Tell = in_silence
) -> Iterator[tuple[np.ndarray, np.ndarray, GoBatch]]:
    """The games again, ply by ply: which moves are made now, in which games, and the batch in use.

    Args:
        played: games that began on the empty board.
        rules: of them.
        seed: of the batch.
        tell: told the share of plies that are done.
    """
    batch, plies = GoBatch(len(played.length), rules, seed), int(played.length.max())
    for ply in range(plies):
        tell(ply / plies)
        moves = np.flatnonzero(played.at == ply)
        games = played.game[moves]
        yield moves, games, batch
        actions = np.full(len(batch), batch.num_actions - 1)
        actions[games] = played.action[moves]
        batch.step(actions)


def exact_truth(played: PlayedGames, oracle: Oracle) -> Truth:
    """By the oracle, whose rules are those of the games."""
    values, limit = oracle.values("outcome"), oracle.rules.max_moves or 0
    lost, only = np.zeros(len(played.action)), np.zeros(len(played.action), np.bool_)
    for ply, (moves, games, batch) in enumerate(replay_played(played, oracle.rules, 0)):
        given_up = oracle.gives_up(values, limit - ply)[oracle.states_of(batch)[games]]
        lost[moves] = given_up[np.arange(len(moves)), played.action[moves]]
        kept, possible = (given_up == 0).sum(axis=1), np.isfinite(given_up).sum(axis=1)
        only[moves] = (kept == 1) & (possible > 1) & (lost[moves] == 0)
    return Truth(lost, only)


def searched_truth(
    played: PlayedGames,
    rules: Rules,
    judge: Model,
    simulations: int,
    rng: np.random.Generator,
    tell: Tell = in_silence,
) -> Truth:
    """By a network's search of every position: the value before a move less that after it.

    `tell` hears of the plies.
    """
    search = Search(SearchConfig(simulations=simulations), NetworkEvaluator(judge))
    value = np.zeros(len(played.action))
    for moves, games, batch in replay_played(played, rules, 0, tell):
        value[moves] = search.run(batch, rng).value[games]
    values = played.table(value)
    later = np.pad(values, ((0, 0), (0, 1)))[:, 1:]  # the other side's, so its sign turns
    last = played.at == played.length[played.game] - 1
    after = np.where(
        last, played.colour * played.outcome[played.game], -later[played.game, played.at]
    )
    return Truth(value - after, np.zeros(len(value), np.bool_))


def tempered(model: Model, temperature: float) -> Model:
    """The network with its policy's logits divided by a temperature."""
    weights = copy.deepcopy(model.state_dict())
    for layer in ("points", "passing"):
        for part in ("weight", "bias"):
            weights[f"policy_head.{layer}.{part}"] /= temperature
    changed = Model(model.config, device=model.device)
    changed.load_state_dict(weights)
    return changed
