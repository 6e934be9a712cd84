"""What every learner is, and what learners share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Protocol

import numpy as np
import torch
from pydantic import BaseModel, Field, field_validator, model_validator
from torch import Tensor, nn

from algorithms.budget import Ledger, MeteredBatch
from algorithms.evaluator import NotFiniteError
from algorithms.frozen import Frozen
from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.players import PlayConfig
from baselines.agent import Agent
from goenv import Rules


class StartConfig(Frozen):
    """How training games begin, so that they differ."""

    komis: tuple[float, ...] = Field(
        (), description="komi of a training game, drawn from these; empty: that of the game"
    )
    random_moves: int = Field(
        0, ge=0, description="half of the games begin with 1 to this many random moves"
    )
    sizes: dict[int, float] = Field(
        {},
        description="sides of boards with weights, such as {5: 1, 7: 3}, none larger than that of "
        "the game; empty: that of the game",
    )
    komis_by_size: dict[int, tuple[float, ...]] = Field(
        {}, description="komis of the sizes named here, in place of komis"
    )

    @field_validator("komis")
    @classmethod
    def _valid_komis(cls, komis: tuple[float, ...]) -> tuple[float, ...]:
        for komi in komis:
            Rules(komi=komi)
        return komis

    @field_validator("sizes", "komis_by_size")
    @classmethod
    def _valid_sizes(cls, sizes: dict[int, Any]) -> dict[int, Any]:
        for size, value in sizes.items():
            Rules(size=size)
            if isinstance(value, tuple):
                cls._valid_komis(value)
            elif not value > 0:
                raise ValueError(f"the weight of size {size} must be above 0, got {value}")
        return sizes


class OptimiserConfig(Frozen):
    """AdamW with a rate that falls along a cosine as the budget is spent."""

    learning_rate: float = Field(2e-3, gt=0, description="at the start")
    final_learning_rate: float = Field(2e-4, ge=0, description="when the budget is spent")
    weight_decay: float = Field(1e-4, ge=0)
    gradient_clip: float = Field(1.0, gt=0, description="largest norm of the gradient")


AgentWeights = dict[str, Annotated[float, Field(gt=0)]]
"""How often agents are met, by their texts."""


class LearnerConfig(Frozen):
    """What the configurations of all learners have in common."""

    needs_data: ClassVar[bool] = False  # games of others; see `algorithms.expert_games`
    # Fields that hold agents with weights, among which leagues may be; see `algorithms.leagues`.
    league_fields: ClassVar[tuple[str, ...]] = ()

    algorithm: str
    network: NetworkConfig = NetworkConfig()
    compile: bool = Field(
        False,
        description="inference through torch.compile: faster, after a start of 10 seconds or more; "
        "on a CPU it needs a C++ compiler",
    )
    optimiser: OptimiserConfig = OptimiserConfig()
    start: StartConfig = StartConfig()
    play: PlayConfig = PlayConfig()

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        """What is left out of a part of the settings is as the learner has it, not as its type."""
        if not isinstance(given, Mapping):
            return given
        parts = {name: field.default for name, field in cls.model_fields.items() if name in given}
        return {**given, **{name: _over(usual, given[name]) for name, usual in parts.items()}}


def _over(usual: Any, given: Any) -> Any:
    if isinstance(usual, BaseModel) and isinstance(given, Mapping):
        return {**usual.model_dump(exclude_unset=True), **given}
    return given


class Learner(Protocol):
    """An algorithm in training. It opens no files, reads no clock and prints nothing.

    Attributes:
        config: of the learner.
        model: its network, whose weights the run stores.
    """

    config: Any
    model: Model

    def step(self, ledger: Ledger) -> dict[str, float]:
        """Collect and learn a bounded piece, charging `ledger`; returns metrics by name."""
        ...

    def agent(self) -> Agent:
        """The player it has become so far."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """All that going on needs besides the weights: nested dicts of arrays and numbers."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        ...


def companions_of(learner: Learner) -> dict[str, tuple[Model, PlayConfig]]:
    """Other networks of a learner that play, by name, and how: of its method `companions`.

    They are stored in its checkpoints, ``NAME.safetensors``, and judged beside its agent. A learner
    that has none need not have the method.
    """
    companions = getattr(learner, "companions", dict)
    return companions()


class Optimiser:
    """AdamW on a network, with its schedule.

    Args:
        model: whose network to train.
        config: rates.

    Attributes:
        adam: the optimiser of torch.
        gradient_clip: largest norm of a gradient.
    """

    def __init__(self, model: Model, config: OptimiserConfig):
        self._model, self._config = model, config
        self.gradient_clip = config.gradient_clip
        self.adam = torch.optim.AdamW(
            model.network.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )

    def restart(self) -> None:
        """Forget the moments gathered so far, as for other weights."""
        self.adam.state.clear()

    def rate(self, progress: float) -> float:
        """Learning rate when a share `progress` of the budget is spent."""
        config = self._config
        falling = 0.5 * (1 + np.cos(np.pi * progress))
        span = config.learning_rate - config.final_learning_rate
        return float(config.final_learning_rate + span * falling)

    def update(self, progress: float) -> float:
        """Clip the gradients, take a step, clear them; returns their norm before clipping.

        Raises:
            NotFiniteError: the norm is no number; the weights stay as they were.
        """
        for group in self.adam.param_groups:
            group["lr"] = self.rate(progress)
        norm = nn.utils.clip_grad_norm_(self._model.network.parameters(), self.gradient_clip)
        if not norm.isfinite():
            raise NotFiniteError(f"the norm of the gradients is {float(norm)}")
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        self._model.updated()
        return float(norm)

    def state_dict(self) -> dict[str, Any]:
        """Adam's moments and counters."""
        state = self.adam.state_dict()["state"]
        return {str(index): dict(values) for index, values in state.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        full = self.adam.state_dict()
        parameters = list(self._model.network.parameters())
        full["state"] = {
            int(index): {
                name: _laid_out_like(parameters[int(index)], torch.as_tensor(value))
                for name, value in values.items()
            }
            for index, values in state.items()
        }
        self.adam.load_state_dict(full)


def _laid_out_like(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """A moment in the memory format of its parameter: fused Adam pairs them place by place."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, requires_grad=False).copy_(value)


class Starts:
    """Begins training games: draws their size and komi, and plays random moves that open them.

    Args:
        config: from what to draw.
        rules: of the games, but for size and komi; on smaller boards `max_moves` is less, as the
            number of points is.

    Raises:
        ValueError: a size is larger than that of the rules, or has komis and is not played.
    """

    def __init__(self, config: StartConfig, rules: Rules):
        self.config = config
        sizes = config.sizes or {rules.size: 1.0}
        if max(sizes) > rules.size:
            raise ValueError(f"start.sizes: the game has size {rules.size}, got {max(sizes)}")
        unplayed = sorted(set(config.komis_by_size) - set(sizes))
        if unplayed:
            raise ValueError(
                f"start.komis_by_size: no game of size {unplayed[0]} is played; there are "
                f"{', '.join(map(str, sorted(sizes)))}"
            )
        self.largest_rules = rules
        total = sum(sizes.values())
        self._shares = np.cumsum([weight / total for weight in sizes.values()])
        self._rules = [self._rules_of(size, rules) for size in sizes]

    def _rules_of(self, size: int, rules: Rules) -> list[Rules]:
        fields = {name: getattr(rules, name) for name in Rules.field_names()}
        if rules.max_moves is not None:
            scaled = round(rules.max_moves * (size / rules.size) ** 2)
            fields["max_moves"] = min(rules.max_moves, max(2, scaled))
        komis = self.config.komis_by_size.get(size, self.config.komis) or (rules.komi,)
        return [Rules(**{**fields, "size": size, "komi": komi}) for komi in komis]

    def begin(self, batch: MeteredBatch, game: int, rng: np.random.Generator) -> None:
        """Begin `game` anew and play its random opening; it is running afterwards."""
        choice = int(np.searchsorted(self._shares, rng.random(), side="right"))
        rules = self._rules[min(choice, len(self._rules) - 1)]
        moves = 0
        if self.config.random_moves > 0 and rng.random() < 0.5:
            moves = int(rng.integers(1, self.config.random_moves + 1))
        drawn = rules[rng.integers(len(rules))]
        while True:
            batch.set_rules(game, drawn)
            batch.play_randomly(game, moves)
            if not batch.done[game]:
                return
            moves -= 1  # two passes, or a limit that comes at once


def as_tensors(saved: Mapping[str, Any]) -> dict[str, Tensor]:
    """Weights as a checkpoint returns them, arrays by name, for `load_state_dict`."""
    return {name: torch.as_tensor(value) for name, value in saved.items()}


def rng_state(rng: np.random.Generator) -> dict[str, Any]:
    """State of a numpy generator as nested dicts of strings and numbers."""
    return dict(rng.bit_generator.state)
