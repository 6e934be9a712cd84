"""Estimates with 95 % intervals from independent replicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import rankdata
from scipy.stats import t as student_t

from algorithms.report.exact import interval_of_mean
from algorithms.studies.study import Estimate
from baselines.ratings import difference_interval, wilson_interval


def mean_of(values: Sequence[float] | np.ndarray) -> Estimate:
    """Mean of independent values, with Student's t; a single value has no interval (nan)."""
    if len(values) == 0:
        return Estimate(np.nan, np.nan, np.nan)
    mean, low, high = interval_of_mean(list(values))
    return Estimate(mean, low, high) if len(values) > 1 else Estimate(mean, np.nan, np.nan)


def win_rate_of(rates: Sequence[float], games: int) -> Estimate:
    """Win rate of what was trained from several seeds.

    The interval is the hull of two, never narrower than either: Student's t over the seeds, and
    Wilson's for all games together, which is wide where every seed won every game.

    Args:
        rates: of each seed's player, a draw counting half; a single one has no interval (nan).
        games: that each of them played.
    """
    if len(rates) < 2:
        return mean_of(rates)
    over_seeds = mean_of(rates)
    low, high = _wilson(rates, games)
    return Estimate(
        over_seeds.value, max(0.0, min(over_seeds.low, low)), min(1.0, max(over_seeds.high, high))
    )


def win_rate_gain(after: Sequence[float], before: Sequence[float], games: int) -> Estimate:
    """By how much a win rate is larger than another, seed by seed; see `win_rate_of`.

    The interval stays within -1 and 1, as no win rate is larger than another by more.
    """
    gains = mean_of(np.subtract(after, before))
    if len(after) < 2:
        return gains
    ends = [(float(np.mean(rates)), *_wilson(rates, games)) for rates in (after, before)]
    _, low, high = difference_interval(*ends)
    return Estimate(gains.value, max(-1.0, min(gains.low, low)), min(1.0, max(gains.high, high)))


def _wilson(rates: Sequence[float], games: int) -> tuple[float, float]:
    return wilson_interval(round(2 * games * float(np.sum(rates))) / 2, games * len(rates))


def share_of(values: Sequence[float] | np.ndarray) -> Estimate:
    """The mean of independent shares, whose interval stays within 0 and 1."""
    found = mean_of(values)
    low, high = (float(np.clip(end, 0, 1)) for end in (found.low, found.high))
    return Estimate(found.value, low, high)


def jackknife_ratio(
    statistic: Callable[[list[np.ndarray]], float], samples: Sequence[np.ndarray]
) -> Estimate:
    """A positive statistic, whose interval is `jackknife`'s of its logarithm."""

    def logarithm(drawn: list[np.ndarray]) -> float:
        value = statistic(drawn)
        return float(np.log(value)) if value > 0 else np.nan

    found = jackknife(logarithm, samples)
    return Estimate(statistic(list(samples)), *np.exp([found.low, found.high]).tolist())


def jackknife(
    statistic: Callable[[list[np.ndarray]], float], samples: Sequence[np.ndarray]
) -> Estimate:
    """A smooth statistic of several independent samples, with its jackknife interval.

    Student's t times the jackknife's standard error, whose degrees of freedom are Satterthwaite's.
    For a mean it is the ordinary interval. A bootstrap's percentiles, the other usual choice, are
    too narrow by a tenth for ten values.

    Args:
        statistic: from samples, arrays whose first axis runs over independent units, to a number
            that is smooth in their means.
        samples: what belongs together (two measures of one unit) must be columns of one of them.

    Returns:
        Without an interval (nan) if a sample has one unit alone, or if the statistic is not finite
        without one of them.

    Source: Efron and Tibshirani 1993, "An introduction to the bootstrap", chapter 11.
    """
    whole = statistic(list(samples))
    if min(map(len, samples)) < 2:
        return Estimate(whole, np.nan, np.nan)
    parts, freedoms = [], []
    for place, sample in enumerate(samples):
        count = len(sample)
        without = np.array([
            statistic([*samples[:place], np.delete(sample, unit, axis=0), *samples[place + 1 :]])
            for unit in range(count)
        ])  # fmt: skip
        if not np.isfinite(without).all():
            return Estimate(whole, np.nan, np.nan)
        parts.append((count - 1) ** 2 / count * without.var(ddof=1))
        freedoms.append(count - 1)
    variance = sum(parts)
    if variance == 0:
        return Estimate(whole, whole, whole)
    freedom = variance**2 / sum(part**2 / one for part, one in zip(parts, freedoms, strict=True))
    reach = float(student_t.ppf(0.975, freedom) * np.sqrt(variance))
    return Estimate(whole, whole - reach, whole + reach)


def exponent(x: Sequence[float], samples: Sequence[np.ndarray], paired: bool = False) -> Estimate:
    """The exponent b in y ~ x**b: least squares on logarithms, with a `jackknife` interval.

    Args:
        x: positive, one a sample.
        samples: at each x independent replicates: float [replicates] whose mean is y, or
            [replicates, 2] where y is the ratio of the two means.
        paired: whether the n-th replicate of each sample is the same unit, met at every x.
    """
    log_x = np.log(np.asarray(x, np.float64))

    def slope(drawn: list[np.ndarray]) -> float:
        parts = [np.atleast_1d(sample.mean(axis=0)) for sample in drawn]
        if not all((part > 0).all() for part in parts):
            return np.nan
        means = np.array([part[0] / (part[1] if len(part) == 2 else 1.0) for part in parts])
        return float(np.polyfit(log_x, np.log(means), 1)[0])

    if paired:
        return jackknife(lambda drawn: slope(list(np.moveaxis(drawn[0], 1, 0))), [
            np.stack(samples, axis=1)
        ])  # fmt: skip
    return jackknife(slope, samples)


def area_under_roc(scores: np.ndarray, wanted: np.ndarray) -> float:
    """How often one that is wanted has the higher score than one that is not; ties are a half.

    Args:
        scores: float [n].
        wanted: bool [n].

    Returns:
        1 if scores part them perfectly, a half if they know nothing; nan if there is only one kind.
    """
    count, others = int(wanted.sum()), int((~wanted).sum())
    if count == 0 or others == 0:
        return np.nan
    ranks = rankdata(scores)[wanted].sum()
    return float((ranks - count * (count + 1) / 2) / (count * others))
