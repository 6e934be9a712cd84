"""Random games played by `goenv` and another referee side by side, compared at every ply."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from algorithms.bench.departures import (
    Findings,
    Record,
    differences,
    explain,
    explain_repetition,
)
from algorithms.bench.referees import RUNNING, Engine, Referee
from goenv import Rules

# Of the plies at which the other referee offers a repetition that `goenv` forbids, the share at
# which it is asked to play one, to see what it makes of it.
_TRIED = 0.1
_EXAMPLES = 5


@dataclass
class Tally:
    """What was compared under one kind of rules.

    Attributes:
        plies: compared, those of all games together.
        games: begun and ended, or left for their age.
        departures: how often each known one was met.
        unexplained: number of differences without an explanation.
        examples: the first of them, in words with the moves.
        longest: plies of the longest game.
    """

    plies: int = 0
    games: int = 0
    departures: Counter[str] = field(default_factory=Counter)
    unexplained: int = 0
    examples: list[str] = field(default_factory=list)
    longest: int = 0

    def add(self, found: Findings, record: Record, referee: Referee) -> None:
        """Count what was found in a game."""
        self.departures += found.departures
        self.unexplained += len(found.unexplained)
        for text in found.unexplained[: max(0, _EXAMPLES - len(self.examples))]:
            self.examples.append(
                f"goenv and {referee.name} differ after ply {len(record.moves)}: {text}\n"
                f"  {record.rules}\n  actions {record.moves}\n  {record.sgf()}"
            )


def tally_key(rules: Rules) -> tuple[str, bool]:
    """Rules that one `Tally` is kept for."""
    return rules.superko, rules.suicide


class Duel:
    """B games of one size, begun anew as they end.

    Args:
        make: the other referee, from the rules of B games.
        rules: to be played in turn, all of one size.
        games: B.
        seed: of the players.
    """

    def __init__(
        self,
        make: Callable[[Sequence[Rules]], Referee],
        rules: Sequence[Rules],
        games: int,
        seed: int,
    ):
        self._rules = itertools.cycle(rules)
        first = list(itertools.islice(self._rules, games))
        self._engine, self._referee = Engine(first), make(first)
        self._records = [Record(rule) for rule in first]
        self._rng = np.random.default_rng(seed)
        self._tried = np.zeros(games, bool)
        self.tallies: dict[tuple[str, bool], Tally] = {tally_key(rule): Tally() for rule in rules}
        size = first[0].size
        # Games without a limit may go on for ever, under simple ko and by players who never pass.
        self._oldest = 4000 if size > 9 else 200 * size
        rows, columns = np.divmod(np.arange(size * size), size)
        self._from_corner = np.append(np.maximum(rows, columns), size)
        self._compare()

    def step(self) -> int:
        """Play a ply in every game and compare; returns the number of games."""
        allowed = self._ours.legal & self._theirs.legal
        actions = self._choose(allowed)
        engine_actions = actions.copy()
        for game, repetitions in self._repetitions.items():
            if self._rng.random() < _TRIED:
                actions[game] = self._rng.choice(repetitions)
                engine_actions[game] = allowed.shape[1] - 1  # a pass: the game is not compared
                self._tried[game] = True
        self._engine.play(engine_actions)
        self._referee.play(actions)
        for record, action in zip(self._records, actions.tolist(), strict=True):
            record.moves.append(action)
            self.tallies[tally_key(record.rules)].plies += 1
        self._compare()
        return len(actions)

    def finish(self) -> dict[tuple[str, bool], Tally]:
        """The tallies, with the games that are still running counted in."""
        for game, record in enumerate(self._records):
            self._count_game(game, record)
        return self.tallies

    def _compare(self) -> None:
        """Look at all games, explain what differs, begin anew where a game is over."""
        while True:
            self._ours, self._theirs = self._engine.look(), self._referee.look()
            over = self._judge()
            if not over:
                return
            self._begin(over)  # the new beginnings are looked at too

    def _judge(self) -> list[int]:
        """Count what differs; returns the games that are to begin anew."""
        restart = (self._ours.ending != RUNNING) | (self._theirs.ending != RUNNING) | self._tried
        for game, record in enumerate(self._records):
            if not self._tried[game]:
                record.stand(self._ours.boards[game])
            restart[game] |= len(record.moves) >= self._oldest
        self._repetitions: dict[int, list[int]] = {}
        for game in np.union1d(differences(self._ours, self._theirs), np.flatnonzero(self._tried)):
            record = self._records[game]
            if self._tried[game]:
                found = explain_repetition(game, self._theirs, record, self._referee)
            else:
                found = explain(game, self._ours, self._theirs, record, self._referee)
            self._tally(game).add(found, record, self._referee)
            restart[game] |= bool(found.unexplained) and bool(record.moves)
            if found.repetitions and not restart[game]:
                self._repetitions[game] = found.repetitions
        return np.flatnonzero(restart).tolist()

    def _tally(self, game: int) -> Tally:
        return self.tallies[tally_key(self._records[game].rules)]

    def _count_game(self, game: int, record: Record) -> None:
        tally = self._tally(game)
        tally.games += bool(record.moves)
        tally.longest = max(tally.longest, len(record.moves))

    def _begin(self, games: list[int]) -> None:
        for game in games:
            self._count_game(game, self._records[game])
        rules = list(itertools.islice(self._rules, len(games)))
        self._engine.restart(games, rules)
        self._referee.restart(games, rules)
        self._tried[games] = False
        for game, rule in zip(games, rules, strict=True):
            self._records[game] = Record(rule)

    def _choose(self, allowed: np.ndarray) -> np.ndarray:
        """Random actions, int64 [B], out of `allowed`, bool [B, A], by the style of each slot.

        Of four slots, one never passes while it can play; one passes at random, as often as it
        plays any other point; one passes seldom; one passes seldom and stays in a corner that
        grows slowly, where captures, suicides and repetitions pile up.
        """
        keys = self._rng.random(allowed.shape)
        style = np.arange(len(allowed)) % 4
        passing = np.where(style == 0, -1.0, np.where(style == 1, 0.0, -0.97))
        # A key below zero is taken only if there is no other.
        keys[:, -1] = np.where(self._rng.random(len(allowed)) < -passing, -1.0, keys[:, -1])
        plies = np.array([len(record.moves) for record in self._records])
        corner = self._from_corner[None] < (3 + plies // 200)[:, None]
        stay = (style == 3) & (self._rng.random(len(allowed)) < 0.9)
        keys += corner & stay[:, None]
        return np.where(allowed, keys, -2.0).argmax(axis=1)
