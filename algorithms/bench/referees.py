"""What a referee is, and two of them: `goenv` itself and the slow one it is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from baselines.reference import ReferenceGame
from goenv import GoBatch, Rules

RUNNING, ENDED, CUT_OFF = 0, 1, 2

# Departures that a peer is known for; a referee lists its own.
NO_SUICIDE = "forbids suicide of several stones"
REPETITION_LEGAL = "offers a repetition as legal"
REPETITION_DRAWS = "ends the game at a repetition: a draw"
REPETITION_LOSES = "ends the game at a repetition: a loss of its player"
REPETITION_GOES_ON = "plays on after a repetition"
LENGTH_LIMIT = "ends the game after 2 N^2 moves"
DRAW_IS_LOST = "counts a draw as White's win"


@dataclass(frozen=True)
class View:
    """What a referee says of B games on boards of side N; A = N * N + 1.

    Attributes:
        legal: bool [B, A]; of games that are over it may say anything.
        boards: int8 [B, N, N].
        to_play: int8 [B], 1 Black, -1 White.
        ending: int8 [B], RUNNING, ENDED or CUT_OFF (by `Rules.max_moves`).
        scores: points for Black less komi, float64 [B]; NaN where the referee does not tell.
        outcomes: of games that are over, +1, 0 or -1 from Black's side, float64 [B]; NaN where
            the referee does not tell.
    """

    legal: np.ndarray
    boards: np.ndarray
    to_play: np.ndarray
    ending: np.ndarray
    scores: np.ndarray
    outcomes: np.ndarray


class Referee(Protocol):
    """B games of one size, played by somebody's rules.

    Attributes:
        name: shown.
        departures: those of the names above that are known of it.
    """

    name: str
    departures: frozenset[str]

    def look(self) -> View:
        """The games as they stand."""

    def play(self, actions: np.ndarray) -> None:
        """Play an action, int64 [B], in every game; none of them is over."""

    def restart(self, games: Sequence[int], rules: Sequence[Rules]) -> None:
        """Begin these games anew, each under its rules, as far as the referee knows them."""


class Engine:
    """`goenv.GoBatch` as a referee.

    Args:
        rules: of each game, all of one size.
    """

    name = "goenv"
    departures: frozenset[str] = frozenset()

    def __init__(self, rules: Sequence[Rules]):
        self.batch = GoBatch(len(rules), rules)

    def look(self) -> View:
        """The games as they stand."""
        batch = self.batch
        scores = batch.score()
        ending = np.where(batch.truncated, CUT_OFF, np.where(batch.done, ENDED, RUNNING))
        return View(
            batch.legal_actions(), batch.boards(), batch.to_play, ending.astype(np.int8),
            scores, np.sign(scores),
        )  # fmt: skip

    def play(self, actions: np.ndarray) -> None:
        """Play an action in every game."""
        self.batch.step(actions)

    def restart(self, games: Sequence[int], rules: Sequence[Rules]) -> None:
        """Begin these games anew, each under its rules."""
        for game, rule in zip(games, rules, strict=True):
            self.batch.set_rules(game, rule)


class SlowReferee:
    """`baselines.reference`, which knows all rules of `goenv` and departs nowhere.

    Args:
        rules: of each game, all of one size.
    """

    name = "slow reference"
    departures: frozenset[str] = frozenset()

    def __init__(self, rules: Sequence[Rules]):
        self._games = [_slow_game(rule) for rule in rules]

    def look(self) -> View:
        """The games as they stand."""
        games = self._games
        scores = np.array([game.score() for game in games])
        ending = [CUT_OFF if game.truncated else ENDED if game.over else RUNNING for game in games]
        return View(
            np.array([game.legal_actions() for game in games]),
            np.array([game.board() for game in games]),
            np.array([game.to_play for game in games], np.int8),
            np.array(ending, np.int8), scores, np.sign(scores),
        )  # fmt: skip

    def play(self, actions: np.ndarray) -> None:
        """Play an action in every game."""
        for game, action in zip(self._games, actions.tolist(), strict=True):
            game.play(action)

    def restart(self, games: Sequence[int], rules: Sequence[Rules]) -> None:
        """Begin these games anew, each under its rules."""
        for game, rule in zip(games, rules, strict=True):
            self._games[game] = _slow_game(rule)


def _slow_game(rules: Rules) -> ReferenceGame:
    return ReferenceGame(rules.size, rules.komi, rules.superko, rules.suicide, rules.max_moves)
