"""The verdict at another edge is what the rule says with that edge."""

import math

import numpy as np
import pytest

from lenet.verdicts.bands import FAILS, HOLDS, NOT_MEASURED, UNDECIDED, Band, decide, edges
from lenet.verdicts.conclusions import Conclusions, judge
from lenet.verdicts.thresholds import thresholds
from tests.verdicts.made_up import verdict_at

COLUMNS = [
    "test",
    "title",
    "quantity",
    "unit",
    "direction",
    "edge",
    "side",
    "low",
    "high",
    "value",
]


@pytest.fixture(scope="module")
def frame(judged):
    return thresholds(judged)


def test_two_rows_for_each_test_with_one_edge(frame):
    assert list(frame.columns) == COLUMNS
    assert set(frame["direction"]) == {"at_least", "at_most", "above", "below"}
    for _, rows in frame.groupby("test"):
        assert rows["side"].tolist() == ["2017", "ours"]
    names = set(frame["test"])
    assert {"ordering", "best_of_four", "figure2_is_training"} <= names
    # Within two edges; of different edges; of different units.
    assert names.isdisjoint(["disjoint", "0001_goes_on", "overshoot"])


def test_at_our_edge_it_is_the_verdict(frame, judged):
    for row in frame.itertuples():
        result = judged.tests[row.test]
        expected = result.verdict_2017 if row.side == "2017" else result.verdict
        found = verdict_at(row.edge, row.direction, row.low, row.high)
        assert found == expected, row.test


def edges_to_try(row):
    """Our edge and both ends, a little beside each of them, and many others."""
    known = [end for end in (row.low, row.high, row.edge) if math.isfinite(end)]
    above = np.nextafter(known, math.inf)
    below = np.nextafter(known, -math.inf)
    others = np.linspace(min(known) - 1, max(known) + 1, 41)
    return [*known, *above, *below, *others]


def verdict_by_the_rule(result, side, band):
    """The verdict of a test on a side, were this the band of all that decides it."""
    bands = dict.fromkeys(result.test.bands, band)
    if side == "2017":
        return decide(result.hand_in, bands, 1)
    return decide(result.ours, bands, result.test.fewest)


@pytest.mark.parametrize("all_runs", [True, False])
def test_at_every_edge_it_is_the_rule(judged, toys, all_runs):
    """Both sides, with all runs and without the slowest learning rate's and the GPU's."""
    if not all_runs:
        curves = toys.curves[toys.curves["lr"] != 0.0001]
        times = toys.times[toys.times["device"] == "CPU"]
        judged = judge(toys._replace(curves=curves, times=times))
    for row in thresholds(judged).itertuples():
        result = judged.tests[row.test]
        for edge in edges_to_try(row):
            band = Band(row.direction, *edges(row.direction, edge))
            expected = verdict_by_the_rule(result, row.side, band)
            found = verdict_at(edge, row.direction, row.low, row.high)
            assert found == expected


def test_a_side_without_a_band_is_not_known(judged):
    result = judged.tests["figure2_is_training"]
    frame = thresholds(Conclusions({"made_up": result._replace(hand_in=[])}))
    assert frame[["low", "high", "value"]].isna().all(axis=1).tolist() == [True, False]


def test_the_value_is_the_worst_one(frame):
    rows = frame[frame["side"] == "2017"].set_index("test")
    assert rows.loc["ordering", "value"] == pytest.approx(1.415, abs=1e-3)
    assert rows.loc["then_constant", "value"] == pytest.approx(0.557, abs=1e-3)


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
