"""How to search: settings, and their form for the kernels."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from algorithms.frozen import Frozen

PUCT, UCB1, GUMBEL = 0, 1, 2
RULES = {"puct": PUCT, "ucb1": UCB1, "gumbel": GUMBEL}
Rule = Literal["puct", "ucb1", "gumbel"]


class Settings(NamedTuple):
    """A `SearchConfig` as kernels read it; see there."""

    root: int
    interior: int
    exploration: np.float32
    reduction: np.float32
    use_prior: bool
    considered: int
    visit_offset: np.float32
    value_scale: np.float32
    merge: bool
    stop_early: bool
    score_weight: np.float32


class SearchConfig(Frozen):
    """How to search. A search is a root rule, an interior rule, and what becomes of its tree."""

    simulations: int = Field(
        32, ge=1, le=10_000_000, description="walks of the tree a move, the root's own excluded"
    )
    root: Rule = Field("puct", description="puct, ucb1 or gumbel: the rule at the root")
    interior: Rule = Field("puct", description="puct, ucb1 or gumbel: the rule below the root")
    exploration: float = Field(1.25, ge=0, description="c of PUCT or UCB1, on Q in [-1, 1]")
    first_play_reduction: float = Field(
        0.25,
        ge=0,
        description="how much less than its node an untried move counts (not at noisy roots)",
    )
    use_prior: bool = Field(
        True, description="false: every legal move has the same prior, only values guide the search"
    )
    noise_fraction: float = Field(
        0.0, ge=0, le=1, description="share of Dirichlet noise at roots of PUCT"
    )
    noise_concentration: float = Field(
        10.0, gt=0, description="sum of the Dirichlet parameters over a root's legal actions"
    )
    considered: int = Field(
        16, ge=2, le=1000, description="actions that a Gumbel root begins with (m)"
    )
    gumbel_scale: float = Field(
        0.0, ge=0, description="of the noise that draws them: 1 to explore, 0 takes the likeliest"
    )
    visit_offset: float = Field(50.0, ge=0, description="c_visit of the Gumbel rules")
    value_scale: float = Field(
        0.6, gt=0, description="c_scale of the Gumbel rules, on Q in [-1, 1]"
    )
    score_weight: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the score, squashed, in a value; the outcome is the rest. Makes won "
        "and lost games worth playing well",
    )
    reuse: bool = Field(False, description="keep what the tree knows of the position reached")
    merge: bool = Field(False, description="one node for a position, however it was reached")
    leaves: int = Field(
        1, ge=1, le=1024, description="leaves of a tree that are evaluated side by side"
    )
    stop_early: bool = Field(
        False, description="end a search of PUCT or UCB1 whose most visited move is settled"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> SearchConfig:
        if self.root == "gumbel" and self.stop_early:
            raise ValueError("stop_early: a Gumbel root halves its actions to the last simulation")
        if self.root != "puct" and self.noise_fraction > 0:
            raise ValueError("noise_fraction: Dirichlet noise is for the root rule puct")
        return self

    def settings(self) -> Settings:
        """These settings for the kernels."""
        return Settings(
            RULES[self.root],
            RULES[self.interior],
            np.float32(self.exploration),
            np.float32(self.first_play_reduction),
            self.use_prior,
            self.considered,
            np.float32(self.visit_offset),
            np.float32(self.value_scale),
            self.merge,
            self.stop_early,
            np.float32(self.score_weight),
        )
