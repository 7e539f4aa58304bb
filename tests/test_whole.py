"""From an empty folder to a report: every notebook and the article, with settings of seconds."""

import json
import re
import socket

import jsonschema
import nbformat
import pytest

from lenet.plan import parameters, studies
from lenet.results import scraps
from tests import copied_tree
from tests.copied_tree import NOTEBOOKS, ROOT, TINY

# Nobody's name may end up in what is published.
PERSON = "someone-of-somewhere"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A preview made by `python -m pipeline preview`, of one short run of every notebook."""
    tiny = {name: copied_tree.study(name) for name in NOTEBOOKS}
    tree = copied_tree.copied(tmp_path_factory.mktemp("whole"), tiny)
    home = tree.root.parent / PERSON
    home.mkdir()
    person = {"HOME": str(home), "USER": PERSON, "LOGNAME": PERSON, "HOSTNAME": PERSON}
    tree.status, tree.said = tree.call("pipeline", "preview", **person)
    yield tree
    assert tree.status == 0, tree.said
    tree.end_all()


def test_every_run_and_the_report_are_made(whole):
    assert whole.status == 0, whole.said
    assert whole.runs() == {f"{name}/filters=4" for name in NOTEBOOKS}
    assert not whole.alive()


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_run_leaves_its_record_with_every_parameter(notebook, whole):
    path = whole.run(f"{notebook}/filters=4")
    record = scraps.read(path).record
    assert record["notebook"] == notebook
    # Where the model lies is a place of this machine, and no setting.
    told = set(parameters.declared(notebook)) - {"model_path"}
    assert set(record["parameters"]) == told
    cells = nbformat.read(path, 4).cells
    assert all(cell.execution_count for cell in cells if cell.cell_type == "code")


def test_curves_have_a_row_for_each_seed_and_epoch(whole):
    for notebook, seeds in (("train", 1), ("lr_study", TINY["seeds"])):
        curves = scraps.read(whole.run(f"{notebook}/filters=4")).frames["curves"]
        assert len(curves) == seeds * (TINY["epochs"] + 1)
    assert (whole.reports / "runs" / "train" / "filters=4.keras").is_file()


def test_the_report_reads_all_runs_and_is_published(whole):
    results = json.loads((whole.reports / "results.json").read_text())
    schema = json.loads((ROOT / "lenet/report/results.schema.json").read_text())
    jsonschema.validate(results, schema)
    assert (results["dataset"], results["preview"], results["draft"]) == ("digits", True, False)
    assert results["numbers"]
    assert set(results["origin"]["runs"]) == whole.runs()
    page = (whole.reports / "report.html").read_text()
    figures = (whole.reports / "figures").glob("*.vl.json")
    names = [path.name.removesuffix(".vl.json") for path in figures]
    assert len(names) >= 2
    assert all(f'id="fig-{name}"' in page for name in names)
    assert (whole.reports / "report.pdf").stat().st_size > 20_000


def test_nobody_is_named_in_what_is_published(whole):
    host = socket.gethostname()
    for path in whole.reports.rglob("*"):
        if path.is_file() and "logs" not in path.parts:
            text = path.read_bytes().decode(errors="replace")
            assert str(whole.root) not in text, path
            assert PERSON not in text, path
            assert len(host) < 4 or not re.search(rf"\b{re.escape(host)}\b", text), path


def test_a_preview_is_small():
    assert len(studies.plan(preview=True)) <= 14
