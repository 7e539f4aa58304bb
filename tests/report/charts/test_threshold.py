"""The reader's own threshold says at every edge what the rule says."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from lenet.report.charts import threshold
from lenet.verdicts.conclusions import judge
from lenet.verdicts.thresholds import thresholds
from tests.report.charts import looking
from tests.verdicts.made_up import verdict_at

ROW = {
    "test": "then_constant",
    "title": "The curves are constant.",
    "quantity": "further relative fall from epoch 4 to 15",
    "unit": "relative",
    "direction": "at_most",
    "edge": 0.1,
}
THEN = {"side": "2017", "low": 0.2, "high": 0.6, "value": 0.4}
OURS = {"side": "ours", "low": 0.05, "high": 0.3, "value": 0.2}
DIRECTIONS = ["at_most", "below", "at_least", "above"]


def frame(*changes):
    """The two rows of a test for each change; its ends are those of our side."""
    rows = []
    for change in changes:
        rows.append({**ROW, **change, **THEN})
        rows.append({**ROW, **OURS, **change})
    return pd.DataFrame(rows)


def words(chart, **values):
    """The verdict of each side, as it is drawn."""
    seen = "\n".join(looking.texts(chart, **values))
    return dict(re.findall("(2017|ours): ([a-z ]+)", seen))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("move", [-0.95, 0, 0.1, 0.95])
def test_the_words_follow_the_edge(direction, move):
    rows = frame({"direction": direction})
    edge = 0.1 + move * 0.55  # 1.1 times the way to the farthest end
    assert words(threshold.threshold(rows), move=move) == {
        "2017": verdict_at(edge, direction, 0.2, 0.6),
        "ours": verdict_at(edge, direction, 0.05, 0.3),
    }


@pytest.mark.parametrize("direction", ["at_most", "above"])
@pytest.mark.parametrize("ends", [(math.nan, math.nan), (math.nan, 0.3), (0.05, math.nan)])
def test_an_end_that_is_not_known_decides_nothing(direction, ends):
    rows = frame({"direction": direction, "low": ends[0], "high": ends[1]})
    for move in (-0.9, 0.9):
        edge = 0.1 + move * 0.55
        found = words(threshold.threshold(rows), move=move)
        assert found["ours"] == verdict_at(edge, direction, *ends)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_an_interval_without_an_end_crosses_every_edge(direction):
    rows = frame({"direction": direction, "low": -math.inf, "high": math.inf})
    for move in (-0.95, 0.95):
        assert words(threshold.threshold(rows), move=move)["ours"] == "undecided"


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_an_edge_at_an_end_is_on_the_side_that_the_rule_says(direction):
    rows = frame(
        {"direction": direction, "edge": 1, "low": 1, "high": 1, "value": 1, "unit": "ratio"}
    )
    assert words(threshold.threshold(rows))["ours"] == verdict_at(1, direction, 1, 1)


def test_the_reader_picks_a_test():
    rows = frame({}, {"title": "Another.", "unit": "ratio", "edge": 2, "low": 0.5, "high": 0.7})
    chart = threshold.threshold(rows)
    assert words(chart)["ours"] == "undecided"
    assert words(chart, test="Another.")["ours"] == "holds"
    assert "at most 10 %" in looking.texts(chart)
    assert "further relative fall from epoch 4 to 15" in looking.texts(chart)
    assert "at most 2" in "\n".join(looking.texts(chart, test="Another."))


def test_ends_are_in_percent_and_within_the_axis():
    rows = threshold.drawn(frame({"high": math.inf}))
    ours = rows[rows["side"] == "ours"].iloc[0]
    assert (ours["edge"], ours["low"], ours["value"]) == pytest.approx((10, 5, 20))
    assert ours["high"] == pytest.approx(10 + 1.1 * 50)
    assert np.isfinite(rows[["low", "high", "value", "reach"]]).all(axis=None)


def test_without_a_test_there_is_no_chart():
    assert threshold.threshold(frame().head(0)) is None


def test_at_our_edges_the_words_are_the_verdicts(evidence):
    judged = judge(evidence)
    rows = thresholds(judged)
    chart = threshold.threshold(rows)
    assert rows["test"].nunique() > 5
    for test, title in zip(rows["test"], rows["title"], strict=True):
        result = judged.tests[test]
        found = words(chart, test=title)
        assert found == {"2017": result.verdict_2017, "ours": result.verdict}, test
