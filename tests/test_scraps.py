"""Runs that are whole are read; those that are not are refused by name."""

import subprocess

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest

from lenet import params, scraps

RUN = params.Run("lr_study", "lr=0.5", "lr_study", {"lr": 0.5, "epochs": 2})
CELL = """
import numpy as np, pandas as pd
from lenet import data, scraps
images = data.load_digits()
scraps.record("lr_study", {"lr": 0.5, "epochs": 2}, images, note=None)
scraps.frame("curves", pd.DataFrame({"seed": [1, 1], "validation_error": [0.25, np.nan], "train_loss": [1.0, np.inf]}))
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A notebook that glued a record and a frame, executed by papermill."""
    folder = tmp_path_factory.mktemp("runs") / "lr_study"
    folder.mkdir()
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, folder / "source.ipynb")
    papermill.execute_notebook(str(folder / "source.ipynb"), str(folder / "lr=0.5.ipynb"), progress_bar=False)
    return folder / "lr=0.5.ipynb"


def test_what_was_glued_is_read_to_the_bit(finished):
    run = scraps.read(finished, RUN)
    assert run.name == "lr_study/lr=0.5"
    assert run.record["parameters"] == RUN.settings
    assert run.record["images"] == {"train": 1197, "validation": 300, "test": 300}
    expected = pd.DataFrame({"seed": [1, 1], "validation_error": [0.25, np.nan], "train_loss": [1.0, np.inf]})
    pd.testing.assert_frame_equal(run.frames["curves"], expected)


def test_rows_carry_their_run_and_its_parameters(finished):
    joined = scraps.joined(scraps.read_all(finished.parents[1], [RUN]), "curves")
    assert joined["run"].unique().tolist() == ["lr_study/lr=0.5"]
    assert joined["lr"].unique().tolist() == [0.5]


def test_a_missing_run_is_refused_by_name(tmp_path):
    with pytest.raises(scraps.ScrapError, match="lr_study/lr=0.5: there is no .*lr=0.5.ipynb"):
        scraps.read_all(tmp_path, [RUN])


@pytest.mark.parametrize("fault", ["cut in half", "empty", "outputs stripped"])
def test_a_damaged_run_is_refused_by_name(fault, finished, tmp_path):
    path = tmp_path / "lr=0.5.ipynb"
    if fault == "outputs stripped":
        book = nbformat.read(finished, 4)
        for cell in book.cells:
            cell.outputs = []
        nbformat.write(book, path)
    else:
        path.write_text(finished.read_text()[: 0 if fault == "empty" else len(finished.read_text()) // 2])
    with pytest.raises(scraps.ScrapError, match="lr_study/lr=0.5: .*remove it and run it again"):
        scraps.read(path, RUN)


def test_a_run_with_other_settings_than_planned_is_refused(finished):
    planned = RUN._replace(settings={"lr": 0.5, "epochs": 15})
    with pytest.raises(scraps.ScrapError, match="lr_study/lr=0.5: epochs = 2 in .*: must be 15"):
        scraps.read(finished, planned)


def test_the_last_change_is_that_of_what_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(params, "ROOT", tmp_path)
    (tmp_path / "bands").touch()
    assert scraps.last_change("bands", str) == ("unknown", "unknown")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for text in ("1 old", "2 old", "2 new"):
        (tmp_path / "bands").write_text(text)
        subprocess.run([*git, "add", "bands"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", text], check=True)
    numbers, words = (scraps.last_change("bands", of)[0] for of in (lambda text: text[0], str))
    assert [scraps.git("log", "-1", "--format=%s", commit) for commit in (numbers, words)] == ["2 old", "2 new"]
    (tmp_path / "bands").write_text("2 newer")
    numbers, words = (scraps.last_change("bands", of)[0] for of in (lambda text: text[0], str))
    assert (scraps.git("log", "-1", "--format=%s", numbers), words) == ("2 old", scraps.UNCOMMITTED)


def test_the_title_page_names_the_commits_of_runs_and_report():
    machine = {"cpu": "A processor", "cores": 2}
    origin = {"runs": {"a": {"commit": "abc"}, "b": {"commit": "abd"}}, "machine": machine, "report_commit": "def"}
    origin |= {"data_sha256": "0" * 64, "last_finished": "2026-05-01T00:00:00+00:00"}
    front = scraps.front_matter({"origin": origin, "dataset": "mnist", "preview": False})
    assert front["origin"].startswith("runs of commits abc, abd; report of commit def; data mnist 000000000000; ")
    assert front["date"] == "2026-05-01"
