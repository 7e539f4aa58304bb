"""The notebooks that run: each runs by hand, refuses what it must at once, and holds no output."""

import json
import os
import pty
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import keras
import nbformat
import papermill.cli
import pytest
from click.testing import CliRunner
from jupyter_client.manager import start_new_kernel

from lenet.network import machine
from lenet.plan import parameters
from lenet.report.charts import run as run_charts
from lenet.results import scraps

ROOT = Path(__file__).parents[1]
RUNS = ("train", "lr_study", "benchmark", "divergence", "memory")
TINY = {
    "epochs": 2,
    "seeds": 2,
    "steps": 3,
    "filters": 4,
    "batch_size": 16,
    "threads": 2,
    "dataset": "digits",
}
FRAMES = {
    "train": {"curves", "right", "confusion"},
    "lr_study": {"curves", "right"},
    "benchmark": set(),
    "divergence": {"probes"},
    "memory": set(),
}
RESULTS = {
    "train": r"The network learnt: after epoch 2 its error is [\d.]+% \(validation\) and",
    "lr_study": r"Networks that learnt: 2 of 2; after epoch 2 their mean validation error is",
    "benchmark": r"A training epoch of 4 filters takes [\d.]+ s, at \d+% of the rate",
    "divergence": r"\d of 8 networks failed within 3 steps\.",
    "memory": r"In batches the evaluation adds \d+ MB .*, with all images at once \d+ MB\.",
}
# Points of the live chart at its end: networks, each with an epoch more than was trained.
LIVE = {"train": 3, "lr_study": 6}
CHARTS = {"train": 4, "lr_study": 1, "benchmark": 1, "divergence": 0, "memory": 0}
SECONDS = 120
HEAVY = ("tensorflow", "keras", "sklearn", "altair", "pandas")
# Names and definitions, which prose may hold.
DEFINITIONS = r"`[^`]*`|\b2017\b"


def source(notebook):
    """A committed notebook."""
    return nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", 4)


def code(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


def by_hand(folder, notebook, **settings):
    """Run a notebook with papermill's own line in a folder: its error, and what it executed."""
    # A folder of the package's name must not hide the package.
    (folder / "lenet").mkdir()
    path = ROOT / "notebooks" / f"{notebook}.ipynb"
    line = [str(path), str(folder / "out.ipynb"), "--cwd", str(folder), "--no-progress-bar"]
    for name, value in settings.items():
        line += ["-p", name, str(value)]
    done = CliRunner().invoke(papermill.cli.papermill, line)
    return done.exception, nbformat.read(folder / "out.ipynb", 4)


def tiny(notebook, **given):
    """Settings of a run of seconds."""
    names = parameters.declared(notebook)
    return {name: value for name, value in TINY.items() if name in names} | given


def printed(cell):
    """All that a cell printed; a kernel may send one line in several outputs."""
    return "".join(output.get("text", "") for output in cell.outputs)


def shown(executed):
    """All that the cells of an executed notebook printed, and how many pictures they show."""
    cells = code(executed.cells)
    outputs = [output for cell in cells for output in cell.outputs]
    pictures = sum("image/png" in output.get("data", {}) for output in outputs)
    return "".join(map(printed, cells)), pictures


def drawn(executed):
    """What the cells of an executed notebook hand to the browser's drawing."""
    outputs = [output for cell in code(executed.cells) for output in cell.outputs]
    data = [output.get("data", {}) for output in outputs]
    return [each for each in data if run_charts.LIVE in each]


@pytest.mark.parametrize("notebook", RUNS)
def test_a_notebook_runs_by_hand_from_anywhere(notebook, tmp_path):
    given = tiny(notebook)
    error, executed = by_hand(tmp_path, notebook, **given)
    assert error is None
    run = scraps.read(tmp_path / "out.ipynb")
    told = {**parameters.declared(notebook), **given}
    told.pop("model_path", None)  # a place of this machine, and no setting
    assert run.record["parameters"] == told
    assert run.record["kernels"]["instruction_set"]
    assert set(run.frames) == FRAMES[notebook]
    said, pictures = shown(executed)
    assert run.record["note"] in said
    assert pictures == CHARTS[notebook]
    assert re.search(RESULTS[notebook], printed(code(executed.cells)[-1]))
    if notebook in LIVE:
        [live] = [data for data in drawn(executed) if "image/png" not in data]
        ours = [row for row in live[run_charts.LIVE]["datasets"]["lines"] if row["whose"] == "ours"]
        assert len(ours) == LIVE[notebook]
    if notebook == "train":
        check_what_train_leaves(run, tmp_path)


def check_what_train_leaves(run, folder):
    assert run.record["failed"] == ""
    assert 0 < run.record["test_error"] < 1
    assert run.frames["confusion"].to_numpy().sum() == 300
    assert run.frames["right"]["epoch"].tolist() == [2]
    assert keras.models.load_model(folder / "lenet.keras").count_params() > 0


def test_papermills_terminal_shows_progress_and_ends_with_the_result(tmp_path):
    leader, terminal = pty.openpty()
    given = {"epochs": "2", "seeds": "1", "dataset": "digits", "init": "scaled"}
    words = ["papermill", ROOT / "notebooks/lr_study.ipynb", tmp_path / "out.ipynb"]
    for name, value in given.items():
        words += ["-p", name, value]
    command = [sys.executable, "-m", *words]
    # With pytest's own variable a kernel would leave its output where it is.
    known = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, env=known):
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # how the other end of a terminal goes
            while more := os.read(leader, 4096):
                shown += more
    os.close(leader)
    assert b"2/2" in shown
    # nbclient asks the kernel for its name and interrupts it as soon as it has the answer. A
    # kernel that is still in that request says so, now and then, and it has ended well.
    lines = shown.decode().strip().splitlines()
    ours = [line for line in lines if "[IPKernelApp] ERROR | KeyboardInterrupt" not in line]
    assert "Networks that learnt: 1 of 1" in ours[-1]


def test_a_diverged_network_ends_in_a_sentence(tmp_path):
    older = tmp_path / "good.keras"
    older.write_text("an older model")
    given = tiny("train", lr=10, epochs=1, model_path="good.keras")
    error, executed = by_hand(tmp_path, "train", **given)
    assert error is None
    run = scraps.read(tmp_path / "out.ipynb")
    assert run.record["failed"].startswith(("not finite", "one digit"))
    assert run.record["test_error"] is None
    assert run.frames["right"]["right"].tolist() == [""]
    said, pictures = shown(executed)
    assert "The network diverged (" in said
    assert pictures == 1
    assert older.read_text() == "an older model"


@pytest.fixture
def kernel(tmp_path):
    """A kernel as JupyterLab starts it: the manager that interrupts it, and its client."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def told(client, cell, when="", then=None):
    """All that a cell shows, as text; `then` is called once that has the words `when`."""
    asked = client.execute(cell)
    said = ""
    while True:
        message = client.get_iopub_msg(timeout=SECONDS)
        content = message["content"]
        if message["parent_header"].get("msg_id") != asked:
            continue
        if content.get("execution_state") == "idle":
            return said
        said += str(content)
        if then and re.search(when, said):
            then()
            then = None


def test_an_interrupted_study_shows_its_curve_and_leaves_no_record(kernel):
    manager, client = kernel
    first, check, load, train, *others = [cell.source for cell in code(source("lr_study").cells)]
    assert "study(" in train
    for each in (first, f"globals().update({tiny('lr_study', epochs=1000)})", check, load):
        assert "Traceback" not in told(client, each)
    # The bar of the first network says that its first epoch is done.
    said = told(client, train, r" [1-9]\d*/1000", manager.interrupt_kernel)
    assert "Traceback" not in said
    said = "".join(told(client, each) for each in others)
    assert "Traceback" not in said
    assert re.search(r"Stopped by hand\. Networks that learnt: 1 of 1; after epoch \d+ their", said)
    assert scraps.PLAIN not in said


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("lr", "abc", "lr = 'abc': must be a number from 1e-06 to 10"),
        ("epochs", "0", "epochs = 0: must be a whole number from 1 to 1000"),
        ("dataset", "cifar", "dataset = 'cifar': must be one of auto, mnist, digits"),
        ("momentum", "0.9", "lr_study has no such parameter; it has lr, epochs"),
    ],
)
def test_a_bad_parameter_is_refused_by_the_cell_that_checks(name, value, complaint, tmp_path):
    error, executed = by_hand(tmp_path, "lr_study", **{name: value})
    assert name in str(error)
    assert complaint in str(error)
    ran = [cell for cell in code(executed.cells) if cell.execution_count]
    assert "parameters.check(" in ran[-1].source


@pytest.mark.parametrize("notebook", RUNS)
def test_the_check_takes_little_time_and_loads_nothing_heavy(notebook):
    cells = [cell.source for cell in code(source(notebook).cells)]
    [check] = [index for index, text in enumerate(cells) if "parameters.check(" in text]
    last = f"import sys; print(sorted(set({HEAVY}) & set(sys.modules)))"
    script = "\n".join([*cells[: check + 1], last])
    start = time.monotonic()
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert time.monotonic() - start < 3


@pytest.mark.skipif(machine.gpu_absence() == "", reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_missed_before_any_training(tmp_path):
    error, executed = by_hand(tmp_path, "lr_study", **tiny("lr_study", device="GPU"))
    assert "device = 'GPU': must be CPU" in str(error)
    unseen = [cell for cell in code(executed.cells) if cell.execution_count is None]
    assert any("curves.study(" in cell.source for cell in unseen)


def test_why_the_digits_were_taken_is_shown(tmp_path, monkeypatch):
    monkeypatch.delenv("LENET_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", "none")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    _, executed = by_hand(tmp_path, "memory", filters=1)
    assert "They stand in for MNIST: no download" in shown(executed)[0]


@pytest.mark.parametrize("notebook", RUNS)
def test_a_notebook_is_fit_to_be_read(notebook):
    committed = source(notebook)
    nbformat.validate(committed)
    assert (committed.nbformat, committed.nbformat_minor) == (4, 5)
    for cell in code(committed.cells):
        assert cell.outputs == []
        assert cell.execution_count is None
    lines = [line for cell in code(committed.cells) for line in cell.source.splitlines()]
    assert len([line for line in lines if line]) <= 60
    prose = " ".join(cell.source for cell in committed.cells if cell.cell_type == "markdown")
    assert "**The question:**" in prose
    assert "**Try next:**" in prose
    assert re.findall(r"\w*\d[\d.,]*", re.sub(DEFINITIONS, "", prose)) == []


@pytest.mark.parametrize("notebook", RUNS)
def test_every_parameter_is_explained_beside_it(notebook):
    [cell] = [
        cell for cell in source(notebook).cells if "parameters" in cell.metadata.get("tags", [])
    ]
    for line in cell.source.splitlines():
        assert re.fullmatch(r"\w+: (int|float|str|bool) = \S+  # .{6,}", line)
    assert json.dumps(cell.source).count("shards: int = 2") == 1
