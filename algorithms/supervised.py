"""Learning from games of others: the policy from the winner's moves, the value from all positions.

The plainest of all: no opponent, no search, no credit to assign. AlphaGo (Silver et al. 2016)
began so; here it is a judge of networks and a warm start for AlphaZero.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from algorithms.budget import Ledger
from algorithms.expert_games import ExpertGames
from algorithms.learner import LearnerConfig, StartConfig, as_tensors, rng_state
from algorithms.model import Model
from algorithms.players import PlayConfig, network_agent
from algorithms.replay import Positions, Samples, draw_samples, make_samples
from algorithms.training import (
    LossConfig,
    Trainer,
    check_workers,
    mean_metrics,
)
from baselines.agent import Agent
from goenv import Rules


class SupervisedConfig(LearnerConfig):
    """Settings of `Supervised`."""

    needs_data: ClassVar[bool] = True

    algorithm: Literal["supervised"] = "supervised"
    play: PlayConfig = PlayConfig(simulations=64)
    loss: LossConfig = LossConfig()
    workers: int = Field(1, ge=1, le=256, description="threads that train side by side")
    batch_size: int = Field(256, ge=1)
    updates_per_step: int = Field(50, ge=1, description="gradient steps between two judgements")
    symmetries: bool = Field(True, description="turn positions by the symmetries of the board")
    averaging: float = Field(
        0.0, ge=0, lt=1, description="players have an average of the weights; share kept an update"
    )

    @model_validator(mode="after")
    def _work_for_all(self) -> SupervisedConfig:
        check_workers(self.workers, {"batch_size": self.batch_size})
        return self

    @model_validator(mode="after")
    def _no_games_of_its_own(self) -> SupervisedConfig:
        if self.start != StartConfig():
            raise ValueError("start: supervised plays no games; those it learns from begin as data")
        return self


class Supervised:
    """The learner.

    Args:
        config: settings.
        rules: of the games it plays.
        seed: of weights and samples.
        data: what to learn from.
    """

    def __init__(self, config: SupervisedConfig, rules: Rules, seed: int, data: ExpertGames):
        self.config = config
        self.model = Model(
            config.network, seed, averaging=config.averaging, compiled=config.compile
        )
        self._data, self._size = data, rules.size
        self._rng = np.random.default_rng([seed, 0x5EED])
        self._trainer = Trainer(self.model, config.optimiser, config.loss, workers=config.workers)

    def step(self, ledger: Ledger) -> dict[str, float]:
        """Take `updates_per_step` gradient steps, then judge the network on the games held out."""
        positions, config = self._data.training, self.config

        def draw(count: int, rng: np.random.Generator) -> Samples:
            among = len(positions)
            return draw_samples(positions, among, count, self._size, rng, config.symmetries)

        records = [
            self._trainer.update(draw, config.batch_size, self._rng, ledger)
            for _ in range(config.updates_per_step)
        ]
        return {**mean_metrics(records), **judge(self.model, self._data.held_out, self._size)}

    def agent(self) -> Agent:
        """The network, as `config.play` says."""
        return network_agent(self.model, self.config.play, "supervised")

    def state_dict(self) -> dict[str, Any]:
        """See `Learner`."""
        return {
            "trained": self.model.trained_weights(),
            "optimiser": self._trainer.optimiser.state_dict(),
            "rng": rng_state(self._rng),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """See `Learner`."""
        self.model.load_trained_weights(as_tensors(saved["trained"]))
        self._trainer.optimiser.load_state_dict(saved["optimiser"])
        self._rng.bit_generator.state = saved["rng"]


def judge(model: Model, positions: Positions, size: int, most: int = 4096) -> dict[str, float]:
    """How well a network foretells games that it has not learned from; charged to nobody.

    Args:
        model: the network.
        positions: of those games.
        size: of the arrays.
        most: positions looked at, spread evenly.

    Returns:
        ``held_out_top1``: share of positions with a policy target whose likeliest action is the
        target's; ``held_out_value_error``: mean square of value less outcome, in [0, 4];
        ``held_out_winner``: share of decided games' positions in which the sign of the value is
        that of the outcome.
    """
    chosen = np.unique(np.linspace(0, len(positions) - 1, most).astype(np.int64))
    samples = make_samples(positions, chosen, np.zeros(len(chosen), np.int64), size)
    logits, values = [], []
    for first in range(0, len(chosen), 512):
        part = model.evaluate(samples.planes[first : first + 512], samples.padded)
        logits.append(part[0])
        values.append(part[1])
    logit, value = np.concatenate(logits), np.concatenate(values)
    legal = samples.planes[:, -1].reshape(len(chosen), -1) > 0
    logit[:, :-1][~legal] = -np.inf
    aimed = samples.policy.sum(axis=1) > 0
    hits = logit.argmax(axis=1) == samples.policy.argmax(axis=1)
    decided = samples.outcome != 0
    return {
        "held_out_top1": float(hits[aimed].mean()) if aimed.any() else float("nan"),
        "held_out_value_error": float(np.mean((value - samples.outcome) ** 2)),
        "held_out_winner": float(
            np.mean(np.sign(value[decided]) == samples.outcome[decided]) if decided.any() else 0.5
        ),
    }
