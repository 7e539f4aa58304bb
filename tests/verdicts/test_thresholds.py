"""The verdict at another edge is what the rule says with that edge."""

import math

import numpy as np
import pytest

from lenet.verdicts.bands import FAILS, HOLDS, NOT_MEASURED, UNDECIDED, Band, decide, edges
from lenet.verdicts.conclusions import Conclusions, judge
from lenet.verdicts.thresholds import thresholds
from tests.verdicts.made_up import verdict_at

COLUMNS = ["test", "title", "quantity", "unit", "direction", "edge", "side", "low", "high", "value"]


@pytest.fixture(scope="module")
def frame(judged):
    return thresholds(judged)


def of_side(result, side):
    """The measurements of a test on a side, the fewest runs that it needs, and its verdict."""
    if side == "2017":
        return result.hand_in, 1, result.verdict_2017
    return result.ours, result.test.fewest, result.verdict


def test_two_rows_for_each_test_with_one_edge(frame):
    assert list(frame.columns) == COLUMNS
    assert set(frame["direction"]) == {"at_least", "at_most", "above", "below"}
    assert (frame.groupby("test")["side"].agg(list).map(tuple) == ("2017", "ours")).all()
    assert {"ordering", "best_of_four", "figure2_is_training"} <= set(frame["test"])
    # Within two edges; of different edges; of different units.
    assert not {"disjoint", "0001_goes_on", "overshoot"} & set(frame["test"])


def test_at_our_edge_it_is_the_verdict(frame, judged):
    for row in frame.itertuples():
        *_, verdict = of_side(judged.tests[row.test], row.side)
        assert verdict_at(row.edge, row.direction, row.low, row.high) == verdict, row.test


@pytest.mark.parametrize("all_runs", [True, False])
def test_at_every_edge_it_is_the_rule(judged, toys, all_runs):
    """Both sides, with all runs and without the slowest learning rate's and the GPU's."""
    if not all_runs:
        curves = toys.curves[toys.curves["lr"] != 0.0001]
        times = toys.times[toys.times["device"] == "CPU"]
        judged = judge(toys._replace(curves=curves, times=times))
    for row in thresholds(judged).itertuples():
        result = judged.tests[row.test]
        measured, fewest, _ = of_side(result, row.side)
        known = [end for end in (row.low, row.high, row.edge) if math.isfinite(end)]
        near = [*known, *np.nextafter(known, math.inf), *np.nextafter(known, -math.inf)]
        for edge in [*near, *np.linspace(min(known) - 1, max(known) + 1, 41)]:
            band = Band(row.direction, *edges(row.direction, edge))
            expected = decide(measured, dict.fromkeys(result.test.bands, band), fewest)
            assert verdict_at(edge, row.direction, row.low, row.high) == expected


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
