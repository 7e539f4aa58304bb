"""Intervals against values by hand, against scipy and against published ones."""

import math

import numpy as np
import pytest
from scipy import stats

from lenet.verdicts import intervals
from lenet.verdicts.intervals import LEVEL, MISSING, geometric_mean, mean, share

T = 4.302653  # of 2 degrees of freedom, at 95 %


def ends(estimate, level=LEVEL):
    return pytest.approx(estimate.interval(level), abs=5e-5)


def test_mean_by_hand():
    # mean 2, standard deviation 1, n 3
    half = T / math.sqrt(3)
    assert ends(mean([1, 2, 3])) == (2 - half, 2 + half)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_mean_is_scipys(level):
    values = [0.3, 0.5, 0.1, 0.7, 0.45]
    test = stats.ttest_1samp(values, 0)
    expected = test.confidence_interval(level)
    assert ends(mean(values), level) == tuple(expected)


def test_mean_without_spread_or_enough_values():
    assert mean([2, 2, 2]).interval(LEVEL) == (2, 2)
    one = mean([2])
    assert one.value == 2
    assert one.n == 1
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    for values in ([], [1, math.nan], [1, math.inf]):
        assert mean(values).n == 0


def test_values_that_are_nearly_alike_make_no_noise():
    nearly_alike = mean([13.18, 13.18, 13.18 + 1e-15])
    assert ends(nearly_alike) == (13.18, 13.18)
    alike = intervals.difference([1.0, 1.0], [1.0, 1.0])
    assert ends(alike) == (0, 0)


def test_variance_from_elsewhere_widens():
    # The variance of the mean is 1/3; with 1 more it is 4/3, and the interval twice as wide.
    half = 2 * T / math.sqrt(3)
    wide = mean([1, 2, 3], more_variance=1)
    assert ends(wide) == (2 - half, 2 + half)
    unknown = mean([1, 2, 3], more_variance=math.nan)
    assert math.isnan(unknown.low)


def test_geometric_mean_is_that_of_logarithms():
    found = geometric_mean([1, 2, 4])
    logarithms = mean(np.log([1, 2, 4]))
    assert found.value == pytest.approx(2)
    low = math.exp(logarithms.low)
    high = math.exp(logarithms.high)
    assert ends(found) == (low, high)
    assert geometric_mean([1, 0, 2]).n == 0
    assert geometric_mean([1, math.nan]).n == 0
    _, far = geometric_mean([1e-9, 1e9]).interval(0.9999)
    assert math.isfinite(far)


def test_a_falling_function_swaps_the_ends():
    found = mean([1, 2, 3])
    turned = found.map(lambda value: 1 - value)
    assert turned.value == -1
    assert turned.low == 1 - found.high
    assert turned.high == 1 - found.low
    assert math.isnan(MISSING.map(lambda value: 1 - value).low)


def test_difference_is_welchs():
    # Variances 5/3 of 4 values and 0.0025 of 3; degrees of freedom by Welch and Satterthwaite.
    found = intervals.difference([1.0, 2.0, 4.0, 3.0], [0.1, 0.2, 0.15])
    first = 5 / 3 / 4
    second = 0.0025 / 3
    variance = first + second
    freedom = variance**2 / (first**2 / 3 + second**2 / 2)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(variance)
    assert ends(found) == (2.35 - half, 2.35 + half)
    assert found.n == 3
    assert intervals.difference([1], [0, 0]).n == 0


def test_jackknife_of_a_mean_is_students():
    values = np.array([1.0, 2.0, 4.0])
    found = intervals.jackknife(lambda kept: values[kept].mean(), 3)
    assert ends(found) == mean(values).interval(LEVEL)
    assert intervals.jackknife(lambda kept: 0.0, 1).n == 0


def test_shares_of_published_examples():
    # 15 in 148: Newcombe (1998), Statistics in Medicine 17:857
    assert ends(share(15, 148)) == (0.0578, 0.1617)
    assert share(0, 0).n == 0


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (265, 140, (0.0086, 0.0165)),
        (227, 140, (0.0050, 0.0125)),
        (265, 227, (-0.0005, 0.0081)),
    ],
)
def test_differences_of_shares(a, b, expected):
    found = intervals.share_difference(a, b, 10_000)
    assert found.interval(LEVEL) == pytest.approx(expected, abs=5.1e-5)
    assert found.value == pytest.approx((a - b) / 10_000)


def test_ratios_of_shares():
    # exp(log(140 / 197) +- 1.96 sqrt(1/140 - 1/10,000 + 1/197 - 1/10,000))
    variance = 1 / 140 + 1 / 197 - 2 / 10_000
    error = math.sqrt(variance)
    factor = math.exp(1.959964 * error)
    ratio = 140 / 197
    found = intervals.share_ratio(140, 197, 10_000)
    assert ends(found) == (ratio / factor, ratio * factor)


@pytest.mark.parametrize(("failed", "above_one"), [(5, True), (4, True), (3, False)])
def test_odds_agree_with_fishers_test(failed, above_one):
    table = [[failed, 5 - failed], [0, 5]]
    test = stats.fisher_exact(table)
    found = intervals.odds_ratio(failed, 5, 0, 5)
    assert (test.pvalue < 0.05) == above_one
    assert (found.low > 1) == above_one
    without_networks = intervals.odds_ratio(0, 0, 0, 5)
    assert without_networks.n == 0


def test_too_few_observations_are_none():
    three = mean([1, 2, 3])
    assert three.if_from(4) is MISSING
    assert three.if_from(3) is three
    arithmetic = intervals.exact(0.5)
    assert arithmetic.if_from(9) is arithmetic
