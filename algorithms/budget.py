"""What a run spends, in every currency at once, and what it may spend."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from pydantic import Field, field_validator, model_validator

from algorithms.frozen import Frozen
from goenv import GoBatch, IllegalActionError, Rules
from goenv.game_loops import play_chosen, play_randomly
from goenv.illegal import REASONS
from goenv.legality import legality


class Budget(Frozen):
    """Limits of a run; it stops at the first one reached. At least one must be given."""

    flops: float | None = Field(None, gt=0, description="floating-point operations of networks")
    env_steps: int | None = Field(None, gt=0, description="moves played in games, passes included")
    evaluations: int | None = Field(None, gt=0, description="positions through a network, forward")
    samples: int | None = Field(None, gt=0, description="positions through a network, trained on")
    seconds: float | None = Field(None, gt=0, description="wall time of collecting and learning")

    @field_validator("env_steps", "evaluations", "samples", mode="before")
    @classmethod
    def _scientific(cls, value: Any) -> Any:
        """Counts may be written as 1e6, which YAML hands over as text."""
        try:
            return float(value) if isinstance(value, str) else value
        except ValueError:
            return value

    @model_validator(mode="after")
    def _some_limit(self) -> Budget:
        if not self.limits():
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"a budget needs at least one limit: {names}")
        return self

    def limits(self) -> dict[str, float]:
        """The limits that are set, by currency."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


CURRENCIES = tuple(Budget.model_fields)


@dataclass
class Ledger:
    """What was spent so far, charged by the wrappers of environment and network.

    Attributes:
        env_steps: moves played in games, passes included. Moves that a search imagines are not.
        evaluations: positions that went forward through a network without being trained on.
        samples: positions that went forward and backward.
        playouts: random playouts of a search; they cost no FLOPs in this book.
        flops: floating-point operations of all passes, as `torch.utils.flop_counter` counts them
            (a multiplication and an addition are two), whatever the number format.
        seconds: wall time of collecting and learning; compilation and judging are not in it.
        budget: the limits, if there are any.
    """

    env_steps: int = 0
    evaluations: int = 0
    samples: int = 0
    playouts: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    budget: Budget | None = field(default=None, repr=False)

    def add(self, other: Ledger) -> None:
        """Add what another ledger has counted, such as that of a thread."""
        for name, count in other.spent().items():
            setattr(self, name, getattr(self, name) + count)

    def charge_env_steps(self, count: int) -> None:
        """Add moves played."""
        self.env_steps += count

    def charge_evaluations(self, count: int, flops_each: float) -> None:
        """Add forward passes."""
        self.evaluations += count
        self.flops += count * flops_each

    def charge_samples(self, count: int, flops_each: float) -> None:
        """Add forward and backward passes."""
        self.samples += count
        self.flops += count * flops_each

    def charge_playouts(self, count: int) -> None:
        """Add random playouts."""
        self.playouts += count

    def charge_seconds(self, seconds: float) -> None:
        """Add wall time."""
        self.seconds += seconds

    def progress(self) -> float:
        """Share of the budget spent, from 0 to 1, by which schedules go.

        In the currency nearest to its limit; the clock counts only where it is the only limit,
        so that a run with a limit in another currency is repeatable.
        """
        return self._share({name for name in self._limits() if name != "seconds"} or {"seconds"})

    def share_spent(self) -> float:
        """Share of the budget spent, from 0 to 1, the clock included."""
        return self._share(set(self._limits()))

    def exhausted(self) -> bool:
        """Whether a limit of the budget is reached."""
        return self.share_spent() >= 1.0

    def _limits(self) -> dict[str, float]:
        return {} if self.budget is None else self.budget.limits()

    def _share(self, names: set[str]) -> float:
        limits = self._limits()
        shares = [getattr(self, name) / limits[name] for name in names if name in limits]
        return min(1.0, max(shares, default=0.0))

    def spent(self) -> dict[str, float]:
        """All counts by name."""
        return {name: value for name, value in asdict(self).items() if name != "budget"}

    def load(self, spent: dict[str, Any]) -> None:
        """Continue from counts that `spent` returned."""
        for name in self.spent():
            setattr(self, name, type(getattr(self, name))(spent[name]))


_charged = threading.local()


@contextlib.contextmanager
def charging(ledger: Ledger) -> Iterator[None]:
    """Within this context every pass of a network and every playout of this thread is charged.

    Whosever network it is: what a learner asks of its opponents costs it as much as its own.
    Outside of such a context nobody is charged.
    """
    before = charged()
    _charged.ledger = ledger
    try:
        yield
    finally:
        _charged.ledger = before


def charged() -> Ledger | None:
    """Whom this thread charges now."""
    return getattr(_charged, "ledger", None)


class MeteredBatch(GoBatch):
    """A `GoBatch` that charges every move played to a ledger.

    Args:
        ledger: charged by `step`; it can be exchanged through the attribute of this name.
        num_games, rules, seed: as for `GoBatch`.
    """

    def __init__(self, ledger: Ledger, num_games: int, rules: Rules | list[Rules], seed: int = 0):
        super().__init__(num_games, rules, seed)
        self.ledger = ledger

    def step(self, actions: np.ndarray) -> None:
        """See `GoBatch.step`."""
        moving = int((~self.done).sum())
        super().step(actions)
        self.ledger.charge_env_steps(moving)

    def step_games(self, games: np.ndarray, actions: np.ndarray) -> None:
        """Play one action, int [n], in each of these running games, int [n], and in no other.

        Raises:
            IllegalActionError: an action is illegal; nothing is played in any game.
        """
        games, actions = np.asarray(games, np.int64), np.asarray(actions, np.int64)
        self.make_room()
        wrong = play_chosen(*self.games, games, actions)
        if wrong >= 0:
            action = int(actions[games == wrong][0])
            raise IllegalActionError(wrong, action, REASONS[legality(self.games, wrong, action)])
        self.ledger.charge_env_steps(len(games))

    def play_randomly(self, game: int, moves: int) -> None:
        """Play so many random legal actions in one game, or fewer if it ends."""
        self.make_room(max(1, moves))
        self.ledger.charge_env_steps(int(play_randomly(*self.games, game, moves)))
