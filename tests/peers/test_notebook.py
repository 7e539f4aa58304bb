"""The notebook that shows the records runs where there is no PyTorch, from anywhere."""

import nbformat
import papermill
import pytest

from lenet.plan.parameters import ROOT
from peers import reading

SOURCE = ROOT / "notebooks" / "peers.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The executed notebook, and a kernel elsewhere."""
    folder = tmp_path_factory.mktemp("elsewhere")
    return papermill.execute_notebook(SOURCE, folder / "out.ipynb", cwd=folder, progress_bar=False)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_record_is_shown_under_its_machine(executed):
    texts = []
    for cell in code(executed):
        texts += [output.get("text", "") for output in cell.outputs]
    for name in reading.found():
        assert sum(name in text for text in texts) >= 4
    assert "times ours" in "".join(texts)


def test_it_shows_tables_and_charts(executed):
    data = [output.get("data", {}) for cell in code(executed) for output in cell.outputs]
    assert sum("image/png" in each for each in data) == 2
    assert sum("text/html" in each for each in data) == 1 + 2 * len(reading.found())


def test_it_is_committed_without_outputs_and_small():
    source = nbformat.read(SOURCE, 4)
    for cell in code(source):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert len(cell.source.splitlines()) <= 5
