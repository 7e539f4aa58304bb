"""What must be made again is decided by content, and told with its reason."""

import json
import os
import shutil

import pytest

from lenet.network import data
from lenet.plan import sources
from lenet.plan.studies import Run
from lenet.results import scraps
from pipeline.door import stamps
from tests import toy_runs

SETTINGS = {
    "lr": 0.1,
    "epochs": 2,
    "filters": 4,
    "batch_size": 64,
    "shuffle": False,
    "head": "linear",
    "init": "normal",
    "dataset": "auto",
    "device": "CPU",
    "threads": 1,
    "shards": 2,
    "seeds": 1,
    "first_seed": 100,
}
RUNS = [Run("a", f"lr={lr}", "lr_study", {**SETTINGS, "lr": lr}) for lr in (0.1, 0.01)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    toy_runs.build(folder / "runs", RUNS)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A folder in which all is made: the runs, the report and its stamp."""
    folder = tmp_path / "reports"
    shutil.copytree(made, folder)
    runs = {run.name: {"sources": sources.digest(run.notebook)} for run in RUNS}
    origin = {"runs": runs, "report_sources": sources.report_digest()}
    (folder / "results.json").write_text(json.dumps({"origin": origin}))
    (folder / "report.html").touch()
    (folder / "report.pdf").touch()
    stamps.renew(folder, ["report"])
    return folder


@pytest.fixture
def images(made):
    """Images whose digest is that of the made runs."""
    [record] = {scraps.read(scraps.place(made / "runs", RUNS[0])).record["data_sha256"]}
    return data.load("digits")._replace(digest=record)


def test_whole_runs_of_these_sources_settings_and_data_are_kept(folder, images):
    assert stamps.run_faults(folder, RUNS, images) == {}
    assert stamps.report_fault(folder, RUNS) == ""


def test_times_of_files_decide_nothing(folder, images):
    for path in folder.rglob("*"):
        os.utime(path, (0, 0) if path.suffix == ".ipynb" else (2**32, 2**32))
    assert stamps.run_faults(folder, RUNS, images) == {}
    assert stamps.report_fault(folder, RUNS) == ""


def test_each_fault_of_a_run_is_named(folder, images, monkeypatch):
    [first, second] = RUNS
    other = first._replace(settings={**first.settings, "epochs": 3})
    assert stamps.run_faults(folder, [other], images) == {first.name: "epochs = 2: must be 3"}
    foreign = images._replace(digest="another")
    assert stamps.run_faults(folder, [first], foreign) == {first.name: "made from other data"}
    scraps.place(folder / "runs", second).unlink()
    assert stamps.run_faults(folder, RUNS, images) == {second.name: "missing"}
    monkeypatch.setattr(sources, "digest", lambda notebook: "another")
    assert stamps.run_faults(folder, [first], images) == {first.name: "made by other sources"}


@pytest.mark.parametrize("name", stamps.PARTS)
def test_a_report_lacks_none_of_its_parts(name, folder):
    (folder / name).unlink()
    assert stamps.report_fault(folder, RUNS) == f"{name} is missing"


def test_a_report_of_other_runs_or_sources_is_made_again(folder, monkeypatch):
    more = Run("b", "lr=1", "lr_study", SETTINGS)
    assert "without all runs" in stamps.report_fault(folder, [*RUNS, more])
    monkeypatch.setattr(sources, "report_digest", lambda: "another")
    assert "by other sources" in stamps.report_fault(folder, RUNS)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"origin": {"runs": {"a": 1}}}'])
def test_a_damaged_results_file_is_named(text, folder):
    (folder / "results.json").write_text(text)
    assert "results.json is damaged" in stamps.report_fault(folder, RUNS)


def test_a_report_whose_runs_were_made_since_is_made_again(folder):
    stamps.renew(folder, [run.name for run in RUNS])
    assert stamps.report_fault(folder, RUNS) == "it was not made since its runs were"


def test_stamps_are_set_anew_for_what_is_made_alone(tmp_path):
    stamps.renew(tmp_path, ["a/x=1", "a/x=2"])
    os.utime(stamps.stamp(tmp_path, "a/x=2"), (2**32, 2**32))
    stamps.renew(tmp_path, ["a/x=2"])
    assert [path.name for path in (tmp_path / "logs").rglob("*.done")] == ["x=2.done"]
    assert stamps.stamp(tmp_path, "a/x=2").stat().st_mtime < 2**32
