"""The learning curves of any study, and of a person's own runs beside it."""

import pandas as pd
import pytest

from lenet.report.charts import studies
from tests.report.charts import looking


def curve(run, *errors, failed=""):
    """A network's curve, from the untrained one on."""
    frame = pd.DataFrame({"epoch": range(len(errors)), "validation_error": errors})
    return frame.assign(run=run, study=run.partition("/")[0], failed=failed)


@pytest.fixture
def curves():
    return pd.concat(
        [
            curve("one/lr=0.1", 0.9, 0.01, 0.01),
            curve("one/lr=0.1", 0.9, 0.04, 0.01),
            curve("one/lr=0.1", 0.9, None, None, failed="one digit"),
            curve("one/lr=1.0", 0.9, None, None, failed="not finite"),
            curve("two/lr=0.5", 0.9, 0.0, 0.0),
        ]
    )


def test_each_run_is_the_mean_of_its_networks_that_learnt(curves):
    chart = studies.by_run(curves, "one")
    rows = looking.rows(chart)
    assert [row["name"] for row in rows] == ["lr=0.1", "lr=0.1"]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert [round(row["error"], 9) for row in rows] == [0.02, 0.01]
    assert looking.title(chart) == "one: validation error (logarithmic)"
    assert "lr=0.1" in looking.texts(chart)


def test_an_error_of_zero_is_drawn_though_it_has_no_logarithm(curves):
    rows = looking.rows(studies.by_run(curves, "two"))
    assert [row["error"] for row in rows] == pytest.approx([studies.style.LEAST_ERROR] * 2)


def test_own_runs_stand_beside_the_declared_ones_of_their_study_alone(curves):
    both = pd.concat([curves, curve("own/one/lr=0.2,seeds=1", 0.9, 0.03, 0.02)])
    chart = studies.by_run(both, "one")
    assert {row["name"] for row in looking.rows(chart, whose="own")} == {"lr=0.2,seeds=1"}
    assert {row["name"] for row in looking.rows(chart, whose="declared")} == {"lr=0.1"}
    assert "stroke-dasharray" in looking.svg(chart)
    others = studies.by_run(both, "two")
    assert looking.rows(others, whose="own") == []
    assert "stroke-dasharray" not in looking.svg(others)


def test_times_have_a_point_for_each_run():
    times = pd.DataFrame({"run": ["a/b=1", "a/b=2"], "epoch_seconds": [0.5, 1.5]})
    chart = studies.times_by_run(times, "a")
    assert [(row["name"], row["epoch_seconds"]) for row in looking.rows(chart)] == [
        ("b=1", 0.5),
        ("b=2", 1.5),
    ]
    assert {"b=1", "b=2", "Seconds of an epoch"} <= set(looking.texts(chart))


def test_without_networks_that_learnt_there_is_no_chart(curves):
    assert studies.by_run(curves[curves["failed"] != ""], "one") is None
    assert studies.by_run(curves.head(0), "one") is None


def test_more_lines_than_can_be_told_apart_are_thin_and_without_a_legend():
    many = pd.concat([curve(f"one/lr={number}.5", 0.9, 0.5) for number in range(21)])
    chart = studies.by_run(many, "one")
    assert "lr=0.5" not in looking.texts(chart)
    assert len(looking.rows(chart)) == 21
    few = many[many["run"] != "one/lr=20.5"]
    assert "lr=0.5" in looking.texts(studies.by_run(few, "one"))
