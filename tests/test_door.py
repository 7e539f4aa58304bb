"""The doors and what they leave: every notebook run, data decided once, one at a time, only what is missing."""

import json
import os
import re
import signal
import time
from pathlib import Path

import jsonschema
import nbformat
import pytest

from lenet import params, scraps

ROOT = Path(__file__).parents[1]


def started(said):
    return re.findall(r"started (\S+)", said)


def test_without_mnist_and_network_there_is_a_labelled_preview(built):
    assert built.status == 0, built.said
    assert "NO MNIST: making a PREVIEW on scikit-learn's digits, in reports/preview/" in built.said
    assert "set LENET_DATA to that folder" in built.said
    assert "PREVIEW on 1,797 small embedded digits" in (built.reports / "report.html").read_text()
    assert (built.reports / "report.pdf").read_bytes().startswith(b"%PDF")
    results = json.loads((built.reports / "results.json").read_text())
    assert (results["dataset"], results["preview"]) == ("digits", True)
    assert not list((built.root / "reports").glob("report.*"))


def test_every_run_is_told_when_it_starts_and_ends(built):
    assert sorted(started(built.said)) == sorted([*built.runs(), "report/report"])
    count = len(built.runs())
    assert built.said.index(f"[0/{count} runs, about ") < built.said.index(f"[{count}/{count} runs, about 0 min left]")
    assert not built.alive()


@pytest.mark.parametrize("notebook", sorted(params.NOTEBOOKS))
def test_a_run_leaves_its_scraps_and_draws_its_pictures(notebook, built):
    assert built.status == 0, built.said
    path = built.reports / "runs" / notebook / "filters=4.ipynb"
    run = scraps.read(path)
    assert run.record["notebook"] == notebook
    assert set(run.record["parameters"]) == set(params.NOTEBOOKS[notebook])
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    for cell in cells:
        if re.search(r"\b(figures|plots)\.\w+\(", cell.source):
            shown = [kind for output in cell.outputs for kind in output.get("data", {})]
            assert "image/png" in shown, cell.source


def test_curves_have_a_row_for_each_seed_and_epoch(trees, built):
    for notebook, seeds in (("train", 1), ("lr_study", trees.TINY["seeds"])):
        curves = scraps.read(built.reports / "runs" / notebook / "filters=4.ipynb").frames["curves"]
        assert len(curves) == seeds * (trees.TINY["epochs"] + 1)
    assert (built.reports / "runs" / "train" / "filters=4.keras").is_file()


def test_the_report_reads_all_runs_and_is_published(built):
    results = json.loads((built.reports / "results.json").read_text())
    jsonschema.validate(results, json.loads((ROOT / "lenet/templates/results.schema.json").read_text()))
    assert results["numbers"]
    assert set(results["origin"]["runs"]) == built.runs()
    page = (built.reports / "report.html").read_text()
    charts = sorted(path.name.removesuffix(".vl.json") for path in (built.reports / "figures").glob("*.vl.json"))
    assert len(charts) >= 2
    assert all(f'id="fig-{name}"' in page for name in charts)
    assert (built.reports / "report.pdf").stat().st_size > 20_000


def test_again_there_is_nothing_to_do(tree):
    start = time.monotonic()
    status, said = tree.call("lenet", "report")
    assert time.monotonic() - start < 10
    assert status == 0
    assert "nothing to do: reports/preview/report.html and reports/preview/report.pdf are up to date" in said


def test_a_gpu_added_runs_nothing_again(tree):
    def planned(gpu):
        words = f"--nolock --cores 2 --dry-run --config preview=True gpu={gpu} dataset=digits".split()
        return tree.call("snakemake", *words)[1]

    assert "Nothing to be done" in planned(False)
    said = planned(True)
    assert set(re.findall(r"^rule (\w+):", said, re.MULTILINE)) <= {"report"}, said


def test_another_value_of_a_grid_is_run_alone_and_told_at_once(trees, built, tree):
    before, new = built.runs(), "lr_study/filters=5"
    study = (tree.root / "params" / "lr_study.yaml").read_text()
    (tree.root / "params" / "lr_study.yaml").write_text(study.replace("- 4\n", "- 4\n  - 5\n"))
    door = tree.start("lenet", "preview", "--until", "lr_study_filters_5")
    line = next(line for line in door.stdout if "started" in line)
    assert new in line
    assert new not in tree.runs()
    status, said = trees.finish(door)
    assert (status, started(said)) == (0, []), said
    assert tree.runs() == before | {new}


def test_prose_renders_the_report_alone_and_a_preview_leaves_the_real_one(tree):
    real = tree.root / "reports" / "report.html"
    real.write_text("the real one")
    path = tree.root / "notebooks" / "report.ipynb"
    book = nbformat.read(path, 4)
    book.cells[-2].source += "\n\nA sentence that was not there before."
    assert book.cells[-2].cell_type == "markdown"
    nbformat.write(book, path)
    status, said = tree.call("lenet", "preview")
    assert (status, started(said)) == (0, ["report/report"]), said
    assert "A sentence that was not there before." in (tree.reports / "report.html").read_text()
    assert real.read_text() == "the real one"


def test_a_second_door_is_refused_and_told_who_holds_the_first(trees, tree):
    first = tree.start("lenet", "preview")
    lock = tree.root / "reports" / ".lock"
    trees.wait_until(lambda: lock.read_text() == str(first.pid), 60, "held by the first door")
    os.kill(first.pid, signal.SIGSTOP)
    status, said = tree.call("lenet", "preview")
    os.kill(first.pid, signal.SIGCONT)
    assert status == 1
    assert said == f"lenet: process {first.pid} makes a report here; wait for it, or stop it\n"
    assert trees.finish(first)[0] == 0


@pytest.mark.parametrize("content", [None, b"not MNIST"], ids=["missing", "damaged"])
def test_a_wrong_data_folder_is_an_error_and_no_reason_for_a_preview(content, tree, tmp_path):
    if content:
        (tmp_path / "mnist.npz").write_bytes(content)
    status, said = tree.call("lenet", "report", LENET_DATA=str(tmp_path))
    assert status == 1
    complaint = "mnist.npz: not readable as MNIST" if content else f"LENET_DATA = {str(tmp_path)!r}: must be a folder"
    assert complaint in said
    assert "PREVIEW" not in said
    assert len(said.splitlines()) == 1
