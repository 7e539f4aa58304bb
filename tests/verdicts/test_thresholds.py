"""The verdict at another edge is what the rule says with that edge."""

import math

import numpy as np
import pytest

from lenet.verdicts.bands import FAILS, HOLDS, NOT_MEASURED, UNDECIDED, Band, decide, edges
from lenet.verdicts.conclusions import judge
from lenet.verdicts.definitions import TESTS
from lenet.verdicts.thresholds import thresholds, verdict_at

COLUMNS = [
    "test",
    "title",
    "unit",
    "direction",
    "edge",
    "low_2017",
    "high_2017",
    "value_2017",
    "verdict_2017",
    "low",
    "high",
    "value",
    "verdict",
]
FIXED = {
    "disjoint",
    "parameter_counts",
    "conv_formula",
    "constant_with_more_epochs",
    "linear_0001",
    "0001_goes_on",
    "overshoot",
    "parameters_double",
    "batches_solve_it",
    "cpu_exponential",
    "doubles_with_parameters",
    "gpu_full",
    "rate_times_epochs",
}


@pytest.fixture(scope="module")
def frame(judged):
    return thresholds(judged)


def test_a_row_for_each_test_with_one_edge(frame):
    assert list(frame.columns) == COLUMNS
    assert set(frame["test"]) == TESTS.keys() - FIXED
    assert set(frame["direction"]) == {"at_least", "at_most", "above", "below"}


def test_at_our_edge_it_is_the_verdict(frame):
    for row in frame.itertuples():
        ours = verdict_at(row.edge, row.direction, row.low, row.high)
        then = verdict_at(row.edge, row.direction, row.low_2017, row.high_2017)
        assert (then, ours) == (row.verdict_2017, row.verdict), row.test


@pytest.mark.parametrize("all_runs", [True, False])
def test_at_every_edge_it_is_the_rule(judged, toys, all_runs):
    """Both sides, with all runs and without the slowest learning rate's and the GPU's."""
    if not all_runs:
        curves = toys.curves[toys.curves["lr"] != 0.0001]
        times = toys.times[toys.times["device"] == "CPU"]
        judged = judge(toys._replace(curves=curves, times=times))
    for row in thresholds(judged).itertuples():
        result = judged.tests[row.test]
        ends = [row.low, row.high, row.low_2017, row.high_2017, row.edge]
        known = [end for end in ends if math.isfinite(end)]
        near = [*known, *np.nextafter(known, math.inf), *np.nextafter(known, -math.inf)]
        for edge in [*near, *np.linspace(min(known) - 1, max(known) + 1, 41)]:
            band = Band(row.direction, *edges(row.direction, edge))
            bands = dict.fromkeys(result.test.bands, band)
            ours = decide(result.ours, bands, result.test.fewest)
            then = decide(result.hand_in, bands, 1)
            assert verdict_at(edge, row.direction, row.low, row.high) == ours
            assert verdict_at(edge, row.direction, row.low_2017, row.high_2017) == then


def test_the_value_is_the_worst_one(frame):
    row = frame.set_index("test").loc["ordering"]
    assert row["value_2017"] == pytest.approx(1.415, abs=1e-3)
    row = frame.set_index("test").loc["then_constant"]
    assert row["value_2017"] == pytest.approx(0.557, abs=1e-3)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (math.nan, math.nan, NOT_MEASURED),
        (math.nan, 0.5, FAILS),
        (math.nan, 1.5, NOT_MEASURED),
        (1.5, math.inf, HOLDS),
        (0.5, math.inf, UNDECIDED),
    ],
)
def test_ends_that_are_not_known_or_infinite(low, high, expected):
    assert verdict_at(1, "at_least", low, high) == expected
