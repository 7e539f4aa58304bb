"""The runner: a run is whole or not there, and whatever ends it is named."""

import json
import tempfile
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lenet import params, run

STUDY = {"notebook": "lr_study", "fixed": {"epochs": 7}, "grid": {"lr": ["1e-4", 0.5]}}


def book(*sources):
    """A notebook of these cells; one that begins with # is prose."""
    cells = [new_markdown_cell(text) if text.startswith("# ") else new_code_cell(text) for text in sources]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture
def small(trees, tmp_path):
    """A copied project whose lr_study is a notebook of the test's own, written by `small.write`."""
    (tmp_path / "tree").mkdir()
    tree = trees.copied(tmp_path / "tree", {"lr_study": STUDY})
    tree.write = lambda *sources: nbformat.write(book(*sources), tree.root / "notebooks" / "lr_study.ipynb")
    tree.output, tree.log = tree.root / "reports/runs/lr_study/here.ipynb", tree.root / "reports/logs/lr_study/here.log"
    tree.perform = lambda point, *more, **environment: tree.call(
        "lenet.run", "lr_study", point, str(tree.output), str(tree.log), "--dataset", "digits", *more, **environment
    )
    yield tree
    tree.end_all()


def executed(tmp_path, *sources, **settings):
    """Execute a notebook of these cells in this process; return the paths of output and log."""
    nbformat.write(book(*sources), tmp_path / "source.ipynb")
    output, log = tmp_path / "runs" / "here.ipynb", tmp_path / "logs" / "here.log"
    with tempfile.TemporaryDirectory(prefix="lenet") as sockets:
        run.execute(tmp_path / "source.ipynb", output, settings, log, sockets)
    return output, log


def test_a_whole_run_is_moved_into_place_with_every_cell_executed(tmp_path):
    output, log = executed(tmp_path, "lr = 1", "# Prose", "x = lr + 1", "print(x)", lr=3)
    cells = [cell for cell in nbformat.read(output, 4).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert cells[-1].outputs[0].text == "4\n"
    assert not log.with_suffix(".ipynb").exists()


def test_braces_in_the_path_are_not_taken_for_parameters(tmp_path):
    folder = tmp_path / "{lr} {oops}"
    folder.mkdir()
    output, _ = executed(folder, "lr = 1", "lr", lr=3)
    assert output.is_file()


def test_a_failing_cell_leaves_no_output_and_keeps_the_failed_notebook(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "here.ipynb").write_text("an older run")
    with pytest.raises(run.RunError, match=r"cell \[3\]: ZeroDivisionError: division by zero"):
        executed(tmp_path, "lr = 1", "1 / 0", "print('never')", lr=3)
    assert not (tmp_path / "runs" / "here.ipynb").exists()
    assert "ZeroDivisionError" in (tmp_path / "logs" / "here.ipynb").read_text()


def test_a_run_that_papermill_calls_finished_counts_only_if_every_cell_ran(tmp_path, monkeypatch):
    cut = book("lr = 1", "print(lr)")
    cut.cells[0].execution_count = 1
    monkeypatch.setattr(papermill, "execute_notebook", lambda *_, **__: cut)
    with pytest.raises(run.RunError, match="1 cells never ran"):
        executed(tmp_path, "lr = 1", "print(lr)")
    assert not (tmp_path / "runs" / "here.ipynb").exists()


def test_settings_come_from_the_study_file(small):
    small.write("lr = epochs = dataset = None", "print([lr, epochs, dataset])")
    status, said = small.perform("lr=0.0001")
    assert (status, said.splitlines()[0]) == (0, "lenet: started lr_study/lr=0.0001"), said
    assert said.splitlines()[1].startswith("lenet: done lr_study/lr=0.0001 in ")
    assert nbformat.read(small.output, 4).cells[-1].outputs[0].text == "[0.0001, 7, 'digits']\n"
    assert not small.alive()


def test_a_failure_is_told_by_name_and_kept_with_its_log(small):
    small.write(
        "lr = 1", "import sys; print('noted', file=sys.__stderr__, flush=True)\nraise KeyError('missing\\nline')"
    )
    status, said = small.perform("lr=0.5")
    assert status == 1
    name, place = "lr_study/lr=0.5", small.log
    assert said == f"lenet: started {name}\nlenet: failed {name}: cell [3]: KeyError: 'missing\\nline'; see {place}\n"
    assert "noted" in small.log.read_text()
    assert "KeyError" in json.dumps(nbformat.read(small.log.with_suffix(".ipynb"), 4))
    assert not small.output.exists()


def test_a_point_that_no_study_declares_is_refused(small):
    status, said = small.perform("lr=0.25")
    assert (status, small.output.exists()) == (1, False)
    assert "failed lr_study/lr=0.25: lr_study/lr=0.25: params/lr_study.yaml declares no such run" in said
    with pytest.raises(params.ParameterError, match="declares no such run"):
        params.find_run("no_study", "lr=0.25")


def test_at_its_limit_a_run_ends_with_its_kernel_and_its_sockets(small):
    small.write("lr = 1", "open('began', 'w').close()\nimport time; time.sleep(600)")
    with tempfile.TemporaryDirectory() as short:  # the path of a socket may have some hundred characters
        status, said = small.perform("lr=0.5", "--limit-seconds", "10", TMPDIR=short)
        assert not list(Path(short).iterdir())
    assert status == 1
    assert "failed lr_study/lr=0.5: stopped at its limit of 10 s" in said
    assert (small.root / "began").exists()
    assert not small.output.exists()
    assert not small.alive()
