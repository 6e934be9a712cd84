"""A league: best responses to its members, distilled into one mixed strategy (claim C15).

The lecture's way where no tree can be searched. To each member of the league a best response is
trained (PPO, an ordinary decision process since the opponent is fixed). A student then meets all
members, and in every position that it visits itself (as in DAgger, Ross et al. 2011) learns to
play as the response that fits the opponent at hand. The student does not know whom it meets: what
it learns is a mixture, which against a known opponent does worse than the response to that one. It
joins the league, and the next round begins.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from algorithms.budget import Ledger, charging
from algorithms.learner import (
    AgentWeights,
    LearnerConfig,
    OptimiserConfig,
    Starts,
    as_tensors,
    rng_state,
)
from algorithms.model import Model, NetworkEvaluator, observe
from algorithms.players import PlayConfig, PolicyAgent, network_agent
from algorithms.pool import Pool, Weights
from algorithms.ppo import Ppo, PpoConfig
from algorithms.registry import make_agent
from algorithms.replay import WHOLE, Positions, ReplayBuffer, Samples, record_planes
from algorithms.seat_games import SeatGames
from algorithms.training import LossConfig, Trainer, mean_metrics
from baselines.agent import Agent, distribution, sample_actions
from goenv import Rules


class LeagueConfig(LearnerConfig):
    """Settings of `League`."""

    league_fields: ClassVar[tuple[str, ...]] = ("members",)

    algorithm: Literal["league"] = "league"
    members: AgentWeights = Field(
        {"random": 1.0},
        min_length=1,
        description="agents by their text, or leagues, with which the league begins, with weights; "
        "that of a former student is 1",
    )
    students: int = Field(8, ge=1, description="former students kept in the league, the latest")
    ppo: PpoConfig = PpoConfig()
    response_updates: int = Field(20, ge=1, description="updates of PPO for each best response")
    distil_steps: int = Field(10, ge=1, description="steps of the student in each round")
    distil_moves: int = Field(16, ge=1, description="moves in each game, in such a step")
    reuse: float = Field(4.0, gt=0, description="times a visited position is trained on")
    hard_targets: bool = Field(
        False, description="learn the response's likeliest move in place of its whole policy"
    )
    batch_size: int = Field(512, ge=1)
    capacity: int = Field(100_000, ge=1, description="visited positions kept")
    student_optimiser: OptimiserConfig = OptimiserConfig()
    play: PlayConfig = PlayConfig(temperature=1.0)


class League:
    """The learner.

    Args:
        config: settings.
        rules: of the training games.
        seed: of weights and games.

    Raises:
        AgentError: a member's text names no agent.
    """

    def __init__(self, config: LeagueConfig, rules: Rules, seed: int):
        self.config = config
        self.model = Model(config.network, seed, compiled=config.compile)
        self._first = [make_agent(text) for text in config.members]
        # Former students, and the best responses to all members, in the order of the league.
        self._students = Pool(config.students)
        self._responses = Pool(len(self._first) + config.students)
        self._response = Model(config.network, seed + 1, compiled=config.compile)
        starts = Starts(config.start, rules)
        members = self._first[:1]
        games = [
            SeatGames(members, [1.0], starts, config.ppo.games, [seed, 0x1EA6, k]) for k in (0, 1)
        ]
        self._practice, self._visits = games
        self._ppo = Ppo(
            self._response, config.optimiser, config.ppo, self._practice, [seed, 0x1EA6, 2]
        )
        self._buffer = ReplayBuffer(config.capacity, rules.size)
        # The worth that a response sees in a position is the target of the value.
        loss = LossConfig(search_value=1.0, hard_targets=config.hard_targets)
        self._trainer = Trainer(self.model, config.student_optimiser, loss)
        self._rng = np.random.default_rng([seed, 0x1EA6, 3])
        self._advisers: list[NetworkEvaluator] = []  # the responses, while the student learns
        self._rounds = 0  # students that have joined, those that left since included
        self._done = 0  # steps of the phase at hand
        self._owed = 0.0

    # ---- the league -------------------------------------------------------------------------

    def _members(self) -> list[Agent]:
        """All members: those it began with, and former students."""
        oldest = self._rounds - len(self._students) + 1
        return self._first + [
            PolicyAgent(self._model_of(self._students[index]), 1.0, f"student {oldest + index}")
            for index in range(len(self._students))
        ]

    def _model_of(self, weights: Weights) -> Model:
        model = Model(self.config.network, 0, self.model.device)
        model.load_state_dict(weights)
        return model

    def step(self, ledger: Ledger) -> dict[str, float]:
        """One update of the best response at hand or, once all members have one, of the student."""
        answered = len(self._responses) == len(self._first) + len(self._students)
        metrics = self._distil(ledger) if answered else self._respond(ledger)
        return {"round": float(self._rounds), **metrics}

    # ---- a best response --------------------------------------------------------------------

    def _respond(self, ledger: Ledger) -> dict[str, float]:
        """An update of the best response to the first member that has none."""
        if self._done == 0:
            if len(self._students):
                # Who answers a former student begins as that student plays.
                self._response.load_state_dict(self._students[-1])
            self._ppo.restart()
            self._practice.set_members([self._members()[len(self._responses)]], [1.0])
        metrics = self._ppo.step(ledger)
        self._done += 1
        if self._done == self.config.response_updates:
            self._responses.add(self._response.state_dict())
            self._done = 0
        return metrics

    # ---- the student ------------------------------------------------------------------------

    def _distil(self, ledger: Ledger) -> dict[str, float]:
        """The student plays all members and learns what the responses to them would play."""
        if self._done == 0:
            self._visit_first(len(self._first) + len(self._students))
            self._advisers = self._responders()
        with charging(ledger):
            for _ in range(self.config.distil_moves):
                self._visit(ledger)
        records = []

        def draw(count: int, rng: np.random.Generator) -> Samples:
            return self._buffer.sample(count, rng)

        while self._owed >= self.config.batch_size:
            self._owed -= self.config.batch_size
            updated = self._trainer.update(draw, self.config.batch_size, self._rng, ledger)
            records.append(updated)
        self._done += 1
        if self._done == self.config.distil_steps:
            self._done = 0
            self._rounds += 1
            if len(self._students) == self.config.students:
                # The oldest student leaves, and with it the response to it.
                self._responses.remove(len(self._first))
            self._students.add(self.model.state_dict())
        learned = {f"student_{name}": value for name, value in mean_metrics(records).items()}
        return self._visits.metrics() | learned

    def _visit(self, ledger: Ledger) -> None:
        """A move of the student in every game, and what the fitting responses say there."""
        games = self._visits
        batch = games.batch
        batch.ledger = ledger
        games.begin()
        everywhere = np.arange(len(batch))
        planes, legal = observe(batch, everywhere), batch.legal_actions()
        found = Positions.empty(len(batch), batch.max_size)
        record_planes(found, everywhere, planes, batch.sizes)
        for number, adviser in enumerate(self._advisers):
            mine = np.flatnonzero(games.opponent == number)
            if len(mine):
                logits, found.value[mine] = adviser.evaluate(batch, mine)
                found.policy[mine] = np.rint(WHOLE * distribution(logits, legal[mine]))
        found.score[:] = np.nan  # not known yet
        self._buffer.add(found)
        self._owed += self.config.reuse * len(found)
        logits, _ = NetworkEvaluator(self.model).evaluate(batch, everywhere)
        games.step(sample_actions(np.where(legal, logits, -np.inf), self._rng))

    def _visit_first(self, count: int) -> None:
        """Let the student meet the first so many members of the league, by their weights."""
        weights = [*self.config.members.values(), *[1.0] * len(self._students)]
        self._visits.set_members(self._members()[:count], weights[:count])

    def _responders(self) -> list[NetworkEvaluator]:
        return [
            NetworkEvaluator(self._model_of(self._responses[index]))
            for index in range(len(self._responses))
        ]

    def agent(self) -> Agent:
        """The student, as `config.play` says."""
        return network_agent(self.model, self.config.play, "league")

    def companions(self) -> dict[str, tuple[Model, PlayConfig]]:
        """The best response to the league's newest member."""
        return {"best_response": (self._response, PlayConfig(temperature=1.0))}

    def state_dict(self) -> dict[str, Any]:
        """See `Learner`."""
        return {
            "response": self._response.state_dict(),
            "ppo": self._ppo.state_dict(),
            "students": self._students.state_dict(),
            "responses": self._responses.state_dict(),
            "visits": self._visits.state_dict(),
            "buffer": self._buffer.state_dict(),
            "optimiser": self._trainer.optimiser.state_dict(),
            "rng": rng_state(self._rng),
            "rounds": self._rounds,
            "done": self._done,
            "owed": self._owed,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """See `Learner`."""
        self._response.load_state_dict(as_tensors(saved["response"]))
        self._students.load_state_dict(saved["students"])
        self._responses.load_state_dict(saved["responses"])
        self._rounds, self._done = int(saved["rounds"]), int(saved["done"])
        self._owed = float(saved["owed"])
        # Whom it met when it was stopped; whoever comes next is set when their turn comes.
        members = self._members()
        mine = members[min(len(self._responses), len(members) - 1)]
        self._practice.set_members([mine], [1.0])
        self._visit_first(len(saved["visits"]["outcomes"]))
        self._ppo.load_state_dict(saved["ppo"])
        self._visits.load_state_dict(saved["visits"])
        self._advisers = self._responders()
        self._buffer.load_state_dict(saved["buffer"])
        self._trainer.optimiser.load_state_dict(saved["optimiser"])
        self._rng.bit_generator.state = saved["rng"]
