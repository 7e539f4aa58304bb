"""The report from its notebook on: whole or not at all, the same twice, a draft apart."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest

from lenet.plan.parameters import ROOT
from pipeline.pages.__main__ import FILES
from pipeline.run import RunError

MADE = sorted((*FILES, "logs", "toy.ipynb"))


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES if name != "figures"}


MAIN = "import pipeline.pages.__main__ as m; m.NOTEBOOK = m.Path({!r}); m.main()"


def command(source, folder, **variables):
    """Call the command on a notebook; return its status and the lines that it printed."""
    log = folder / "logs" / "report.log"
    call = [sys.executable, "-c", MAIN.format(str(source)), str(folder), str(log)]
    env = {**os.environ, **variables}
    done = subprocess.run(
        [*call, "--dataset", "digits"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()


def test_two_renders_are_the_same_to_the_last_byte(folder, toy, tmp_path):
    source = toy.notebook(tmp_path / "toy.ipynb")
    status, lines = command(source, tmp_path, TZ="Asia/Tokyo", LC_ALL="C", COLUMNS="20")
    assert status == 0, lines
    assert lines[0] == "lenet: started report"
    assert lines[-1].startswith("lenet: done report in ")
    for name in ("report.html", "report.pdf", "results.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_failure_is_told_and_leaves_nothing(toy, tmp_path):
    source = toy.notebook(tmp_path / "toy.ipynb", ["# Title", "1 / 0"])
    status, lines = command(source, tmp_path)
    assert status == 1
    assert lines[-1].startswith("lenet: failed report: cell [3]: ZeroDivisionError")
    assert not any((tmp_path / name).exists() for name in FILES)


def test_a_report_leaves_its_files_and_nothing_else(folder):
    assert sorted(path.name for path in folder.iterdir()) == MADE
    assert {path.suffix for path in (folder / "figures").iterdir()} == {".json", ".svg", ".pdf"}


def test_a_published_notebook_names_no_folder_of_a_person(folder):
    notebook = nbformat.read(folder / "report.ipynb", as_version=4)
    injected = [cell for cell in notebook.cells if "injected-parameters" in cell.metadata.tags]
    out = re.search(r'out = "(.*)"', injected[0].source)[1]
    assert out == os.path.relpath(folder / ".unfinished", ROOT)
    assert str(ROOT) not in (folder / "report.ipynb").read_text()


@pytest.mark.parametrize(
    ("cells", "dataset", "error", "message"),
    [
        (["1 / 0"], "digits", RunError, "ZeroDivisionError"),
        (["report = Report(ROOT / out, 'digits')"], "digits", ValueError, "{{best.*no number"),
        (["figures = None"], "digits", ValueError, "@fig-curves: no figure"),
        (["figures = None"], "mnist", ValueError, "runs are of digits: must be of mnist"),
    ],
)
def test_a_fault_leaves_the_last_good_report(folder, toy, cells, dataset, error, message):
    before = contents(folder)
    with pytest.raises(error, match=message):
        toy.build(folder, [toy.ABSTRACT, toy.SETUP, toy.NUMBERS, *cells, toy.WRITE], dataset)
    assert contents(folder) == before
    assert (folder / "figures/curves.svg").is_file()


def test_a_draft_goes_to_a_folder_of_its_own_and_says_so(folder, toy):
    before = contents(folder)
    cells = ["# Draft", toy.SETUP, toy.NUMBERS, toy.CURVES, toy.SHOW, toy.WRITE]
    toy.build(folder, cells, draft=True)
    assert contents(folder) == before
    page = (folder / "draft" / "report.html").read_text()
    assert "DRAFT" in re.search('<p class="label".*?</p>', page, flags=re.DOTALL)[0]
    assert json.loads((folder / "draft" / "results.json").read_text())["draft"] is True
    assert "DRAFT" in (folder / "draft/figures/curves.svg").read_text()


def test_a_log_beside_the_report_is_refused(tmp_path):
    call = [sys.executable, "-m", "pipeline.pages", str(tmp_path), str(tmp_path / "report.log")]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "must lie in another folder than the report" in done.stderr
    assert list(tmp_path.iterdir()) == []
