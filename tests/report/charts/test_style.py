"""One look for all charts: legible at any width, on paper and in the notebook."""

import json

import altair as alt
import numpy as np
import pandas as pd
import pytest

from lenet.report.charts import failures, filters, learning_rate, runtime, style
from lenet.results.tables import Evidence
from tests.report.charts import looking

CHARTS = {
    "figure_1": learning_rate.figure_1,
    "rate_times_epochs": learning_rate.rate_times_epochs,
    "stopping": learning_rate.stopping,
    "by_rate": failures.by_rate,
    "figure_2": runtime.figure_2,
    "gpu_line": runtime.gpu_line,
    "shares": lambda evidence: filters.shares(),
}
OF_RUNS = [name for name in CHARTS if name not in ("figure_2", "gpu_line", "shares")]
LONG = "A title that is longer than what a phone can show in one line of its screen"


@pytest.fixture(params=CHARTS)
def chart(request, evidence):
    return CHARTS[request.param](evidence)


def test_every_chart_is_drawn_the_same_each_time(chart):
    drawn = looking.svg(chart)
    assert drawn == looking.svg(chart)
    assert "role-legend" not in drawn  # names stand at the ends of lines


def test_every_chart_is_drawn_on_a_phone(chart):
    assert looking.svg(chart, width=330)


def test_on_paper_a_chart_is_black_on_white(chart):
    spec = json.dumps(style.static(chart.to_dict()))
    assert not any(word in spec for word in ("currentColor", "transparent"))


def test_a_title_fits_on_a_phone(chart):
    lines = chart.to_dict()["title"]["text"]
    assert max(map(len, lines)) <= style.LINE


@pytest.mark.parametrize("name", OF_RUNS)
def test_without_runs_there_is_no_chart(name):
    assert CHARTS[name](Evidence()) is None


@pytest.mark.parametrize("name", CHARTS)
def test_2017_is_left_out_beside_other_data(name, on_digits):
    chart = CHARTS[name](on_digits)
    for row in looking.rows(chart):
        assert "2017" not in (row.get("side"), str(row.get("series"))[-4:])
        assert "study" in row or "validation_error" not in row


def test_on_a_phone_panels_stand_one_below_the_other():
    data = pd.DataFrame({"x": [1]})
    plot = alt.Chart(data).mark_point().encode(x="x")
    spec = style.panels(LONG, plot, plot, room=100).to_dict()
    wide = style.sized(spec, 600)
    assert wide["columns"] == 2
    assert wide["concat"][0]["width"] == 200
    narrow = style.sized(spec, 330)
    assert narrow["columns"] == 1
    assert narrow["concat"][1]["width"] == 230


def test_a_long_title_is_broken():
    data = pd.DataFrame({"x": [1]})
    plot = alt.Chart(data).mark_point().encode(x="x")
    spec = style.panels(LONG, plot).to_dict()
    assert spec["title"]["text"] == [LONG[:44], LONG[45:]]


def test_a_chart_that_is_no_panel_keeps_its_size():
    spec = {"mark": "point", "width": 40}
    assert style.sized(spec) == spec


@pytest.mark.parametrize("scale", [style.LOG, style.LINEAR])
def test_names_of_lines_do_not_overlap_and_keep_their_order(scale):
    ends = pd.DataFrame({"x": 1, "y": [0.02, 0.9, 0.01, 0.011], "name": list("bdac")})
    starts = ends.assign(x=0, y=1.0)
    y = alt.Y("y:Q", scale=scale)
    labels = style.end_labels(pd.concat([starts, ends]), y, "name", list("abcd"))
    rows = looking.rows(labels)
    placed = {row["name"]: row["y"] for row in rows}
    order = sorted(placed, key=placed.get)
    assert order == ["a", "c", "b", "d"]
    assert placed["a"] == pytest.approx(0.01)
    forward = np.log if scale is style.LOG else np.array
    at = forward([placed[name] for name in order])
    line = np.ptp(forward([0.01, 1])) / 18
    assert np.diff(at).min() >= line - 1e-9


def test_a_notebook_shows_a_chart_live_and_as_a_picture(evidence):
    data, metadata = filters.shares()._repr_mimebundle_(None, None)
    assert set(data) == {"application/vnd.vegalite.v5+json", "image/png"}
    assert metadata["application/vnd.vegalite.v5+json"]["embed_options"]["renderer"] == "svg"
