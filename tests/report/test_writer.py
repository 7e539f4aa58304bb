import json
import math
import re
from pathlib import Path

import altair as alt
import jsonschema
import numpy as np
import pandas as pd
import pytest

from lenet.report import writer
from lenet.report.charts import style
from lenet.report.writer import Report

SCHEMA = Path(writer.__file__).with_name("results.schema.json")
FRAME = pd.DataFrame({"rate": ["a|b", "c\nd"], "error": [0.125, None], "n": [5, 10_000]})


@pytest.fixture
def shown(monkeypatch):
    """What cells would show: a list of bundles, filled as the report speaks."""
    bundles = []
    monkeypatch.setattr(writer, "display", lambda bundle, **_: bundles.append(bundle))
    return bundles


@pytest.fixture
def report(tmp_path, shown):
    return Report(tmp_path, "mnist")


@pytest.fixture
def chart():
    line = alt.Chart(FRAME).mark_line().encode(x="n", y="error")
    return style.panels("A line", line)


def written(report):
    report.write({"commit": "abc"})
    results = json.loads((report.folder / "results.json").read_text())
    jsonschema.validate(results, json.loads(SCHEMA.read_text()))
    return results


def test_a_number_is_kept_and_clock_readings_stand_apart(report):
    report.number("error/0.1", np.float64(0.25), 0.2, 0.3, n=5, runs={"b", "a"})
    report.number("seconds", np.int64(2), unit="s", measured=True)
    report.number("missing", None)
    report.word("how", "slowly")
    results = written(report)
    assert results["numbers"]["error/0.1"] == {
        "value": 0.25,
        "low": 0.2,
        "high": 0.3,
        "n": 5,
        "unit": "",
        "runs": ["a", "b"],
    }
    assert set(results["numbers"]) == {"error/0.1", "missing"}
    assert results["measured"]["seconds"]["value"] == 2
    assert results["words"] == {"label": "", "how": "slowly"}
    assert results["schema"] == 2
    assert results["dataset"] == "mnist"
    assert results["draft"] is False


@pytest.mark.parametrize("value", [math.nan, math.inf, -np.inf])
def test_a_value_is_finite_or_none(report, value):
    with pytest.raises(ValueError, match="number x: value = "):
        report.number("x", value)


@pytest.mark.parametrize("end", [math.nan, math.inf, None])
def test_an_end_that_is_nowhere_is_none(report, end):
    report.number("x", 1, 0.5, end)
    assert report.results["numbers"]["x"]["high"] is None


def test_an_interval_is_the_right_way_round(report):
    with pytest.raises(ValueError, match="low = 2: must not lie above high = 1"):
        report.number("x", 1.5, 2, 1)


@pytest.mark.parametrize("name", ["taken", "word"])
def test_a_name_is_new(report, name):
    report.number("taken", 1)
    report.word("word", "text")
    with pytest.raises(ValueError, match=re.escape(f"name = {name!r}")):
        report.number(name, 1, measured=True)


def test_results_are_strict_json_or_not_there(report):
    with pytest.raises(ValueError, match="JSON"):
        report.write({"value": math.nan})
    assert not (report.folder / "results.json").exists()


def test_a_figure_is_shown_and_filed(report, chart, shown):
    report.number("n", 5)
    report.show("epochs", chart, "Seconds [s],\n  n = {{n}}.", 'Two "dots" & a line')
    [bundle] = shown
    with pytest.raises(ValueError, match="{{nothing}}"):
        report.show("other", chart, "{{nothing}}", "A line")
    start = '![Seconds [s], n = 5.](figures/epochs){#fig-epochs alt="Two &quot;dots&quot; &amp; a'
    assert bundle["text/markdown"].startswith(start)
    assert "image/png" in bundle
    figures = report.folder / "figures"
    assert (figures / "epochs.pdf").read_bytes().startswith(b"%PDF")
    spec = json.loads((figures / "epochs.vl.json").read_text())
    assert spec["title"]["text"] == ["A line"]
    assert "<svg" in (figures / "epochs.svg").read_text()


def test_half_a_figure_is_half_as_wide(report, chart):
    report.show("whole", chart, "Whole.", "Line")
    report.show("half", chart, "Half.", "Line", half=True)
    widths = {}
    for name in ("whole", "half"):
        svg = (report.folder / f"figures/{name}.svg").read_text()
        widths[name] = float(re.search(r'width="([\d.]+)"', svg)[1])
    assert widths["half"] < 0.65 * widths["whole"]


@pytest.mark.parametrize("kind", ["preview", "draft"])
def test_every_chart_of_a_preview_or_draft_says_so(tmp_path, chart, shown, kind):
    report = Report(tmp_path, "digits", label="Not yet the study", **{kind: True})
    report.show("epochs", chart, "Seconds.", "Dots")
    spec = json.loads((tmp_path / "figures/epochs.vl.json").read_text())
    assert spec["title"]["text"] == ["Not yet the study", "A line"]
    assert "Not yet the study" in (tmp_path / "figures/epochs.svg").read_text()
    with pytest.raises(ValueError, match="label"):
        Report(tmp_path, "digits", **{kind: True})


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ({}, ["Label"]),
        ({"title": "One"}, ["Label", "One"]),
        ({"title": ["One", "two"]}, ["Label", "One", "two"]),
        ({"title": {"text": "One", "anchor": "end"}}, ["Label", "One"]),
    ],
)
def test_a_label_stands_above_any_title(title, lines):
    assert writer._labelled(title, "Label")["title"]["text"] == lines
    assert writer._labelled(title, "") == title


@pytest.mark.parametrize("name", ["Upper", "two words", ""])
def test_a_figure_has_a_name_that_a_reference_can_have(report, chart, name):
    with pytest.raises(ValueError, match="name = "):
        report.show(name, chart, "Seconds.", "Dots")


def test_an_empty_chart_or_table_says_which_runs_are_missing(report, shown):
    report.show("runtime", None, "Times.", "", studies=["benchmark", "rounds"])
    report.table("errors", FRAME.head(0), "Errors.", studies=["shape"])
    assert [bundle["text/markdown"] for bundle in shown] == [
        "[*Left out: no finished runs of benchmark and rounds.* Times.]{#fig-runtime}",
        "[*Left out: no finished runs of shape.* Errors.]{#tbl-errors}",
    ]


def test_a_table_by_hand(report, shown):
    report.table("rates", FRAME, "Errors.", {"error": ".1%"})
    head, rule, *rest = shown[0]["text/markdown"].replace(" ", "").splitlines()
    assert head == "|rate|error|n|"
    assert re.fullmatch(r"\|:-+\|-+:\|-+:\|", rule)
    assert rest == [
        "|a\\|b|12\\.5\\%|5|",
        "|cd|–|10\\,000|",
        "",
        ":Errors.{#tbl-rates}",
    ]


def test_a_format_is_for_a_column_that_is_there(report):
    with pytest.raises(KeyError, match="nothing"):
        report.table("rates", FRAME, "Errors.", {"nothing": ".1%"})
