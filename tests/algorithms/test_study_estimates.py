"""Estimates of studies and their intervals, against known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from algorithms.studies.estimates import (
    exponent,
    jackknife,
    jackknife_ratio,
    mean_of,
    share_of,
    win_rate_gain,
)


def test_intervals_cover_what_they_should():
    rng, times = np.random.default_rng(0), 400
    hits = np.zeros(4)
    for _ in range(times):
        # Ten units, as a study has: a mean, a ratio of means, a mean of others, an exponent.
        values = rng.normal(3, 2, size=10)
        pair = np.stack([rng.gamma(4, 1, size=10), rng.gamma(8, 1, size=10)], axis=1)
        samples = [rng.gamma(5, at**1.5 / 5, size=10) for at in (1, 2, 4)]
        found = [
            (jackknife(lambda d: float(d[0].mean()), [values]), 3),
            (jackknife_ratio(lambda d: float(np.divide(*d[0].mean(axis=0))), [pair]), 0.5),
            (jackknife(lambda d: float(d[0].mean() - d[1].mean()), [values, pair[:, 0]]), -1),
            (exponent([1, 2, 4], samples), 1.5),
        ]
        hits += [estimate.low <= truth <= estimate.high for estimate, truth in found]
        assert found[0][0] == mean_of(values) or np.allclose(
            [found[0][0].low, found[0][0].high], [mean_of(values).low, mean_of(values).high]
        )
    assert (hits / times > 0.95 - 0.033).all()  # three standard errors
    assert (hits / times < 0.95 + 0.033).all()


def test_a_jackknife_needs_units_and_finite_numbers():
    ratio = jackknife(lambda d: 1 / d[0].sum() if d[0].any() else math.inf, [np.array([1.0, 0.0])])
    assert ratio.value == 1
    assert math.isnan(ratio.low)
    assert math.isnan(jackknife(lambda d: float(d[0].mean()), [np.ones(1)]).high)
    same = jackknife(lambda d: float(d[0].mean()), [np.ones(5)])
    assert (same.low, same.high) == (1, 1)
    assert math.isnan(jackknife_ratio(lambda d: float(d[0].mean()), [-np.ones(5)]).low)


def test_shares_have_intervals_of_shares():
    found = share_of([0.9, 1.0])
    assert found.value == pytest.approx(0.95)
    assert 0 <= found.low < 0.95
    assert found.high == 1
    assert math.isnan(share_of([0.5]).low)


def test_exponents():
    rng = np.random.default_rng(1)
    x = [4, 8, 16, 32]
    noisy = [3 * at**1.5 * rng.gamma(20, 1 / 20, size=30) for at in x]
    found = exponent(x, noisy)
    assert found.low < 1.5 < found.high
    assert found.high - found.low < 0.3
    ratio = [
        np.stack([sample * 7, np.full(30, 7.0 * at)], axis=1)
        for at, sample in zip(x, noisy, strict=True)
    ]
    assert exponent(x, ratio).value == pytest.approx(found.value - 1)
    assert math.isnan(exponent(x, [-sample for sample in noisy]).low)


def test_a_jackknife_of_two_means_is_welchs():
    first, second = np.array([1.0, 2.0, 4.0]), np.array([0.0, 0.1])

    def gap(drawn):
        return float(drawn[0].mean() - drawn[1].mean())

    found = jackknife(gap, [first, second])
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert found.value == pytest.approx(7 / 3 - 0.05)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    turned = jackknife(gap, [first, second[::-1]])  # what is drawn apart makes no pairs
    assert (turned.low, turned.high) == pytest.approx((found.low, found.high))


def test_an_exponent_over_the_same_units():
    # Units differ by a factor, which is the same at each x: it says nothing of the exponent.
    factor = np.random.default_rng(0).gamma(2, size=10)
    samples = [factor * x**1.5 for x in (1, 2, 4)]
    paired, apart = exponent([1, 2, 4], samples, paired=True), exponent([1, 2, 4], samples)
    assert paired.value == pytest.approx(apart.value)
    assert paired.high - paired.low < 1e-9
    assert apart.high - apart.low > 0.3


def test_how_an_estimate_is_written():
    assert str(mean_of([1.0, 2.0, 3.0])) == "2 [-0.484, 4.48]"
    assert str(mean_of([1.0])) == "1, no interval"  # one replicate alone
    assert str(mean_of([math.nan, 1.0])) == "not measurable"
    assert str(mean_of([])) == "not measurable"


def test_no_win_rate_is_larger_than_another_by_more_than_one():
    far = win_rate_gain([1.0, 0.9, 1.0], [0.0, 0.2, 0.0], 100)
    assert far.value == pytest.approx(0.9)
    assert mean_of([1.0, 0.7, 1.0]).high > 1  # Student's t alone goes beyond what can be
    assert far.high == 1
    back = win_rate_gain([0.0, 0.2, 0.0], [1.0, 0.9, 1.0], 100)
    assert (back.low, back.high) == (-far.high, pytest.approx(-far.low))
