"""What stands beside the article: every study that no section draws, and own runs by name."""

from types import SimpleNamespace

import pandas as pd
import pytest

from lenet.plan.studies import Run
from lenet.report import beside, writer
from lenet.report.writer import Report
from lenet.results.scraps import Finished
from tests import toy_runs

SETTINGS = {
    "lr": 0.1,
    "epochs": 2,
    "seeds": 2,
    "first_seed": 100,
    "head": "linear",
    "shuffle": False,
    "batch_size": 64,
}


def curves(study, lr=0.1):
    """The curves of a study with one run."""
    frame = pd.concat([toy_runs.curve({**SETTINGS, "lr": lr}, seed) for seed in (100, 101)])
    return frame.assign(study=study, run=f"{study}/lr={lr}")


@pytest.fixture
def shown(monkeypatch):
    """The Markdown that the report says."""
    texts = []

    def display(bundle, **_):
        texts.append(bundle["text/markdown"])

    monkeypatch.setattr(writer, "display", display)
    return texts


@pytest.fixture
def report(tmp_path, shown):
    return Report(tmp_path, "mnist")


def study(*frames, finished=()):
    """The finished runs of a report, with these curves."""
    evidence = SimpleNamespace(curves=pd.concat(frames))
    origin = {"data_sha256": "0" * 64}
    return SimpleNamespace(evidence=evidence, origin=origin, finished=finished)


def test_a_study_that_no_section_draws_has_its_curves_in_the_appendix(report, shown, tmp_path):
    report.show("one", None, "Not there.", "", studies=["drawn"])
    beside.show(report, study(curves("drawn"), curves("Batch.2"), curves("lost", 1.0)), tmp_path)
    [figure] = shown[1:]
    assert "study `Batch.2`" in figure
    assert "{#fig-study-batch_2 " in figure
    assert report.results["words"]["beside"].startswith("\n### Other studies")
    assert "Single runs" not in report.results["words"]["beside"]
    assert report.results["extra"] == {}


def test_where_all_is_drawn_nothing_is_said(report, shown, tmp_path):
    report.show("one", None, "Not there.", "", studies=["drawn"])
    beside.show(report, study(curves("drawn")), tmp_path)
    assert len(shown) == 1
    assert report.results["words"]["beside"] == ""


def test_a_timing_study_of_ones_own_has_its_times_there(report, shown, tmp_path):
    settings = {"filters": 8, "epochs": 1, "device": "CPU", "round": 1, "tf32": False}
    measured = {"measured": toy_runs.timing(settings)}
    finished = [Finished(f"{name}/filters=8", measured, {}) for name in ("mine", "benchmark_gpu")]
    report.show("one", None, "Not there.", "", studies=["drawn"])
    beside.show(report, study(curves("drawn"), finished=finished), tmp_path)
    [figure] = shown[1:]
    assert "{#fig-study-mine " in figure


def own(folder, study, point, **change):
    run = Run(f"own/{study}", point, "lr_study", {**SETTINGS, **change})
    toy_runs.build(folder, [run])
    return run.name


def test_own_runs_are_drawn_beside_their_study_and_listed_by_name(report, shown, tmp_path):
    runs = tmp_path / "runs"
    mine = own(runs, "drawn", "lr=0.2", lr=0.2)
    failed = own(runs, "drawn", "lr=1.0", lr=1.0)
    stale = own(runs, "gone", "lr=0.3", lr=0.4)
    report.show("one", None, "Not there.", "", studies=["drawn"])
    beside.show(report, study(curves("drawn")), runs)
    figure, table = shown[1:]
    assert "{#fig-own-drawn " in figure
    assert "{#tbl-own-runs}" in table
    lines = table.replace("\\", "").splitlines()[2:5]
    assert {line.split("|")[1].strip() for line in lines} == {mine, failed, stale}
    assert "its settings are lr=0.4" in "".join(lines)
    assert [report.results["extra"][name]["left_out"] for name in (mine, failed)] == ["", ""]
    assert report.results["extra"][stale]["left_out"] == "called lr=0.3: its settings are lr=0.4"
    assert report.results["tests"] == {}
