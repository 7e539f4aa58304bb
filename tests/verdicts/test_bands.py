"""The rule: an interval and a band, several measurements, a level that is corrected."""

import math

import pytest

from lenet.verdicts.bands import (
    FAILS,
    HOLDS,
    NOT_MEASURED,
    UNDECIDED,
    Band,
    Measurement,
    decide,
    edges,
)
from lenet.verdicts.intervals import LEVEL, Estimate, exact

POSITIVE = Band("at_least", 0, math.inf)
ONE = Band("within", 0, 1)
ABOVE = Band("above", 1, math.inf)
BELOW = Band("below", -math.inf, 1)


def measurement(low, high, n=5, wider=0.0):
    """One whose interval is wider, either way, at every level above 95 %."""

    def interval(level):
        more = wider if level > LEVEL else 0
        return low - more, high + more

    return Measurement("0.1", Estimate((low + high) / 2, n, interval), "band")


def decided(*measurements, band=POSITIVE):
    return decide(list(measurements), {"band": band}, fewest=5)


@pytest.mark.parametrize(
    ("low", "high", "band", "verdict"),
    [
        (0.2, 0.3, ONE, HOLDS),
        (0, 1, ONE, HOLDS),
        (1.1, 1.2, ONE, FAILS),
        (0.9, 1.1, ONE, UNDECIDED),
        (-1, 2, ONE, UNDECIDED),
        (1, 1, Band("at_least", 1, math.inf), HOLDS),
        (1, 1, ABOVE, FAILS),
        (1, 2, ABOVE, UNDECIDED),
        (2, math.inf, ABOVE, HOLDS),
        (0.5, 1, ABOVE, FAILS),
        (1, 1, BELOW, FAILS),
        (0, 1, BELOW, UNDECIDED),
        (-math.inf, 0.5, BELOW, HOLDS),
        (math.nan, math.nan, ONE, NOT_MEASURED),
    ],
)
def test_an_interval_and_a_band(low, high, band, verdict):
    assert band.verdict(low, high) == verdict
    assert decided(measurement(low, high), band=band) == verdict


def test_places_and_their_edges():
    assert edges("at_least", 2) == edges("above", 2) == (2, math.inf)
    assert edges("at_most", 2) == edges("below", 2) == (-math.inf, 2)


INSIDE = measurement(1, 2)
OUTSIDE = measurement(-2, -1)
ACROSS = measurement(-1, 1)
FEW = measurement(1, 2, n=4)


@pytest.mark.parametrize(
    ("measurements", "verdict"),
    [
        ([INSIDE, INSIDE], HOLDS),
        ([INSIDE, ACROSS], UNDECIDED),
        ([INSIDE, ACROSS, FEW], NOT_MEASURED),
        ([INSIDE, ACROSS, FEW, OUTSIDE], FAILS),
        ([INSIDE, OUTSIDE._replace(band="")], HOLDS),
        ([OUTSIDE._replace(band="")], NOT_MEASURED),
        ([], NOT_MEASURED),
    ],
)
def test_the_order_of_verdicts(measurements, verdict):
    assert decided(*measurements) == verdict


def test_to_fail_as_one_of_several_takes_a_corrected_level():
    near = measurement(-0.2, -0.1, wider=0.15)
    assert decided(near) == FAILS
    assert decided(near, INSIDE) == UNDECIDED
    shown = INSIDE._replace(band="")
    assert decided(near, shown) == FAILS  # what is only shown does not count


def test_to_hold_does_not():
    inside = measurement(0.1, 0.2, wider=0.15)
    assert decided(inside, inside, inside) == HOLDS


def test_arithmetic_needs_no_runs():
    assert decided(Measurement("share", exact(0.5), "band")) == HOLDS
    assert decided(Measurement("share", exact(0.5, n=1), "band")) == NOT_MEASURED
