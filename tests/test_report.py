import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from lenet import figures
from lenet.report import Report

SCHEMA = json.loads((Path(figures.__file__).parent / "templates/results.schema.json").read_text())


@pytest.fixture
def report(tmp_path):
    return Report(tmp_path, preview=False, dataset="mnist")


@pytest.fixture
def chart():
    return figures.epoch_times({"epoch_seconds": [1.0, 2.0]})


@pytest.fixture
def shown(monkeypatch):
    """What a cell would show: a list of bundles, filled as the report speaks."""
    bundles = []
    monkeypatch.setattr("lenet.report.display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_number_gives_its_value_back_and_keeps_clock_readings_apart(report, tmp_path):
    assert report.number("error", np.float64(0.25), 0.2, 0.3, n=5, runs=["a"]) == 0.25
    report.number("seconds", 2, unit="s", measured=True)
    report.number("missing", None)
    report.write(tmp_path / "results.json", origin={"commit": "abc"})
    results = json.loads((tmp_path / "results.json").read_text())
    jsonschema.validate(results, SCHEMA)
    assert results["numbers"]["error"] == {"value": 0.25, "low": 0.2, "high": 0.3, "n": 5, "unit": "", "runs": ["a"]}
    assert set(results["numbers"]) == {"error", "missing"}
    assert set(results["measured"]) == {"seconds"}


def test_the_schema_refuses_what_it_should(report):
    results = report.results({}) | {"numbers": {"x": {"value": "0.1"}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(results, SCHEMA)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -np.inf])
def test_a_number_is_finite_or_none(report, value):
    with pytest.raises(ValueError, match="number x: value is"):
        report.number("x", value)


def test_an_interval_ends_somewhere(report):
    with pytest.raises(ValueError, match="number x: high is inf"):
        report.number("x", 1, 0, float("inf"))


def test_a_name_has_one_value_even_across_clocks(report):
    report.number("x", 1)
    with pytest.raises(ValueError, match="number x"):
        report.number("x", 1, measured=True)


def test_an_interval_is_the_right_way_round(report):
    with pytest.raises(ValueError, match="low 2 lies above high 1"):
        report.number("x", 1.5, 2, 1)


def test_results_are_strict_json_or_not_there(report, tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        report.write(tmp_path / "results.json", {}, {"claim": {"estimate": float("nan")}})
    assert not (tmp_path / "results.json").exists()


def test_a_figure_is_shown_and_filed(report, chart, tmp_path, shown):
    report.show("epochs", chart, "Seconds [s].", 'Two "dots" & a line')
    [data] = shown
    assert data["text/markdown"].startswith("![Seconds [s].](figures/epochs){#fig-epochs alt=")
    assert "data:image/svg+xml;base64," in data["text/html"]
    assert (tmp_path / "figures/epochs.pdf").read_bytes().startswith(b"%PDF")
    assert "title" not in json.loads((tmp_path / "figures/epochs.vl.json").read_text())
    assert "<svg" in (tmp_path / "figures/epochs.svg").read_text()


def test_every_chart_of_a_preview_says_so(chart, tmp_path, shown):
    report = Report(tmp_path, preview=True, dataset="digits", label="Only a preview")
    report.show("epochs", chart, "Seconds.", "Dots")
    assert "Only a preview" in (tmp_path / "figures/epochs.svg").read_text()
    with pytest.raises(ValueError, match="label"):
        Report(tmp_path, preview=True, dataset="digits")


@pytest.mark.parametrize("name", ["Upper", "two words", "", "twice"])
def test_a_figure_has_a_name_of_its_own(report, chart, name, shown):
    report.show("twice", chart, "Seconds.", "Dots")
    with pytest.raises(ValueError, match="name"):
        report.show(name, chart, "Seconds.", "Dots")


def test_a_table_by_hand(report, shown):
    frame = pd.DataFrame({"rate": ["a|b", "c\nd"], "error": [0.125, None]})
    report.table("rates", frame, "Errors.", {"error": "{:.1%}"})
    [data] = shown
    lines = ["| rate | error |", "| :--- | ---: |", "| a\\|b | 12.5% |", "| c d | – |", "", ": Errors. {#tbl-rates}"]
    assert data["text/markdown"].splitlines() == lines
    assert "<td>12.5%</td>" in data["text/html"]


def test_no_word_is_wider_than_its_column(report, shown):
    long = ["of many short words " * 4]
    report.table("words", pd.DataFrame({"a": long, "b": long, "c": long, "d": ["two\u00a0words"]}), "Words.")
    rule = shown[0]["text/markdown"].splitlines()[1]
    # Three columns of 22 and one of 9 // 4 + 2 are 70 for 100 characters; nine and a margin of three need 9 of 70.
    assert [part.count("-") for part in rule.split("|")[1:-1]] == [22, 22, 22, 9]


def test_a_format_is_for_a_column_that_is_there(report):
    with pytest.raises(ValueError, match="formats"):
        report.table("rates", pd.DataFrame({"a": [1]}), "Caption.", {"b": "{}"})


def test_what_reads_results_loads_no_tensorflow():
    readers = "report, curves, figures, pilot, plots, publish, scraps, series, tables, wording".replace(
        ", ", ", lenet."
    )
    code = f"import sys, lenet.{readers}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False).returncode == 0


def test_one_sample_has_a_value_and_no_interval(tmp_path):
    report = Report(tmp_path, False, "mnist")
    report.number("alone", 0.25, float("nan"), float("nan"), 1)
    kept = report.results({})["numbers"]["alone"]
    assert (kept["value"], kept["low"], kept["high"], kept["n"]) == (0.25, None, None, 1)
