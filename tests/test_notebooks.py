"""The notebooks: each runs, refuses what it must before anything heavy is loaded, and is fit to be read."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill.cli
import pytest
from click.testing import CliRunner

from lenet import machine, params, scraps

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RUNS = [path.stem for path in NOTEBOOKS if path.stem != "report"]
# Numbers that prose may hold, for they are names and definitions: of the year, of an interval, of the hand-in.
DEFINITIONS = r"\b2017\b|\b95 % (?=interval|t interval)|\bExercise 2\b"


def code(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


def by_hand(notebook, output, *settings):
    """Call papermill as the README says; return click's result, of which `output` and `exception` count."""
    words = [word for name, value in settings for word in ("-p", name, value)]
    line = [f"notebooks/{notebook}.ipynb", str(output), *words, "--no-progress-bar"]
    return CliRunner().invoke(papermill.cli.papermill, line)


def test_every_notebook_is_the_report_or_declares_its_parameters():
    assert {path.stem for path in NOTEBOOKS} == {*params.NOTEBOOKS, "report"}


def test_the_line_of_the_readme_runs_from_the_root(at_root, tmp_path):
    settings = {"lr": "0.01", "epochs": "1", "seeds": "1", "filters": "4", "dataset": "digits"}
    result = by_hand("lr_study", tmp_path / "out.ipynb", *settings.items())
    assert result.exception is None
    run = scraps.read(tmp_path / "out.ipynb")
    assert {name: str(run.record["parameters"][name]) for name in settings} == settings
    assert len(run.frames["curves"]) == 2


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("lr", "abc", "lr = 'abc': must be a number from 1e-06 to 10"),
        ("lr", "-1", "lr = -1: must be a number from 1e-06 to 10"),
        ("lr", "nan", "lr = nan: must be a number from 1e-06 to 10"),
        ("epochs", "0", "epochs = 0: must be a whole number from 1 to 1000"),
        ("filters", "2.5", "filters = 2.5: must be a whole number from 1 to 1024"),
        ("dataset", "cifar", "dataset = 'cifar': must be one of auto, mnist, digits"),
        ("momentum", "0.9", "momentum = 0.9: lr_study has no such parameter; it has lr, epochs"),
    ],
)
def test_a_bad_parameter_is_refused_by_the_cell_that_checks(name, value, complaint, at_root, tmp_path):
    result = by_hand("lr_study", tmp_path / "out.ipynb", (name, value))
    assert complaint in str(result.exception)
    ran = [cell for cell in code(nbformat.read(tmp_path / "out.ipynb", 4).cells) if cell.execution_count]
    assert "lenet.params.check(" in ran[-1].source


@pytest.mark.parametrize("notebook", RUNS)
def test_the_check_comes_before_anything_heavy_is_loaded(notebook, at_root):
    cells = [cell.source for cell in code(nbformat.read(f"notebooks/{notebook}.ipynb", 4).cells)]
    check = next(index for index, source in enumerate(cells) if "lenet.params.check(" in source)
    last = "import sys; print(sorted({'tensorflow', 'keras', 'sklearn', 'altair'} & set(sys.modules)))"
    script = "\n".join([*cells[: check + 1], last])
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


@pytest.mark.skipif(bool(machine.gpu_name()), reason="this machine has a GPU, so none can be missed")
def test_a_gpu_that_is_not_there_is_missed_before_any_training(at_root, tmp_path):
    result = by_hand("lr_study", tmp_path / "out.ipynb", ("device", "GPU"), ("dataset", "digits"))
    assert "device = 'GPU': TensorFlow sees no GPU on this machine" in str(result.exception)
    unseen = [cell for cell in code(nbformat.read(tmp_path / "out.ipynb", 4).cells) if cell.execution_count is None]
    assert any("train.study(" in cell.source for cell in unseen)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_short_and_no_output_is_kept(path):
    for cell in code(nbformat.read(path, 4).cells):
        assert not cell.outputs
        assert cell.execution_count is None
        if "parameters" not in cell.metadata.get("tags", []):
            assert len(cell.source.splitlines()) <= 12, cell.source


def typed(text):
    """The digits in prose, code spans and definitions aside."""
    return re.findall(r"\w*\d[\d.,]*", re.sub(rf"`[^`]*`|@[\w-]+|{DEFINITIONS}", "", text))


def sentences(source):
    """The literal parts of what a cell hands to `say`, format specifications aside."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    said = [call for call in calls if getattr(call.func, "id", getattr(call.func, "attr", "")) == "say"]
    nodes = [node for call in said for argument in call.args for node in literals(argument)]
    return [node.value for node in nodes if isinstance(node.value, str)]


def literals(node):
    """The constants of an expression, without what stands inside the braces of an f-string."""
    if isinstance(node, ast.FormattedValue):
        return []
    own = [node] if isinstance(node, ast.Constant) else []
    return own + [found for child in ast.iter_child_nodes(node) for found in literals(child)]


def test_typed_numbers_are_seen():
    assert typed("In 2017, @fig-a1 and `-p lr 0.1`, a 95 % interval.") == []
    assert typed("It fell to 0.98 after 15 epochs; 95 % of 2017s") == ["0.98", "15", "95", "2017"]
    assert sentences('say(f"about {x:.2%} of {t[3]} in 7 runs")') == ["about ", " of ", " in 7 runs"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_number_is_typed_into_prose(path):
    for cell in nbformat.read(path, 4).cells:
        prose = [cell.source] if cell.cell_type == "markdown" else sentences(cell.source)
        assert [typed(text) for text in prose if typed(text)] == []
