"""Runs that are whole are read; those that are not are refused by name."""

import getpass
import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest

from lenet.network import data, machine
from lenet.plan import sources
from lenet.plan.parameters import ROOT
from lenet.plan.studies import Run
from lenet.results import scraps

RUN = Run("lr_study", "lr=0.5", "lr_study", {"lr": 0.5, "epochs": 2, "dataset": "auto"})
FRAME = {"seed": [1, 1], "validation_error": [0.25, np.nan], "train_loss": [1.0, np.inf]}
CELL = """
import numpy as np, pandas as pd
from lenet.network import data, machine
from lenet.results import scraps
machine.use("CPU", 1)
settings = {"lr": 0.5, "epochs": 2, "dataset": "digits", "model_path": "/home/me/net.keras"}
scraps.record("lr_study", settings, data.load("digits"), test_error=None)
nan, inf = np.nan, np.inf
scraps.frame("curves", pd.DataFrame(FRAME))
"""
DAMAGES = ["cut", "empty", "stripped", "folder", "list", "bytes", "schema"]


def execute(folder):
    """A notebook that glues a record and a frame, executed by papermill."""
    folder.mkdir(parents=True)
    cell = nbformat.v4.new_code_cell(CELL.replace("FRAME", repr(FRAME)))
    book = nbformat.v4.new_notebook(cells=[cell])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(book, folder / "source.ipynb")
    target = folder / "lr=0.5.ipynb"
    papermill.execute_notebook(str(folder / "source.ipynb"), str(target), progress_bar=False)
    return target


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return execute(tmp_path_factory.mktemp("runs") / "lr_study")


def damage(path, kind):
    """Spoil an executed notebook."""
    text = path.read_text()
    if kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "stripped":
        book = nbformat.read(path, 4)
        book.cells[0].outputs = []
        nbformat.write(book, path)
    elif kind == "schema":
        path.write_text(re.sub(r'"schema": \d+', '"schema": 1', text))
    else:
        contents = {"cut": text[: len(text) // 2], "empty": "", "list": "[1]", "bytes": "\0\xff"}
        path.write_text(contents[kind], encoding="latin-1")


def test_what_was_glued_is_read_to_the_bit(path):
    run = scraps.read(path, RUN)
    assert (run.name, run.study) == ("lr_study/lr=0.5", "lr_study")
    assert run.record["images"] == {"train": 1197, "validation": 300, "test": 300}
    assert run.record["kernels"] == machine.kernels()
    assert run.record["sources"] == sources.digest("lr_study")
    assert run.record["test_error"] is None
    pd.testing.assert_frame_equal(run.frames["curves"], pd.DataFrame(FRAME))


def test_a_record_names_no_person_host_or_folder(path):
    record = scraps.read(path).record
    assert record["parameters"].keys() == {"lr", "epochs", "dataset"}
    text = json.dumps(record)
    private = [getpass.getuser(), socket.gethostname(), str(Path.home()), str(ROOT), "/home"]
    for name in private:
        assert not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)


def test_what_is_not_finite_is_refused_outside_frames(monkeypatch):
    monkeypatch.setattr(machine, "kernels", dict)
    with pytest.raises(ValueError, match="not JSON compliant"):
        scraps.record("lr_study", {}, data.load("digits"), test_error=np.nan)


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_run_is_refused_by_name(kind, path, tmp_path):
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    damage(copy, kind)
    with pytest.raises(scraps.ScrapError, match=r"^lr_study/lr=0.5: damaged \(.*run it again$"):
        scraps.read(copy, RUN)
    assert scraps.fault(copy, RUN, "", "").startswith("damaged (")


def test_damaged_frames_are_refused_too(path, tmp_path):
    book = nbformat.read(path, 4)
    for output in book.cells[0].outputs:
        for kind, scrap in output.get("data", {}).items():
            if kind.endswith("pandas+json"):
                scrap["data"] = scrap["data"][:40]
    nbformat.write(book, tmp_path / path.name)
    with pytest.raises(scraps.ScrapError, match="lr_study/lr=0.5: damaged"):
        scraps.read(tmp_path / path.name, RUN)


def test_a_missing_run_is_refused_by_name(tmp_path):
    with pytest.raises(scraps.ScrapError, match="^lr_study/lr=0.5: missing; run it again"):
        scraps.read_all(tmp_path, [RUN])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"epochs": 15}, "epochs = 2: must be 15"),
        ({"filters": 16}, "filters = None: must be 16"),
        ({"dataset": "mnist"}, "dataset = 'digits': must be 'mnist'"),
    ],
)
def test_another_run_than_planned_is_refused(change, complaint, path):
    planned = RUN._replace(settings={**RUN.settings, **change})
    with pytest.raises(scraps.ScrapError, match=f"lr_study/lr=0.5: {complaint}"):
        scraps.read(path, planned)
    record = scraps.read(path).record
    assert scraps.fault(path, planned, record["sources"], record["data_sha256"]) == complaint


def test_a_run_without_fault_is_of_these_sources_and_data(path):
    record = scraps.read(path).record
    known = (record["sources"], record["data_sha256"])
    assert scraps.fault(path, RUN, *known) == ""
    assert scraps.fault(path, RUN, "0" * 12, known[1]) == "made by other sources"
    assert scraps.fault(path, RUN, known[0], "0" * 64) == "made from other data"
    other = RUN._replace(notebook="train")
    assert scraps.fault(path, other, *known) == "notebook = 'lr_study': must be 'train'"
    assert scraps.fault(path.with_name("none.ipynb"), RUN, *known) == "missing"


def test_a_draft_takes_what_is_whole_and_tells_what_is_not(path):
    runs = [RUN._replace(point="lr=0.1"), RUN]
    finished, missing = scraps.read_finished(path.parents[1], runs)
    assert [run.name for run in finished] == ["lr_study/lr=0.5"]
    assert missing == {"lr_study/lr=0.1": "missing"}


def test_looking_for_faults_loads_nothing_heavy():
    code = "import sys, lenet.results.scraps; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"scrapbook", "pandas", "tensorflow", "keras"} & set(loaded)
