"""Sequential tests of a match: stop as soon as the games decide between two strengths.

The hypotheses are differences in Elo: H0 says that the first agent is `elo0` stronger than the
second, H1 that it is `elo1` stronger. The unit is the pair of games of one opening, whose sum is 0,
0.5, 1, 1.5 or 2 points: the two are not independent, and such sums vary less than single games, so
that fewer are needed. How often each sum comes is not part of the hypotheses, only its mean is; the
likelihood of either hypothesis is that of the distribution which fits best among those with its
mean.

Source: Michel Van den Bergh, "The Generalized Sequential Probability Ratio Test for engine testing"
and "Normalized Elo" (2019 to 2021), as in Stockfish's fishtest; the bounds are those of Wald 1945,
"Sequential tests of statistical hypotheses", section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from baselines.arena import GameRecord
from baselines.ratings import ELO_PER_NAT

SUMS = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
"""What the first agent can get from the two games of an opening."""

_UNSEEN = 1e-3  # pairs counted for a sum that never came; as fishtest does
_HALVINGS = 60


@dataclass(frozen=True)
class Sprt:
    """A sequential test.

    Attributes:
        elo0, elo1: differences in Elo under H0 and H1, the first agent's side; `elo0` < `elo1`.
        alpha: chance to accept H1 where the truth is `elo0`, at most.
        beta: chance to accept H0 where it is `elo1`, at most.

    Raises:
        ValueError: one of them makes no sense; the message names it.
    """

    elo0: float
    elo1: float
    alpha: float = 0.05
    beta: float = 0.05

    def __post_init__(self) -> None:
        if not (-2000 <= self.elo0 < self.elo1 <= 2000):
            raise ValueError(
                f"elo0 must be less than elo1, both from -2000 to 2000, got {self.elo0:g} and "
                f"{self.elo1:g}"
            )
        for name in ("alpha", "beta"):
            if not 0 < getattr(self, name) < 0.5:
                raise ValueError(f"{name} must lie between 0 and 0.5, got {getattr(self, name):g}")

    @property
    def bounds(self) -> tuple[float, float]:
        """Log-likelihood ratios at which H0 and H1 are accepted."""
        return (
            float(np.log(self.beta / (1 - self.alpha))),
            float(np.log((1 - self.beta) / self.alpha)),
        )

    def llr(self, counts: npt.ArrayLike) -> np.ndarray:
        """Log-likelihood ratio of H1 over H0 given how often each of `SUMS` came.

        Args:
            counts: [..., 5].

        Returns:
            float [...].
        """
        counts = np.asarray(counts, np.float64)
        pairs = counts.sum(axis=-1)
        seen = np.maximum(counts, _UNSEEN)
        shares = seen / seen.sum(axis=-1, keepdims=True)
        means = [2 * expit(elo / ELO_PER_NAT) for elo in (self.elo0, self.elo1)]
        null, other = (_likeliest(shares, mean) for mean in means)
        return pairs * (shares * np.log(other / null)).sum(axis=-1)

    def decide(self, sums: Sequence[float]) -> Verdict:
        """Test pair after pair, and stop where a bound is reached; later pairs do not count.

        Args:
            sums: of the pairs in their order, each one of `SUMS`.
        """
        counts = np.cumsum(np.array(sums, np.float64).reshape(-1, 1) == SUMS, axis=0)
        ratios = self.llr(counts)
        low, high = self.bounds
        reached = np.flatnonzero((ratios <= low) | (ratios >= high))
        if len(reached):
            counts, ratios = counts[: reached[0] + 1], ratios[: reached[0] + 1]
        if not len(ratios):
            return Verdict(self, (0,) * len(SUMS), 0.0, None)
        llr = float(ratios[-1])
        accepted = "H1" if llr >= high else "H0" if llr <= low else None
        return Verdict(self, tuple(counts[-1].tolist()), llr, accepted)


@dataclass(frozen=True)
class Verdict:
    """What a test has come to.

    Attributes:
        test: the test.
        counts: how often each of `SUMS` came, until it was decided.
        llr: log-likelihood ratio of H1 over H0.
        accepted: ``"H0"``, ``"H1"``, or None if it is not decided.
    """

    test: Sprt
    counts: tuple[int, ...]
    llr: float
    accepted: str | None

    def __str__(self) -> str:
        low, high = self.test.bounds
        said = f"{self.accepted} accepted" if self.accepted else "undecided"
        return (
            f"SPRT of {self.test.elo1:+g} Elo (H1) against {self.test.elo0:+g} Elo (H0): {said}, "
            f"LLR {self.llr:.2f} in [{low:.2f}, {high:.2f}] after {sum(self.counts)} pairs"
        )


def pair_sums(records: Sequence[GameRecord], first: str) -> list[float]:
    """Points of the agent called `first` from each opening, in the order of the openings.

    It ends before the first opening of which a game is missing: long games come later than short
    ones, and a test that took pairs as they finish would see another share of them at its end.
    """
    outcomes: dict[int, list[float]] = {}
    for record in records:
        outcomes.setdefault(record.opening, []).append(record.outcome(first))
    sums: list[float] = []
    while len(outcomes.get(len(sums), ())) == 2:
        sums.append(sum(outcomes[len(sums)]))
    return sums


def _likeliest(shares: np.ndarray, mean: float) -> np.ndarray:
    """The distribution over `SUMS` with that mean which makes samples with these shares likeliest.

    It is ``share / (1 + x (sum - mean))`` with the x for which its mean is right (Owen 2001,
    "Empirical likelihood", section 2.9), found by halving: the mean falls as x grows.

    Args:
        shares: [..., 5], all positive.
        mean: between 0 and 2.
    """
    away = SUMS - mean
    low = np.full(shares.shape[:-1] + (1,), -1 / away[-1])
    high = np.full_like(low, -1 / away[0])
    for _ in range(_HALVINGS):
        x = (low + high) / 2
        above = (shares * away / (1 + x * away)).sum(axis=-1, keepdims=True) > 0
        low, high = np.where(above, x, low), np.where(above, high, x)
    return shares / (1 + (low + high) / 2 * away)
