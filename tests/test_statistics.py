"""Intervals against hand-computed and published values, and the decision rule."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from lenet import statistics as st

LEVEL = 0.95
POSITIVE = st.Band(low=0)


def ends(estimate, level=LEVEL):
    return pytest.approx(estimate.interval(level), abs=5e-5)


def part(low, high, band=POSITIVE, n=5, minimum=5, level_half=0.0):
    """A part whose interval widens by `level_half` at any level above 95 %."""
    interval = lambda level: (low - level_half * (level > LEVEL), high + level_half * (level > LEVEL))  # noqa: E731
    return st.Part("", st.Estimate((low + high) / 2, n, interval), band, minimum)


def test_student_by_hand_and_by_scipy():
    # mean 2, sd 1, n 3: 2 +- 4.302653 / sqrt(3)
    assert ends(st.student([1, 2, 3])) == (2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3))
    values = [0.3, 0.5, 0.1, 0.7, 0.45]
    for level in (0.9, 0.95, 0.99):
        assert ends(st.student(values), level) == tuple(stats.ttest_1samp(values, 0).confidence_interval(level))


def test_student_without_spread_or_enough_values():
    assert st.student([2, 2, 2]).interval(LEVEL) == (2, 2)
    assert st.student([2]).n == 1
    assert all(map(math.isnan, st.student([2]).interval(LEVEL)))
    assert st.student([]).n == st.student([1, math.nan]).n == st.student([1, math.inf]).n == 0


def test_more_variance_widens():
    plain, wide = (st.student([1, 2, 3], more).interval(LEVEL) for more in (0, 1))
    assert wide[1] - 2 == pytest.approx(2 * (plain[1] - 2))  # the variance of the mean is 1/3; with 1 more it is 4/3


def test_geometric_is_student_of_logarithms():
    found = st.geometric([1, 2, 4])
    low, high = st.student(np.log([1, 2, 4])).interval(LEVEL)
    assert found.value == pytest.approx(2)
    assert ends(found) == (math.exp(low), math.exp(high))
    assert st.geometric([1, 0, 2]).n == 0
    assert math.isfinite(st.geometric([1e-9, 1e9]).interval(0.9999)[1])


def test_map_keeps_order():
    assert st.student([1, 2, 3]).map(lambda x: -x).interval(LEVEL)[0] < -2


def test_welch_agrees_with_scipy():
    a, b = [1.0, 2.0, 4.0, 3.0], [0.1, 0.2, 0.15]
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(LEVEL)
    assert ends(st.welch(a, b)) == tuple(expected)
    assert st.welch([1, 1], [0, 0]).interval(LEVEL) == (1, 1)
    assert st.welch([1], [0, 0]).n == 0


def test_regression_by_hand():
    # slope 1, residuals -1/6, 1/3, -1/6: standard error sqrt(1/6 / 2), one degree of freedom
    assert ends(st.regression([0, 1, 2], [0, 1.5, 2])) == (1 - 12.7062 * 0.288675, 1 + 12.7062 * 0.288675)


def test_jackknife_of_a_mean_is_student():
    values = np.array([1.0, 2.0, 4.0])
    assert ends(st.jackknife(lambda kept: values[kept].mean(), 3)) == st.student(values).interval(LEVEL)
    assert st.jackknife(lambda kept: 0.0, 1).n == 0


def test_proportions_of_published_examples():
    # Clopper-Pearson and Wilson of 15 in 148: Newcombe (1998), Statistics in Medicine 17:857
    assert st.proportion(15, 148).interval(LEVEL) == pytest.approx((0.0578, 0.1617), abs=5e-5)
    assert st.proportion(15, 148, "wilson").interval(LEVEL) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert st.proportion(4, 5).interval(LEVEL) == pytest.approx((0.28, 0.99), abs=5e-3)
    assert st.proportion(0, 0).n == 0


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [(265, 140, (0.0086, 0.0165)), (227, 140, (0.0050, 0.0125)), (265, 227, (-0.0005, 0.0081))],
)
def test_newcombe_on_the_pilots_differences(a, b, expected):
    assert st.newcombe(a, b, 10_000).interval(LEVEL) == pytest.approx(expected, abs=5.1e-5)


def test_katz_on_the_pilots_fall():
    low, high = st.katz(140, 197, 10_000).map(lambda ratio: 1 - ratio).interval(LEVEL)
    assert (round(low, 2), round(high, 2)) == (0.12, 0.43)


@pytest.mark.parametrize(("failed", "p", "above_one"), [(5, 0.008, True), (4, 0.048, True), (3, 0.167, False)])
def test_odds_agree_with_fisher(failed, p, above_one):
    assert stats.fisher_exact([[failed, 5 - failed], [0, 5]])[1] == pytest.approx(p, abs=5e-4)
    assert (st.odds(failed, 5, 0, 5).interval(LEVEL)[0] > 1) is above_one


def test_prediction_and_holm():
    # mean 2, sd 1, n 3: the 95 % limit for a new value is 2 + 4.302653 sqrt(4/3)
    assert st.predicted([1, 2, 3], 2 + 4.302653 * math.sqrt(4 / 3)) == pytest.approx(0.05, abs=1e-5)
    assert st.holm([0.17, 0.014, 0.72, 0.34]) == pytest.approx([0.51, 0.056, 0.72, 0.68])
    assert st.holm([]) == []


@pytest.mark.parametrize(
    ("low", "high", "band", "verdict"),
    [
        (0.2, 0.3, st.Band(0, 1), st.HOLDS),
        (1.1, 1.2, st.Band(0, 1), st.FAILS),
        (0.9, 1.1, st.Band(0, 1), st.UNDECIDED),
        (-1, 2, st.Band(0, 1), st.UNDECIDED),
        (1, 1, st.Band(low=1), st.HOLDS),
        (1, 1, st.Band(low=1, strict=True), st.FAILS),
        (1, 2, st.Band(low=1, strict=True), st.UNDECIDED),
        (2, math.inf, st.Band(low=1, strict=True), st.HOLDS),
        (math.nan, math.nan, st.Band(0, 1), st.NOT_MEASURED),
    ],
)
def test_an_interval_and_a_band(low, high, band, verdict):
    assert band.where(low, high) == verdict
    assert st.decide([part(low, high, band)]) == verdict


HOLDS, FAILS, OPEN, FEW = part(1, 2), part(-2, -1), part(-1, 1), part(1, 2, n=4)


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ([HOLDS, HOLDS], st.HOLDS),
        ([HOLDS, OPEN], st.UNDECIDED),
        ([HOLDS, OPEN, FEW], st.NOT_MEASURED),
        ([HOLDS, OPEN, FEW, FAILS], st.FAILS),
        ([HOLDS, FAILS._replace(band=None)], st.HOLDS),
        ([FAILS._replace(band=None)], st.NOT_MEASURED),
        ([], st.NOT_MEASURED),
    ],
)
def test_the_order_of_verdicts(parts, verdict):
    assert st.decide(parts) == verdict


def test_to_fail_among_several_takes_a_corrected_level():
    near = part(-0.2, -0.1, level_half=0.15)
    assert st.decide([near]) == st.FAILS
    assert st.decide([near, HOLDS]) == st.UNDECIDED
    assert st.decide([part(0.1, 0.2, level_half=0.15)] * 3) == st.HOLDS  # to hold it does not


def test_margin_is_where_the_verdict_flips():
    parts = [part(0.3, 0.5), part(0.2, 0.9)]
    edge = st.margin(parts)
    assert edge == 0.2
    moved = lambda parts, low: st.decide([part._replace(band=st.Band(low=low)) for part in parts])  # noqa: E731
    assert moved(parts, edge) == st.HOLDS != moved(parts, edge + 1e-9)
    parts = [part(-0.6, -0.5), part(-0.9, -0.2)]
    assert st.margin(parts) == -0.5
    assert moved(parts, -0.5 + 1e-9) == st.FAILS != moved(parts, -0.5)
    assert st.margin([OPEN]) is st.margin([FEW]) is None
    assert json.dumps(st.margin([HOLDS]), allow_nan=False)
