"""Games of one learner against the members of a league, as an ordinary decision process.

Once the opponents are fixed, the game is a Markov decision process for whoever meets them (claim
C15 of the lecture): the opponent's reply is a part of the environment. The learner sits on one side
of every game, on the other side the next time; opponents are drawn by their weights. A game that
ends begins anew at once, so that all games always wait for the learner's move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from algorithms.budget import Ledger, MeteredBatch
from algorithms.learner import Starts, rng_state
from baselines.agent import Agent
from baselines.ratings import wilson_interval

_REMEMBERED = 400  # games with each opponent that count for the win rate


@dataclass(frozen=True)
class Steps:
    """What came of one move in each of B games.

    Attributes:
        reward: float32 [B], the outcome for the learner where the game has ended, else 0.
        done: bool [B], whether it has; then the game is already the next one.
    """

    reward: np.ndarray
    done: np.ndarray


class SeatGames:
    """B games; in each the learner is to move.

    Args:
        members: the opponents.
        weights: how often each is met, in proportion.
        starts: how games begin.
        games: B.
        seed: of everything random in them.

    Attributes:
        batch: the games; set its `ledger` to have moves charged.
        opponent: int64 [B], which member each is played against.
        colour: int8 [B], the learner's.
    """

    def __init__(
        self,
        members: Sequence[Agent],
        weights: Sequence[float],
        starts: Starts,
        games: int,
        seed: int | list[int],
    ):
        self._starts = starts
        self._rng = np.random.default_rng(seed)
        largest = starts.largest_rules
        self.batch = MeteredBatch(Ledger(), games, largest, int(self._rng.integers(2**63)))
        self.opponent = np.zeros(games, np.int64)
        self.colour = np.where(np.arange(games) % 2, 1, -1).astype(np.int8)  # turned at the start
        self._moved = np.zeros(games, np.bool_)  # whether the learner has, in this game
        self._ended: list[tuple[float, float, float]] = []  # length, Black's result, the learner's
        self.set_members(members, weights)
        self._fresh = True  # games not begun yet: that would charge somebody

    def set_members(self, members: Sequence[Agent], weights: Sequence[float]) -> None:
        """Exchange the league; games under way go on against the member of the same place."""
        self.members = list(members)
        self._shares = np.cumsum(weights) / np.sum(weights)
        self.opponent = np.minimum(self.opponent, len(self.members) - 1)
        # Outcomes of the last games with each member, oldest first: 1, 0.5 or 0.
        self._outcomes: list[list[float]] = [[] for _ in self.members]

    def begin(self) -> None:
        """Begin all games, unless they have begun."""
        if self._fresh:
            self._fresh = False
            self._begin(np.arange(len(self.batch)))
            self._reply(np.zeros(len(self.batch), np.float32))

    def step(self, actions: np.ndarray) -> Steps:
        """The learner's moves, int [B], and the opponents' replies."""
        self.begin()
        self._moved[:] = True
        self.batch.step(actions)
        reward = np.zeros(len(self.batch), np.float32)
        return Steps(reward, self._reply(reward))

    def metrics(self) -> dict[str, float]:
        """Of the games that ended since the last call."""
        ended, self._ended = np.array(self._ended).reshape(-1, 3), []
        metrics = {"games": float(len(ended))}
        for name, values in zip(("length", "black_wins", "won"), ended.T, strict=True):
            known = values[~np.isnan(values)]
            if len(known):
                metrics[name] = float(known.mean())
        return metrics

    def win_rates(self) -> dict[str, tuple[float, float, float]]:
        """For each opponent that was met, the win rate over the last games and its interval."""
        found = {}
        for member, outcomes in zip(self.members, self._outcomes, strict=True):
            if outcomes:
                interval = wilson_interval(sum(outcomes), len(outcomes))
                found[member.name] = (float(np.mean(outcomes)), *interval)
        return found

    # ---- its pieces -------------------------------------------------------------------------

    def _reply(self, reward: np.ndarray) -> np.ndarray:
        """Opponents move until the learner is to move everywhere; who wins goes to `reward`.

        Returns:
            bool [B], games that have ended.
        """
        batch, ended = self.batch, np.zeros(len(self.batch), np.bool_)
        while True:
            over = np.flatnonzero(batch.done)
            if len(over):
                # An opponent may end a game in which the learner never moved: it is no game.
                counted = over[self._moved[over]]
                outcome = batch.outcome()
                reward[counted] = outcome[counted] * self.colour[counted]
                ended[counted] = True
                black, won = 0.5 * (1 + outcome[over]), 0.5 * (1 + reward[over])
                won = np.where(self._moved[over], won, np.nan)
                self._ended += zip(batch.ply[over], black, won, strict=True)
                for game in counted.tolist():
                    outcomes = self._outcomes[self.opponent[game]]
                    outcomes.append(0.5 * (1 + float(reward[game])))
                    del outcomes[:-_REMEMBERED]
                self._begin(over)
            waiting = batch.to_play != self.colour
            if not waiting.any():
                return ended
            for index, member in enumerate(self.members):
                games = np.flatnonzero(waiting & (self.opponent == index))
                if len(games):
                    batch.step_games(games, member.act(batch.take(games), self._rng))

    def _begin(self, games: np.ndarray) -> None:
        drawn = np.searchsorted(self._shares, self._rng.random(len(games)), side="right")
        self.opponent[games] = np.minimum(drawn, len(self.members) - 1)
        self.colour[games] *= -1
        self._moved[games] = False
        for game in games.tolist():
            self._starts.begin(self.batch, game, self._rng)

    # ---- going on after a stop --------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """All that going on needs besides the members."""
        return {
            "rng": rng_state(self._rng),
            "batch": np.frombuffer(self.batch.get_state(), np.uint8),
            "opponent": self.opponent,
            "colour": self.colour,
            "moved": self._moved,
            "fresh": self._fresh,
            "outcomes": {
                str(index): np.array(outcomes) for index, outcomes in enumerate(self._outcomes)
            },
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` returned; the members are the same."""
        self._rng.bit_generator.state = saved["rng"]
        self.batch.set_state(saved["batch"].tobytes())
        self.opponent, self.colour = saved["opponent"], saved["colour"]
        self._moved = saved["moved"]
        self._fresh = bool(saved["fresh"])
        self._outcomes = [
            saved["outcomes"][str(index)].tolist() for index in range(len(self.members))
        ]
