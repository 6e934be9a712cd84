"""Typed settings of comparisons: who learns, on what budget, and how players are judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, model_validator

from algorithms.budget import Budget
from algorithms.config import (
    NAME,
    AnyLearnerConfig,
    CheckpointConfig,
    ConfigError,
    GameConfig,
    TrainConfig,
    check_data,
)
from algorithms.expert_games import DataConfig
from algorithms.frozen import Frozen
from algorithms.learner import Starts
from algorithms.registry import is_league


def _check_even(games: int) -> None:
    if games % 2:
        raise ValueError(f"games must be even, so that colours alternate; got {games}")


class MatchConfig(Frozen):
    """A longer match of every final agent of a learner against one opponent."""

    learner: str
    opponent: str
    games: int = Field(200, ge=2, description="even: both colours")

    @model_validator(mode="after")
    def _valid(self) -> MatchConfig:
        _check_even(self.games)
        return self


class JudgeConfig(Frozen):
    """How players are compared."""

    anchors: tuple[str, ...] = Field(
        ("random",), description="agents that do not learn, or leagues of such"
    )
    anchor: str = Field("random", description="whose rating is zero")
    baseline: str | None = Field(
        None, description="a learner: the report tells how far the others stand above it"
    )
    games: int = Field(20, ge=2, description="games between two players; even: both colours")
    opening_moves: int = Field(2, ge=0, description="random moves that open each pair of games")
    snapshots: int = Field(3, ge=1, description="snapshots of each run that play, with the last")
    untrained: bool = Field(
        True, description="whether the networks before training play too: curves begin there"
    )
    group_size: int = Field(
        8, ge=1, description="players whose games go side by side; fewer need less memory"
    )
    raw_policies: bool = Field(
        True, description="whether final networks that play with search also play without"
    )
    matches: tuple[MatchConfig, ...] = Field((), description="extra matches of the final agents")
    seed: int = Field(0, ge=0)
    bootstrap: int = Field(
        1000, ge=10, description="draws behind each interval, with openings and seeds drawn anew"
    )

    @model_validator(mode="after")
    def _valid(self) -> JudgeConfig:
        _check_even(self.games)
        if len(set(self.anchors)) != len(self.anchors):
            raise ValueError(f"anchors must differ, got {self.anchors}")
        if self.anchor not in self.anchors and not any(map(is_league, self.anchors)):
            raise ValueError(f"anchor {self.anchor!r} must be one of anchors {self.anchors}")
        meetings = [(match.learner, match.opponent) for match in self.matches]
        if len(set(meetings)) != len(meetings):
            raise ValueError("matches must differ in learner or opponent")
        return self


class CompareConfig(Frozen):
    """A comparison: every learner with every seed, on one game and one budget."""

    name: str = Field(pattern=NAME, description="stored in runs/NAME")
    game: GameConfig = GameConfig()
    learners: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")], AnyLearnerConfig] = Field(
        min_length=1
    )
    data: DataConfig | None = Field(
        None, description="games of others, for the learners that learn from them"
    )
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field((0, 1), min_length=1)
    budget: Budget
    checkpoints: CheckpointConfig = CheckpointConfig()
    judge: JudgeConfig = JudgeConfig()
    workers: int | None = Field(None, ge=1, description="runs side by side; None: one a core")

    @model_validator(mode="after")
    def _valid(self) -> CompareConfig:
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"seeds must differ, got {self.seeds}")
        for name in self.learners:
            if name in self.judge.anchors:
                raise ValueError(f"a learner cannot be called {name!r}, like an anchor")
        for learner in self.learners.values():
            Starts(learner.start, self.game.rules())
            check_data(learner, self.data)
        if self.judge.baseline not in (None, *self.learners):
            raise ValueError(
                f"judge.baseline is {self.judge.baseline!r}, which is no learner; there are "
                f"{', '.join(self.learners)}"
            )
        for match in self.judge.matches:
            if match.learner not in self.learners:
                raise ValueError(
                    f"judge.matches names the learner {match.learner!r}; there are "
                    f"{', '.join(self.learners)}"
                )
        return self

    def only(self, names: Sequence[str]) -> CompareConfig:
        """The same comparison between some of the learners.

        Raises:
            ConfigError: a name is not that of a learner.
        """
        unknown = [name for name in names if name not in self.learners]
        if unknown or not names:
            raise ConfigError(
                f"no learner is called {unknown[0] if unknown else ''!r}; there are "
                f"{', '.join(self.learners)}"
            )
        matches = tuple(match for match in self.judge.matches if match.learner in names)
        learners = {name: own for name, own in self.learners.items() if name in names}
        baseline = self.judge.baseline if self.judge.baseline in names else None
        judge = self.judge.model_copy(update={"matches": matches, "baseline": baseline})
        return self.model_copy(update={"learners": learners, "judge": judge})

    def runs(self) -> list[TrainConfig]:
        """The configuration of each run, seed by seed."""
        return [
            TrainConfig(
                name=f"{name}-seed{seed}",
                seed=seed,
                game=self.game,
                learner=learner,
                data=self.data if learner.needs_data else None,
                budget=self.budget,
                checkpoints=self.checkpoints,
            )
            for seed in self.seeds
            for name, learner in self.learners.items()
        ]
