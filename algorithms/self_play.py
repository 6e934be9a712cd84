"""Self-play: games side by side, every move of them searched, and what there is to learn of each.

Every game goes its own way: in each round the search takes one step in all games; games whose
search has ended play their move and begin the next search in the same round. So the batch of
leaves that the network judges is always full, however long the searches are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field, model_validator

from algorithms.budget import Ledger, MeteredBatch
from algorithms.evaluator import Evaluator
from algorithms.frozen import Frozen
from algorithms.learner import Starts, rng_state
from algorithms.model import observe
from algorithms.replay import WHOLE, Positions, record_end, record_planes
from algorithms.search import Search, SearchConfig, SearchResult
from baselines.agent import sample_actions
from goenv import area_map
from goenv.state import PASSES


class SelfPlayConfig(Frozen):
    """How games for training are played."""

    games: int = Field(256, ge=1, description="games side by side, over all workers")
    temperature_moves: int = Field(
        10,
        ge=0,
        description="moves of a game that are drawn by visits; later ones are the best (a Gumbel "
        "root draws by its noise instead)",
    )
    full_search: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of moves that are searched in full and learned from (playout cap)",
    )
    fast_simulations: int = Field(
        8, ge=1, description="simulations of the other moves, without noise"
    )
    first_simulations: int | None = Field(
        None, ge=1, description="simulations when training begins, rising to those of the search"
    )
    concede_below: float = Field(
        0.95, ge=0, le=1, description="a side valued below minus this passes; 1: none ever does"
    )
    played_out: float = Field(
        0.1, ge=0, le=1, description="share of games in which nobody concedes"
    )
    resign: bool = Field(
        False,
        description="who concedes loses at once and nothing is scored, in place of passing until "
        "the game is over and its score decides",
    )
    false_concessions: float | None = Field(
        None,
        gt=0,
        lt=0.5,
        description="set concede_below by itself, so that of the games played out no more than "
        "this share would have been conceded by who went on not to lose them",
    )

    @model_validator(mode="after")
    def _something_to_go_by(self) -> SelfPlayConfig:
        if self.false_concessions is not None and self.played_out == 0:
            raise ValueError("false_concessions needs games that are played_out")
        return self


@dataclass(frozen=True)
class Episode:
    """A finished game and what there is to learn of it.

    Attributes:
        positions: those that were searched in full, with their targets.
        length: moves played, random ones of the opening included.
        black_wins: 1, 0.5 or 0.
        black_score: Black's area minus White's, komi not counted; nan if a side resigned.
        conceded: whether a side passed or resigned because its value was low.
        lowest: the lowest value of a root for the side that did not lose, in a game that was played
            out; else nan.
    """

    positions: Positions
    length: int
    black_wins: float
    black_score: float
    conceded: bool
    lowest: float


class SelfPlay:
    """Games in which a search plays both sides.

    Args:
        config: how they are played.
        search: how moves are searched.
        evaluator: judge of the leaves.
        starts: how games begin.
        games: how many side by side.
        max_moves: of a game.
        seed: of everything random in them.
    """

    def __init__(
        self,
        config: SelfPlayConfig,
        search: SearchConfig,
        evaluator: Evaluator,
        starts: Starts,
        games: int,
        max_moves: int,
        seed: int | list[int],
    ):
        self.config = config
        self.search = Search(search, evaluator)
        self._starts = starts
        self._rng = np.random.default_rng(seed)
        largest = starts.largest_rules
        self.batch = MeteredBatch(Ledger(), games, largest, int(self._rng.integers(2**63)))
        # What the running games have seen, until their outcome is known.
        self._seen = Positions.empty((games, max_moves), largest.size)
        self._colour = np.zeros((games, max_moves), np.int8)
        self._length = np.zeros(games, np.int64)
        self._full = np.zeros(games, np.bool_)
        self._played_out = np.zeros(games, np.bool_)
        self._conceded = np.zeros(games, np.bool_)
        self._progress, self._concede_below = 0.0, config.concede_below
        self._idle = np.ones(games, np.bool_)  # games without a search under way
        self._ended: list[Episode] = []  # in this call of `run`

    def run(
        self, rounds: int, ledger: Ledger, progress: float, concede_below: float
    ) -> list[Episode]:
        """Go on for so many rounds; returns the games that have ended.

        Args:
            rounds: of the search, a simulation a game in each.
            ledger: charged for the moves played.
            progress: share of the budget spent, for schedules.
            concede_below: a side valued below minus this passes.
        """
        self.batch.ledger = ledger
        self._progress, self._concede_below = progress, concede_below
        # Its randomness begins anew in each call, so that nothing of it need be stored.
        self.search.evaluator.seed(self._rng)
        self._ended = []
        if self._idle.any():
            self._begin_games(np.flatnonzero(self._idle))
        for _ in range(rounds):
            self.search.round(self.batch, self._move)
        return self._ended

    # ---- its pieces -------------------------------------------------------------------------

    def _begin_games(self, games: np.ndarray) -> None:
        """Begin these games anew, with the first search of each."""
        for game in games.tolist():
            self._starts.begin(self.batch, game, self._rng)
        self._played_out[games] = self._rng.random(len(games)) < self.config.played_out
        self._conceded[games] = False
        self._length[games] = 0
        self._begin_searches(games)

    def _begin_searches(self, games: np.ndarray) -> None:
        config, most = self.config, self.search.config.simulations
        full = self._rng.random(len(games)) < config.full_search
        simulations = most
        if config.first_simulations is not None:
            first = min(config.first_simulations, most)
            simulations = round(first + (most - first) * self._progress)
        budgets = np.where(full, simulations, min(config.fast_simulations, simulations))
        self._full[games] = full
        self._idle[games] = False
        self.search.begin(self.batch, games, self._rng, budgets, noisy=full)

    def _move(self, games: np.ndarray) -> None:
        """Play a move in the games whose search has ended, and begin the next search in each."""
        batch, result = self.batch, self.search.result(games)
        self._record(games, result)
        actions, concedes = self._choose(games, result)
        resigned = games[concedes & self.config.resign]
        for game, loser in zip(resigned.tolist(), batch.to_play[resigned].tolist(), strict=True):
            self._ended.append(self._episode(game, -loser, None))
        if len(resigned):
            games, actions = games[~concedes], actions[~concedes]
        if len(games):
            batch.step_games(games, actions)
        done = batch.done[games]
        over = games[done]
        self._ended += [
            self._episode(*game) for game in zip(over.tolist(), *self._ends(over), strict=True)
        ]
        over = np.concatenate([resigned, over])
        if len(over):
            self._begin_games(over)
        if not done.all():
            self._begin_searches(games[~done])

    def _choose(self, games: np.ndarray, result: SearchResult) -> tuple[np.ndarray, np.ndarray]:
        """An action for each game, and where it is a concession, bool [n]."""
        actions, config = result.best, self.config
        if self.search.config.root != "gumbel":
            with np.errstate(divide="ignore"):
                drawn = sample_actions(np.log(result.visits), self._rng)
            early = self.batch.ply[games] < config.temperature_moves
            actions = np.where(early, drawn, actions)
        # Under these rules a lost side loses nothing by playing on, and neither side need end the
        # game: passing lets the winner end it. The game's result is still its score.
        # Values of the short searches of the playout cap are not kept, by which the threshold is
        # calibrated; so nobody concedes by one.
        concedes = (result.value < -self._concede_below) & ~self._played_out[games]
        concedes &= self._full[games]
        if self.search.config.score_weight > 0:
            # The other side would take what it can get, move by move; winning is enough, and a
            # pass that answers a pass wins at once.
            ahead = self.batch.score()[games] * self.batch.to_play[games] > 0
            passed = self.batch.games.info[games, PASSES] > 0
            concedes |= self._conceded[games] & ahead & passed
        self._conceded[games] |= concedes
        return np.where(concedes, self.batch.num_actions - 1, actions), concedes

    def _record(self, games: np.ndarray, result: SearchResult) -> None:
        """Keep the positions that were searched in full, with the policies found."""
        rows = np.flatnonzero(self._full[games])
        if len(rows) == 0:
            return
        games = games[rows]
        slots = self._length[games]
        seen, at = self._seen, (games, slots)
        record_planes(seen, at, observe(self.batch, games), self.batch.sizes[games])
        seen.policy[at] = np.rint(WHOLE * result.policy[rows])
        self._colour[at] = self.batch.to_play[games]
        seen.value[at] = result.value[rows]
        self._length[games] += 1

    def _ends(self, over: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores and maps of area of these finished games."""
        return self.batch.score()[over], area_map(self.batch, over)

    def _episode(self, game: int, score: float, area: np.ndarray | None) -> Episode:
        """A game that is over; of one that was resigned only the sign of the score is known."""
        length = int(self._length[game])
        colour = self._colour[game, :length]
        positions = self._seen[game, :length]
        unplayed = self._conceded[game] and self.search.config.score_weight > 0
        known = area is not None and not unplayed  # or nobody played for it
        record_end(positions, colour, score, score if known else np.nan, area)
        values = positions.value[positions.outcome >= 0]
        played_out = bool(self._played_out[game])
        copied = Positions(**{name: array.copy() for name, array in vars(positions).items()})
        return Episode(
            positions=copied,
            length=int(self.batch.ply[game]),
            black_wins=0.5 * (1 + float(np.sign(score))),
            black_score=float("nan" if area is None else score + self.batch.komi[game]),
            conceded=bool(self._conceded[game]),
            lowest=float(values.min(initial=1.0)) if played_out else float("nan"),
        )

    # ---- going on after a stop --------------------------------------------------------------

    _KEPT = ("_colour", "_length", "_full", "_played_out", "_conceded", "_idle")

    def state_dict(self) -> dict[str, Any]:
        """All that going on needs, in a form that checkpoints can hold."""
        return {
            "rng": rng_state(self._rng),
            "batch": np.frombuffer(self.batch.get_state(), np.uint8),
            "search": self.search.state_dict(),
            "seen": dict(vars(self._seen)),
            **{name: getattr(self, name) for name in self._KEPT},
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self._rng.bit_generator.state = saved["rng"]
        self.batch.set_state(saved["batch"].tobytes())
        self.search.load_state_dict(saved["search"], self.batch)
        for name, array in saved["seen"].items():
            getattr(self._seen, name)[...] = array
        for name in self._KEPT:
            getattr(self, name)[...] = saved[name]
