"""What was measured of networks' bits, in figures, tables and numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from algorithms.studies.best_steps import near_best_of_twins
from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import exponent, mean_of
from algorithms.studies.study import Estimate

METHODS = {
    "label": "label",
    "gumbel": "search that tries all moves",
    "puct": "search by the prior (PUCT)",
    "reward": "reward",
    "reward - mean": "reward − pass rate",
}
"""Every source of a sample's update, and how figures call it."""

_OF_NETWORKS = ("label", "gumbel", "reward", "reward - mean")
_NONE = np.array([np.nan])


def _over(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of independent networks, float64 [R]: values whose mean is the ratio of both means.

    Networks differ much in their bits, and a single one's may be next to none, so that a mean of
    ratios would be decided by few. To first order the values scatter as the ratio of the means
    does (delta method).
    """
    ratio = own.mean() / other.mean()
    return ratio + (own - ratio * other) / other.mean()


class NetworkNumbers:
    """Bits a sample of networks, and what they come to.

    Args:
        rows: of networks.
        trained: steps that networks have had.
        answers: positions of an answer.
        many: samples of a step, where they are several.
    """

    def __init__(
        self, rows: Rows, trained: Sequence[int], answers: Sequence[int], many: Sequence[int]
    ):
        self._trained, self._answers, self._many = trained, answers, many
        self._bits: dict[tuple[int, int, int], dict[str, np.ndarray]] = {}
        self._places: dict[tuple[int, int], tuple[float, float, float]] = {}
        for key, part in rows.groups("steps", "answer", "samples", "method").items():
            self._bits.setdefault(key[:3], {})[key[3]] = near_best_of_twins(part)
            rate, coin, surprise = (part.column(n).mean() for n in ("rate", "coin", "surprise"))
            self._places[key[:2]] = rate, coin, surprise

    def _ratio(self, steps: int, answer: int, kind: str) -> np.ndarray:
        """A sample's bits over a label's; see `_over`."""
        found = self._bits[steps, answer, 1]
        return _over(found[kind], found["label"])

    def over_rates(self, steps: int) -> tuple[list[float], list[Estimate]]:
        """Reward over label at the pass rate of each kind of answer."""
        answers = sorted(self._answers)
        return [self._places[steps, answer][0] for answer in answers], [
            mean_of(self._ratio(steps, answer, "reward - mean")) for answer in answers
        ]

    def over_samples(self, steps: int, kind: str) -> tuple[list[float], list[Estimate]]:
        """Bits a sample over one label's, for each number of samples."""
        counts = [1, *self._many]
        one = self._bits[steps, 1, 1]["label"]
        return [float(count) for count in counts], [
            mean_of(_over(self._bits[steps, 1, count][kind], one)) for count in counts
        ]

    def sheet_of_one(self) -> list[Row]:
        """A row for each training and answer."""
        return [
            {"steps": steps, "answer": answer, "pass rate": rate, "E[H(p)]": coin,
             "surprise": surprise,
             **{METHODS[kind]: 1e6 * float(self._bits[steps, answer, 1].get(kind, _NONE).mean())
                for kind in _OF_NETWORKS}}
            for (steps, answer), (rate, coin, surprise) in self._places.items()
        ]  # fmt: skip

    def sheet_of_many(self) -> list[Row]:
        """A row for each training and number of samples."""
        return [
            {"steps": steps, "samples": int(samples),
             **{METHODS[kind]: self.over_samples(steps, kind)[1][number].value
                for kind in _OF_NETWORKS}}
            for steps in self._trained
            for number, samples in enumerate([1, *self._many])
        ]  # fmt: skip

    def measured(self) -> dict[str, Estimate]:
        """The numbers that hypotheses ask for."""
        found = {}
        answers = self._answers
        ends = {min(self._trained): "untrained", max(self._trained): "trained"}
        for steps, name in ends.items():
            rates, coins, surprises = zip(*(self._places[steps, a] for a in answers), strict=True)
            less_mean = [self._ratio(steps, answer, "reward - mean") for answer in answers]
            alone = [self._ratio(steps, answer, "reward") for answer in answers]
            curves = np.array(coins) / np.array(surprises)
            found[f"networks, measured over claimed, {name}"] = mean_of(
                np.mean([each / c for each, c in zip(less_mean, curves, strict=True)], axis=0)
            )
            found[f"networks, a right answer over a label, {name}"] = mean_of(
                np.mean([each / p for each, p in zip(alone, rates, strict=True)], axis=0)
            )
            found[f"networks, exponent of reward over label, {name}"] = exponent(
                rates, less_mean, paired=True
            )
        if 512 in self._many:
            both = self._bits[min(self._trained), 1, 512]
            found["networks, 512 rewards over 512 labels, untrained"] = mean_of(
                _over(both["reward - mean"], both["label"])
            )
        return found
